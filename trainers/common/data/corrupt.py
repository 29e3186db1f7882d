"""Images that cannot be decoded: skipped and counted, up to a limit.

A pipeline numbers its images before it decodes them. Those that fail are left out
(`ignore_errors`), and a gap in the numbers of a batch tells which they were.
"""

import contextlib
import re
import threading

import numpy as np
import tensorflow as tf
from absl import logging

from trainers.common.data.encoded import CHUNK
from trainers.common.errors import UserError

SHARE = 0.001


def default_limit(examples):
    """How many images may be corrupt: one in a thousand, at least one."""
    return max(1, int(SHARE * examples))


class Tally:
    """Counts the corrupt images of one split, each of them once.

    Args:
        split: name of the split, for messages.
        images: `encoded.Encoded`.
        limit: number of corrupt images that are skipped; the next one is an error.

    Attributes:
        limit: the same.
    """

    def __init__(self, split, images, limit):
        self._split = split
        self._images = images
        self.limit = limit
        self._corrupt = {}
        self._lock = threading.Lock()

    @property
    def corrupt(self):
        """Indices of the corrupt images seen so far, in the order of discovery."""
        return list(self._corrupt)

    def watch(self, batches, first, end=None):
        """Looks for gaps in batches, and takes the numbers off them.

        Args:
            batches: `tf.data.Dataset` of `(positions, chunks, images, labels)`; the
                first two are those of `numbered`.
            first: position of the first image.
            end: the position after the last one, if a gap before it is looked for;
                None if more images follow there.

        Returns:
            `tf.data.Dataset` of `(images, labels)`.
        """
        if end is not None:
            batches = batches.concatenate(_nothing_at(end, batches.element_spec))
        classes = len(self._images.labels)

        def check(state, batch):
            expected, last_chunk = state
            positions, chunks, _, labels = batch
            gap = positions[-1] - expected >= tf.size(positions, tf.int64)
            wrong = tf.reduce_any((labels < 0) | (labels >= classes))
            # Python is called in an emergency only: an iterator that is thrown away
            # while one of its threads waits for the interpreter waits forever.
            done = tf.cond(
                gap | wrong,
                lambda: tf.numpy_function(
                    self._inspect, [expected, last_chunk, *batch[:2], labels], tf.int64
                ),
                lambda: positions[-1] + 1,
            )
            return (tf.ensure_shape(done, []), chunks[-1]), batch

        nowhere = tf.fill([2, CHUNK], tf.constant(-1, tf.int64))
        state = tf.constant(first, tf.int64), nowhere
        batches = batches.scan(state, check).map(lambda _, __, x, y: (x, y))
        if end is not None:
            batches = batches.filter(lambda images, _: tf.shape(images)[0] > 0)
        return batches

    def _inspect(self, expected, last_chunk, positions, chunks, labels):
        indices = {}
        for chunk in [last_chunk, *chunks]:
            indices.update(zip(*chunk.tolist(), strict=True))
        self._check_labels([indices[p] for p in positions[: len(labels)]], labels)
        gaps = np.setdiff1d(np.arange(expected, positions[-1]), positions).tolist()
        for position in gaps:
            if position in indices:
                self._add(indices[position])
        unknown = sum(position not in indices for position in gaps)
        if unknown:
            raise UserError(
                f"expected {self._images.examples} {self._split} images, {unknown} of "
                "them are missing: their files are damaged or incomplete"
            )
        return positions[-1] + 1

    def _check_labels(self, indices, labels):
        classes = len(self._images.labels)
        for index, label in zip(indices, labels, strict=True):
            if not 0 <= label < classes:
                raise UserError(
                    f"expected labels in 0..{classes - 1} in the {self._split} images, "
                    f"got {label} in {self._images.name(index)}"
                )

    def _add(self, index):
        with self._lock:
            if index in self._corrupt:
                return
            self._corrupt[index] = None
            count = len(self._corrupt)
        name, of = self._images.name(index), self._images.examples
        if count > self.limit:
            raise UserError(
                f"expected at most --max_corrupt={self.limit} of the {of} "
                f"{self._split} images to be unreadable, got {count}; the latest is "
                f"{name}"
            )
        logging.warning(
            "skipped %s: not a readable JPEG or PNG image (%d of at most %d among %d "
            "%s images)",
            *(name, count, self.limit, of, self._split),
        )


def numbered(chunks, first):
    """Numbers images, and lets each one know which images are near it.

    Args:
        chunks: `tf.data.Dataset`, see `encoded.Encoded.chunks`.
        first: position of the first image.

    Returns:
        `tf.data.Dataset` of chunks with, for each image: position, int64; positions and
        indices of all images of its chunk, int64 `[2, CHUNK]`, with -1 where there is
        none; index, source and label.
    """

    def number(chunk_number, chunk):
        indices, sources, labels = chunk
        size = tf.size(indices)
        positions = first + chunk_number * CHUNK + tf.range(tf.cast(size, tf.int64))
        missing = [[0, 0], [0, CHUNK - size]]
        known = tf.pad([positions, indices], missing, constant_values=-1)
        known = tf.ensure_shape(known, (2, CHUNK))
        return positions, tf.repeat(known[None], size, 0), indices, sources, labels

    return chunks.enumerate().map(number)


@contextlib.contextmanager
def user_errors():
    """Turns what a pipeline raises within TensorFlow into `UserError`.

    Raises:
        UserError: too many images are corrupt or missing, or a label is out of range.
    """
    try:
        yield
    except tf.errors.OpError as error:
        said = re.search(r"UserError: (.*)", error.message or "")
        if said:
            raise UserError(said[1].strip()) from None
        counts = re.search(
            r"expected to contain (\d+) elements? but contained only (\d+)",
            error.message or "",
        )
        if counts:
            raise UserError(
                f"expected {counts[1]} readable images in an epoch, got {counts[2]}"
            ) from None
        raise


def _nothing_at(position, spec):
    """A batch without images that carries a position."""
    _, _, images, labels = spec
    position = tf.constant([position], tf.int64)
    chunk = tf.fill([1, 2, CHUNK], tf.constant(-1, tf.int64))
    empty = [tf.zeros([0, *rest.shape[1:]], rest.dtype) for rest in (images, labels)]
    return tf.data.Dataset.from_tensors((position, chunk, *empty))
