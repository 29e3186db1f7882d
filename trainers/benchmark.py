r"""Compares the training steps of two networks, by default a gated and a dense one.

    python -m trainers.benchmark --network=resnet50 --granularity=cs-low \
        --batch_size=16 --image_size=224 --runs=10 --json=OUT

A network is given by its name, by the trainers' flags, or by both, as in
`--network="resnet50 --gate=independent --gate_loss=macs(0.5)"`. It is compared with the
same network without gates, unless `--baseline` gives another. They train in one
process, in alternation, with plain `fit` on synthetic images that lie in memory; each
run is one `fit` of `--steps` steps, after one that does not count. Prints images/s of
both (median over the runs) and the ratio. The ratio is also given in CPU seconds, which
other programs on the machine disturb less.
"""

import json
import os
import pathlib
import time

from absl import flags

from trainers.common import errors
from trainers.common import measured

_RUNS = flags.DEFINE_integer("runs", 10, "Timed runs of each network.", 1)
_STEPS = flags.DEFINE_integer("steps", 20, "Training steps in a run.", 1)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 128, "Images in a step.", 1)
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
_BASELINE = flags.DEFINE_string(
    "baseline",
    None,
    "The network to compare with, given in the same way. Default: the same without "
    "gates.",
)
_JSON = flags.DEFINE_string("json", None, "File for the results; default: none.")


def main(_):
    """Measures and prints; writes JSON where asked."""
    if _JSON.value and not pathlib.Path(_JSON.value).absolute().parent.is_dir():
        raise errors.UserError(
            f"expected --json={_JSON.value} in an existing directory"
        )
    chosen = _chosen()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    described = measured.dataset(
        chosen["network"],
        measured.image_size(chosen["network"], _IMAGE_SIZE.value),
        _STEPS.value * _BATCH_SIZE.value,
    )
    networks = {
        name: _network(settings, described) for name, settings in chosen.items()
    }
    batches = _batches(described)
    for network in networks.values():
        _train(network, batches)  # traces and warms up
    runs = {name: [] for name in networks}
    for run in range(_RUNS.value):
        for name, network in networks.items():
            runs[name].append(_train(network, batches))
        latest = ", ".join(f"{name} {runs[name][-1][0]:.1f}" for name in networks)
        print(f"run {run + 1}/{_RUNS.value}: images/s {latest}", flush=True)
    outcome = _outcome(networks, runs, described.image_shape)
    median = {name: o["median"] for name, o in outcome["images_per_second"].items()}
    print(
        f"median images/s: baseline {median['baseline']:.1f}, network "
        f"{median['network']:.1f}; ratio network / baseline {outcome['ratio']:.3f}, in "
        f"CPU seconds {outcome['cpu_ratio']:.3f}"
    )
    if _JSON.value:
        from trainers.common import files

        files.write(_JSON.value, json.dumps(outcome, indent=2) + "\n")


def _chosen():
    """The settings of both networks by name."""
    size = f"--batch_size={_BATCH_SIZE.value}"
    more = [] if _GRANULARITY.value is None else [f"--granularity={_GRANULARITY.value}"]
    network = measured.parse("network", _NETWORK.value, size, *more)
    if _BASELINE.value is None:
        baseline = measured.without_gates(network)
    else:
        baseline = measured.parse("baseline", _BASELINE.value, size)
    return {"baseline": baseline, "network": network}


def _network(chosen, dataset):
    from trainers.common import network

    model = network.build(chosen, dataset)
    network.compile_model(model, chosen, _STEPS.value)
    return model


def _batches(dataset):
    import numpy as np
    import tensorflow as tf

    from trainers.common.data import tuning

    generator = np.random.default_rng(0)
    shape = (_BATCH_SIZE.value, *dataset.image_shape)
    images = generator.uniform(0.0, 255.0, shape)
    labels = generator.integers(len(dataset.labels), size=_BATCH_SIZE.value)
    batch = tf.constant(images, tf.float32), tf.constant(labels, tf.int32)
    return tuning.fixed(tf.data.Dataset.from_tensors(batch).repeat(_STEPS.value))


def _train(model, batches):
    """Trains for one run; returns images per second and per CPU second."""
    images = _STEPS.value * _BATCH_SIZE.value
    started, cpu_started = time.perf_counter(), time.process_time()
    model.fit(batches, shuffle=False, verbose=0)
    seconds = time.perf_counter() - started
    return images / seconds, images / (time.process_time() - cpu_started)


def _outcome(networks, runs, image_shape):
    from trainers.common import provenance
    from trainers.common import throughput

    return {
        "command": "python -m trainers.benchmark",
        "models": {name: network.name for name, network in networks.items()},
        "flags": {
            "baseline": _BASELINE.value,
            "network": _NETWORK.value,
            "granularity": _GRANULARITY.value,
        },
        "batch_size": _BATCH_SIZE.value,
        "image_shape": list(image_shape),
        "steps": _STEPS.value,
        "runs": _RUNS.value,
        **throughput.compare(runs, "network", "baseline"),
        **provenance.record(),
    }


if __name__ == "__main__":
    errors.run(main, flags.FLAGS)
