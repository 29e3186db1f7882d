"""The gate of an early exit."""

import math
from typing import Any

import keras
from keras import ops

from tfgate.gates import Gate
from tfgate.gates import mark_gate_parameters
from tfgate.typing import Config
from tfgate.typing import Shape
from tfgate.typing import Tensor

_POOL = 4
# Norm of each of the last layer's initial kernels, which is that of `DependentGate`.
_INITIAL_NORM = 0.04


@keras.saving.register_keras_serializable(package="tfgate")
class ExitGate(Gate):
    """Data-dependent gate of convolutions, for early exits.

    Two 3x3 convolutions of 128 filters, each with batch norm and ReLU, 4x4 average
    pooling with stride 4, and a dense layer from all that is left to two logits. PG
    names no activation behind its batch norms; without any, the convolutions would
    amount to a single linear one, so there is ReLU, as in the gate of AIG which this
    one is to be "a stronger version" of. Where the feature map has fewer than 4 rows
    or columns, the mean over all positions stands for the pooling.

    It costs what two layers of convolutions cost, on the whole feature map: at the
    first exit of a CIFAR DenseNet about as much as the network. `DependentGate` is the
    cheap choice.

    Args:
        components: number of components that the gate switches.
        filters: number of filters of both convolutions, at least 1.
        **kwargs: arguments of `tfgate.Gate`.

    Call arguments:
        inputs: `[batch, height, width, channels]`, of fixed height and width.

    Raises:
        ValueError: filters is less than 1; or, when it is built, the input has not four
            axes, or its height or width is unknown.

    Reference:
        PG S2.4; Veit and Belongie 2018 (AIG).

    Example:
    >>> gate = ExitGate(filters=8, seed=1)
    >>> gate(ops.ones((2, 8, 8, 4)))["decision"].shape.as_list()
    [2, 1]
    """

    def __init__(self, components: int = 1, filters: int = 128, **kwargs: Any) -> None:
        super().__init__(components=components, **kwargs)
        if int(filters) < 1:
            raise ValueError(f"Expected filters >= 1, got {filters!r}.")
        self.filters = int(filters)
        self.convolutions = [self._convolution(number) for number in (1, 2)]
        self.norms = [self._norm(number) for number in (1, 2)]
        closed, opened = self.initial_logits()
        self.logits_dense = keras.layers.Dense(
            2 * self.components,
            # However many inputs it has, logits start near the initial ones.
            kernel_initializer=keras.initializers.VarianceScaling(
                _INITIAL_NORM**2, "fan_in", "untruncated_normal"
            ),
            bias_initializer=lambda shape, dtype=None: ops.cast(
                ops.tile(ops.array([closed, opened]), self.components), dtype
            ),
            dtype=self.dtype_policy,
            name="logits",
        )

    def build_logits(self, input_shape: Shape) -> None:
        if len(input_shape) != 4 or None in input_shape[1:]:
            raise ValueError(
                f"Expected gate {self.name!r} to be built for [batch, height, width, "
                f"channels] of fixed sizes, got {tuple(input_shape)}."
            )
        batch, height, width, channels = input_shape
        assert height is not None and width is not None
        self._pools = min(height, width) >= _POOL
        positions = (height // _POOL) * (width // _POOL) if self._pools else 1
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            convolution.build((batch, height, width, channels))
            channels = self.filters
            norm.build((batch, height, width, channels))
        self.logits_dense.build((batch, positions * self.filters))
        for layer in (*self.convolutions, *self.norms, self.logits_dense):
            mark_gate_parameters(layer.trainable_variables)

    def compute_logits(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        x = ops.cast(inputs, "float32")
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = ops.relu(norm(convolution(x), training=training))
        if self._pools:
            x = ops.average_pool(x, _POOL, _POOL)
            x = ops.reshape(x, (-1, math.prod(x.shape[1:])))
        else:
            x = ops.mean(x, axis=(1, 2))
        return ops.reshape(self.logits_dense(x), (-1, self.components, 2))

    def get_config(self) -> Config:
        return {**super().get_config(), "filters": self.filters}

    def _convolution(self, number: int) -> keras.Layer:
        return keras.layers.Conv2D(
            self.filters,
            3,
            padding="same",
            use_bias=False,  # the batch norm that follows has the bias
            kernel_initializer="he_normal",
            dtype=self.dtype_policy,
            name=f"conv{number}",
        )

    def _norm(self, number: int) -> keras.Layer:
        return keras.layers.BatchNormalization(
            momentum=0.9,
            epsilon=1e-5,
            dtype=self.dtype_policy,
            name=f"conv{number}_bn",
        )
