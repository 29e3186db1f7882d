r"""Measures how long a network takes to build, to save and to load.

    python -m trainers.build_benchmark --network=resnet50 --granularity=cs-low \
        --runs=5 --json=OUT

Each run is two new processes, in which TensorFlow has been loaded before the clock
starts: one builds the network and saves it as `.keras`, one loads that file. The
network is given as in `trainers.benchmark`. Prints the median seconds.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from absl import flags

from trainers.common import errors
from trainers.common import measured
from trainers.common.json_file import JsonFile

_RUNS = flags.DEFINE_integer("runs", 5, "Timed runs.", 1)
_NETWORK = measured.NetworkFlags()
_JSON = JsonFile()
_STAGE = flags.DEFINE_enum(
    "stage", None, ("build", "load"), "For this program itself: what is measured."
)
_FILE = flags.DEFINE_string("file", None, "For this program itself: the .keras file.")


def main(_):
    """Measures and prints; writes JSON where asked."""
    chosen = _NETWORK.settings()
    if _STAGE.value:
        print(json.dumps(_build(chosen) if _STAGE.value == "build" else _load()))
        return
    _JSON.check()
    runs = []
    for run in range(_RUNS.value):
        runs.append(_run())
        print(f"run {run + 1}/{_RUNS.value}: {_said(runs[-1]['seconds'])}", flush=True)
    outcome = _outcome(chosen, runs)
    medians = {name: row["median"] for name, row in outcome["seconds"].items()}
    print(f"{outcome['model']}, median: {_said(medians)}")
    _JSON.write(outcome)


# --- In the processes that are measured


def _build(chosen):
    from trainers.common import network

    size = _NETWORK.image_size(chosen)
    started = time.perf_counter()
    model = network.build(chosen, measured.dataset(chosen, size))
    built = time.perf_counter()
    model.save(_FILE.value)
    return {
        "model": model.name,
        "parameters": model.count_params(),
        "seconds": {"build": built - started, "save": time.perf_counter() - built},
    }


def _load():
    import keras

    import tfgate  # noqa: F401  (registers its layers)

    started = time.perf_counter()
    keras.saving.load_model(_FILE.value)
    return {"seconds": {"load": time.perf_counter() - started}}


# --- In the process that measures


def _run():
    """Builds and loads once; returns what both processes say, put together."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "model.keras"
        built, loaded = (_measure(stage, path) for stage in ("build", "load"))
        size = path.stat().st_size
    seconds = {**built["seconds"], **loaded["seconds"]}
    return {**built, "seconds": seconds, "file_bytes": size}


def _measure(stage, path):
    done = subprocess.run(
        [sys.executable, "-m", "trainers.build_benchmark", f"--stage={stage}"]
        + [f"--file={path}", *_NETWORK.arguments()],
        env={"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["it says nothing"]
        if done.returncode == 2:
            raise errors.UserError(last[0].removeprefix("error: "))
        raise errors.RunStopped(f"--stage={stage} failed: {last[0]}")
    return json.loads(done.stdout.splitlines()[-1])


def _said(seconds):
    return ", ".join(f"{name} {value:.2f} s" for name, value in seconds.items())


def _outcome(chosen, runs):
    import numpy as np

    from trainers.common import provenance

    every = {
        name: [run["seconds"][name] for run in runs] for name in runs[0]["seconds"]
    }
    return {
        "command": "python -m trainers.build_benchmark",
        **_NETWORK.record(),
        "image_size": _NETWORK.image_size(chosen),
        **{name: runs[0][name] for name in ("model", "parameters", "file_bytes")},
        "runs": _RUNS.value,
        "seconds": {
            name: {"median": float(np.median(values)), "runs": values}
            for name, values in every.items()
        },
        **provenance.record(),
    }


if __name__ == "__main__":
    errors.run(main, flags.FLAGS)
