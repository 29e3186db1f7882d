r"""Compares the trainers' own training loop with plain `fit`.

    python -m trainers.loop_benchmark --network="--depth=8" --batch_size=16 \
        --steps=100 --runs=20 --json=OUT

The loop fetches each batch outside the compiled step and times that; `fit` fetches it
inside. Both train a network of the same settings, given as for `trainers.benchmark`,
in one process and in alternation, on synthetic images that lie in memory. Each run is
`--steps` steps, after one that does not count. Prints images/s of both and the ratio
(median over the runs), also in CPU seconds, which other programs on the machine disturb
less. A small network shows what a step costs beside its computation.
"""

import os
import time

from absl import flags

from trainers.common import errors
from trainers.common import measured
from trainers.common.json_file import JsonFile

_RUNS = flags.DEFINE_integer("runs", 20, "Timed runs of each.", 1)
_STEPS = flags.DEFINE_integer("steps", 100, "Training steps in a run.", 1)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 16, "Images in a step.", 1)
_NETWORK = flags.DEFINE_string(
    "network", "--depth=8", "The network: its name, flags of the trainers, or both."
)
_JSON = JsonFile()


def main(_):
    """Measures and prints; writes JSON where asked."""
    _JSON.check()
    size = f"--batch_size={_BATCH_SIZE.value}"
    chosen = measured.parse("network", _NETWORK.value, size)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    images = _STEPS.value * _BATCH_SIZE.value
    dataset = measured.dataset(chosen, measured.image_size(chosen), images)
    trainings = {
        "fit": _fit(_model(chosen, dataset), dataset),
        "loop": _loop(_model(chosen, dataset), dataset),
    }
    for train in trainings.values():
        _speed(train)  # traces and warms up
    runs = {name: [] for name in trainings}
    for run in range(_RUNS.value):
        for name, train in trainings.items():
            runs[name].append(_speed(train))
        latest = ", ".join(f"{name} {runs[name][-1][0]:.1f}" for name in runs)
        print(f"run {run + 1}/{_RUNS.value}: images/s {latest}", flush=True)
    outcome = _outcome(chosen, runs)
    print(
        f"ratio loop / fit {outcome['ratio']:.3f}, in CPU seconds "
        f"{outcome['cpu_ratio']:.3f}"
    )
    _JSON.write(outcome)


def _model(chosen, dataset):
    from trainers.common import network

    model = network.build(chosen, dataset)
    network.compile_model(model, chosen, _STEPS.value)
    model.optimizer.build(model.trainable_variables)
    return model


def _fit(model, dataset):
    batches = measured.batches(dataset, _BATCH_SIZE.value, _STEPS.value)
    return lambda: model.fit(batches, shuffle=False, verbose=0)


def _loop(model, dataset):
    import tensorflow as tf

    from trainers.common.loop import Loop
    from trainers.common.strategy import Distribution

    batches = measured.batches(dataset, _BATCH_SIZE.value, _STEPS.value)
    loop = Loop(model, Distribution(tf.distribute.get_strategy()))
    loop.build(next(iter(batches)))
    return lambda: loop.train(batches, 0, _STEPS.value)


def _speed(train):
    """Images per second and per CPU second of one run."""
    images = _STEPS.value * _BATCH_SIZE.value
    started, cpu_started = time.perf_counter(), time.process_time()
    train()
    seconds = time.perf_counter() - started
    return images / seconds, images / (time.process_time() - cpu_started)


def _outcome(chosen, runs):
    from trainers.common import network
    from trainers.common import provenance
    from trainers.common import throughput

    return {
        "command": "python -m trainers.loop_benchmark",
        "model": network.name(chosen),
        "flags": _NETWORK.value,
        "batch_size": _BATCH_SIZE.value,
        "steps": _STEPS.value,
        "runs": _RUNS.value,
        **throughput.compare(runs, "loop", "fit"),
        **provenance.record(),
    }


if __name__ == "__main__":
    errors.run(main, flags.FLAGS)
