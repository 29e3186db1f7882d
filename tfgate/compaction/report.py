"""What compaction finds out about a model, and what it makes of it."""

import dataclasses
import enum


class Action(enum.Enum):
    """What compaction does with a gated block."""

    REMOVE = "branch removed"
    SLICE = "filters removed"
    UNGATE = "gate removed"
    END = "the network ends here"
    PASS = "exit removed"
    CUT = "behind the end of the network"
    KEEP = "undecided"


@dataclasses.dataclass(frozen=True)
class PlaceDecision:
    """What is known of one gated place of a block with filter gates.

    Attributes:
        place: name of the place, such as `"input"` or `"inner1"`.
        filters: number of its filters.
        removed: number of filters that are closed for good.
        undecided: number of filters that are open for some images.
    """

    place: str
    filters: int
    removed: int
    undecided: int

    def __str__(self) -> str:
        undecided = f", {self.undecided} undecided" if self.undecided else ""
        return f"{self.place} {self.removed} of {self.filters}{undecided}"


@dataclasses.dataclass(frozen=True)
class BlockDecision:
    """What is known of one block.

    Attributes:
        block: name of the block.
        gate: name of its gate.
        action: what compaction does with it.
        rate: activation rate in [0, 1] under the threshold, the mean over components,
            on the calibration set for data-dependent gates; None for a gate that was
            not measured.
        macs: MACs that the gate switches, for one image.
        decisions: for each component 0 or 1 where it is decided, else None.
        places: for each gated place of a block with filter gates, a `PlaceDecision`.
    """

    block: str
    gate: str
    action: Action
    rate: float | None
    macs: int
    decisions: tuple[int | None, ...] = ()
    places: tuple[PlaceDecision, ...] = ()

    def __str__(self) -> str:
        rate = "unknown" if self.rate is None else format(self.rate, ".3f")
        text = f"{self.block}: {self.action.value} (rate {rate}, {self.macs:,} MACs)"
        if not self.places:
            return text
        return f"{text}: {'; '.join(map(str, self.places))}"


@dataclasses.dataclass(frozen=True)
class CompactionReport:
    """What compaction removes from a model, block by block.

    Attributes:
        tau: the threshold.
        blocks: a `BlockDecision` per gated block, in network order.
        macs_before: MACs per image with all gates open, the gates included.
        macs_after: MACs per image of the compacted network. In a plan, what the
            decisions leave, where blocks that stay undecided count as open, with their
            gates; of filters, the network may need a few more, to carry constants, or
            fewer, without what feeds only closed ones. Behind a removed layer of a
            dense block it needs fewer, since what reads its channels gets smaller.
        parameters_before: number of weights, the gates' included.
        parameters_after: of the compacted network; None in a plan.
        bytes_before: size of the `.keras` file, without the optimizer's state; None in
            a plan.
        bytes_after: of the compacted network; None in a plan.
    """

    tau: float
    blocks: tuple[BlockDecision, ...]
    macs_before: int
    macs_after: int
    parameters_before: int
    parameters_after: int | None = None
    bytes_before: int | None = None
    bytes_after: int | None = None

    @property
    def undecided(self) -> list[str]:
        """Names of the blocks whose gates still depend on the image."""
        return [b.block for b in self.blocks if b.action is Action.KEEP]

    def __str__(self) -> str:
        lines = [str(block) for block in self.blocks]
        for name, before, after in (
            ("MACs per image", self.macs_before, self.macs_after),
            ("parameters", self.parameters_before, self.parameters_after),
            ("bytes of the .keras file", self.bytes_before, self.bytes_after),
        ):
            if before is not None and after is not None:
                lines.append(f"{name}: {before:,} -> {after:,}")
        return "\n".join(lines)
