"""What the rows of `tools.tflite_bench` share: conditions, numbers with goals."""

import dataclasses
import operator

import numpy as np

from tflite import datasets
from tflite import metadata
from tflite.benchmark import benchmark
from tflite.errors import InputError
from tools.bench_files import Workshop

_IMAGES = 4
# Variants of blocks need more images than ranges of activations do.
_CALIBRATION = 384
_SPREAD = 64
_TESTED = 64
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
        points: list that gets a `Measured` for each file and setting, once.
    """

    workshop: Workshop
    runs: int
    seed: int
    trained: str | None = None
    data_dir: str | None = None
    points: list = dataclasses.field(default_factory=list)

    def images(self, dataset):
        """The choice of a data set's images, checked.

        Args:
            dataset: one of `tflite.datasets.NAMES`.

        Returns:
            `Images`.

        Raises:
            Skipped: there are no such images.
        """
        try:
            for split, number in (("train", _CALIBRATION), ("test", _TESTED)):
                choice = {"samples": number, "data_dir": self.data_dir}
                datasets.check(dataset, split=split, **choice)
        except InputError as error:
            raise Skipped(f"it needs images of {dataset}: {error}") from None
        return Images(dataset, self.data_dir)

    def benchmark(self, name, models, baseline, *, images=None, **arguments):
        """Runs `tflite.benchmark`; writes NAME.benchmark.json.

        Args:
            name: of the result.
            models: list of paths.
            baseline: a path.
            images: `Images`; None for random ones.
            **arguments: more of `tflite.benchmark.benchmark`.
        """
        if images is None:
            random = np.random.default_rng(self.seed)
            shape = metadata.read(baseline).image_shape
            arguments["images"] = 255 * random.uniform(size=(_IMAGES, *shape))
        else:
            arguments |= images.tested
        result = benchmark(
            models,
            baseline,
            # Each image runs three times at least.
            runs=self.runs if images is None else max(self.runs, 3 * _TESTED),
            warmup=5,
            seed=self.seed,
            json=self.workshop.directory / f"{name}.benchmark.json",
            **arguments,
        )
        # Several rows measure some of the files.
        known = {(point.file, point.setting) for point in self.points}
        for point in _measured(result, baseline.stem):
            if (point.file, point.setting) not in known:
                self.points.append(point)
        return result


@dataclasses.dataclass(frozen=True)
class Measured:
    """What a file takes of the dense file's MACs and time.

    Attributes:
        file: its name.
        setting: of τ or u, as text; empty without one.
        macs: executed MACs of the mean image, of the dense file's.
        time: processor time, likewise.
    """

    file: str
    setting: str
    macs: float
    time: float


def _measured(result, baseline):
    reference = next(p for p in result["points"] if p["file"] == baseline)
    return [
        Measured(
            point["file"],
            "" if point["tau"] is None else f"τ = {point['tau']:g}",
            point["macs_ratio"],
            time(point) / time(reference),
        )
        for point in result["points"]
        if point["file"] != baseline
    ]


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


@dataclasses.dataclass(frozen=True)
class Images:
    """Images of a data set: some to calibrate on, others to measure on.

    Attributes:
        dataset: one of `tflite.datasets.NAMES`.
        data_dir: directory of TFDS data sets, or None.
    """

    dataset: str
    data_dir: str | None

    @property
    def calibration(self):
        """Flags of `tflite.convert`."""
        flags = {
            "calibration_dataset": self.dataset,
            "calibration_samples": _CALIBRATION,
        }
        return flags | ({} if self.data_dir is None else {"data_dir": self.data_dir})

    @property
    def tested(self):
        """Arguments of `tflite.benchmark.benchmark`."""
        choice = {"dataset": self.dataset, "data_dir": self.data_dir}
        return choice | {"samples": _TESTED}

    def load(self, split, image_shape):
        """The images of a split, float32 `[images, height, width, channels]`."""
        return datasets.load(
            self.dataset,
            samples=_SPREAD if split == "train" else _TESTED,
            data_dir=self.data_dir,
            image_shape=image_shape,
            split=split,
        ).images


def time(point):
    """Milliseconds of processor time of the mean image."""
    return point["latency_ms"]["cpu_image_mean"]


def efficiency(point, reference):
    """Skip efficiency of a point, in processor time."""
    return point["macs_ratio"] * time(reference) / time(point)
