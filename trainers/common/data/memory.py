"""Data sets that fit into memory as uint8 images: order, augmentation, batches.

Whatever is random is drawn for a whole epoch from (seed, epoch), one row for every
example: an interrupted run sees the same images in the same order, and an image's
augmentation does not depend on its place in the order.
"""

import dataclasses
import functools

import numpy as np
import tensorflow as tf

from trainers.common.data import sharding
from trainers.common.data import tuning
from trainers.common.data.dataset import Dataset
from trainers.common.errors import UserError

_ORDER, _TOP, _LEFT, _MIRRORED = range(4)


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """Zero padding, a random crop of the original size, and a random mirror image.

    Attributes:
        padding: pixels added on every side before the crop.
        mirror: whether half of the images are mirrored left to right.
    """

    padding: int = 4
    mirror: bool = True


NONE = Augmentation(padding=0, mirror=False)


def dataset(name, labels, train, test, augmentation, seed, validation_examples=0):
    """Describes a data set held in memory.

    Args:
        name: name of the data set.
        labels: names of the classes.
        train: `(images, labels)`, uint8 `[examples, height, width, channels]` and
            integers `[examples]`.
        test: the same for testing.
        augmentation: `Augmentation` of the training images.
        seed: int, root of the order and of the augmentation.
        validation_examples: number of training images, the last ones, that are held
            out for validation.

    Returns:
        `Dataset`.

    Raises:
        UserError: nothing is left to train on.
    """
    kept = len(train[0]) - validation_examples
    if kept < 1:
        raise UserError(
            f"expected --validation_examples below the {len(train[0])} training "
            f"images, got {validation_examples}"
        )
    held_out = train[0][kept:], train[1][kept:]
    train = train[0][:kept], train[1][:kept]
    mean, std = channel_statistics(train[0])
    tensors = tf.constant(train[0]), tf.constant(train[1], tf.int32)
    return Dataset(
        name=name,
        labels=tuple(labels),
        image_shape=tuple(train[0].shape[1:]),
        mean=mean,
        std=std,
        train_examples=len(train[0]),
        validation_examples=len(held_out[0]),
        test_examples=len(test[0]),
        train=functools.partial(_train, *tensors, augmentation, seed),
        validation=functools.partial(_in_order, *held_out),
        test=functools.partial(_in_order, *test),
    )


def channel_statistics(images):
    """Mean and standard deviation of each channel, exactly, from histograms.

    Args:
        images: uint8 `[examples, height, width, channels]`.

    Returns:
        Two tuples of floats, one number for each channel.
    """
    values = np.arange(256, dtype="float64")
    mean, std = [], []
    for channel in np.moveaxis(images, -1, 0):
        shares = np.bincount(channel.ravel(), minlength=256) / channel.size
        mean.append(float(shares @ values))
        std.append(float(np.sqrt(shares @ (values - mean[-1]) ** 2)))
    return tuple(mean), tuple(std)


def order(seed, epoch, examples):
    """The order of the examples in an epoch: a permutation, int64 `[examples]`."""
    return _generator(seed, epoch, _ORDER).permutation(examples)


def draws(augmentation, seed, epoch, examples):
    """What is random about every example in an epoch.

    Returns:
        Top and left edge of the crop, int32 in `[0, 2 * padding]`, and whether the
        image is mirrored, bool; all `[examples]`.
    """
    edges = 2 * augmentation.padding + 1
    top, left = (
        _generator(seed, epoch, what).integers(edges, size=examples, dtype="int32")
        for what in (_TOP, _LEFT)
    )
    coins = _generator(seed, epoch, _MIRRORED).random(examples)
    return top, left, coins < (0.5 if augmentation.mirror else 0.0)


def crop(images, top, left, mirrored, padding):
    """Crops each image out of its zero-padded self, and mirrors some.

    Args:
        images: `[batch, height, width, channels]`.
        top: first row, integers `[batch]` in `[0, 2 * padding]`.
        left: first column, integers `[batch]` in `[0, 2 * padding]`.
        mirrored: bool `[batch]`.
        padding: pixels of zeros on every side.

    Returns:
        Tensor of the shape and dtype of the images.
    """
    height, width = images.shape[1:3]
    edge = [padding, padding]
    padded = tf.pad(images, [[0, 0], edge, edge, [0, 0]])
    rows = top[:, None] + tf.range(height)
    forward = tf.range(width)
    columns = tf.where(mirrored[:, None], forward[::-1], forward) + left[:, None]
    padded = tf.gather(padded, rows, axis=1, batch_dims=1)
    return tf.gather(padded, columns, axis=2, batch_dims=1)


def _train(
    images, labels, augmentation, seed, epoch, batch_size, shard=(0, 1), first_step=0
):
    examples = len(labels)
    indices = sharding.part(order(seed, epoch, examples), shard)
    indices = indices[first_step * batch_size :]
    random = [column[indices] for column in draws(augmentation, seed, epoch, examples)]

    def load(index, top, left, mirrored):
        batch = tf.gather(images, index)
        batch = crop(batch, top, left, mirrored, augmentation.padding)
        return tf.cast(batch, tf.float32), tf.gather(labels, index)

    batches = tf.data.Dataset.from_tensor_slices((indices, *random)).batch(batch_size)
    return tuning.fixed(batches.map(load, num_parallel_calls=2).prefetch(4))


def _in_order(images, labels, batch_size, shard=(0, 1)):
    images, labels = sharding.part(images, shard), sharding.part(labels, shard)
    batches = tf.data.Dataset.from_tensor_slices((images, labels.astype("int32")))
    batches = batches.batch(batch_size)
    batches = batches.map(lambda x, y: (tf.cast(x, tf.float32), y))
    return tuning.fixed(batches.prefetch(4))


def _generator(seed, epoch, what):
    return np.random.default_rng([seed, epoch, what])
