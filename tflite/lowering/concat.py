"""`tfgate.GatedConcat` in TFLite: a densely connected layer behind an IF.

What the layer appends, or zeros, comes out of the IF, and joins the input behind it:
so the branches of an IF don't each copy the whole feature map.
"""

import keras
import tensorflow as tf

import tfgate
from tfgate.compaction import Action
from tfgate.compaction import apply_decided
from tflite.lowering import dial
from tflite.lowering.registry import register


class ConditionalConcat(keras.layers.Layer):
    """Export-only twin of `tfgate.GatedConcat` that runs the branch or skips it.

    Args:
        branch: copy of the block's own.
        condition: `LogOddsThreshold` or `Opening`, see `Context.condition`.
        weight: factor of the branch where it runs: a number, or the
            `tfgate.throttling.Module` whose scale it is.

    Call arguments:
        inputs: `[1, ..., channels]`.
        scalar: what the condition is of: u, where the weight is a module.
        scale: a further factor of the branch, a float32 scalar; None for none.

    Returns:
        `[1, ..., channels + new channels]`.
    """

    def __init__(self, branch, condition, weight=1.0, **kwargs):
        super().__init__(**kwargs)
        self.branch = branch
        self._condition = condition
        self._weight = weight

    def build(self, inputs_shape, scalar_shape, scale_shape=None):
        if not self.branch.built:
            self.branch.build(inputs_shape)
        self.built = True

    def call(self, inputs, scalar, scale=None):
        shape = self.branch.compute_output_shape(inputs.shape)
        appended = tf.cond(
            self._condition.symbol(scalar),
            lambda: self._weighted(inputs, scalar, scale),
            lambda: tf.zeros(shape),
        )
        appended.set_shape(shape)
        return tf.concat([inputs, appended], axis=-1)

    def _weighted(self, inputs, scalar, scale):
        appended = self.branch(inputs)
        if scale is not None:
            return appended * scale
        if isinstance(self._weight, float):
            return appended if self._weight == 1.0 else self._weight * appended
        return appended * dial.scale(self._weight, scalar)


class MaskedConcat(ConditionalConcat):
    """The same layer, computed always and multiplied by the decision, as in Keras."""

    def call(self, inputs, scalar, scale=None):
        decision = tf.cast(self._condition.symbol(scalar), tf.float32)
        appended = decision * self._weighted(inputs, scalar, scale)
        return tf.concat([inputs, appended], axis=-1)


@register(tfgate.GatedConcat, "if")
def lower_if(block, x, context):
    """Puts the branch behind an IF."""
    return _lower_gated(ConditionalConcat, block, x, context)


@register(tfgate.GatedConcat, "masked")
def lower_masked(block, x, context):
    """Multiplies the branch by the decision."""
    return _lower_gated(MaskedConcat, block, x, context)


@register(tfgate.GatedConcat, "open")
def lower_open(block, x, context):
    """Keeps the branch and drops the gate."""
    return apply_decided(context.rewriter, block, Action.UNGATE, x)


@register(tfgate.GatedConcat, "closed")
def lower_closed(block, x, context):
    """Appends zeros."""
    return apply_decided(context.rewriter, block, Action.REMOVE, x)


def _lower_gated(twin_class, block, x, context):
    scalar, condition = context.condition(block, x)
    weight = block.gate.open_weight
    if context.dial is not None:
        weight = context.dial.module(block.gate)
    branch = context.rewriter.copy(block.branch)
    twin = twin_class(branch, condition, weight, name=block.name)
    if context.learned is not None:
        return twin(x, scalar, context.learned.scale(block.gate))
    return twin(x, scalar)
