"""The files that `tools.tflite_bench` measures, each made in a process of its own."""

import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import time

from tflite import files
from tflite import quiet

_ROOT = pathlib.Path(__file__).resolve().parent.parent

# Log odds by which a gate's decision is forced. It is computed all the same.
_FORCED = 4.0


class Workshop:
    """Networks and their .tflite files in a directory.

    Args:
        directory: `pathlib.Path`; it exists.
        seed: int, of all weights.
        reuse: whether files that are there already are taken as they are.

    Attributes:
        conversions: file name -> dict of the command, its `seconds` and its
            `peak_gib`, from start to end of the process, and the file's `bytes`.
    """

    def __init__(self, directory, *, seed, reuse):
        self.directory = directory
        self.conversions = {}
        self._seed = seed
        self._reuse = reuse
        self._made = set()

    def network(self, name, images=None):
        """Path of the `.keras` file of a network.

        Args:
            name: one of `NETWORKS`, or of `SPREAD`.
            images: `tools.bench_lines.Images`, for those of `SPREAD`.
        """
        path = self.directory / f"{name}.keras"
        if self._is_missing(path):
            spawn = multiprocessing.get_context("spawn")
            with spawn.Pool(1) as pool:
                facts = pool.apply(_build, (name, path, self._seed, images))
            files.write_json(path.with_suffix(".facts.json"), facts)
        return path

    def facts(self, name):
        """What is known of a network of `SPREAD`: `share`, see `_spread`."""
        return json.loads((self.directory / f"{name}.facts.json").read_text())

    def converted(self, network, name, **arguments):
        """Path of a file of `tflite.convert`.

        Args:
            network: one of `NETWORKS`, one of `SPREAD` that was made, or the path of
                a `.keras` file.
            name: the file's, without suffix.
            **arguments: flags of the command; True for one without value.
        """
        return self._run("convert", network, name, arguments)

    def static(self, network, name, closed, **arguments):
        """Path of a file of `tflite.static`, without the blocks `closed`."""
        arguments = {"closed": ",".join(closed), **arguments}
        return self._run("static", network, name, arguments)

    def _run(self, command, network, name, arguments):
        path = self.directory / f"{name}.tflite"
        facts = path.with_suffix(".conversion.json")
        is_path = network not in (*NETWORKS, *SPREAD)
        model = network if is_path else self.network(network)
        if self._is_missing(path):
            given = {"model": model, "output": path, **arguments}
            files.write_json(facts, measured(f"tflite.{command}", given))
        self.conversions[path.name] = json.loads(facts.read_text()) | {
            "bytes": path.stat().st_size
        }
        return path

    def _is_missing(self, path):
        if path in self._made or (self._reuse and path.exists()):
            return False
        self._made.add(path)
        return True


def measured(module, arguments):
    """Runs a command and measures it.

    Args:
        module: the module that is run.
        arguments: dict of flags; True for one without value.

    Returns:
        Dict: `command`, `seconds` by the clock, `cpu_seconds`, and `peak_gib`, the
        largest resident memory of the process.

    Raises:
        subprocess.CalledProcessError: it failed; what it said is on standard error.
    """
    flags = [
        f"--{name}" if value is True else f"--{name}={value}"
        for name, value in arguments.items()
    ]
    command = [sys.executable, "-m", module, *flags]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return {
        "command": " ".join(["python", *command[1:]]),
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_gib": usage.ru_maxrss / 2**20,
    }


def every_second(blocks):
    """Of a list of blocks those that are closed: the second, the fourth, ..."""
    return blocks[1::2]


def _build(name, path, seed, images):
    """Builds and saves a network; returns facts for JSON."""
    quiet.import_tensorflow()
    import keras

    keras.utils.set_random_seed(seed)
    if name in NETWORKS:
        model, facts = NETWORKS[name](), {}
    else:
        build, share = SPREAD[name]
        model = build()
        facts = _spread(model, images, share, seed)
    model.save(path)
    return facts


def _spread(model, images, share, seed):
    """Gives a network gates that decide like trained ones.

    Args:
        model: `tfgate.GatedModel` of dependent gates.
        images: `tools.bench_lines.Images`.
        share: executed MACs of the mean training image, of the dense network's; None
            for a network whose gates are early exits, of which each takes as many
            images as the next.
        seed: int.

    Returns:
        Dict: `share`, the MACs of the mean test image.
    """
    import numpy as np

    from tflite import source
    from tools import spread_gates

    shape = source.input_shape(model)[1:]
    training = images.load("train", shape)
    if share is None:
        _spread_exits(model, training)
    else:
        spread_gates.spread(model, training, share, seed)
    decisions = spread_gates.record(model, images.load("test", shape))
    executed = float(np.mean(model.costs.executed(decisions)))
    return {"share": executed / model.costs.dense}


def _spread_exits(model, images):
    """Lets as many images leave at each exit as go to the end."""
    import numpy as np

    remaining = np.ones(len(images), bool)
    for number, gate in enumerate(model.gates):
        outputs = model.core(images, training=False)["gates"][gate.name]
        log_odds = np.asarray(outputs["logits"])[:, 0]
        leaving = 1 / (len(model.gates) + 1 - number)
        boundary = np.quantile(log_odds[remaining], leaving)
        last = gate.logits_dense
        last.bias.assign(last.bias - np.array([0.0, boundary], "float32"))
        remaining &= log_odds > boundary


def _resnet50_blocks():
    """ResNet-50 whose dependent gates close every second block, whatever they see."""
    import numpy as np

    import tfgate

    model = tfgate.applications.ResNet50(gate="dependent")
    closed = every_second(model.blocks)
    for block in model.blocks:
        last = block.gate.logits_dense
        log_odds = -_FORCED if block in closed else _FORCED
        # The image moves the log odds, and never across a threshold.
        last.kernel.assign(1e-9 * np.asarray(last.kernel))
        last.bias.assign(np.array([0.0, log_odds], "float32"))
    return model


def _keras_resnet50():
    import keras

    return keras.applications.ResNet50(weights=None)


def _keras_mobilenet_v2():
    import keras

    return keras.applications.MobileNetV2(weights=None)


# Functions that build them, in a process with TensorFlow.
NETWORKS = {
    "resnet50_blocks": _resnet50_blocks,
    "keras_resnet50": _keras_resnet50,
    "keras_mobilenet_v2": _keras_mobilenet_v2,
}


def _resnet50_cs_low():
    import tfgate

    return tfgate.applications.ResNet50(gate="dependent", granularity="cs-low")


def _resnet34_bas():
    import tfgate

    return tfgate.applications.ResNet34(gate="dependent", granularity="bas")


def _densenet_exits():
    import tfgate
    from tfgate.applications.early_exits import EarlyExits

    exits = EarlyExits(gate=tfgate.DependentGate)
    return tfgate.applications.CifarDenseNet(early_exit=exits)


# The same of networks whose gates are spread, with the share of the MACs.
SPREAD = {
    "resnet50_cs_low": (_resnet50_cs_low, 0.5),
    "resnet34_bas": (_resnet34_bas, 0.45),
    "densenet_exits": (_densenet_exits, None),
}
