"""Gates in an export graph: from a block's input to log odds, and nothing else.

The trained gate computes two logits per component, a batch norm and, in training,
noise. What is left at inference is folded here into as few operations as possible:
on networks with tiny blocks it is the number of operations that costs.

Tried on a CIFAR ResNet-110, in alternation: a mean and two 1x1 convolutions are faster
than a mean and two dense layers, and those faster than AVERAGE_POOL_2D. Computing a
gate at the end of the preceding branch, to save a delegate call, is slower: the runtime
prepares a branch anew whenever it is taken, so operations cost more there.
"""

import functools

import keras
import numpy as np
import tensorflow as tf

import tfgate


@functools.singledispatch
def lower(gate, rewriter):
    """Returns the layer that computes a gate's log odds.

    Gates of a class that is not known here keep their own `compute_logits`, which is
    exact but not folded.

    Args:
        gate: a built `tfgate.Gate`.
        rewriter: the `tfgate.graph.GraphRewriter` at work.

    Returns:
        `GateLogOdds`.
    """
    raise TypeError(f"Expected a tfgate Gate, got {gate!r}.")


class GateLogOdds(keras.layers.Layer):
    """Base of the layers that compute log odds.

    Call arguments:
        inputs: the block's input, `[1, ..., channels]`.

    Returns:
        List of float32 scalars, one for each component; a vector `[components]` after
        `as_vector`.
    """

    _vector = False

    def as_vector(self):
        """Lets the layer return one vector, and returns the layer.

        Conditions on whole components take scalars; many filters are compared at once.
        """
        self._vector = True
        return self

    def call(self, inputs):
        log_odds = self.log_odds(inputs)
        if self._vector:
            return tf.reshape(log_odds, (-1,))
        if log_odds.shape.num_elements() == 1:
            return [tf.reshape(log_odds, ())]
        return tf.unstack(tf.reshape(log_odds, (-1,)))

    def log_odds(self, inputs):
        """The log odds, a tensor of any shape with one number for each component."""
        raise NotImplementedError


class LogOdds(GateLogOdds):
    """Log odds of any gate, from its two logits per component.

    Args:
        gate: a `tfgate.Gate`.
    """

    def __init__(self, gate, **kwargs):
        super().__init__(**kwargs)
        self.gate = gate

    def build(self, input_shape):
        self.gate.build(input_shape)
        self.built = True

    def log_odds(self, inputs):
        logits = self.gate.compute_logits(inputs, training=False)
        logits = tf.reshape(tf.cast(logits, tf.float32), (self.gate.components, 2))
        return logits[:, 1] - logits[:, 0]


class ConstantLogOdds(GateLogOdds):
    """Log odds that do not depend on the image.

    Args:
        log_odds: array `[components]`.
    """

    def __init__(self, log_odds, **kwargs):
        super().__init__(**kwargs)
        self._log_odds = np.asarray(log_odds, "float32")

    def log_odds(self, inputs):
        return tf.constant(self._log_odds)


class PooledLogOdds(GateLogOdds):
    """Log odds from the channels' means: one hidden ReLU layer, all folded.

    Args:
        hidden_kernel: array `[channels, hidden]`.
        hidden_bias: array `[hidden]`.
        kernel: array `[hidden, components]`.
        bias: array `[components]`.
    """

    def __init__(self, hidden_kernel, hidden_bias, kernel, bias, **kwargs):
        super().__init__(**kwargs)
        self._hidden = hidden_kernel.astype("float32"), hidden_bias.astype("float32")
        self._last = kernel.astype("float32"), bias.astype("float32")

    def log_odds(self, inputs):
        spatial_axes = tuple(range(1, len(inputs.shape) - 1))
        pooled = tf.reduce_mean(inputs, spatial_axes, keepdims=True)
        # As 1x1 convolutions, these run a little faster than as dense layers.
        pooled = tf.reshape(pooled, (1, 1, 1, -1))
        hidden = tf.nn.relu(pointwise(pooled, *self._hidden))
        return pointwise(hidden, *self._last)


@lower.register
def _lower_any(gate: tfgate.Gate, rewriter):
    return LogOdds(rewriter.copy(gate), name=f"{gate.name}_log_odds")


@lower.register
def _lower_independent(gate: tfgate.IndependentGate, rewriter):
    if type(gate) is not tfgate.IndependentGate:
        return _lower_any(gate, rewriter)
    logits = keras.ops.convert_to_numpy(gate.component_logits)
    return ConstantLogOdds(logits[:, 1] - logits[:, 0], name=f"{gate.name}_log_odds")


@lower.register
def _lower_dependent(gate: tfgate.DependentGate, rewriter):
    if type(gate) is not tfgate.DependentGate:
        return _lower_any(gate, rewriter)
    norm = gate.hidden_norm
    gamma, beta, mean, variance = (
        np.asarray(keras.ops.convert_to_numpy(weight), "float64")
        for weight in (norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance)
    )
    scale = gamma / np.sqrt(variance + norm.epsilon)
    hidden = keras.ops.convert_to_numpy(gate.hidden_dense.kernel) * scale
    kernel = keras.ops.convert_to_numpy(gate.logits_dense.kernel)
    bias = keras.ops.convert_to_numpy(gate.logits_dense.bias)
    return PooledLogOdds(
        hidden,
        beta - mean * scale,
        kernel[:, 1::2] - kernel[:, 0::2],
        bias[1::2] - bias[0::2],
        name=f"{gate.name}_log_odds",
    )


def pointwise(x, kernel, bias):
    """A dense layer as a 1x1 convolution of `[1, 1, 1, channels]`; bias may be None."""
    outputs = tf.nn.conv2d(x, kernel[None, None], strides=1, padding="VALID")
    return outputs if bias is None else outputs + bias
