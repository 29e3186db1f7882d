"""Compaction: gates that no longer decide anything are taken out.

A gate that is closed for every image takes its block with it (the shortcut stays); a
gate that is open for every image goes, and its block becomes an ordinary one.
"""

import dataclasses
import enum
from collections.abc import Callable
from collections.abc import Iterable

import keras
import numpy as np

from tfgate.blocks import GatedBlock
from tfgate.blocks import GatedResidual
from tfgate.gates import IndependentGate
from tfgate.graph import GraphRewriter
from tfgate.inference import use_policy
from tfgate.model import GatedModel
from tfgate.policies import Threshold
from tfgate.typing import Tensor
from tfgate.typing import TensorTree


class Action(enum.Enum):
    """What compaction does with a gated block."""

    REMOVE = "branch removed"
    UNGATE = "gate removed"
    KEEP = "undecided"


@dataclasses.dataclass(frozen=True)
class BlockDecision:
    """What is known of one block.

    Attributes:
        block: name of the block.
        gate: name of its gate.
        action: what compaction does with it.
        rate: activation rate in [0, 1] under the threshold, on the calibration set
            for data-dependent gates; None for one that was not measured.
        macs: MACs of the branch for one image.
    """

    block: str
    gate: str
    action: Action
    rate: float | None
    macs: int


@dataclasses.dataclass(frozen=True)
class CompactionReport:
    """What compaction removes from a model, block by block.

    Attributes:
        tau: the threshold.
        blocks: a `BlockDecision` per gated block, in network order.
        macs_before: MACs per image with all gates open, the gates included.
        macs_after: MACs per image of the compacted network; blocks that stay
            undecided count as open, with their gates.
    """

    tau: float
    blocks: tuple[BlockDecision, ...]
    macs_before: int
    macs_after: int

    @property
    def undecided(self) -> list[str]:
        """Names of the blocks whose gates still depend on the image."""
        return [b.block for b in self.blocks if b.action is Action.KEEP]

    def __str__(self) -> str:
        lines = [
            f"{b.block}: {b.action.value} (rate "
            f"{'unknown' if b.rate is None else format(b.rate, '.3f')}, "
            f"{b.macs:,} MACs)"
            for b in self.blocks
        ]
        lines.append(f"MACs per image: {self.macs_before:,} -> {self.macs_after:,}")
        return "\n".join(lines)


def plan_compaction(
    model: GatedModel,
    tau: float = 0.5,
    calibration: Iterable[TensorTree] | None = None,
) -> CompactionReport:
    """Finds which gated blocks are decided for good.

    Independent gates are decided by the threshold alone. A data-dependent gate counts
    as decided when it decides alike for every image of the calibration set.

    Args:
        model: a `tfgate.GatedModel`.
        tau: threshold in (0, 1).
        calibration: `tf.data.Dataset`, or iterable, of batches `x` or `(x, y, ...)`;
            None leaves data-dependent gates undecided.

    Returns:
        A `CompactionReport`.

    Raises:
        ValueError: tau is not in (0, 1), or the calibration set is empty.
    """
    policy = Threshold(tau)
    rates = {}
    if calibration is not None:
        rates = _measure_rates(model, policy, calibration)
    actions: dict[float | None, Action] = {0.0: Action.REMOVE, 1.0: Action.UNGATE}
    decisions = []
    for block in model.blocks:
        rate: float | None
        if isinstance(block.gate, IndependentGate):
            rate = _independent_rate(block.gate, policy)
        else:
            rate = rates.get(block.gate.name)
        action = actions.get(rate, Action.KEEP)
        macs = int(model.costs.components[block.gate.name].sum())
        decisions.append(BlockDecision(block.name, block.gate.name, action, rate, macs))
    saved = sum(
        (d.macs if d.action is Action.REMOVE else 0) + model.costs.gate[d.gate]
        for d in decisions
        if d.action is not Action.KEEP
    )
    before = model.costs.all_open
    return CompactionReport(policy.tau, tuple(decisions), before, before - saved)


