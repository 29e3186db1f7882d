"""Smaller copies of layers, and the constants that closed filters leave behind.

Arrays of `constants` are float64 `[channels]`: the value that a channel has at every
position.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from tfgate import channels
from tfgate.typing import Shape

Channels = Sequence[int]


class NotFoldable(Exception):
    """A constant would not be one any more behind this layer."""


@dataclasses.dataclass(frozen=True)
class NewLayer:
    """A layer of the new network, not built yet, and its weights."""

    layer: keras.Layer
    weights: list[np.ndarray]


def copy_layer(layer: keras.Layer) -> NewLayer:
    """Copies a layer whole."""
    return _new(layer, layer.get_weights())


def slice_layer(layer: keras.Layer, kept: Channels) -> NewLayer:
    """Copies a layer that keeps channels apart, but no batch norm, for some."""
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        kernel, *bias = layer.get_weights()  # [height, width, channels, 1]
        return _new(layer, [kernel[:, :, kept], *(b[kept] for b in bias)])
    return copy_layer(layer)


def slice_norm(
    layer: keras.Layer,
    kept: Channels,
    mean_shift: np.ndarray | None = None,
    lit: int | None = None,
) -> NewLayer:
    """Copies a batch norm for some of its channels.

    Args:
        layer: `keras.layers.BatchNormalization`.
        kept: the channels.
        mean_shift: `[kept]`, what a bias before it would have added; None for nothing.
        lit: one of the channels, which shall give 1 whatever it gets; None for none.
    """
    count = len(kept)
    scale, center = layer.scale or lit is not None, layer.center or lit is not None
    gamma = _values(layer.gamma)[kept] if layer.scale else np.ones(count)
    beta = _values(layer.beta)[kept] if layer.center else np.zeros(count)
    mean, variance = _values(layer.moving_mean), _values(layer.moving_variance)
    # In switchable batch norms these have a row for each bucket.
    mean = mean[..., kept] - (0.0 if mean_shift is None else mean_shift)
    if lit is not None:
        gamma[list(kept).index(lit)], beta[list(kept).index(lit)] = 0.0, 1.0
    weights = [*([gamma] if scale else []), *([beta] if center else [])]
    return _new(
        layer, [*weights, mean, variance[..., kept]], {"scale": scale, "center": center}
    )


def slice_mixing(
    layer: keras.Layer,
    kept: Channels,
    outputs: Channels,
    bias: np.ndarray | None = None,
    carrier: tuple[int, np.ndarray] | None = None,
) -> NewLayer:
    """Copies a convolution or dense layer for some inputs and some outputs.

    Args:
        layer: `keras.layers.Conv1D`, `Conv2D`, `Conv3D` or `Dense`.
        kept: its input channels.
        outputs: its output channels.
        bias: `[outputs]`, added to its bias; None for nothing.
        carrier: one of the input channels and the kernel `[..., outputs]` that it gets
            in the place of its own; None keeps all.
    """
    kernel = _values(layer.kernel)[..., kept, :][..., outputs]
    if carrier is not None:
        channel, replacement = carrier
        kernel[..., list(kept).index(channel), :] = replacement
    weights = [kernel]
    if layer.use_bias or bias is not None:
        own = _values(layer.bias)[outputs] if layer.use_bias else np.zeros(len(outputs))
        weights.append(own if bias is None else own + bias)
    size = "units" if isinstance(layer, keras.layers.Dense) else "filters"
    return _new(layer, weights, {size: len(outputs), "use_bias": len(weights) == 2})


def slice_groups(layer: keras.Layer, groups: Channels) -> NewLayer:
    """Copies a grouped convolution for some of its groups.

    Args:
        layer: a convolution of the kind `tfgate.channels.Kind.GROUPS`.
        groups: numbers of the groups, ascending.
    """
    size = channels.group_sizes(layer)[1]
    outputs = [group * size + offset for group in groups for offset in range(size)]
    weights = [weight[..., outputs] for weight in layer.get_weights()]
    return _new(layer, weights, {"filters": len(outputs), "groups": len(groups)})


def constants_after(
    layer: keras.Layer, constants: np.ndarray, shape: Shape
) -> np.ndarray:
    """Sends constants through a layer that keeps channels apart.

    Args:
        layer: the layer, built.
        constants: `[channels]`.
        shape: the layer's input shape.

    Raises:
        NotFoldable: the padding of the layer would show, or there is a constant for
            each bucket of a switchable batch norm.
    """
    if isinstance(layer, keras.layers.BatchNormalization):
        if len(layer.moving_mean.shape) > 1:
            raise NotFoldable
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        if constants.any() and pads(layer):
            raise NotFoldable
        kernel, *bias = layer.get_weights()
        constants = constants * kernel.sum(axis=(0, 1))[:, 0] + sum(bias)
        return _apply(layer.activation, constants)
    if isinstance(layer, keras.layers.ZeroPadding2D | keras.layers.ZeroPadding3D):
        if constants.any():
            raise NotFoldable
        return constants
    if "Pool" in type(layer).__name__:  # padding does not count in means and maxima
        return constants
    positions = (1,) * (len(shape) - 1)
    outputs = layer(constants.astype("float32").reshape(*positions, -1), training=False)
    return _values(outputs).ravel()


def summed_kernel(layer: keras.Layer, constants: np.ndarray) -> np.ndarray:
    """`sum_k c_k K_k` over the input channels: `[positions..., outputs]`."""
    return np.einsum("...ko,k->...o", _values(layer.kernel), constants)


def mixed_constants(layer: keras.Layer, constants: np.ndarray) -> np.ndarray:
    """What a convolution or dense layer makes of constants alone: `[outputs]`.

    Raises:
        NotFoldable: the padding of the layer would show.
    """
    if constants.any() and pads(layer):
        raise NotFoldable
    summed = summed_kernel(layer, constants).reshape(-1, layer.kernel.shape[-1]).sum(0)
    if layer.use_bias:
        summed = summed + _values(layer.bias)
    return _apply(layer.activation, summed)


def grouped_constants(layer: keras.Layer, constants: np.ndarray) -> np.ndarray:
    """What a grouped convolution makes of constants: `[outputs]`.

    Raises:
        NotFoldable: the padding of the layer would show.
    """
    if constants.any() and pads(layer):
        raise NotFoldable
    inputs, outputs = channels.group_sizes(layer)
    kernel = _values(layer.kernel).reshape(-1, inputs, layer.groups, outputs)
    by_group = constants.reshape(layer.groups, inputs)
    summed = np.einsum("pkgo,gk->go", kernel, by_group).ravel()
    if layer.use_bias:
        summed = summed + _values(layer.bias)
    return _apply(layer.activation, summed)


def pads(layer: keras.Layer) -> bool:
    """Whether a layer meets zeros at the border of its input."""
    if isinstance(layer, keras.layers.Dense):
        return False
    return layer.padding != "valid" and max(layer.kernel_size) > 1


def _new(
    layer: keras.Layer,
    weights: list[np.ndarray],
    changes: dict[str, Any] | None = None,
) -> NewLayer:
    config = {**layer.get_config(), **(changes or {})}
    return NewLayer(type(layer).from_config(config), weights)


def _apply(activation: Any, constants: np.ndarray) -> np.ndarray:
    return _values(activation(ops.convert_to_tensor(constants, "float32")))


def _values(tensor: Any) -> np.ndarray:
    return ops.convert_to_numpy(ops.cast(tensor, "float32")).astype("float64")
