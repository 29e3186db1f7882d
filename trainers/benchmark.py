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

import os
import time

from absl import flags

from trainers.common import errors
from trainers.common import measured
from trainers.common.json_file import JsonFile

_RUNS = flags.DEFINE_integer("runs", 10, "Timed runs of each network.", 1)
_STEPS = flags.DEFINE_integer("steps", 20, "Training steps in a run.", 1)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 128, "Images in a step.", 1)
_NETWORK = measured.NetworkFlags()
_BASELINE = flags.DEFINE_string(
    "baseline",
    None,
    "The network to compare with, given in the same way. Default: the same without "
    "gates.",
)
_JSON = JsonFile()


def main(_):
    """Measures and prints; writes JSON where asked."""
    _JSON.check()
    chosen = _chosen()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    described = measured.dataset(
        chosen["network"],
        _NETWORK.image_size(chosen["network"]),
        _STEPS.value * _BATCH_SIZE.value,
    )
    networks = {
        name: _network(settings, described) for name, settings in chosen.items()
    }
    batches = measured.batches(described, _BATCH_SIZE.value, _STEPS.value)
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
    _JSON.write(outcome)


def _chosen():
    """The settings of both networks by name."""
    size = f"--batch_size={_BATCH_SIZE.value}"
    network = _NETWORK.settings(size)
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
        "flags": {"baseline": _BASELINE.value, **_NETWORK.record()},
        "batch_size": _BATCH_SIZE.value,
        "image_shape": list(image_shape),
        "steps": _STEPS.value,
        "runs": _RUNS.value,
        **throughput.compare(runs, "network", "baseline"),
        **provenance.record(),
    }


if __name__ == "__main__":
    errors.run(main, flags.FLAGS)
