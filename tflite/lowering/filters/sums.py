"""Sums over the parts of a segment, each term behind its condition."""

import tensorflow as tf

from tflite.lowering.filters.steps import Step


class Pairs:
    """The layers between the parts of two segments.

    Args:
        layers: (part before, part behind) -> function `(tensor, gating=) -> tensor`.
        mixers: `tflite.lowering.filters.mixers.Mixers`.
        outputs: channels of each part behind.
        mixing: `tflite.lowering.filters.segments.Mixing`.
    """

    def __init__(self, layers, mixers, outputs, mixing):
        self.layers = layers
        self.shape = (1, *mixing.output_shape[1:])
        self._biases = [mixers.bias(entry) for entry in outputs]
        self._borders = [mixers.border(entry) for entry in outputs]
        self._activation = mixers.activation

    def finish(self, total, b, has_bias):
        """Adds what is constant to a sum, and applies the layer's activation."""
        if total is None:
            total = tf.zeros((*self.shape[:-1], len(self._biases[b])))
        if not has_bias and self._biases[b].any():
            total = total + self._biases[b]
        if self._borders[b] is not None:
            total = total + self._borders[b].tensor()
        return self._activation(total)


class Copied:
    """A layer that nothing is known of, between two segments of one part each."""

    def __init__(self, layer, shape):
        self.layers = {(0, 0): Step(layer)}
        self.shape = (1, *shape[1:])

    def finish(self, total, b, has_bias):
        return total


class Addition:
    """What an open part adds to a sum.

    Args:
        layer: function `(tensor, gating=) -> tensor`.
        value: function that gives the part, called where it is open.
        gating: `tflite.lowering.filters.gating.Gating`.

    Call arguments:
        total: the sum so far; None for nothing.
        is_open: bool scalar.
        shape: of the sum.
        finish: function `(sum, added) -> tensor` of the new sum, in either case.
    """

    def __init__(self, layer, value, gating):
        self._layer = layer
        self._value = value
        self._gating = gating

    def __call__(self, total, is_open, shape, finish=lambda total, added: total):
        def opened():
            return finish(self._term() if total is None else total + self._term(), True)

        def closed():
            return finish(zeros(shape, is_open) if total is None else total, False)

        return tf.cond(is_open, opened, closed)

    def _term(self):
        return self._layer(self._value(), gating=self._gating)


def zeros(shape, is_open):
    """Zeros made at run time, where a condition does not hold."""
    return tf.fill(shape, tf.cast(is_open, tf.float32))
