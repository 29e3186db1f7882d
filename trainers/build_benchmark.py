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

_RUNS = flags.DEFINE_integer("runs", 5, "Timed runs.", 1)
_IMAGE_SIZE = flags.DEFINE_integer(
    "image_size",
    None,
    "Height and width of the images. Default: 32 for CIFAR networks, else 224.",
    8,
)
_NETWORK = flags.DEFINE_string(
    "network",
    "--gate=dependent",
    "The network that is measured: its name, flags of the trainers, or both.",
)
_GRANULARITY = flags.DEFINE_string(
    "granularity", None, "The trainers' flag of this name, of --network."
)
_JSON = flags.DEFINE_string("json", None, "File for the results; default: none.")
_STAGE = flags.DEFINE_enum(
    "stage", None, ("build", "load"), "For this program itself: what is measured."
)
_FILE = flags.DEFINE_string("file", None, "For this program itself: the .keras file.")


def main(_):
    """Measures and prints; writes JSON where asked."""
    chosen = _chosen()
    if _STAGE.value:
        print(json.dumps(_build(chosen) if _STAGE.value == "build" else _load()))
        return
    if _JSON.value and not pathlib.Path(_JSON.value).absolute().parent.is_dir():
        raise errors.UserError(
            f"expected --json={_JSON.value} in an existing directory"
        )
    runs = []
    for run in range(_RUNS.value):
        runs.append(_run())
        print(f"run {run + 1}/{_RUNS.value}: {_said(runs[-1]['seconds'])}", flush=True)
    outcome = _outcome(chosen, runs)
    medians = {name: row["median"] for name, row in outcome["seconds"].items()}
    print(f"{outcome['model']}, median: {_said(medians)}")
    if _JSON.value:
        from trainers.common import files

        files.write(_JSON.value, json.dumps(outcome, indent=2) + "\n")


def _chosen():
    more = [] if _GRANULARITY.value is None else [f"--granularity={_GRANULARITY.value}"]
    return measured.parse("network", _NETWORK.value, *more)


# --- In the processes that are measured


def _build(chosen):
    from trainers.common import network

    size = measured.image_size(chosen, _IMAGE_SIZE.value)
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
    own = (_IMAGE_SIZE, _NETWORK, _GRANULARITY)
    arguments = [f"--{f.name}={f.value}" for f in own if f.value is not None]
    done = subprocess.run(
        [sys.executable, "-m", "trainers.build_benchmark", f"--stage={stage}"]
        + [f"--file={path}", *arguments],
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
        "network": _NETWORK.value,
        "granularity": _GRANULARITY.value,
        "image_size": measured.image_size(chosen, _IMAGE_SIZE.value),
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
