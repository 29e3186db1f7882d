"""GatePass: what every gate decided for every image of one evaluation."""

import contextlib
import dataclasses
import json
import os
import pathlib
import zipfile
import zlib
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Self

import numpy as np

_FORMAT = "tfgate gate pass 1"
_HEADER = (
    "model",
    "policy",
    "tau",
    "gate_names",
    "components",
    "class_names",
    "dense_macs",
    "all_open_macs",
    "all_closed_macs",
)
_ARRAYS = (
    "labels",
    "predictions",
    "executed_macs",
    "decisions",
    "probabilities",
    "component_macs",
    "thumbnail_indices",
    "thumbnails",
)
# Open, or closed, for more than this share of images: decides nothing (BAS 5.4).
_ALWAYS = 0.99

ALWAYS_ON = "always on"
CONDITIONAL = "conditional"
ALWAYS_OFF = "always off"


@dataclasses.dataclass(frozen=True, eq=False)
class GatePass:
    """One evaluation of a gated network, image by image. `record` makes it.

    Components stand side by side: those of the first gate, of the second, and so on;
    `columns` gives a gate's. Images are numbered in the order of the data set.

    Attributes:
        model: name of the model.
        policy: name of the policy, such as "threshold".
        tau: the policy's threshold, or None.
        gate_names: names of the gates, in network order.
        components: number of components of each gate.
        class_names: names of the classes.
        dense_macs: MACs of the network without gates.
        all_open_macs: MACs with all components open, the gates included.
        all_closed_macs: MACs with all components closed, the gates included.
        labels: int32 `[images]`, class numbers.
        predictions: int32 `[images]`, class numbers.
        executed_macs: float32 `[images]`, the gates included.
        decisions: bool `[images, components of all gates]`.
        probabilities: float16, the same shape, P(open).
        component_macs: float64 `[components of all gates]`, MACs that each saves by
            closing.
        thumbnail_indices: int64 `[kept]`, image numbers in ascending order.
        thumbnails: uint8 `[kept, height, width, channels]`, small versions of them:
            of images with the lowest and with the highest executed MACs.
    """

    model: str
    policy: str
    tau: float | None
    gate_names: tuple[str, ...]
    components: tuple[int, ...]
    class_names: tuple[str, ...]
    dense_macs: int
    all_open_macs: int
    all_closed_macs: int
    labels: np.ndarray
    predictions: np.ndarray
    executed_macs: np.ndarray
    decisions: np.ndarray
    probabilities: np.ndarray
    component_macs: np.ndarray
    thumbnail_indices: np.ndarray
    thumbnails: np.ndarray

    @property
    def images(self) -> int:
        """Number of images."""
        return len(self.labels)

    @property
    def label(self) -> str:
        """The policy in words, such as "threshold 0.5"."""
        name = self.policy.replace("_", " ")
        return name if self.tau is None else f"{name} {self.tau:g}"

    @property
    def accuracy(self) -> float:
        """Share of images predicted correctly, in [0, 1]."""
        return float((self.labels == self.predictions).mean())

    @property
    def component_names(self) -> list[str]:
        """A name for each component: the gate's, with a number if it has several."""
        return [
            name if count == 1 else f"{name}[{index}]"
            for name, count in zip(self.gate_names, self.components, strict=True)
            for index in range(count)
        ]

    def columns(self, gate: str) -> slice:
        """Where a gate's components stand in the last axis of the arrays.

        Raises:
            ValueError: there is no gate of this name.
        """
        if gate not in self.gate_names:
            raise ValueError(
                f"Expected a gate among {list(self.gate_names)}, got {gate!r}."
            )
        index = self.gate_names.index(gate)
        start = sum(self.components[:index])
        return slice(start, start + self.components[index])

    def component_rates(self) -> np.ndarray:
        """Share of images for which each component is open, `[components]`."""
        return self.decisions.mean(axis=0, dtype="float64")

    def gate_rates(self) -> dict[str, float]:
        """Gate name -> activation rate, the mean of its components, in [0, 1]."""
        rates = self.component_rates()
        parts = {name: rates[self.columns(name)] for name in self.gate_names}
        return {name: float(part.mean()) for name, part in parts.items()}

    def class_rates(self) -> tuple[np.ndarray, np.ndarray]:
        """Activation rates within each class.

        Returns:
            Class numbers `[classes]`, those of which there are images, and their
            rates `[classes, components of all gates]`, in [0, 1].
        """
        classes = np.unique(self.labels)
        rates = [
            self.decisions[self.labels == number].mean(axis=0, dtype="float64")
            for number in classes
        ]
        return classes, np.stack(rates)

    def states(self) -> list[str]:
        """Whether each component decides anything, `[components]`.

        Returns:
            "always on" (open for more than 99 % of images), "always off" (closed for
            more than 99 %) or "conditional", for each component.

        Reference:
            BAS 5.4 and figure 5.
        """
        opened = self.decisions.sum(axis=0)
        most = _ALWAYS * self.images
        return [
            ALWAYS_ON
            if count > most
            else ALWAYS_OFF
            if self.images - count > most
            else CONDITIONAL
            for count in opened
        ]

    def save(self, path: str | pathlib.Path) -> None:
        """Writes the pass into a file, complete or not at all.

        Args:
            path: an `.npz` file to create or replace. Its directory must exist.
        """
        path = pathlib.Path(path)
        header = {name: getattr(self, name) for name in _HEADER}
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        # Eight decisions a byte: a wide network has thousands for each image.
        arrays["decisions"] = np.packbits(self.decisions, axis=1)
        text = json.dumps({"format": _FORMAT, **header})
        unfinished = path.with_name(f".unfinished-{path.name}")
        try:
            with open(unfinished, "wb") as file:
                np.savez_compressed(file, header=np.array(text), **arrays)
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | pathlib.Path) -> Self:
        """Reads what `save` wrote. No network is needed.

        Args:
            path: the `.npz` file.

        Raises:
            ValueError: the file is damaged, or is no gate pass.
            OSError: there is no such file, or it can't be read.
        """
        with open(path, "rb") as file, _damage_reported(path):
            with np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in _ARRAYS}
                header = json.loads(str(stored["header"]))
            if header.pop("format", None) != _FORMAT:
                raise ValueError(f"its format is not {_FORMAT!r}")
            for name in ("gate_names", "components", "class_names"):
                header[name] = tuple(header[name])
            count = sum(header["components"])
            arrays["decisions"] = _unpack(arrays["decisions"], count)
            loaded = cls(**header, **arrays)
            loaded._check_shapes()
        return loaded

    def _check_shapes(self) -> None:
        count = sum(self.components)
        expected: dict[str, tuple[int, ...]] = {
            "labels": (self.images,),
            "predictions": (self.images,),
            "executed_macs": (self.images,),
            "decisions": (self.images, count),
            "probabilities": (self.images, count),
            "component_macs": (count,),
            "thumbnail_indices": (len(self.thumbnails),),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                got = getattr(self, name).shape
                raise ValueError(f"{name} has the shape {got}, not {shape}")
        if len(self.gate_names) != len(self.components):
            raise ValueError("gates and components differ in number")


def check_comparable(passes: Sequence[GatePass]) -> None:
    """Checks that passes can stand side by side in one plot.

    Raises:
        ValueError: there is none, they are of different gates, or two of them have
            the same policy.
    """
    if not passes:
        raise ValueError("Expected at least one gate pass, got none.")
    first = passes[0]
    for other in passes[1:]:
        if (first.gate_names, first.components) != (other.gate_names, other.components):
            raise ValueError(
                "Expected passes of the same gates, got "
                f"{dict(zip(first.gate_names, first.components, strict=True))} and "
                f"{dict(zip(other.gate_names, other.components, strict=True))}."
            )
    labels = [gate_pass.label for gate_pass in passes]
    if len(set(labels)) < len(labels):
        raise ValueError(f"Expected passes of different policies, got {labels}.")


def _unpack(packed: np.ndarray, count: int) -> np.ndarray:
    if packed.ndim != 2 or packed.shape[1] != -(-count // 8):
        raise ValueError(f"decisions have the shape {packed.shape} for {count} gates")
    return np.unpackbits(packed, axis=1, count=count).astype(bool)


@contextlib.contextmanager
def _damage_reported(path: str | pathlib.Path) -> Iterator[None]:
    """Turns every way in which reading may fail into one error."""
    try:
        yield
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        EOFError,
        OSError,
        NotImplementedError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise ValueError(
            f"Expected {path} to be a whole file written by GatePass.save, got a "
            f"damaged or different one ({error}); record it again."
        ) from error
