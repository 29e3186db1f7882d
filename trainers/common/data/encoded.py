"""What an image pipeline needs to know about images that are still encoded."""

import dataclasses
import zlib
from typing import Protocol

import numpy as np

CHUNK = 64


@dataclasses.dataclass(frozen=True)
class Shuffle:
    """The order of an epoch, a function of (seed, epoch).

    Where a buffer is shuffled it depends on TensorFlow's global seed as well, which
    every run sets from its `--seed` (`network.build`).

    Attributes:
        root: integers of which everything random is a function.
        buffer: number of encoded images in memory out of which the next is drawn,
            where images are read in the order of their files.
        deterministic: whether the order has to be the same in every run.
    """

    root: tuple[int, ...]
    buffer: int
    deterministic: bool

    def generator(self, what):
        """NumPy's generator for one purpose."""
        return np.random.default_rng([*self.root, zlib.crc32(what.encode())])

    def seed(self, what):
        """A seed for TensorFlow for one purpose, int in `[0, 2**62)`."""
        return int(self.generator(what).integers(2**62))


class Encoded(Protocol):
    """Images that are still encoded, with their labels.

    Attributes:
        labels: names of the classes.
        examples: number of images.
    """

    labels: tuple[str, ...]
    examples: int

    def part(self, start, stop):
        """The images from the start-th up to the stop-th of these."""

    def name(self, index):
        """How a user finds an image."""

    def chunks(self, shuffle=None, shard=(0, 1), skip=0):
        """Gives the images of one host in chunks, not decoded yet.

        Args:
            shuffle: `Shuffle`; None is in order.
            shard: `(index, count)`: index of this host and number of hosts.
            skip: number of the host's images that are left out at the beginning.

        Returns:
            `tf.data.Dataset` of `(indices, sources, labels)`: int64, string and int32,
            all `[CHUNK]`, fewer in the last chunk. The index says which image it is,
            whatever the order.
        """

    def read(self, source):
        """The bytes of an image, a scalar string, from what `chunks` gave."""
