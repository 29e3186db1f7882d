"""Switchable batch norms in an export graph: u chooses their statistics.

Scale and offset of every bucket are constants of the file, from which the bucket's row
is taken; so they are not folded into convolutions.
"""

import contextlib

import tensorflow as tf

from tfgate.throttling import SwitchableBatchNormalization


def switchable(model):
    """The switchable batch norms of a model, a list."""
    layers = model._flatten_layers()
    return [x for x in layers if isinstance(x, SwitchableBatchNormalization)]


@contextlib.contextmanager
def bound(model, u):
    """Lets u choose the bucket of all batch norms while a graph is traced.

    Args:
        model: the export graph, a `keras.Model`.
        u: float32 scalar; clamped to [0, 1].
    """
    norms = switchable(model)
    with contextlib.ExitStack() as stack:
        if norms:
            bucket = _bucket(u, norms[0].buckets)
            for norm in norms:
                stack.enter_context(norm.at(bucket))
        yield


def _bucket(u, buckets):
    """The bucket that `tfgate.throttling.Dial` chooses: an int32 scalar."""
    clamped = tf.minimum(tf.maximum(u, 0.0), 1.0)
    bucket = tf.cast(tf.floor(clamped * buckets), tf.int32)
    # Whole numbers are clamped, too: what NaN becomes as one is not defined.
    return tf.maximum(tf.minimum(bucket, buckets - 1), 0)
