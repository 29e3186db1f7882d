"""Which gates no longer decide anything."""

import dataclasses
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

import keras
import numpy as np

from tfgate.blocks import EarlyExit
from tfgate.blocks import GatedBlock
from tfgate.blocks import GatedFilters
from tfgate.compaction.report import Action
from tfgate.compaction.report import BlockDecision
from tfgate.compaction.report import CompactionReport
from tfgate.compaction.report import PlaceDecision
from tfgate.gates import IndependentGate
from tfgate.inference import use_threshold
from tfgate.model import GatedModel
from tfgate.policies import Threshold
from tfgate.stochastic_depth import is_averaged
from tfgate.typing import TensorTree


def plan_compaction(
    model: GatedModel,
    tau: float = 0.5,
    calibration: Iterable[TensorTree] | None = None,
    decisions: Mapping[str, Sequence[int]] | None = None,
) -> CompactionReport:
    """Finds which gated blocks are decided for good.

    Independent gates are decided by the threshold alone; `StochasticDepth`, unless it
    has another policy than its default, is open whatever τ is. A component of a
    data-dependent gate counts as decided when it decides alike for every image of the
    calibration set; a block, when all of its components do. An early exit that every
    image takes ends the network: what lies behind it is decided whatever its gates
    say.

    Args:
        model: a `tfgate.GatedModel`.
        tau: threshold in (0, 1).
        calibration: `tf.data.Dataset`, or iterable, of batches `x` or `(x, y, ...)`;
            None leaves data-dependent gates undecided.
        decisions: for gates, by name, the 0 or 1 of each component that they are taken
            to decide for every image, whatever they would decide.

    Returns:
        A `CompactionReport`, with what is known before anything is built.

    Raises:
        ValueError: tau is not in (0, 1), the calibration set is empty, decisions do
            not fit the gates, or the model is a throttled one, which scales what its
            gates leave open.
    """
    if any(gate.takes_control for gate in model.gates):
        raise ValueError(
            f"Expected a gated network, got the throttled {model.name!r}: what is open "
            "at one u is scaled; tflite.convert makes one file of all of them."
        )
    policy = Threshold(tau)
    rates: dict[str, np.ndarray] = {}
    if calibration is not None:
        rates = _measure_rates(model, policy, calibration)
    for gate in model.gates:
        if is_averaged(gate):
            rates[gate.name] = np.ones(gate.components)
        elif isinstance(gate, IndependentGate):
            rates[gate.name] = _independent_rates(gate, policy)
    rates.update(_chosen_rates(model, decisions or {}))
    blocks = tuple(
        _decide(model, block, rates.get(block.gate.name)) for block in model.blocks
    )
    blocks = _cut(model, blocks)
    return CompactionReport(
        policy.tau,
        blocks,
        macs_before=model.costs.all_open,
        macs_after=_macs_after(model, blocks),
        parameters_before=model.count_params(),
    )


def _decide(
    model: GatedModel, block: GatedBlock, rates: np.ndarray | None
) -> BlockDecision:
    name, size = block.gate.name, block.gate.components
    decisions: tuple[int | None, ...] = (None,) * size
    if rates is not None:
        known: dict[float, int] = {0.0: 0, 1.0: 1}
        decisions = tuple(known.get(float(rate)) for rate in rates)
    if None in decisions:
        action = Action.KEEP
    elif isinstance(block, EarlyExit):
        action = Action.PASS if decisions == (1,) else Action.END
    elif 0 not in decisions:
        action = Action.UNGATE
    else:
        action = Action.SLICE if isinstance(block, GatedFilters) else Action.REMOVE
    closed = {other: np.ones(n) for other, n in model.costs.sizes.items()}
    closed[name] = np.zeros(size)
    return BlockDecision(
        block.name,
        name,
        action,
        rate=None if rates is None else float(np.mean(rates)),
        macs=model.costs.all_open - model.costs.count(closed),
        decisions=decisions,
        places=_places(block, decisions),
    )


def _cut(
    model: GatedModel, blocks: tuple[BlockDecision, ...]
) -> tuple[BlockDecision, ...]:
    """Marks what lies behind the first exit that every image takes."""
    decided = {block.block: block for block in blocks}
    actions = [decided[leave.name].action for leave in model.exits.exits]
    if Action.END not in actions:
        return blocks
    last, stages = actions.index(Action.END), model.exits.stages()
    return tuple(
        dataclasses.replace(block, action=Action.CUT)
        if stages.get(block.block, 0) > last
        else block
        for block in blocks
    )


def _places(
    block: GatedBlock, decisions: tuple[int | None, ...]
) -> tuple[PlaceDecision, ...]:
    if not isinstance(block, GatedFilters):
        return ()
    return tuple(
        PlaceDecision(
            site.name,
            site.filters,
            decisions[site.components].count(0) * site.filters_per_gate,
            decisions[site.components].count(None) * site.filters_per_gate,
        )
        for site in block.sites
    )


def _macs_after(model: GatedModel, blocks: Iterable[BlockDecision]) -> int:
    left, gates = {}, 0
    for block in blocks:
        # What is cut costs nothing, its gates included.
        decided = block.action not in (Action.KEEP, Action.CUT)
        gates += model.costs.gate[block.gate] if decided else 0
        left[block.gate] = np.array(
            block.decisions if decided else [1] * len(block.decisions), "float64"
        )
    return model.costs.count(left) - gates


def _chosen_rates(
    model: GatedModel, decisions: Mapping[str, Sequence[int]]
) -> dict[str, np.ndarray]:
    sizes = {gate.name: gate.components for gate in model.gates}
    for name, chosen in decisions.items():
        size = sizes.get(name)
        if size is None or len(chosen) != size or not set(chosen) <= {0, 1}:
            raise ValueError(
                "Expected decisions of 0 and 1, one for each component of a gate among "
                f"{sizes}, got {chosen!r} for {name!r}."
            )
    return {name: np.array(chosen, "float64") for name, chosen in decisions.items()}


def _independent_rates(gate: IndependentGate, policy: Threshold) -> np.ndarray:
    logits = keras.ops.convert_to_tensor(gate.component_logits)
    tau = keras.ops.convert_to_tensor(policy.tau, "float32")
    # The policy's own operations: NumPy's logarithm may round differently.
    log_odds_tau = keras.ops.log(tau) - keras.ops.log1p(-tau)
    opened = logits[:, 1] - logits[:, 0] > log_odds_tau
    return keras.ops.convert_to_numpy(opened).astype("float64")


def _measure_rates(
    model: GatedModel, policy: Threshold, calibration: Iterable[TensorTree]
) -> dict[str, np.ndarray]:
    opened = {gate.name: np.zeros(gate.components) for gate in model.gates}
    images = 0
    with use_threshold(model, policy.tau):
        for batch in calibration:
            x = batch[0] if isinstance(batch, tuple | list) else batch
            gates = model.core(x, training=False)["gates"]
            for name, gate in gates.items():
                decision = keras.ops.convert_to_numpy(gate["decision"])
                opened[name] += decision.sum(axis=0)
            images += len(decision)
    if not images:
        raise ValueError("Expected a calibration set with images, got an empty one.")
    return {name: total / images for name, total in opened.items()}
