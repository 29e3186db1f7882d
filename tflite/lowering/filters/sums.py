"""Sums over the parts of a segment, each term behind its condition."""

import tensorflow as tf

from tflite.lowering.filters import trees
from tflite.lowering.filters.steps import Step


class Pairs:
    """The layers between the parts of two segments.

    Args:
        layers: (part before, part behind) -> function `(tensor, gating=) -> tensor`.
        mixers: `tflite.lowering.filters.mixers.Mixers`.
        behind: the parts behind.
        mixing: `tflite.lowering.filters.segments.Mixing`.
    """

    def __init__(self, layers, mixers, behind, mixing):
        self.layers = layers
        self.shape = (1, *mixing.output_shape[1:])
        self._biases = {part: mixers.bias(part.entry) for part in behind}
        self._borders = {part: mixers.border(part.entry) for part in behind}
        self._activation = mixers.activation

    def finish(self, total, part, has_bias):
        """Adds what is constant to a part's sum; applies the layer's activation."""
        bias, border = self._biases[part], self._borders[part]
        if total is None:
            total = tf.zeros((*self.shape[:-1], len(bias)))
        if not has_bias and bias.any():
            total = total + bias
        if border is not None:
            total = total + border.tensor()
        return self._activation(total)


class Copied:
    """A layer that nothing is known of, between two segments of one part each."""

    def __init__(self, layer, before, behind, shape):
        self.layers = {(before, behind): Step(layer)}
        self.shape = (1, *shape[1:])

    def finish(self, total, part, has_bias):
        return total


class Addition:
    """What an open part adds to a sum.

    Args:
        terms: for each alternative of the part, in the order in which they are tried,
            a function `() -> tensor`, called where the part is open.
        passed: list of bool scalars, which of them do not do, of all but the last.

    Call arguments:
        total: the sum so far; None for nothing.
        is_open: bool scalar.
        shape: of the sum.
        finish: function `(sum, added) -> tensor` of the new sum, in either case.
    """

    def __init__(self, terms, passed):
        self._terms = terms
        self._passed = passed

    def __call__(self, total, is_open, shape, finish=lambda total, added: total):
        def added(term):
            return finish(term() if total is None else total + term(), True)

        def opened():
            networks = [lambda term=term: added(term) for term in self._terms]
            return trees.choose(self._passed, networks)

        def closed():
            return finish(zeros(shape, is_open) if total is None else total, False)

        return tf.cond(is_open, opened, closed)


def zeros(shape, is_open):
    """Zeros made at run time, where a condition does not hold."""
    return tf.fill(shape, tf.cast(is_open, tf.float32))
