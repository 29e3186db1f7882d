"""Which lowering for which block."""

import dataclasses

import tfgate
from tflite.errors import InputError


@dataclasses.dataclass(frozen=True)
class BlockPlan:
    """What becomes of one gated block.

    Attributes:
        block: the `tfgate.GatedBlock`.
        lowering: a name of `tflite.lowering.registry`.
        decided: 0 or 1 where its gate decides the same for every image, else None;
            where its components differ in that, a tuple with one of these for each.
    """

    block: tfgate.GatedBlock
    lowering: str
    decided: int | None | tuple[int | None, ...]

    @property
    def decisions(self):
        """Tuple with 0, 1 or None for each component of the gate."""
        if isinstance(self.decided, tuple):
            return self.decided
        return (self.decided,) * self.block.gate.components

    @property
    def computes_gate(self):
        """Whether the file has the gate: conditions on u cost nothing."""
        if self.block.gate.takes_control:
            return False
        if self.lowering in ("groups", "gather"):
            return None in self.decisions
        return self.lowering in ("if", "masked")


def make(model, lowering, tau, tau_input):
    """Chooses the lowering of every gated block.

    Args:
        model: a `tfgate.GatedModel`.
        lowering: `"conditional"`, `"masked"`, `"dense"` or `"pruned"`.
        tau: threshold in (0, 1).
        tau_input: whether τ is an input; no gate is decided then.

    Returns:
        List of `BlockPlan` in network order. Blocks of throttled networks that are not
        dense have conditions on u.

    Raises:
        InputError: `"pruned"`, and some gates depend on the image.
    """
    if lowering == "dense":
        return [BlockPlan(block, "open", 1) for block in model.blocks]
    if isinstance(model, tfgate.ThrottledModel):
        return [BlockPlan(block, _throttled(block), None) for block in model.blocks]
    if tau_input:
        return [
            BlockPlan(block, _undecided(block, lowering), None)
            for block in model.blocks
        ]
    report = tfgate.plan_compaction(model, tau)
    if lowering == "pruned" and report.undecided:
        raise InputError(
            "Expected gates that decide the same for every image for "
            f"--lowering=pruned, got undecided ones in the blocks "
            f"{', '.join(report.undecided)}; use --lowering=conditional."
        )
    return [
        _choose(block, decision, lowering)
        for block, decision in zip(model.blocks, report.blocks, strict=True)
    ]


def _throttled(block):
    return "levels" if isinstance(block, tfgate.GatedFilters) else "if"


def _undecided(block, lowering):
    if lowering == "masked":
        return "masked"
    return "groups" if isinstance(block, tfgate.GatedFilters) else "if"


def _choose(block, decision, lowering):
    decided = decision.decisions
    if len(set(decided)) == 1:
        decided = decided[0]
    if lowering != "masked" and decided in (0, 1):
        return BlockPlan(block, ("closed", "open")[decided], decided)
    return BlockPlan(block, _undecided(block, lowering), decided)
