"""Where a number comes from: versions, machine, commit."""

import datetime
import importlib.metadata
import os
import pathlib
import platform
import subprocess

import keras
import numpy as np
import tensorflow as tf

import tfgate


def record():
    """All of it, for the JSON file of a benchmark."""
    return {
        "versions": versions(),
        "machine": machine(),
        "date": now(),
        "git_commit": git_commit(),
    }


def versions():
    """Versions of what a result depends on, by package name."""
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "tensorflow-datasets": importlib.metadata.version("tensorflow-datasets"),
        "tfgate": tfgate.__version__,
    }


def machine():
    """The processor's name, architecture and number of usable cores."""
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
    }


def now():
    """The time in UTC, to the second, in ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def git_commit():
    """The commit of this checkout, with `-dirty` where files differ from it.

    Returns:
        str, or None outside of a git checkout.
    """
    root = pathlib.Path(__file__).parent
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run(
            [*command, "--exclude=*"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":")[1] for line in lines if line.startswith("model name")]
    return names[0].strip() if names else platform.processor()
