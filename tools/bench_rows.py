"""What `tools.tflite_bench` measures: one function for each row of its table.

A function takes `Conditions` and returns a list of `Line`. Add it to `ROWS`, and what
it needs to `tools.bench_files.NETWORKS`.
"""

import json
import statistics

from tflite import metadata
from tflite import probe
from tflite.benchmark import find
from tools import bench_files
from tools import bench_gated
from tools import dial_latency
from tools.bench_lines import Line
from tools.bench_lines import Measured
from tools.bench_lines import Skipped
from tools.bench_lines import efficiency
from tools.bench_lines import time

_TAU = 0.5
_VERIFIED = 1000
_GATED = {"tau_input": True, "gate_outputs": True}
_PROBES = 3
# Settings in the plot.
_DIAL = (0.0, 0.25, 0.5, 0.75, 1.0)


def blocks(conditions):
    """ResNet-50 with block gates: every second block closed, and all open."""
    gated, dense = _resnet50(conditions, "")
    static = _static(conditions, gated, "resnet50_static")
    result = conditions.benchmark(
        "resnet50_blocks",
        [gated],
        dense,
        static=[static],
        sweep="tau",
        sweep_values=[0.0],
    )
    half = find(result, gated.stem, tau=_TAU)
    opened = find(result, gated.stem, tau=0.0)
    removed, reference = find(result, static.stem), find(result, dense.stem)
    name = "ResNet-50, 224 px, block gates"
    return [
        Line(
            f"{name}, every second block closed: overhead against static",
            time(half) / time(removed),
            "≤",
            1.03,
        ),
        Line(
            f"{name}, every second block closed: skip efficiency",
            efficiency(half, reference),
            "≥",
            0.95,
            note=f"at {half['macs_ratio']:.3f} of the MACs",
        ),
        Line(f"{name}, all open: of dense", time(opened) / time(reference), "≤", 1.02),
    ]


def dial(conditions):
    """ResNeXt-50 with a dial, half open."""
    (result,) = dial_latency.measure(
        ["resnext50"],
        runs=conditions.runs,
        levels=None,
        min_group=None,
        seed=conditions.seed,
    ).values()
    for row in result["settings"]:
        if row["u"] in _DIAL:
            setting = f"u = {row['u']:g}"
            shares = row["macs_share"], row["ratio"]
            conditions.points.append(Measured("resnext50", setting, *shares))
    half = next(row for row in result["settings"] if row["u"] == 0.5)
    return [
        Line(
            "throttled ResNeXt-50, u = 0.5: of proportional",
            half["over_bound"],
            "≤",
            1.08,
            note=f"{half['ratio']:.3f} of dense at {half['macs_share']:.3f} of MACs",
        )
    ]


def conversion(conditions):
    """What it takes to convert ResNet-50 with block gates, and the file's size."""
    gated, dense = _resnet50(conditions, "")
    made = conditions.workshop.conversions
    own, other = made[gated.name], made[dense.name]
    name = "conversion of ResNet-50, block gates"
    return [
        Line(
            f"{name}: time",
            own["seconds"],
            "≤",
            60,
            "s",
            f"dense {other['seconds']:.1f} s; processor {own['cpu_seconds']:.1f} s",
        ),
        Line(
            f"{name}: peak memory",
            own["peak_gib"],
            "≤",
            6,
            "GiB",
            f"dense {other['peak_gib']:.3f} GiB",
        ),
        Line(
            f"{name}: file, of dense",
            own["bytes"] / other["bytes"],
            "≤",
            1.03,
            note=f"{own['bytes']:,} bytes",
        ),
    ]


def cold_start(conditions):
    """Loading and memory in fresh processes, gated and dense in turns."""
    gated, dense = _resnet50(conditions, "")
    taken = {path: [] for path in (gated, dense)}
    for _ in range(_PROBES):
        for path, found in taken.items():
            found.append(probe.measure_apart(path, 1))
    lines = []
    for key, what in (("peak_memory_mib", "peak memory"), ("load_ms", "load time")):
        values = [[row[key] for row in found] for found in taken.values()]
        if None in values[0]:
            raise Skipped("this system does not tell a process's memory")
        own, other = map(statistics.median, values)
        name = f"ResNet-50, block gates: {what}, of dense"
        note = f"{own:.1f} against {other:.1f} {'MiB' if 'mib' in key else 'ms'}"
        lines.append(Line(name, own / other, "≤", 1.10, note=note))
    return lines


def dynamic_range(conditions):
    """Skip efficiency with weights of 8 bits, against that in float.

    Of the static network, too: without gates and conditions, the most that is possible.
    """
    return _quantized(conditions, "dynamic", "dynamic range", {}, compares_static=True)


def int8(conditions):
    """The same of weights and activations of 8 bits."""
    images = conditions.images("imagenet2012")
    # Of a network that is not trained the classes are within a rounding of each other.
    arguments = images.calibration | {"check_samples": 0}
    return _quantized(conditions, "int8", "int8", arguments)


