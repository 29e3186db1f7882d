"""`tfgate.GatedResidual` in TFLite: a branch behind an IF.

The weights are constants inside the branch. The sum stands there, too, so that its ReLU
fuses into its ADD. A ReLU after the IF, or an IF that returns the residual alone, makes
no difference to an open block; the latter costs a closed block twice the time and
stores zeros. A shortcut with weights is computed before the IF: in both branches they
would be packed twice, which takes time and memory when the file is loaded.
"""

import keras
import tensorflow as tf

import tfgate
from tfgate.compaction import Action
from tfgate.compaction import apply_decided
from tflite.lowering.registry import register


class ConditionalResidual(keras.layers.Layer):
    """Export-only twin of `tfgate.GatedResidual` that runs the branch or skips it.

    Args:
        branch, shortcut, activation: copies of the block's own.
        condition: `LogOddsThreshold` or `Opening`, see `Context.condition`.
        weight: factor of the branch where it runs.

    Call arguments:
        inputs: `[1, ..., channels]`.
        scalar: what the condition is of.

    Returns:
        `[1, ..., channels]`.
    """

    def __init__(self, branch, shortcut, activation, condition, weight=1.0, **kwargs):
        super().__init__(**kwargs)
        self.branch = branch
        self._weight = weight
        self.shortcut = shortcut
        self.activation = activation
        self._condition = condition

    def build(self, inputs_shape, scalar_shape):
        for layer in (self.branch, self.shortcut):
            if layer is not None and not layer.built:
                layer.build(inputs_shape)
        self.built = True

    def call(self, inputs, scalar):
        skip = self._skip(inputs)
        outputs = tf.cond(
            self._condition.symbol(scalar),
            lambda: self.activation(skip + self._residual(inputs)),
            lambda: self.activation(skip),
        )
        outputs.set_shape(self.branch.compute_output_shape(inputs.shape))
        return outputs

    def _skip(self, inputs):
        return inputs if self.shortcut is None else self.shortcut(inputs)

    def _residual(self, inputs):
        residual = self.branch(inputs)
        return residual if self._weight == 1.0 else self._weight * residual


class MaskedResidual(ConditionalResidual):
    """The same block, computed always and multiplied by the decision, as in Keras."""

    def call(self, inputs, scalar):
        decision = tf.cast(self._condition.symbol(scalar), tf.float32)
        return self.activation(self._skip(inputs) + decision * self._residual(inputs))


@register(tfgate.GatedResidual, "if")
def lower_if(block, x, context):
    """Puts the branch behind an IF."""
    return _lower_gated(ConditionalResidual, block, x, context)


@register(tfgate.GatedResidual, "masked")
def lower_masked(block, x, context):
    """Multiplies the branch by the decision."""
    return _lower_gated(MaskedResidual, block, x, context)


@register(tfgate.GatedResidual, "open")
def lower_open(block, x, context):
    """Keeps the branch and drops the gate."""
    return apply_decided(context.rewriter, block, Action.UNGATE, x)


@register(tfgate.GatedResidual, "closed")
def lower_closed(block, x, context):
    """Keeps the shortcut only."""
    return apply_decided(context.rewriter, block, Action.REMOVE, x)


def _lower_gated(twin_class, block, x, context):
    scalar, condition = context.condition(block, x)
    twin = twin_class(
        context.rewriter.copy(block.branch),
        context.rewriter.copy(block.shortcut),
        block.activation,
        condition,
        block.gate.open_weight,
        name=block.name,
    )
    return twin(x, scalar)
