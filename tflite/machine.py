"""Where, when and with what a result was made."""

import datetime
import importlib.metadata
import os
import pathlib
import platform
import runpy
import subprocess

_ROOT = pathlib.Path(__file__).resolve().parent.parent
_CORES = pathlib.Path("/sys/devices/system/cpu")
_CPUINFO = pathlib.Path("/proc/cpuinfo")
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
        `governor` the rule by which the system sets the processor's frequency, or
        several, `frequency_mhz` the highest frequency of a core just now; None where
        the system does not tell.
    """
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "governor": _governor(),
        "frequency_mhz": frequency_mhz(),
    }


def frequency_mhz():
    """The highest frequency of a core just now, in MHz; None if not known."""
    kilohertz = _of_all_cores("scaling_cur_freq")
    megahertz = [float(text) / 1000 for text in kilohertz] or [
        float(value) for key, value in _cpuinfo() if key == "cpu MHz"
    ]
    return max(megahertz, default=None)


def _governor():
    return ", ".join(sorted(set(_of_all_cores("scaling_governor")))) or None


def _of_all_cores(name):
    """What the system says of every core's frequency; virtual machines say nothing."""
    paths = _CORES.glob(f"cpu[0-9]*/cpufreq/{name}")
    return [path.read_text(encoding="utf-8").strip() for path in paths]


def _cpuinfo():
    """Pairs of key and value of all cores."""
    if not _CPUINFO.exists():
        return []
    lines = _CPUINFO.read_text(encoding="utf-8").splitlines()
    pairs = [line.partition(":")[::2] for line in lines]
    return [(key.strip(), value.strip()) for key, value in pairs]


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
    names = [value for key, value in _cpuinfo() if key == "model name"]
    return names[0] if names else platform.processor() or None
