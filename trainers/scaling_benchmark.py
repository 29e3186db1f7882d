r"""Compares training steps of several devices or processes with those of one.

    python -m trainers.scaling_benchmark [--network="--gate=dependent"] \
        [--batch_size=64] --runs=5 --json=OUT

The same global batch on the same machine: by one device, by `--devices` logical CPUs in
one process, and by as many processes on 127.0.0.1. Each run is a new process, or
several, that train `--steps` steps on synthetic images after as many that do not count;
the three take turns. Prints the median seconds of a step and the ratios to one device:
what sharing a batch costs where there is nothing to gain.
"""

import contextlib
import json
import os
import shlex
import socket
import subprocess
import sys
import time

from absl import flags

from trainers.common import errors
from trainers.common import flags as run_flags
from trainers.common import settings
from trainers.common.json_file import JsonFile

_RUNS = flags.DEFINE_integer("runs", 5, "Timed runs of each kind.", 1)
_STEPS = flags.DEFINE_integer("steps", 20, "Training steps in a run.", 1)
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 64, "Images in a global batch.", 1)
_DEVICES = flags.DEFINE_integer("devices", 2, "Devices, and processes.", 2)
_NETWORK = flags.DEFINE_string("network", "--gate=dependent", "Flags of the network.")
_JSON = JsonFile()
_KIND = flags.DEFINE_string("kind", None, "For this program itself: one run of a kind.")
_KINDS = ("one", "mirrored", "multi_worker")


def main(_):
    """Measures and prints; writes JSON where asked."""
    chosen = _settings("one")
    if _BATCH_SIZE.value % _DEVICES.value:
        raise errors.UserError(
            f"expected --batch_size to be a multiple of --devices={_DEVICES.value}, "
            f"got {_BATCH_SIZE.value}"
        )
    _JSON.check()
    if _KIND.value:
        print(json.dumps({"seconds": _train(_settings(_KIND.value))}))
        return
    seconds = {kind: [] for kind in _KINDS}
    for run in range(_RUNS.value):
        for kind in _KINDS:
            seconds[kind].append(_measure(kind))
        latest = ", ".join(f"{kind} {seconds[kind][-1]:.3f}" for kind in _KINDS)
        print(f"run {run + 1}/{_RUNS.value}: seconds a step: {latest}", flush=True)
    outcome = _outcome(chosen, seconds)
    for kind in _KINDS[1:]:
        print(f"{kind}: {outcome['ratios'][kind]:.3f} x the time of one device")
    _JSON.write(outcome)


def _settings(kind):
    values = flags.FlagValues()
    run_flags.define(values)
    common = ["--dataset=digits", "--workdir=none", f"--batch_size={_BATCH_SIZE.value}"]
    common.append(f"--strategy={kind}")
    if kind == "mirrored":
        common.append(f"--logical_cpus={_DEVICES.value}")
    try:
        return settings.parse(["run", *common, *shlex.split(_NETWORK.value)], values)
    except (ValueError, errors.UserError, flags.Error) as error:
        raise errors.UserError(f"--network={_NETWORK.value}: {error}") from None


# --- In the processes that are measured


def _train(chosen):
    """Trains; returns the seconds of a step."""
    from trainers.common import quiet
    from trainers.common import strategy

    cluster = strategy.read_cluster(chosen)
    quiet.load_tensorflow()
    distribution = strategy.create(chosen, cluster)

    from trainers.common import network
    from trainers.common import parts
    from trainers.common.loop import Loop

    dataset = _synthetic()
    with distribution.strategy.scope():
        model = network.build(chosen, dataset)
        network.compile_model(model, chosen, _STEPS.value)
        model.optimizer.build(model.trainable_variables)
    loop = Loop(model, distribution)
    loop.build(next(iter(dataset.train(0, 1))))
    for epoch in range(2):  # the first one traces and warms up
        batches = parts.training(dataset, epoch, chosen.batch_size, distribution)
        started = time.perf_counter()
        loop.train(batches, epoch, _STEPS.value)
    return (time.perf_counter() - started) / _STEPS.value


def _synthetic():
    import numpy as np

    from trainers.common.data import memory

    generator = np.random.default_rng(0)
    shape = (_STEPS.value * _BATCH_SIZE.value, 32, 32, 3)
    images = generator.integers(256, size=shape, dtype="uint8")
    labels = generator.integers(10, size=len(images))
    train = images, labels
    test = images[:1], labels[:1]
    names = tuple(map(str, range(10)))
    return memory.dataset("synthetic", names, train, test, memory.Augmentation(), 0)


# --- In the process that measures


def _measure(kind):
    """Seconds of a step of one run, the slowest process's."""
    count = _DEVICES.value if kind == "multi_worker" else 1
    addresses = _free_addresses(count)
    processes = []
    try:
        for index in range(count):
            environment = {k: v for k, v in os.environ.items() if k != "TF_CONFIG"}
            if count > 1:
                task = {"type": "worker", "index": index}
                cluster = {"cluster": {"worker": addresses}, "task": task}
                environment["TF_CONFIG"] = json.dumps(cluster)
            processes.append(_start(kind, environment))
        outputs = [process.communicate() for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, said) in zip(processes, outputs, strict=True):
        if process.returncode:
            last = said.strip().splitlines()[-1:] or ["it says nothing"]
            raise errors.RunStopped(f"a run of {kind} failed: {last[0]}")
    return max(json.loads(output.splitlines()[-1])["seconds"] for output, _ in outputs)


def _start(kind, environment):
    own = (_STEPS, _BATCH_SIZE, _DEVICES, _NETWORK)
    arguments = [f"--{flag.name}={flag.value}" for flag in own]
    return subprocess.Popen(
        [sys.executable, "-m", "trainers.scaling_benchmark", f"--kind={kind}"]
        + arguments,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _free_addresses(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]


def _outcome(chosen, seconds):
    import numpy as np

    from trainers.common import provenance

    one = np.array(seconds["one"])
    return {
        "command": "python -m trainers.scaling_benchmark",
        "network": _NETWORK.value,
        "depth": chosen.depth,
        "batch_size": _BATCH_SIZE.value,
        "devices": _DEVICES.value,
        "steps": _STEPS.value,
        "runs": _RUNS.value,
        "seconds_per_step": {
            kind: {"median": float(np.median(values)), "runs": values}
            for kind, values in seconds.items()
        },
        "ratios": {
            kind: float(np.median(np.array(seconds[kind]) / one)) for kind in _KINDS[1:]
        },
        **provenance.record(),
    }


if __name__ == "__main__":
    errors.run(main, flags.FLAGS)
