"""The gated modules of a network: which components stand for one another."""

import dataclasses
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfgate.blocks import GatedBlock
from tfgate.blocks import GatedConcat
from tfgate.blocks import GatedFilters
from tfgate.blocks import GatedResidual

AXES = ("width", "depth")


@dataclasses.dataclass(frozen=True)
class Module:
    """Components that compute side by side, or one after the other.

    Attributes:
        name: of the module, such as `"block1/inner1"` or `"conv2"`.
        axis: `"width"`: parts of one layer, whose outputs are scaled by n / ||g||_1;
            or `"depth"`: residual blocks of one stage, which are not.
        start: index of the first component among those of the network, in network
            order.
        count: number of components, at least 1; they are consecutive.
        always_open: number of further parts of the layer that are never gated; they
            come first, and are among its n.

    Raises:
        ValueError: an argument is out of its range.

    Reference:
        TNN 3.1 (equations 2 and 3), 3.2.
    """

    name: str
    axis: str
    start: int
    count: int
    always_open: int = 0

    def __post_init__(self) -> None:
        if self.axis not in AXES:
            raise ValueError(f"Expected axis to be one of {AXES}, got {self.axis!r}.")
        if self.count < 1:
            raise ValueError(
                f"Expected at least one component in module {self.name!r}, got "
                f"{self.count!r}."
            )
        if self.start < 0 or self.always_open < 0:
            raise ValueError(
                f"Expected start and always_open >= 0 in module {self.name!r}, got "
                f"{self.start!r} and {self.always_open!r}."
            )

    @property
    def size(self) -> int:
        """n: number of parts, those that are never gated included."""
        return self.count + self.always_open

    @property
    def stop(self) -> int:
        """Index of the first component behind this module."""
        return self.start + self.count

    @property
    def components(self) -> slice:
        """Where the components stand among those of the network."""
        return slice(self.start, self.stop)

    @property
    def thresholds(self) -> np.ndarray:
        """Where k = min(n, floor(u (n + 1))) grows: float32 array `[count]`, ascending.

        The values of u from which one more of the gated parts is open, TNN 4.1.
        """
        first = self.always_open + 1
        steps = np.arange(first, self.size + 1) / (self.size + 1)
        return steps.astype("float32")

    def get_config(self) -> dict[str, Any]:
        """Returns the attributes."""
        return dataclasses.asdict(self)


def find_modules(blocks: Sequence[GatedBlock]) -> tuple[Module, ...]:
    """Finds the modules of a network.

    - Each gated place of a `tfgate.GatedFilters` is one, along the width: VGG's layers,
      the paths of a ResNeXt block.
    - `tfgate.GatedConcat`s that follow one another directly, the layers of a dense
      block, are one, along the width too: what they give is read together.
    - `tfgate.GatedResidual`s in a row whose outputs have one shape, a stage, are one
      along the depth.

    Args:
        blocks: the gated blocks of a network, in network order.

    Returns:
        Tuple of modules; together they have every component once, in order.

    Raises:
        ValueError: a block is of another class, such as an early exit.

    Reference:
        TNN table 1.
    """
    modules: list[Module] = []
    before: GatedBlock | None = None
    start = 0
    for block in blocks:
        count = block.gate.components
        if isinstance(block, GatedFilters):
            modules += [
                Module(
                    f"{block.name}/{site.name}",
                    "width",
                    start + site.start,
                    site.count,
                    site.groups_always_open,
                )
                for site in block.sites
            ]
        elif isinstance(block, GatedConcat | GatedResidual):
            if before is not None and _continues(before, block):
                stage = modules.pop()
                modules.append(dataclasses.replace(stage, count=stage.count + count))
            else:
                axis = "width" if isinstance(block, GatedConcat) else "depth"
                modules.append(Module(block.name, axis, start, count))
        else:
            raise ValueError(
                "Expected blocks of GatedResidual, GatedFilters or GatedConcat in a "
                f"network to throttle, got {block.name!r} of class "
                f"{type(block).__name__}."
            )
        before = block
        start += count
    return tuple(modules)


def check_modules(modules: Iterable[Module]) -> tuple[Module, ...]:
    """Returns modules as a tuple.

    Raises:
        ValueError: there is none, or they leave components out or share some.
    """
    modules = tuple(modules)
    if not modules:
        raise ValueError("Expected at least one module, got none.")
    end = 0
    for module in modules:
        if module.start != end:
            raise ValueError(
                f"Expected module {module.name!r} to start at component {end}, got "
                f"{module.start}."
            )
        end = module.stop
    return modules


def _continues(before: GatedBlock, block: GatedBlock) -> bool:
    """Whether a block belongs to the module of the one before it."""
    if type(before) is not type(block):
        return False
    if isinstance(block, GatedConcat):
        return _input(block) is before.output[0]
    shapes = [tuple(each.output[0].shape[1:]) for each in (before, block)]
    return shapes[0] == shapes[1]


def _input(block: GatedBlock) -> Any:
    return block._inbound_nodes[0].input_tensors[0]