def _quantized(conditions, quantize, name, arguments, compares_static=False):
    points = []
    chosen = {"": {}, f"_{quantize}": {"quantize": quantize, **arguments}}
    for suffix, flags in chosen.items():
        gated, dense = _resnet50(conditions, suffix, **flags)
        static = []
        if compares_static:
            static = [_static(conditions, gated, f"resnet50_static{suffix}", **flags)]
        result = conditions.benchmark(
            f"resnet50_quantized{suffix}", [gated], dense, static=static
        )
        points.append([find(result, p.stem) for p in (dense, gated, *static)])
    exact, quantized = (
        [efficiency(point, dense) for point in others] for dense, *others in points
    )
    exact_ms, quantized_ms = (time(dense) for dense, *_ in points)
    lines = [
        Line(
            f"{name}: skip efficiency, of the float file's",
            quantized[0] / exact[0],
            "≥",
            0.9,
            note=f"{quantized[0]:.3f} against {exact[0]:.3f}; dense {quantized_ms:.2f} "
            f"against {exact_ms:.2f} ms",
        )
    ]
    if compares_static:
        title = f"{name}, static network without the closed blocks: skip efficiency"
        note = f"{quantized[1]:.3f} against {exact[1]:.3f}"
        value = quantized[1] / exact[1]
        lines.append(Line(f"{title}, of the float file's", value, note=note))
    return lines


def dynamic_range_accuracy(conditions):
    """Decisions and accuracy of a trained network with weights of 8 bits."""
    return _accuracy(conditions, "dynamic", "dynamic range", {})


def int8_accuracy(conditions):
    """The same with weights and activations of 8 bits."""
    images = conditions.images("cifar10")
    return _accuracy(conditions, "int8", "int8", images.calibration)


def _accuracy(conditions, quantize, name, arguments):
    if conditions.trained is None or conditions.data_dir is None:
        raise Skipped("it needs --trained and --data_dir")
    workshop = conditions.workshop
    path = workshop.converted(
        conditions.trained,
        f"trained_{quantize}",
        gate_outputs=True,
        quantize=quantize,
        **arguments,
    )
    output = workshop.directory / f"trained_{quantize}.verify.json"
    # A command, for the reason that files are made by commands.
    bench_files.measured(
        "tflite.verify",
        {
            "model": conditions.trained,
            "tflite": path,
            "dataset": "cifar10",
            "data_dir": conditions.data_dir,
            "samples": _VERIFIED,
            "json": output,
        },
    )
    result = json.loads(output.read_text())
    accuracy = result["accuracy"]
    lost = 100 * (accuracy["keras"] - accuracy["tflite"])
    agreement = result["gate_agreement"]
    name, note = f"{name}, trained on CIFAR-10", f"{_VERIFIED} images"
    return [
        Line(f"{name}: gate agreement", agreement, "≥", 0.99, note=note),
        Line(f"{name}: accuracy lost", lost, "≤", 0.5, "points", note),
    ]


def keras_baselines(conditions):
    """The dense networks that others deploy, beside ours."""
    _, dense = _resnet50(conditions, "")
    others = [
        conditions.workshop.converted(name, name, lowering="dense")
        for name in ("keras_resnet50", "keras_mobilenet_v2")
    ]
    result = conditions.benchmark("keras_baselines", others, dense)
    ours = time(find(result, dense.stem))
    names = ("keras.applications.ResNet50", "keras.applications.MobileNetV2")
    return [
        Line(
            f"{name}, dense: of tfgate's dense ResNet-50",
            time(find(result, path.stem)) / ours,
            note=f"{time(find(result, path.stem)):.2f} ms",
        )
        for name, path in zip(names, others, strict=True)
    ]


ROWS = {
    "blocks": blocks,
    "dial": dial,
    "conversion": conversion,
    "cold_start": cold_start,
    "dynamic_range": dynamic_range,
    "int8": int8,
    "dynamic_range_accuracy": dynamic_range_accuracy,
    "int8_accuracy": int8_accuracy,
    "filters": bench_gated.filters,
    "bas": bench_gated.bas,
    "early_exit": bench_gated.early_exit,
    "keras_baselines": keras_baselines,
}


def _static(conditions, gated, name, **arguments):
    """Path of the static network in which every second block is closed."""
    gates = metadata.read(gated)["gates"]
    closed = bench_files.every_second([gate["block"] for gate in gates])
    return conditions.workshop.static("resnet50_blocks", name, closed, **arguments)


def _resnet50(conditions, suffix, **arguments):
    """Paths of the gated and the dense file of ResNet-50."""
    workshop, name = conditions.workshop, "resnet50_blocks"
    gated = workshop.converted(name, f"resnet50_gated{suffix}", **_GATED, **arguments)
    dense = workshop.converted(
        name, f"resnet50_dense{suffix}", lowering="dense", **arguments
    )
    return gated, dense
