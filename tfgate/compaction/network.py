"""The plain network that a polarized gated model amounts to."""

import dataclasses
import os
import pathlib
import tempfile
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

import keras
import numpy as np

from tfgate import channels
from tfgate.blocks import EarlyExit
from tfgate.blocks import GatedBlock
from tfgate.blocks import GatedConcat
from tfgate.blocks import GatedFilters
from tfgate.blocks import GatedResidual
from tfgate.compaction.constant_channels import cut_constant_channels
from tfgate.compaction.filters import apply_filters
from tfgate.compaction.plan import plan_compaction
from tfgate.compaction.report import Action
from tfgate.compaction.report import CompactionReport
from tfgate.costs import count_macs
from tfgate.graph import GraphRewriter
from tfgate.layers import SelectChannels
from tfgate.model import GatedModel
from tfgate.typing import Tensor
from tfgate.typing import TensorTree


def compact(
    model: GatedModel,
    tau: float = 0.5,
    calibration: Iterable[TensorTree] | None = None,
    print_fn: Callable[[CompactionReport], object] | None = None,
    decisions: Mapping[str, Sequence[int]] | None = None,
) -> keras.Model:
    """Returns the plain network that a polarized gated model amounts to.

    Residual blocks lose their branch or their gate. Blocks with filter gates lose
    their closed filters: convolutions and batch norms get smaller, under their old
    names. A closed filter that goes through a batch norm is a constant, which is added
    to what the next convolution gives; where the convolution's padding would show, one
    channel stays to carry it. Densely connected layers that never run leave the network
    together with the channels that they would have appended, and so do closed filters
    of blocks without a shortcut: what reads these channels gets smaller. An early exit
    that no image takes leaves with its classifier; one that every image takes ends the
    network.

    Args:
        model: a `tfgate.GatedModel`.
        tau: threshold in (0, 1).
        calibration: images on which data-dependent gates are judged, see
            `plan_compaction`; the result is exact for images on which they decide as
            on these.
        print_fn: receives the `CompactionReport`, with the parameters, MACs and bytes
            of both networks; `print` shows it. None measures and prints nothing.
            `plan_compaction` returns what is known without building anything.
        decisions: for gates, by name, what they are taken to decide, see
            `plan_compaction`: the network that is left if they always did.

    Returns:
        A `keras.Model` with copies of the weights, of stock layers and, beside sliced
        filters, `tfgate.layers`. Its predictions equal the thresholded model's.

    Raises:
        ValueError: some gates are undecided; the message names their blocks. Or
            decisions do not fit the gates, or the model is a throttled one.

    Example:
    >>> import tfgate
    >>> gated = tfgate.applications.CifarResNet(20, gate="independent")
    >>> plain = compact(gated, tau=0.9)  # all gates start at 0.87: all closed
    >>> plain.count_params() < gated.count_params()
    True
    """
    report = plan_compaction(model, tau, calibration, decisions)
    if report.undecided:
        raise ValueError(
            "Expected gates that always decide alike, got undecided ones in the "
            f"blocks {report.undecided}; give a calibration set on which they are "
            "polarized, or keep them as conditions with the TFLite converter."
        )
    decided = {decision.block: decision for decision in report.blocks}
    rewriter = GraphRewriter(model.core)

    def replace(block: GatedBlock, x: Tensor) -> Tensor:
        decision = decided[block.name]
        # What is cut gets built, of the shapes that it had, and is not reached.
        cut = decision.action is Action.CUT
        if isinstance(block, EarlyExit):
            return _apply_flat(rewriter, block.classifier, x)
        if isinstance(block, GatedFilters):
            decisions = np.array(
                [1] * block.gate.components if cut else decision.decisions
            )
            return apply_filters(rewriter, block, decisions, x)
        action = Action.UNGATE if cut else decision.action
        return apply_decided(rewriter, block, action, x)

    def select(answers: Sequence[Tensor]) -> Tensor:
        for leave, answer in zip(model.exits.exits, answers, strict=False):
            if decided[leave.name].action is Action.END:
                return answer
        return answers[-1]

    inputs, outputs = rewriter.rewrite(replace, select=select)
    compacted = keras.Model(inputs, outputs, name=f"{model.name}_compact")
    rewriter.finish()
    zeros = _appended_zeros(model, compacted)
    if zeros:
        compacted = cut_constant_channels(compacted, zeros)
    if print_fn is not None:
        print_fn(_measure(report, model, compacted))
    return compacted


