"""Small layers that networks are made of, beside Keras' own.

Where filters are cut out of a block, the stream past it keeps all of its channels:
`SelectChannels` and `ChannelBias` put the rest back into their places.
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from tfgate.typing import Config
from tfgate.typing import Shape
from tfgate.typing import Tensor


@keras.saving.register_keras_serializable(package="tfgate")
class SelectChannels(keras.layers.Layer):
    """Picks channels of the last axis: `y[..., i] = x[..., channels[i]]`.

    It leaves channels out, or puts those that are left back among zeros.

    Args:
        channels: list with a number for each output channel: the input channel that it
            is, or None for zeros.
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `[batch, ..., input channels]`.

    Raises:
        ValueError: channels is empty or holds something else; or, when it is built, a
            number that the input has not.

    Example:
    >>> SelectChannels([1, None, 0])(ops.array([[5.0, 7.0]])).numpy().tolist()
    [[7.0, 0.0, 5.0]]
    """

    def __init__(self, channels: Sequence[int | None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels = [None if c is None else int(c) for c in channels]
        if not self.channels or min(self._numbers(), default=0) < 0:
            raise ValueError(
                f"Expected channels to be numbers >= 0 or None, got {channels!r}."
            )

    def build(self, input_shape: Shape) -> None:
        highest = max(self._numbers(), default=0)
        if highest >= (input_shape[-1] or 0):
            raise ValueError(
                f"Expected channels < {input_shape[-1]}, the number of channels of the "
                f"input, got {self.channels!r}."
            )
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        if None in self.channels:
            axes = len(inputs.shape)
            inputs = ops.pad(inputs, [[0, 0]] * (axes - 1) + [[0, 1]])
        zero = inputs.shape[-1] - 1
        picked = [zero if channel is None else channel for channel in self.channels]
        return ops.take(inputs, picked, axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], len(self.channels))

    def get_config(self) -> Config:
        return {**super().get_config(), "channels": self.channels}

    def _numbers(self) -> list[int]:
        return [channel for channel in self.channels if channel is not None]


@keras.saving.register_keras_serializable(package="tfgate")
class ChannelBias(keras.layers.Layer):
    """Adds a learned number to each channel of the last axis: `y = x + bias`.

    Args:
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `[batch, ..., channels]`.

    Example:
    >>> ChannelBias()(ops.ones((1, 2))).numpy().tolist()
    [[1.0, 1.0]]
    """

    def build(self, input_shape: Shape) -> None:
        self.bias = self.add_weight(
            name="bias", shape=(input_shape[-1],), initializer="zeros"
        )
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        return inputs + ops.cast(self.bias, inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> Config:
        # Keras writes it by itself for plain arguments, and a dtype policy is not one.
        return super().get_config()


@keras.saving.register_keras_serializable(package="tfgate")
class GroupedConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` whose groups train at a useful speed on CPUs.

    Keras compiles convolutions of more than one group by XLA, because TensorFlow has
    their gradients on CPUs in some builds only; on a CPU that takes far longer than
    TensorFlow's own operation. Here the forward pass is that operation everywhere; on
    CPUs the gradient takes the groups one by one.

    Args:
        *args, **kwargs: arguments of `keras.layers.Conv2D`.

    Example:
    >>> layer = GroupedConv2D(8, 3, padding="same", groups=4)
    >>> layer(ops.ones((2, 5, 5, 8))).shape.as_list()
    [2, 5, 5, 8]
    """

    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        plain = self.data_format == "channels_last" and self.dilation_rate == (1, 1)
        if self.groups == 1 or not plain or self.padding not in ("same", "valid"):
            return super().convolution_op(inputs, kernel)
        # A custom gradient takes tensors; Keras' conversion leaves a variable one.
        inputs, kernel = (
            tf.identity(ops.convert_to_tensor(x)) for x in (inputs, kernel)
        )
        padding = self.padding.upper()
        if tf.config.list_physical_devices("GPU"):
            return tf.nn.conv2d(inputs, kernel, self.strides, padding)
        return _grouped_convolution(inputs, kernel, self.groups, self.strides, padding)


def _grouped_convolution(
    inputs: Tensor, kernel: Tensor, groups: int, strides: tuple[int, int], padding: str
) -> Tensor:
    """A grouped convolution whose gradient is that of a convolution for each group."""

    @tf.custom_gradient
    def convolve(inputs: Tensor, kernel: Tensor) -> tuple[Tensor, Any]:
        outputs = tf.nn.conv2d(inputs, kernel, strides, padding)

        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
            arguments = {"strides": (1, *strides, 1), "padding": padding}
            parts = zip(
                tf.split(inputs, groups, axis=-1),
                tf.split(kernel, groups, axis=-1),
                tf.split(upstream, groups, axis=-1),
                strict=True,
            )
            of_inputs, of_kernel = [], []
            for part, filters, error in parts:
                of_inputs.append(
                    tf.raw_ops.Conv2DBackpropInput(
                        input_sizes=tf.shape(part),
                        filter=filters,
                        out_backprop=error,
                        **arguments,
                    )
                )
                of_kernel.append(
                    tf.raw_ops.Conv2DBackpropFilter(
                        input=part,
                        filter_sizes=tf.shape(filters),
                        out_backprop=error,
                        **arguments,
                    )
                )
            return tf.concat(of_inputs, axis=-1), tf.concat(of_kernel, axis=-1)

        return outputs, gradient

    return convolve(inputs, kernel)
