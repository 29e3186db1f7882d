"""What `tools.tflite_bench` measures: one function for each row of its table.

A function takes `Conditions` and returns a list of `Line`. Add it to `ROWS`, and what
it needs to `tools.bench_files.NETWORKS`.
"""

import dataclasses
import operator
import statistics

import numpy as np

from tflite import metadata
from tflite import probe
from tflite.benchmark import benchmark
from tflite.benchmark import find
from tflite.verify import verify
from tools import dial_latency
from tools.bench_files import Workshop
from tools.bench_files import every_second

_IMAGES = 4
_SIZE = 224
_TAU = 0.5
_VERIFIED = 1000
_GATED = {"tau_input": True, "gate_outputs": True}
_PROBES = 3
_RELATIONS = {"≤": operator.le, "≥": operator.ge}


@dataclasses.dataclass(frozen=True)
class Conditions:
    """What all rows share.

    Attributes:
        workshop: `Workshop`.
        runs: number of runs of each file that count.
        seed: int, of images and order.
        trained: path of a gated network trained on CIFAR-10, or None.
        data_dir: directory of TFDS data sets, or None.
    """

    workshop: Workshop
    runs: int
    seed: int
    trained: str | None = None
    data_dir: str | None = None

    def benchmark(self, name, models, baseline, **arguments):
        """Runs `tflite.benchmark` on random images; writes NAME.benchmark.json."""
        random = np.random.default_rng(self.seed)
        shape = metadata.read(baseline).image_shape
        return benchmark(
            models,
            baseline,
            images=255 * random.uniform(size=(_IMAGES, *shape)),
            runs=self.runs,
            warmup=5,
            seed=self.seed,
            json=self.workshop.directory / f"{name}.benchmark.json",
            **arguments,
        )


@dataclasses.dataclass(frozen=True)
class Line:
    """A number with its goal.

    Attributes:
        what: what it is.
        value: the number.
        relation: "≤" or "≥"; empty for a number without a goal.
        goal: number that it is compared with.
        unit: of both.
        note: what else was measured.
    """

    what: str
    value: float
    relation: str = ""
    goal: float | None = None
    unit: str = ""
    note: str = ""

    @property
    def reached(self):
        """Whether the goal is reached; None without one."""
        if self.goal is None:
            return None
        return bool(_RELATIONS[self.relation](self.value, self.goal))

    def cells(self):
        """Cells of a table."""
        unit = f" {self.unit}" if self.unit else ""
        goal = "" if self.goal is None else f"{self.relation} {self.goal:g}{unit}"
        reached = {True: "yes", False: "no", None: ""}[self.reached]
        note = f" ({self.note})" if self.note else ""
        return self.what, f"{self.value:.3f}{unit}{note}", goal, reached

    def text(self):
        """The line as text."""
        what, value, goal, reached = self.cells()
        return f"{what}: {value}" + (f", goal {goal}: {reached}" if goal else "")

    def document(self):
        """The line for JSON."""
        return dataclasses.asdict(self) | {"reached": self.reached}


class Skipped(Exception):
    """A row that cannot be measured here; the message says why."""


def blocks(conditions):
    """ResNet-50 with block gates: every second block closed, and all open."""
    gated, dense, static = _resnet50(conditions, "")
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
            _time(half) / _time(removed),
            "≤",
            1.03,
        ),
        Line(
            f"{name}, every second block closed: skip efficiency",
            _efficiency(half, reference),
            "≥",
            0.95,
            note=f"at {half['macs_ratio']:.3f} of the MACs",
        ),
        Line(
            f"{name}, all open: of dense", _time(opened) / _time(reference), "≤", 1.02
        ),
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
    gated, dense, _ = _resnet50(conditions, "")
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
    gated, dense, _ = _resnet50(conditions, "")
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
    """Skip efficiency with weights of 8 bits, against that in float."""
    found = {}
    for suffix, arguments in (("", {}), ("_dynamic", {"quantize": "dynamic"})):
        gated, dense, _ = _resnet50(conditions, suffix, **arguments)
        result = conditions.benchmark(f"resnet50_quantized{suffix}", [gated], dense)
        point, reference = find(result, gated.stem), find(result, dense.stem)
        found[suffix] = _efficiency(point, reference), _time(reference)
    (exact, float_ms), (quantized, dynamic_ms) = found[""], found["_dynamic"]
    return [
        Line(
            "dynamic range: skip efficiency, of the float file's",
            quantized / exact,
            "≥",
            0.9,
            note=f"{quantized:.3f} against {exact:.3f}; dense {dynamic_ms:.2f} against "
            f"{float_ms:.2f} ms",
        )
    ]


def dynamic_range_accuracy(conditions):
    """Decisions and accuracy of a trained network with weights of 8 bits."""
    if conditions.trained is None or conditions.data_dir is None:
        raise Skipped("it needs --trained and --data_dir")
    workshop = conditions.workshop
    name = "dynamic range, trained on CIFAR-10"
    path = workshop.converted(
        conditions.trained, "trained_dynamic", gate_outputs=True, quantize="dynamic"
    )
    result = verify(
        conditions.trained,
        path,
        dataset="cifar10",
        data_dir=conditions.data_dir,
        samples=_VERIFIED,
        json=workshop.directory / "trained_dynamic.verify.json",
    )
    accuracy = result["accuracy"]
    lost = 100 * (accuracy["keras"] - accuracy["tflite"])
    images = f"{_VERIFIED} images"
    return [
        Line(
            f"{name}: gate agreement",
            result["gate_agreement"],
            "≥",
            0.99,
            note=images,
        ),
        Line(f"{name}: accuracy lost", lost, "≤", 0.5, "points", images),
    ]


def keras_baselines(conditions):
    """The dense networks that others deploy, beside ours."""
    _, dense, _ = _resnet50(conditions, "")
    others = [
        conditions.workshop.converted(name, name, lowering="dense")
        for name in ("keras_resnet50", "keras_mobilenet_v2")
    ]
    result = conditions.benchmark("keras_baselines", others, dense)
    ours = _time(find(result, dense.stem))
    names = ("keras.applications.ResNet50", "keras.applications.MobileNetV2")
    return [
        Line(
            f"{name}, dense: of tfgate's dense ResNet-50",
            _time(find(result, path.stem)) / ours,
            note=f"{_time(find(result, path.stem)):.2f} ms",
        )
        for name, path in zip(names, others, strict=True)
    ]


ROWS = {
    "blocks": blocks,
    "dial": dial,
    "conversion": conversion,
    "cold_start": cold_start,
    "dynamic_range": dynamic_range,
    "dynamic_range_accuracy": dynamic_range_accuracy,
    "keras_baselines": keras_baselines,
}


def _resnet50(conditions, suffix, **arguments):
    """Paths of the gated, the dense and the static file of ResNet-50."""
    workshop, name = conditions.workshop, "resnet50_blocks"
    gated = workshop.converted(name, f"resnet50_gated{suffix}", **_GATED, **arguments)
    dense = workshop.converted(
        name, f"resnet50_dense{suffix}", lowering="dense", **arguments
    )
    gates = metadata.read(gated)["gates"]
    closed = every_second([gate["block"] for gate in gates])
    static = workshop.static(name, f"resnet50_static{suffix}", closed, **arguments)
    return gated, dense, static


def _time(point):
    """Milliseconds of processor time of the mean image."""
    return point["latency_ms"]["cpu_image_mean"]


def _efficiency(point, reference):
    return point["macs_ratio"] * _time(reference) / _time(point)
