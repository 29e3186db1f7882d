"""Convolutions and dense layers between parts, with batch norms folded in."""

import keras
import numpy as np
import tensorflow as tf

from tfgate.compaction import slicing


class Mixers:
    """What one layer that mixes channels becomes between two segments' parts.

    The layer is linear up to its activation, so its result is a sum over the parts of
    its input. A part that does not run is not part of the sum, so the sum is of what
    the parts are more than while they are closed; what the layer makes of the closed
    values is a constant.

    Args:
        mixing: `tflite.lowering.filters.segments.Mixing`, of a known layer.
        closed: float64 `[inputs]`: values of the input channels that do not always
            run while they are closed, 0 for those that do.
    """

    def __init__(self, mixing, closed):
        layer, norm = mixing.layer, mixing.norm
        self._layer = layer
        self._kernel = _values(layer.kernel)
        outputs = self._kernel.shape[-1]
        self._bias = _values(layer.bias) if layer.use_bias else np.zeros(outputs)
        scale = np.ones(outputs)
        if norm is not None:
            scale /= np.sqrt(_values(norm.moving_variance) + norm.epsilon)
            scale *= _values(norm.gamma) if norm.scale else 1.0
            self._bias = (self._bias - _values(norm.moving_mean)) * scale
            self._bias = self._bias + (_values(norm.beta) if norm.center else 0.0)
            self._kernel = self._kernel * scale
        self._border = None
        if closed.any():
            if slicing.pads(layer):
                self._border = scale * _of_constants(mixing, closed)
            else:
                summed = slicing.summed_kernel(layer, closed)
                summed = summed.reshape(-1, outputs).sum(axis=0)
                self._bias = self._bias + scale * summed
        self.activation = layer.activation

    def layer(self, inputs, outputs, bias, name):
        """The layer from some inputs to some outputs.

        Args:
            inputs: channels, in the order in which they are given.
            outputs: channels, in the order in which they are wanted.
            bias: whether to add the bias.
            name: of the new layer.

        Returns:
            `slicing.NewLayer`, without an activation.
        """
        size = "units" if isinstance(self._layer, keras.layers.Dense) else "filters"
        config = self._layer.get_config() | {
            size: len(outputs),
            "use_bias": bias,
            "activation": "linear",
            "name": name,
        }
        weights = [self._kernel[..., list(inputs), :][..., list(outputs)]]
        if bias:
            weights.append(self._bias[list(outputs)])
        return slicing.NewLayer(type(self._layer).from_config(config), weights)

    def bias(self, outputs):
        """The bias of some outputs: float32 `[outputs]`."""
        return self._bias[list(outputs)].astype("float32")

    def border(self, outputs):
        """What closed inputs give where padding shows: a `Border`, or None."""
        if self._border is None:
            return None
        return Border(self._border[..., list(outputs)])


class Border:
    """A constant image whose positions differ near the border only.

    It is kept with one row and one column of each kind: as a whole it would often take
    more bytes than the weights.

    Args:
        values: array `[1, ..., channels]`.
    """

    def __init__(self, values):
        self._picks = []
        for axis in range(1, values.ndim - 1):
            slices = np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1)
            _, first, kinds = np.unique(
                slices.astype("float32"), axis=0, return_index=True, return_inverse=True
            )
            values = np.take(values, first, axis=axis)
            self._picks.append((axis, np.ravel(kinds).astype("int32")))
        self._values = values.astype("float32")

    def tensor(self):
        """The image as a float32 tensor."""
        image = tf.constant(self._values)
        for axis, kinds in self._picks:
            image = tf.gather(image, kinds, axis=axis)
        return image


def _of_constants(mixing, closed):
    """The layer, without bias, of an image of constants: `[1, ..., outputs]`."""
    shape = (1, *mixing.input_shape[1:])
    image = np.broadcast_to(closed.astype("float32"), shape)
    with tf.init_scope():
        outputs = mixing.layer.convolution_op(image, mixing.layer.kernel)
        return _values(outputs)


def _values(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor), "float64")
