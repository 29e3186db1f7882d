"""Some channels of a tensor."""

import math

import numpy as np
import tensorflow as tf


def pick(x, numbers):
    """Some channels of the last axis, in any order; a slice where they follow on.

    Args:
        x: tensor `[..., channels]`.
        numbers: those that are wanted.

    Returns:
        Tensor `[..., numbers]`.
    """
    numbers = np.asarray(numbers, "int32")
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    runs = np.split(numbers, breaks)
    if len(runs) == 1:
        first, count = int(numbers[0]), len(numbers)
        return x if count == x.shape[-1] else x[..., first : first + count]
    # Moved by as many at a time as the runs allow: one by one takes far longer.
    unit = math.gcd(x.shape[-1], *(int(r[0]) for r in runs), *map(len, runs))
    if unit == 1:
        return tf.gather(x, numbers, axis=-1)
    shape = x.shape[:-1]
    x = tf.reshape(x, (*shape, x.shape[-1] // unit, unit))
    x = tf.gather(x, numbers[::unit] // unit, axis=-2)
    return tf.reshape(x, (*shape, len(numbers)))
