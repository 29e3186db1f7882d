"""Which lowering for which block."""

import dataclasses

import tfgate
from tfgate.compaction import Action
from tflite.errors import InputError

_DECIDED = {Action.REMOVE: ("closed", 0), Action.UNGATE: ("open", 1)}


@dataclasses.dataclass(frozen=True)
class BlockPlan:
    """What becomes of one gated block.

    Attributes:
        block: the `tfgate.GatedBlock`.
        lowering: a name of `tflite.lowering.registry`.
        decided: 0 or 1 where its gate decides the same for every image, else None.
    """

    block: tfgate.GatedBlock
    lowering: str
    decided: int | None

    @property
    def computes_gate(self):
        """Whether the file has the gate: conditions on u cost nothing."""
        return self.lowering in ("if", "masked") and not self.block.gate.takes_control


def make(model, options):
    """Chooses the lowering of every gated block.

    Args:
        model: a `tfgate.GatedModel`.
        options: `tflite.options.Options`; no gate is decided where τ is an input.

    Returns:
        List of `BlockPlan` in network order. Blocks of throttled networks that are not
        dense have conditions on u.

    Raises:
        InputError: `"pruned"`, and some gates depend on the image.
    """
    lowering = options.lowering
    if lowering == "dense":
        return [BlockPlan(block, "open", 1) for block in model.blocks]
    if isinstance(model, tfgate.ThrottledModel):
        return [BlockPlan(block, _throttled(block), None) for block in model.blocks]
    if options.tau_input:
        undecided = "if" if lowering == "conditional" else "masked"
        return [BlockPlan(block, undecided, None) for block in model.blocks]
    report = tfgate.plan_compaction(model, options.tau)
    if lowering == "pruned" and report.undecided:
        raise InputError(
            "Expected gates that decide the same for every image for "
            f"--lowering=pruned, got undecided ones in the blocks "
            f"{', '.join(report.undecided)}; use --lowering=conditional."
        )
    return [
        _choose(block, decision.action, lowering)
        for block, decision in zip(model.blocks, report.blocks, strict=True)
    ]


def _throttled(block):
    return "levels" if isinstance(block, tfgate.GatedFilters) else "if"


def _choose(block, action, lowering):
    decided_lowering, decided = _DECIDED.get(action, (None, None))
    if lowering == "masked":
        return BlockPlan(block, "masked", decided)
    return BlockPlan(block, decided_lowering or "if", decided)
