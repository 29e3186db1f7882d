"""Which lowering for which block."""

import dataclasses
import fnmatch

import tfgate
from tfgate.compaction import Action
from tfgate.stochastic_depth import is_averaged
from tflite import expectations
from tflite.autotune import Autotune
from tflite.cost_model import CostModel
from tflite.cost_model import trial_context
from tflite.errors import InputError
from tflite.lowering import registry
from tflite.lowering.dial import Dial
from tflite.lowering.threshold import LogOddsThreshold
from tflite.options import FILTERS_AT_ONCE
from tflite.options import MIN_GROUP

# Exact lowerings of blocks whose gates look at the image.
_UNDECIDED = ("if", "variants", "groups", "gather", "masked")
_AVERAGED = "stochastic depth, open at inference"
# Estimates are no more exact than this. Of those that are so close, the first of the
# order above is taken: what skips executes less, and takes less energy.
_CLOSE_MS = 0.02


@dataclasses.dataclass(frozen=True)
class BlockPlan:
    """What becomes of one gated block.

    Attributes:
        block: the `tfgate.GatedBlock`.
        lowering: a name of `tflite.lowering.registry`.
        decided: 0 or 1 where its gate decides the same for every image, else None;
            where its components differ in that, a tuple with one of these for each.
        why: why this lowering, for people.
        estimates: lowering -> expected milliseconds of what the gate switches, or the
            `InputError` of a lowering that the block cannot have; empty where there was
            nothing to choose.
    """

    block: tfgate.GatedBlock
    lowering: str
    decided: int | None | tuple[int | None, ...]
    why: str = ""
    estimates: dict = dataclasses.field(default_factory=dict, compare=False)

    @property
    def decisions(self):
        """Tuple with 0, 1 or None for each component of the gate."""
        if isinstance(self.decided, tuple):
            return self.decided
        return (self.decided,) * self.block.gate.components

    @property
    def computes_gate(self):
        """Whether the file has the gate, or its share of a learned gating function."""
        if self.lowering in ("groups", "gather", "variants"):
            return None in self.decisions
        return self.lowering in ("if", "masked")


def make(model, options, expected=None, clusters=None, variants=None):
    """Chooses the lowering of every gated block.

    Args:
        model: a `tfgate.GatedModel`.
        options: `tflite.options.Options`; no gate is decided where τ is an input.
        expected: `tflite.expectations.Expectations`; None for those without
            calibration images.
        clusters: block name -> dict of site name -> `tflite.clusters.SiteClusters`.
        variants: block name -> `tflite.variants.BlockVariants`.

    Returns:
        List of `BlockPlan` in network order. Blocks of throttled networks that are not
        dense have conditions on u, or on what a learned gating function decides. Of
        other blocks that are not decided, conditional files have the lowering of least
        expected time, unless another one is asked for. Within 0.02 ms the one that
        skips more is taken.

    Raises:
        InputError: `"pruned"`, and some gates depend on the image; or a block has not
            the lowering that is asked for.
    """
    if options.lowering == "dense":
        return [
            BlockPlan(block, "open", 1, "--lowering=dense") for block in model.blocks
        ]
    if isinstance(model, tfgate.ThrottledModel):
        fixed = type(model.gating) in Dial.CLASSES
        plans = [_throttled(block, fixed) for block in model.blocks]
        others = [] if fixed else ["masked"]
        return _with_forced(plans, [[p.lowering, *others] for p in plans], options)
    plans = _decided(model, options)
    if options.lowering == "masked":
        why = "--lowering=masked"
        return [
            # Computed in the file, such a gate would be compared with τ.
            p
            if is_averaged(p.block.gate)
            else dataclasses.replace(p, lowering="masked", why=why)
            for p in plans
        ]
    plans = _with_forced(plans, [_choices(plan) for plan in plans], options)
    if all(plan.lowering for plan in plans):
        return plans
    expected = expected or expectations.expect(model, options)
    estimator = _estimator(model, options, plans, clusters or {}, variants or {})
    return [
        plan if plan.lowering else _cheapest(plan, expected, estimator)
        for plan in plans
    ]


