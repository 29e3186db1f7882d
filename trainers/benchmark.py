r"""Compares the training steps of two networks, by default a gated and a dense one.

    python -m trainers.benchmark [--network="--gate=dependent"] \
        [--baseline="--gate=none"] --runs=10 --json=OUT

Both networks are given as the trainers' flags. They train in one process, in
alternation, with plain `fit` on synthetic images that lie in memory; each run is one
`fit` of `--steps` steps, after one that does not count. Prints images/s of both (median
over the runs) and the ratio. The ratio is also given in CPU seconds, which other
programs on the machine disturb less.
"""

import json
import os
import pathlib
import shlex
import time

from absl import flags

from trainers.common import errors
from trainers.common import flags as run_flags
from trainers.common import settings

_RUNS = flags.DEFINE_integer("runs", 10, "Timed runs of each network.", 1)
_STEPS = flags.DEFINE_integer("steps", 20, "Training steps in a run.", 1)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 128, "Images in a step.", 1)
_NETWORKS = {
    "baseline": flags.DEFINE_string(
        "baseline", "--gate=none", "Flags of the network to compare with."
    ),
    "network": flags.DEFINE_string(
        "network", "--gate=dependent", "Flags of the network that is measured."
    ),
}
_JSON = flags.DEFINE_string("json", None, "File for the results; default: none.")


def main(_):
    """Measures and prints; writes JSON where asked."""
    if _JSON.value and not pathlib.Path(_JSON.value).absolute().parent.is_dir():
        raise errors.UserError(
            f"expected --json={_JSON.value} in an existing directory"
        )
    chosen = {name: _settings(name, flag.value) for name, flag in _NETWORKS.items()}
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    networks = {name: _network(settings) for name, settings in chosen.items()}
    batches = _batches()
    for network in networks.values():
        _train(network, batches)  # traces and warms up
    runs = {name: [] for name in networks}
    for run in range(_RUNS.value):
        for name, network in networks.items():
            runs[name].append(_train(network, batches))
        latest = ", ".join(f"{name} {runs[name][-1][0]:.0f}" for name in networks)
        print(f"run {run + 1}/{_RUNS.value}: images/s {latest}", flush=True)
    outcome = _outcome(networks, runs)
    median = {name: o["median"] for name, o in outcome["images_per_second"].items()}
    print(
        f"median images/s: baseline {median['baseline']:.0f}, network "
        f"{median['network']:.0f}; ratio network / baseline {outcome['ratio']:.3f}, in "
        f"CPU seconds {outcome['cpu_ratio']:.3f}"
    )
    if _JSON.value:
        from trainers.common import files

        files.write(_JSON.value, json.dumps(outcome, indent=2) + "\n")


def _settings(name, text):
    values = flags.FlagValues()
    run_flags.define(values)
    common = ["--dataset=digits", "--workdir=none", f"--batch_size={_BATCH_SIZE.value}"]
    try:
        return settings.parse([name, *common, *shlex.split(text)], values)
    except (ValueError, errors.UserError, flags.Error) as error:
        raise errors.UserError(f"--{name}={text}: {error}") from None


def _network(chosen):
    from trainers.common import network
    from trainers.common.data.dataset import Dataset

    shape = Dataset(
        name="synthetic",
        labels=tuple(map(str, range(10))),
        image_shape=(32, 32, 3),
        mean=(127.5,) * 3,
        std=(64.0,) * 3,
        train_examples=_STEPS.value * _BATCH_SIZE.value,
        validation_examples=0,
        test_examples=0,
        train=None,
        validation=None,
        test=None,
    )
    model = network.build(chosen, shape)
    network.compile_model(model, chosen, _STEPS.value)
    return model


def _batches():
    import numpy as np
    import tensorflow as tf

    from trainers.common.data import tuning

    generator = np.random.default_rng(0)
    images = generator.uniform(0.0, 255.0, (_BATCH_SIZE.value, 32, 32, 3))
    labels = generator.integers(10, size=_BATCH_SIZE.value)
    batch = tf.constant(images, tf.float32), tf.constant(labels, tf.int32)
    return tuning.fixed(tf.data.Dataset.from_tensors(batch).repeat(_STEPS.value))


def _train(model, batches):
    """Trains for one run; returns images per second and per CPU second."""
    images = _STEPS.value * _BATCH_SIZE.value
    started, cpu_started = time.perf_counter(), time.process_time()
    model.fit(batches, shuffle=False, verbose=0)
    seconds = time.perf_counter() - started
    return images / seconds, images / (time.process_time() - cpu_started)


def _outcome(networks, runs):

    from trainers.common import provenance
    from trainers.common import throughput

    return {
        "command": "python -m trainers.benchmark",
        "models": {name: network.name for name, network in networks.items()},
        "flags": {name: flag.value for name, flag in _NETWORKS.items()},
        "batch_size": _BATCH_SIZE.value,
        "steps": _STEPS.value,
        "runs": _RUNS.value,
        **throughput.compare(runs, "network", "baseline"),
        **provenance.record(),
    }


if __name__ == "__main__":
    errors.run(main, flags.FLAGS)
