"""What is left of a block with filter gates when all of them are decided."""

import keras
import numpy as np

from tfgate.blocks import GatedFilters
from tfgate.compaction.path import SlicedPath
from tfgate.compaction.path import slice_path
from tfgate.graph import GraphRewriter
from tfgate.layers import ChannelBias
from tfgate.layers import SelectChannels
from tfgate.typing import Tensor


def apply_filters(
    rewriter: GraphRewriter, block: GatedFilters, decisions: np.ndarray, x: Tensor
) -> Tensor:
    """Builds what is left of a block of gated filters.

    Args:
        rewriter: the `tfgate.graph.GraphRewriter` at work.
        block: a `tfgate.GatedFilters`.
        decisions: array of 0 and 1, `[components]`.
        x: KerasTensor, the block's input in the new graph.

    Returns:
        KerasTensor, the block's output.
    """
    dtype = block.dtype_policy
    parts = {}
    if block.residual:
        parts["shortcut"] = slice_path(block, block.shortcut_path(), decisions)
    # The result needs a tensor to begin with: the shortcut's, or the stages'.
    alone = all(part.is_empty for part in parts.values())
    main = parts["output"] = slice_path(block, block.path(), decisions, needed=alone)
    outputs = [
        _apply_sliced(rewriter, block, part, place, x)
        for place, part in parts.items()
        if not part.is_empty
    ]
    output = outputs[0]
    if len(outputs) == 2:
        output = keras.layers.Add(name=f"{block.name}_add", dtype=dtype)(outputs)
    if main.constants.any():
        bias = ChannelBias(name=f"{block.name}_constant", dtype=dtype)
        output = rewriter.adopt(bias, [main.constants])(output)
    activation = keras.layers.Activation(
        block.activation, name=f"{block.name}_out", dtype=dtype
    )
    return activation(output)


def _apply_sliced(
    rewriter: GraphRewriter,
    block: GatedFilters,
    part: SlicedPath,
    place: str,
    x: Tensor,
) -> Tensor:
    """Applies new layers, and puts zeros where channels are missing."""
    for new in part.layers:
        x = rewriter.adopt(new.layer, new.weights)(x)
    if len(part.kept) == len(part.constants):
        return x
    positions = {channel: index for index, channel in enumerate(part.kept)}
    restore = SelectChannels(
        [positions.get(channel) for channel in range(len(part.constants))],
        name=f"{block.name}_{place}_restore",
        dtype=block.dtype_policy,
    )
    return restore(x)
