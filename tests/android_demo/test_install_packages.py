"""The script that installs Debian's packages, with an apt-get that only notes."""

import os
import subprocess

import pytest

from tests import conftest

SCRIPT = conftest.ROOT / "android_demo" / "install_packages"
MISSING = ("no-such-tool:package-one", "/no/such/file:package-two", "sh:dash")


@pytest.fixture
def run(tmp_path):
    """Runs the script as a user of the given number; returns it and the calls."""

    def call(user, *arguments, broken=""):
        calls = tmp_path / "calls"
        tools = {
            "id": f"echo {user}",
            "apt-get": f'echo "$@" >> {calls}; {broken}',
        }
        for name, line in tools.items():
            path = tmp_path / name
            path.write_text(f"#!/bin/sh\n{line}\n")
            path.chmod(0o755)
        environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        done = subprocess.run(
            [SCRIPT, *arguments], env=environment, capture_output=True, text=True
        )
        return done, calls.read_text().splitlines() if calls.exists() else []

    return call


def test_nothing_is_done_where_nothing_is_missing(run):
    done, calls = run(0, "sh:dash", "/:base-files")
    assert (done.returncode, done.stdout, calls) == (0, "", [])


def test_root_installs_what_is_missing_and_no_more(run):
    done, calls = run(0, *MISSING)
    assert done.returncode == 0
    assert done.stdout == "Installing Debian packages: package-one package-two\n"
    (call,) = calls
    assert call.startswith("install ") and call.endswith(" package-one package-two")


def test_others_are_told(run):
    done, calls = run(1000, *MISSING)
    assert (done.returncode, calls) == (1, [])
    assert done.stderr == (
        "Debian packages are missing. As root: apt-get install package-one "
        "package-two\n"
    )


def test_lists_are_renewed_when_a_package_is_not_found(run):
    once = "[ -e $0.seen ] || { : > $0.seen; exit 100; }"
    done, calls = run(0, *MISSING, broken=once)
    assert done.returncode == 0
    assert [call.split()[0] for call in calls] == ["install", "update", "install"]


def test_failure_is_passed_on(run):
    done, calls = run(0, *MISSING, broken="exit 100")
    assert done.returncode == 100
    assert [call.split()[0] for call in calls] == ["install", "update"]
