"""Seeds of reproducible noise."""

import zlib

import tensorflow as tf

from tfgate.typing import Tensor

_MOST_REPLICAS = 2**20


def step_seed(seed: int, name: str, step: Tensor, replica: Tensor = 0) -> Tensor:
    """The seed of one step of a noise sequence.

    Args:
        seed: int in [0, 2**31), root of the noise.
        name: of the sequence.
        step: int64 scalar, at least 0.
        replica: int scalar; another one gives other noise.

    Returns:
        int64 tensor of shape `[2]` for `tf.random.stateless_*`: a function of the
        arguments alone.
    """
    # TensorFlow hashes the pair of numbers, so distinct pairs are all it needs.
    stream = seed * 2**32 + zlib.crc32(name.encode())
    moment = step * _MOST_REPLICAS + tf.cast(replica, tf.int64)
    return tf.stack([tf.constant(stream, tf.int64), moment])