def _throttled(block, fixed):
    """The plan of a throttled network's block, by its one way of skipping.

    Args:
        block: the `tfgate.GatedBlock`.
        fixed: whether its components open in a fixed order.
    """
    lowering = "if"
    if isinstance(block, tfgate.GatedFilters):
        lowering = "levels" if fixed else "groups"
    why = "conditions on u" if fixed else "decisions of the gating function"
    return BlockPlan(block, lowering, None, why)


def _decided(model, options):
    """A plan of each block; those that are still to be chosen have no lowering."""
    if options.tau_input:
        return _for_any_tau(model)
    report = tfgate.plan_compaction(model, options.tau)
    if options.lowering == "pruned" and report.undecided:
        raise InputError(
            "Expected gates that decide the same for every image for "
            f"--lowering=pruned, got undecided ones in the blocks "
            f"{', '.join(report.undecided)}; use --lowering=conditional."
        )
    return [
        _decided_block(block, decision)
        for block, decision in zip(model.blocks, report.blocks, strict=True)
    ]


def _for_any_tau(model):
    plans = [
        BlockPlan(block, "open", 1, _AVERAGED)
        if is_averaged(block.gate)
        else BlockPlan(block, "", None)
        for block in model.blocks
    ]
    if all(plan.lowering for plan in plans):
        raise InputError(
            "Expected a network with gates that decide at inference for --tau_input, "
            f"got {model.name!r} with {_AVERAGED}, alone."
        )
    return plans


def _decided_block(block, decision):
    decided, why = decision.decisions, "the same for every image"
    if is_averaged(block.gate):
        why = _AVERAGED
    if decision.action is Action.CUT:
        decided, why = (0,) * len(decided), "behind an exit that all images take"
    if len(set(decided)) == 1:
        decided = decided[0]
    if decided in (0, 1):
        return BlockPlan(block, ("closed", "open")[decided], decided, why)
    if isinstance(decided, tuple) and None not in decided:
        return BlockPlan(block, "groups", decided, why)
    return BlockPlan(block, "", decided)


def _choices(plan):
    """Exact lowerings of a block."""
    if plan.lowering:
        return [plan.lowering]
    available = registry.candidates(plan.block)
    return [name for name in _UNDECIDED if name in available]


def _with_forced(plans, choices, options):
    """Sets the lowerings that are asked for; of several patterns the last counts."""
    names = [plan.block.name for plan in plans]
    forced = list(plans)
    for pattern, name in options.block_lowering:
        matching = fnmatch.filter(names, pattern)
        if not matching:
            raise InputError(
                f"Expected --block_lowering={pattern}={name} to match one of the gated "
                f"blocks {', '.join(names)}, got none."
            )
        for index, (plan, possible) in enumerate(zip(plans, choices, strict=True)):
            if plan.block.name not in matching:
                continue
            if name not in possible:
                raise InputError(
                    f"Expected --block_lowering={pattern}={name} to ask of block "
                    f"{plan.block.name!r} for one of its exact lowerings: "
                    f"{', '.join(possible) or 'none'}."
                )
            why = f"--block_lowering={pattern}={name}"
            forced[index] = dataclasses.replace(plan, lowering=name, why=why)
    return forced


def _estimator(model, options, plans, clusters, variants):
    if options.autotune:
        return Autotune(options, clusters, variants)
    threshold = LogOddsThreshold(options.tau)
    attributes = {
        "clusters": clusters,
        "variants": variants,
        "decisions": {plan.block.name: plan.decisions for plan in plans},
        "min_group": options.min_group or MIN_GROUP,
    }
    return CostModel(
        lambda: trial_context(model, threshold, **attributes),
        options.filters_at_once or FILTERS_AT_ONCE,
    )


def _cheapest(plan, expected, estimator):
    block = plan.block
    names = _choices(plan)
    if isinstance(block, tfgate.EarlyExit):
        why = "the rest of the network behind an IF"
        return dataclasses.replace(plan, lowering="if", why=why)
    if not names:
        registry.find(block, "if")  # which raises, and names what there is
    estimates = estimator.estimate(block, names, expected.decisions(block.gate.name))
    possible = {n: ms for n, ms in estimates.items() if isinstance(ms, float)}
    if not possible:
        raise next(iter(estimates.values()))
    limit = min(possible.values()) + _CLOSE_MS
    chosen = next(name for name, ms in possible.items() if ms <= limit)
    why = f"least expected time, {estimator.source}"
    return dataclasses.replace(plan, lowering=chosen, why=why, estimates=estimates)