def compact(
    model: GatedModel,
    tau: float = 0.5,
    calibration: Iterable[TensorTree] | None = None,
    print_fn: Callable[[str], object] | None = None,
) -> keras.Model:
    """Returns the plain network that a polarized gated model amounts to.

    Args:
        model: a `tfgate.GatedModel` with residual blocks.
        tau: threshold in (0, 1).
        calibration: images on which data-dependent gates are judged, see
            `plan_compaction`; the result is exact for images on which they decide as
            on these.
        print_fn: receives the `CompactionReport` as a string; None prints nothing.
            `plan_compaction` returns the report itself.

    Returns:
        A `keras.Model` of stock layers with copies of the weights. Its predictions
        equal the thresholded model's.

    Raises:
        ValueError: some gates are undecided; the message names their blocks.

    Example:
    >>> import tfgate
    >>> gated = tfgate.applications.CifarResNet(20, gate="independent")
    >>> plain = compact(gated, tau=0.9)  # all gates start at 0.87: all closed
    >>> plain.count_params() < gated.count_params()
    True
    """
    report = plan_compaction(model, tau, calibration)
    if report.undecided:
        raise ValueError(
            "Expected gates that always decide alike, got undecided ones in the "
            f"blocks {report.undecided}; give a calibration set on which they are "
            "polarized, or keep them as conditions with the TFLite converter."
        )
    if print_fn is not None:
        print_fn(str(report))
    actions = {decision.block: decision.action for decision in report.blocks}
    rewriter = GraphRewriter(model.core)

    def replace(block: GatedBlock, x: Tensor) -> Tensor:
        return apply_decided(rewriter, block, actions[block.name], x)

    inputs, outputs = rewriter.rewrite(replace)
    compacted = keras.Model(inputs, outputs, name=f"{model.name}_compact")
    rewriter.finish()
    return compacted


def apply_decided(
    rewriter: GraphRewriter, block: GatedBlock, action: Action, x: Tensor
) -> Tensor:
    """Builds what is left of a block whose gate is decided.

    Args:
        rewriter: the `tfgate.graph.GraphRewriter` at work.
        block: a `tfgate.GatedResidual`.
        action: `Action.REMOVE` or `Action.UNGATE`.
        x: KerasTensor, the block's input in the new graph.

    Returns:
        KerasTensor, the block's output.

    Raises:
        ValueError: compaction of this class of blocks is not known.
    """
    if not isinstance(block, GatedResidual):
        raise ValueError(
            f"Expected a GatedResidual to compact, got {block.name!r} of class "
            f"{type(block).__name__}."
        )
    output = _apply_flat(rewriter, block.shortcut, x)
    if action is Action.UNGATE:
        residual = _apply_flat(rewriter, block.branch, x)
        add = keras.layers.Add(name=f"{block.name}_add", dtype=block.dtype_policy)
        output = add([output, residual])
    activation = keras.layers.Activation(
        block.activation, name=f"{block.name}_out", dtype=block.dtype_policy
    )
    return activation(output)


def _apply_flat(
    rewriter: GraphRewriter, layer: keras.Layer | None, x: Tensor
) -> Tensor:
    """Applies a copy of a layer; a Sequential is taken apart into its layers."""
    if layer is None:
        return x
    if not isinstance(layer, keras.Sequential):
        return rewriter.copy(layer)(x)
    for sublayer in layer.layers:
        x = _apply_flat(rewriter, sublayer, x)
    return x


def _independent_rate(gate: IndependentGate, policy: Threshold) -> float:
    logits = keras.ops.convert_to_tensor(gate.component_logits)
    tau = keras.ops.convert_to_tensor(policy.tau, "float32")
    # The policy's own operations: NumPy's logarithm may round differently.
    log_odds_tau = keras.ops.log(tau) - keras.ops.log1p(-tau)
    return float(np.mean(logits[:, 1] - logits[:, 0] > log_odds_tau))


def _measure_rates(
    model: GatedModel, policy: Threshold, calibration: Iterable[TensorTree]
) -> dict[str, float]:
    opened, images = dict.fromkeys(model.gate_names, 0.0), 0
    with use_policy(model, policy):
        for batch in calibration:
            x = batch[0] if isinstance(batch, tuple | list) else batch
            gates = model.core(x, training=False)["gates"]
            for name, gate in gates.items():
                decision = keras.ops.convert_to_numpy(gate["decision"])
                opened[name] += float(decision.mean(axis=1).sum())
            images += len(decision)
    if not images:
        raise ValueError("Expected a calibration set with images, got an empty one.")
    return {name: total / images for name, total in opened.items()}
