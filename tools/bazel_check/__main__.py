"""Checks the Bazel build: `make bazel-check`.

    python -m tools.bazel_check [--all]

Compares the BUILD files with the imports, has buildifier check and lint them, lets
Debian's Bazel load every target and run the fast tests, offline. `--all` runs all
tests.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys

from tools.bazel_check import targets
from tools.bazel_check import workspace
from tools.bazel_check.modules import PACKAGES
from tools.bazel_check.modules import ROOT

BUILD = ROOT / "build" / "bazel"
# Debian's package -> a file of it.
DEBIAN = {
    "bazel-bootstrap": "/usr/bin/bazel",
    "default-jdk-headless": "/usr/bin/javac",
    "junit4": "/usr/share/java/junit4.jar",
    "npm": "/usr/bin/npm",
}
BUILDIFIER = "@bazel/buildifier@8.2.1"
_STARLARK = ("BUILD", "MODULE.bazel", "WORKSPACE")
# Other work on the machine goes first; nothing is downloaded.
_COMMON = ("--color=no", "--experimental_repository_disable_download")
_TEST = (
    "--curses=no",
    "--show_progress_rate_limit=20",
    "--jobs=1",
    "--keep_going",
    "--nosandbox_debug",
    "--symlink_prefix=/",
    "--test_output=errors",
    "--build_tests_only",
)


class Failure(Exception):
    """A check failed; the message is one line."""


def main(argv=None):
    """Runs all checks; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="all tests, not the fast")
    everything = parser.parse_args(argv).all
    try:
        if targets.main(["--check"]):
            raise Failure("BUILD files differ from the imports.")
        install_packages()
        check_format(buildifier())
        run_bazel(everything)
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print("Bazel: all passed.")
    return 0


def install_packages():
    """Installs what Debian has and the machine lacks."""
    missing = [name for name, file in DEBIAN.items() if not os.path.exists(file)]
    if not missing:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Failure(
            f"Debian packages are missing; as root on Debian: {' '.join(command)}"
        )
    say(" ".join(command))
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run(command, env=env, capture=True)
    except Failure:
        # A new machine has no lists of packages, and old ones name what is gone.
        run(["apt-get", "update"], env=env, capture=True)
        run(command, env=env, capture=True)


def buildifier():
    """Installs buildifier below build/; returns the command."""
    folder = BUILD / "npm"
    script = folder / "node_modules" / "@bazel" / "buildifier" / "buildifier.js"
    stamp = folder / BUILDIFIER.rpartition("@")[2]
    if not stamp.exists():
        say(f"npm install {BUILDIFIER}")
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ("--silent", "--no-audit", "--no-fund", "--no-save")
        run(["npm", "install", *quiet, f"--prefix={folder}", BUILDIFIER])
        stamp.touch()
    return ["node", str(script)]


def check_format(command):
    """Checks format and lint of all Starlark files."""
    files = [str(path.relative_to(ROOT)) for path in starlark()]
    say(f"buildifier: {len(files)} files")
    run([*command, "-mode=check", "-lint=warn", *files])


def starlark():
    """Paths of all Starlark files, a list."""
    folders = [ROOT / name for name in (*PACKAGES, "android_demo", "docs")]
    paths = [path for folder in folders for path in folder.rglob("*")]
    paths += ROOT.glob("*")
    return sorted(
        path
        for path in paths
        if (path.name in _STARLARK or path.suffix == ".bzl") and path.is_file()
    )


def run_bazel(everything):
    """Loads every target, and runs tests."""
    folder = BUILD / "workspace"
    workspace.make(folder, sys.executable)
    bazel = ["bazel", "--max_idle_secs=30"]
    query = [*bazel, "query", "--noshow_progress", *_COMMON]
    try:
        say("bazel query //...")
        found = run([*query, "//..."], cwd=folder, capture=True)
        say(f"{len(found.split())} targets")
        # What a target names must exist.
        run([*query, "deps(//...)"], cwd=folder, capture=True)
        chosen = () if everything else ("--test_tag_filters=fast",)
        say(" ".join(["bazel test", *chosen, "//..."]))
        run([*bazel, "test", *_COMMON, *_TEST, *chosen, "//..."], cwd=folder)
    finally:
        subprocess.run([*bazel, "shutdown"], cwd=folder, capture_output=True)


def run(command, cwd=ROOT, env=None, capture=False):
    """Runs a command with low priority; returns its output if that is captured."""
    try:
        done = subprocess.run(
            ["nice", "-n", "5", *command],
            cwd=pathlib.Path(cwd),
            env=env,
            text=True,
            stdout=subprocess.PIPE if capture else None,
            stderr=subprocess.PIPE if capture else None,
        )
    except OSError as error:
        raise Failure(f"{command[0]}: {error}") from None
    if done.returncode:
        if capture:
            print(done.stderr, file=sys.stderr)
        raise Failure(f"{' '.join(command[:3])} ... ended with {done.returncode}.")
    return done.stdout


def say(line):
    """Prints a line at once."""
    print(f"== {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
