"""Runs pytest on one file, as a test of Bazel: see pytest.bzl."""

import os
import sys

import pytest


def main(arguments):
    """Runs pytest; returns its exit code."""
    # The folder of this file, which Python puts first, has modules that nobody means.
    here = os.path.dirname(os.path.abspath(sys.argv[0]))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
    os.environ.setdefault("HOME", os.environ.get("TEST_TMPDIR", "/tmp"))
    options = ["--config-file=pyproject.toml", "-p", "no:cacheprovider"]
    code = pytest.main([*options, *arguments])
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        print("All tests of this file are large: --test_arg=-m --test_arg=large")
        return 0
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
