"""What layers do with channels, the last axis: mix them, or treat each by itself.

Counting and compaction of single filters both rest on this: a filter that a layer
treats by itself can be left out, before and after; a convolution mixes all of its
inputs into each of its outputs, which can be left out too, on either side. A grouped
convolution mixes within each of its groups, which can be left out whole.
"""

import enum

import keras

from tfgate.layers import GroupedConv2D
from tfgate.typing import Activation

CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    GroupedConv2D,
)
_MIXING = (*CONVOLUTIONS, keras.layers.Dense)
_WITHOUT_WEIGHTS = (
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.ELU,
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
    keras.layers.Identity,
)
_SPATIAL = (
    keras.layers.AveragePooling1D,
    keras.layers.AveragePooling2D,
    keras.layers.AveragePooling3D,
    keras.layers.MaxPooling1D,
    keras.layers.MaxPooling2D,
    keras.layers.MaxPooling3D,
    keras.layers.GlobalAveragePooling1D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalAveragePooling3D,
    keras.layers.GlobalMaxPooling1D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.GlobalMaxPooling3D,
    keras.layers.ZeroPadding2D,
    keras.layers.ZeroPadding3D,
)
_ELEMENTWISE = frozenset(
    keras.activations.get(name)
    for name in (
        "linear",
        "relu",
        "relu6",
        "leaky_relu",
        "elu",
        "selu",
        "celu",
        "gelu",
        "silu",
        "mish",
        "sigmoid",
        "hard_sigmoid",
        "hard_silu",
        "tanh",
        "softplus",
        "softsign",
        "exponential",
    )
)


class Kind(enum.Enum):
    """What a layer does with channels."""

    MIXES = "each output channel comes from all input channels; either can be sliced"
    GROUPS = "each group of output channels comes from the input group of its number"
    KEEPS = "each output channel comes from the input channel of the same number"
    UNKNOWN = "anything; it needs all of its channels"


def kind(layer: keras.Layer) -> Kind:
    """Returns what a layer does with channels.

    Only Keras' own classes are known, subclasses are not: they may compute something
    else; a batch norm alone may say that it `keeps_channels`. Batch norm, pooling,
    padding, dropout and activations that work on each element keep channels apart, as
    do depthwise convolutions of multiplier 1; convolutions of more than one group keep
    the groups apart.
    """
    if type(layer) in _MIXING:
        known = (
            _channels_last(layer)
            and is_elementwise(layer.activation)
            # Not while Keras adapts or quantizes the kernel: it has more weights then.
            and len(layer.weights) == 1 + layer.use_bias
        )
        if not known:
            return Kind.UNKNOWN
        return Kind.MIXES if getattr(layer, "groups", 1) == 1 else Kind.GROUPS
    return Kind.KEEPS if _keeps_channels(layer) else Kind.UNKNOWN


def group_sizes(layer: keras.Layer) -> tuple[int, int]:
    """Returns the numbers of input and output channels in each group.

    Args:
        layer: a built convolution of the kind `Kind.GROUPS`.
    """
    inputs, outputs = layer.kernel.shape[-2:]
    return int(inputs), int(outputs) // layer.groups


def is_elementwise(activation: Activation) -> bool:
    """Whether an activation is known to work on each element by itself."""
    return activation in _ELEMENTWISE


def has_no_macs(layer: keras.Layer) -> bool:
    """Whether a layer is known to contain no product of matrices."""
    return (
        isinstance(
            layer,
            (*_WITHOUT_WEIGHTS, *_SPATIAL, keras.layers.BatchNormalization),
        )
        or type(layer) is keras.layers.Activation
    )


def leaves(layer: keras.Layer) -> list[keras.Layer]:
    """Takes a Sequential apart, nested ones included, into its layers in order."""
    if not isinstance(layer, keras.Sequential):
        return [layer]
    return [leaf for sublayer in layer.layers for leaf in leaves(sublayer)]


def _keeps_channels(layer: keras.Layer) -> bool:
    norm = isinstance(layer, keras.layers.BatchNormalization)
    if norm and (
        type(layer) is keras.layers.BatchNormalization
        or getattr(layer, "keeps_channels", False)
    ):
        return layer.axis in (-1, layer.input_spec.ndim - 1)
    if type(layer) is keras.layers.Activation:
        return is_elementwise(layer.activation)
    if type(layer) is keras.layers.DepthwiseConv2D:
        return (
            layer.depth_multiplier == 1
            and _channels_last(layer)
            and is_elementwise(layer.activation)
        )
    if type(layer) in _SPATIAL:
        return _channels_last(layer)
    return type(layer) in _WITHOUT_WEIGHTS


def _channels_last(layer: keras.Layer) -> bool:
    return getattr(layer, "data_format", "channels_last") == "channels_last"
