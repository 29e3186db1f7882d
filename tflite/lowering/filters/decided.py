"""Gated filters that are decided for every image: no gate, and nothing closed."""

import keras
import numpy as np

import tfgate
from tfgate import costs
from tfgate.compaction.filters import apply_filters
from tflite.lowering.filters.macs import Switched
from tflite.lowering.registry import register


@register(tfgate.GatedFilters, "open")
def lower_open(block, x, context):
    """Keeps all filters and drops the gate."""
    return apply_decided_filters(block, x, context, [1] * block.gate.components)


@register(tfgate.GatedFilters, "closed")
def lower_closed(block, x, context):
    """Keeps the filters that have no gate, the shortcut, and constants."""
    return apply_decided_filters(block, x, context, [0] * block.gate.components)


def apply_decided_filters(block, x, context, decisions):
    """Builds the block as `tfgate.compact` would.

    Args:
        block: `tfgate.GatedFilters`.
        x: KerasTensor, its input in the new graph.
        context: `tflite.lowering.Context`.
        decisions: 0 or 1 for each component.

    Returns:
        KerasTensor.
    """
    outputs = apply_filters(context.rewriter, block, np.array(decisions, int), x)
    left = costs.count_macs(keras.Model(x, outputs), tuple(x.shape))
    context.switched[block.name] = [Switched(left)]
    return outputs
