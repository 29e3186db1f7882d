"""What is done to a part of a segment: functions `(tensor, gating) -> tensor`."""

import keras

from tfgate import channels
from tfgate.compaction import slicing


class Step:
    """A layer of a part."""

    def __init__(self, layer):
        self._layer = layer
        self.is_light = isinstance(layer, keras.layers.ReLU | keras.layers.Activation)

    def commutes(self, is_scaled):
        """Whether a mask may as well be applied before: behind a ReLU.

        Args:
            is_scaled: whether the mask has other values than 0 and 1.
        """
        layer = self._layer
        if type(layer) is not keras.layers.ReLU:
            return False
        bounded = layer.max_value is not None and is_scaled
        return not (layer.negative_slope or layer.threshold or bounded)

    def __call__(self, x, gating):
        return self._layer(x)


class Mask:
    """Closes the filters of a part that are not open, and scales those that are."""

    is_light = True

    def __init__(self, components):
        self._components = components

    def __call__(self, x, gating):
        return x * gating.mask(self._components)

    def commutes(self, is_scaled):
        """See `Step`."""
        return False


class Shift:
    """Adds constants."""

    is_light = True

    def __init__(self, constants):
        self._constants = constants

    def __call__(self, x, gating):
        return x + self._constants

    def commutes(self, is_scaled):
        """See `Step`."""
        return False


def sliced(layer, kept):
    if channels.kind(layer) is channels.Kind.GROUPS:
        inputs, _ = channels.group_sizes(layer)
        groups = list(dict.fromkeys(channel // inputs for channel in kept))
        return slicing.slice_groups(layer, groups)
    if isinstance(layer, keras.layers.BatchNormalization):
        return slicing.slice_norm(layer, kept)
    return slicing.slice_layer(layer, kept)