def apply_decided(
    rewriter: GraphRewriter, block: GatedBlock, action: Action, x: Tensor
) -> Tensor:
    """Builds what is left of a block with one branch whose gate is decided.

    Args:
        rewriter: the `tfgate.graph.GraphRewriter` at work.
        block: a `tfgate.GatedResidual` or `tfgate.GatedConcat`.
        action: `Action.REMOVE` or `Action.UNGATE`.
        x: KerasTensor, the block's input in the new graph.

    Returns:
        KerasTensor, the block's output.

    Raises:
        ValueError: compaction of this class of blocks is not known.
    """
    if isinstance(block, GatedConcat):
        return _apply_concat(rewriter, block, action, x)
    if not isinstance(block, GatedResidual):
        raise ValueError(
            "Expected a GatedResidual, GatedConcat or GatedFilters to compact, got "
            f"{block.name!r} of class {type(block).__name__}."
        )
    output = _apply_flat(rewriter, block.shortcut, x)
    if action is Action.UNGATE:
        add = keras.layers.Add(name=f"{block.name}_add", dtype=block.dtype_policy)
        output = add([output, _apply_branch(rewriter, block, x)])
    activation = keras.layers.Activation(
        block.activation, name=f"{block.name}_out", dtype=block.dtype_policy
    )
    return activation(output)


def _apply_concat(
    rewriter: GraphRewriter, block: GatedConcat, action: Action, x: Tensor
) -> Tensor:
    """Appends the branch to x, or zeros."""
    dtype = block.dtype_policy
    if action is Action.UNGATE:
        concat = keras.layers.Concatenate(name=f"{block.name}_concat", dtype=dtype)
        return concat([x, _apply_branch(rewriter, block, x)])
    appended = block.branch.compute_output_shape(block.built_shape)[-1]
    places = [*range(x.shape[-1]), *[None] * appended]
    return SelectChannels(places, name=f"{block.name}_zeros", dtype=dtype)(x)


def _apply_branch(
    rewriter: GraphRewriter, block: GatedResidual | GatedConcat, x: Tensor
) -> Tensor:
    """Applies a copy of the branch, with the weight that it has at inference."""
    branch = _apply_flat(rewriter, block.branch, x)
    if block.gate.open_weight == 1.0:
        return branch
    scale = keras.layers.Rescaling(
        block.gate.open_weight, name=f"{block.name}_scale", dtype=block.dtype_policy
    )
    return scale(branch)


def _apply_flat(
    rewriter: GraphRewriter, layer: keras.Layer | None, x: Tensor
) -> Tensor:
    """Applies a copy of a layer; a Sequential is taken apart into its layers."""
    for leaf in () if layer is None else channels.leaves(layer):
        x = rewriter.copy(leaf)(x)
    return x


def _appended_zeros(model: GatedModel, compacted: keras.Model) -> list[str]:
    """Names of the layers that make zeros of channels which no shortcut adds to."""
    blocks = tuple(
        f"{block.name}_"
        for block in model.blocks
        if isinstance(block, GatedConcat)
        or (isinstance(block, GatedFilters) and not block.residual)
    )
    return [
        layer.name
        for layer in compacted.layers
        if isinstance(layer, SelectChannels)
        and layer.name.startswith(blocks)
        and (
            set(layer.channels) == {None}
            or layer.name.endswith(("_zeros", "_output_restore", "_output_select"))
        )
    ]


def _measure(
    report: CompactionReport, model: GatedModel, compacted: keras.Model
) -> CompactionReport:
    with tempfile.TemporaryDirectory() as folder:
        sizes = []
        for network in (model, compacted):
            path = pathlib.Path(folder) / "model.keras"
            keras.saving.save_model(network, path, include_optimizer=False)
            sizes.append(os.path.getsize(path))
    return dataclasses.replace(
        report,
        macs_after=count_macs(compacted),
        parameters_after=compacted.count_params(),
        bytes_before=sizes[0],
        bytes_after=sizes[1],
    )
