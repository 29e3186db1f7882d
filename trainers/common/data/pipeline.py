"""From encoded images to batches for training and for evaluation."""

import dataclasses

import tensorflow as tf

from trainers.common.data import corrupt
from trainers.common.data import crops
from trainers.common.data import sharding
from trainers.common.data import tuning
from trainers.common.data.encoded import Shuffle

_PREFETCHED = 2


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How training images are read and changed.

    Attributes:
        image_size: height and width in pixels.
        seed: root of everything random.
        deterministic: whether the order of the images is the same in every run. If it
            is not, files are read as they come, and each host reads its own part only.
            Either way crops are those of (seed, epoch, place in the epoch), and the
            augmentation is that of (seed, epoch, image).
        shuffle_buffer: number of encoded images in memory out of which the next is
            drawn, where they come from record files.
        augmentation: function of an image, float32 `[size, size, 3]` in 0..255, and of
            a seed, int64 `[2]`, that gives such an image; or None.
        mixing: function of images, one-hot labels `[batch, classes]` and a seed that
            gives mixed ones; or None.
        one_hot: whether labels are one-hot; they are if `mixing` is given.
    """

    image_size: int
    seed: int
    deterministic: bool = True
    shuffle_buffer: int = 8192
    augmentation: object = None
    mixing: object = None
    one_hot: bool = False


def train(images, tally, recipe, epoch, batch_size, shard=(0, 1), first_step=0):
    """Batches of one epoch of training.

    A corrupt image leaves its place to one that the epoch begins with, in another crop
    and at the end of the epoch: the hosts of a distributed run take the same number of
    steps whatever their images are like.

    Args:
        images: `encoded.Encoded`.
        tally: `corrupt.Tally`.
        recipe: `Recipe`.
        epoch: number of the epoch, from 0.
        batch_size: images in a batch of this host.
        shard: index of this host and number of hosts.
        first_step: number of batches left out at the beginning.

    Returns:
        `tf.data.Dataset` of images, float32 `[batch, size, size, 3]` in 0..255, and
        labels, int32 `[batch]` or float32 `[batch, classes]`.
    """
    shuffle = Shuffle((recipe.seed, epoch), recipe.shuffle_buffer, recipe.deterministic)
    begin, end = first_step * batch_size, sharding.size(images.examples, shard)

    def read(again):
        """One pass over the host's images; the second one for the corrupt ones."""
        skip, position = (0, end) if again else (begin, begin)
        chunks = images.chunks(shuffle, shard, skip)
        what = "again" if again else "first"
        crop_seed, augmentation_seed = (
            shuffle.seed(f"{purpose}, {what}") for purpose in ("crop", "augmentation")
        )
        host, hosts = shard

        def draw(positions, *rest):
            # For a whole chunk at once: image by image its small operations add up.
            first = positions[0] * hosts + host
            drawn = crops.draw(crop_seed, first, tf.size(positions), stride=hosts)
            return positions, *rest, drawn

        def load(position, chunk, index, source, label, draw):
            image = crops.random_crop(images.read(source), draw, recipe.image_size)
            if recipe.augmentation is not None:
                image = recipe.augmentation(image, tf.stack([augmentation_seed, index]))
            return position, chunk, image, label

        return _decoded(corrupt.numbered(chunks, position).map(draw), load)

    count = max(end - begin, 0)
    elements = read(again=False).concatenate(read(again=True)).take(count)
    elements = elements.apply(tf.data.experimental.assert_cardinality(count))
    batches = tally.watch(elements.batch(batch_size), first=begin)
    if recipe.one_hot or recipe.mixing is not None:
        classes = len(images.labels)
        batches = batches.map(lambda x, y: (x, tf.one_hot(y, classes)))
    if recipe.mixing is not None:
        seed = shuffle.seed(f"mixing, host {shard[0]}")
        batches = batches.enumerate(first_step).map(
            lambda step, xy: recipe.mixing(*xy, tf.stack([seed, step]))
        )
    # Mixing is for whole batches, and worth splitting.
    return tuning.fixed(
        batches.prefetch(_PREFETCHED), single_threaded=recipe.mixing is None
    )


def in_order(images, tally, image_size, batch_size, shard=(0, 1)):
    """Batches for evaluation: every image once, its centre, in order.

    Corrupt images are left out.

    Args:
        images: `encoded.Encoded`.
        tally: `corrupt.Tally`.
        image_size: height and width in pixels.
        batch_size: images in a batch.
        shard: index of this host and number of hosts.

    Returns:
        `tf.data.Dataset` of images, float32 `[batch, size, size, 3]` in 0..255, and
        labels, int32 `[batch]`.
    """

    def load(position, chunk, index, source, label):
        del index
        image = crops.center_crop(images.read(source), image_size)
        return position, chunk, image, label

    elements = _decoded(corrupt.numbered(images.chunks(None, shard), 0), load)
    end = sharding.size(images.examples, shard)
    batches = tally.watch(elements.batch(batch_size), first=0, end=end)
    return tuning.fixed(batches.prefetch(_PREFETCHED), single_threaded=True)


def _decoded(chunks, load):
    elements = chunks.unbatch()
    # The positions have to come out in the order in which they went in.
    return elements.map(
        load, num_parallel_calls=tuning.cores(), deterministic=True
    ).ignore_errors()
