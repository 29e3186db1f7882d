"""What is done to a part of a segment: functions `(tensor, gating) -> tensor`."""

import keras

from tfgate import channels
from tfgate.compaction import slicing


class Step:
    """A layer of a part."""

    def __init__(self, layer):
        self._layer = layer
        self.is_light = isinstance(layer, keras.layers.ReLU | keras.layers.Activation)
        self.is_relu = type(layer) is keras.layers.ReLU and not (
            layer.negative_slope or layer.threshold
        )

    def __call__(self, x, gating):
        return self._layer(x)


class Mask:
    """Closes the filters of a part that are not open."""

    is_relu = False
    is_light = True

    def __init__(self, components):
        self._components = components

    def __call__(self, x, gating):
        return x * gating.mask(self._components)


class Shift:
    """Adds constants."""

    is_relu = False
    is_light = True

    def __init__(self, constants):
        self._constants = constants

    def __call__(self, x, gating):
        return x + self._constants


def sliced(layer, kept):
    if channels.kind(layer) is channels.Kind.GROUPS:
        inputs, _ = channels.group_sizes(layer)
        groups = list(dict.fromkeys(channel // inputs for channel in kept))
        return slicing.slice_groups(layer, groups)
    if isinstance(layer, keras.layers.BatchNormalization):
        return slicing.slice_norm(layer, kept)
    return slicing.slice_layer(layer, kept)
