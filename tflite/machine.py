"""Where, when and with what a result was made."""

import datetime
import importlib.metadata
import os
import pathlib
import platform
import runpy
import subprocess

_ROOT = pathlib.Path(__file__).resolve().parent.parent
_PACKAGES = ("tensorflow", "keras", "ai-edge-litert", "numpy")


def versions():
    """Versions of what a result depends on, by package name."""
    # Importing tfgate would import TensorFlow, which benchmarks do without.
    version = runpy.run_path(str(_ROOT / "tfgate" / "version.py"))["__version__"]
    found = {"python": platform.python_version(), "tfgate": version}
    return found | {name: importlib.metadata.version(name) for name in _PACKAGES}


def provenance():
    """Returns the dict `{"date", "git_commit", "versions"}` for a result.

    The date is in UTC. The commit is that of this checkout, with `-dirty` where files
    differ from it; None outside of a checkout.
    """
    now = datetime.datetime.now(datetime.UTC)
    return {
        "date": now.isoformat(timespec="seconds"),
        "git_commit": _git_commit(),
        "versions": versions(),
    }


def describe():
    """The machine: processor, cores, system, load.

    Returns:
        Dict for JSON; `load` is the number of running processes over the last minute,
        None where the system does not tell.
    """
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def _git_commit():
    command = ["git", "-C", str(_ROOT), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(
            [*command, "--abbrev=40", "--exclude=*"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _processor():
    path = pathlib.Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or None
