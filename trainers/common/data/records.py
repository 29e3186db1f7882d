"""Encoded images in TFDS's record files."""

import dataclasses
import os

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from trainers.common.data import sharding
from trainers.common.data import tuning
from trainers.common.data.encoded import CHUNK
from trainers.common.errors import UserError

_FILES_AT_ONCE = 16
_READ_BYTES = 1 << 20
_FEATURES = {
    "image": tf.io.FixedLenFeature([], tf.string),
    "label": tf.io.FixedLenFeature([], tf.int64),
}


@dataclasses.dataclass(frozen=True)
class Records:
    """One split of a data set in TFDS's record files, or a part of one.

    Attributes:
        split: name of the split.
        labels: names of the classes.
        files: path and number of records of each file.
        start: first record that belongs to the part, counted over all files.
        stop: the record after the last.
    """

    split: str
    labels: tuple[str, ...]
    files: tuple[tuple[str, int], ...] = dataclasses.field(repr=False)
    start: int
    stop: int

    @property
    def examples(self):
        """Number of images."""
        return self.stop - self.start

    def name(self, index):
        """How a user finds the record."""
        for path, length in self.files:
            if index < length:
                return f"record {index} of {path}"
            index -= length
        raise IndexError(index)

    def part(self, start, stop):
        """The images from the start-th up to the stop-th of these."""
        return dataclasses.replace(
            self, start=self.start + start, stop=self.start + stop
        )

    def read(self, source):
        """The bytes of an image: they came with the record."""
        return source

    def chunks(self, shuffle=None, shard=(0, 1), skip=0):
        """Reads the records; see `encoded.Encoded`.

        With a deterministic shuffle every host reads all records and keeps every
        count-th of the common order, without decoding the others. Otherwise it reads
        its own contiguous part.
        """
        strided = shuffle is not None and shuffle.deterministic
        mine = self if strided else self.part(*sharding.bounds(self.examples, shard))
        records = mine._records(shuffle)
        if strided:
            index, count = sharding.check(shard)
            records = records.shard(count, index)
        if skip:
            records = records.skip(skip)
        return records.batch(CHUNK).map(_parse)

    def _records(self, shuffle):
        files = self._ranges()
        if shuffle is not None:
            order = shuffle.generator("files").permutation(len(files))
            files = [files[position] for position in order]
        columns = tuple(np.array(column) for column in zip(*files, strict=True))
        cycle = 1 if shuffle is None else min(_FILES_AT_ONCE, len(files))
        records = tf.data.Dataset.from_tensor_slices(columns).interleave(
            _read_range,
            cycle_length=cycle,
            num_parallel_calls=min(cycle, tuning.cores()),
            deterministic=shuffle is None or shuffle.deterministic,
        )
        if shuffle is None:
            return records
        return records.shuffle(
            min(shuffle.buffer, self.examples), seed=shuffle.seed("records")
        )

    def _ranges(self):
        """Path, index of the first record, records to skip and to take, by file."""
        ranges, first = [], 0
        for path, length in self.files:
            start, stop = max(self.start, first), min(self.stop, first + length)
            if start < stop:
                ranges.append((path, first, start - first, stop - start))
            first += length
        return ranges


def find(path, splits):
    """Opens splits of a data set.

    Args:
        path: directory of one version of the data set.
        splits: names of the splits.

    Returns:
        List of `Records`.

    Raises:
        UserError: files are missing, incomplete or of another kind.
    """
    try:
        info = tfds.builder_from_directory(path).info
        names = info.features["label"].names
        found = [info.splits[split] for split in splits]
    except (
        tf.errors.OpError,
        tfds.core.DatasetNotFoundError,
        AttributeError,
        KeyError,
        OSError,
        ValueError,
    ) as error:
        raise UserError(
            f"expected images with labels in TFDS's format in {path}, splits "
            f"{' and '.join(splits)}: {error}"
        ) from None
    if info.file_format is not tfds.core.FileFormat.TFRECORD:
        raise UserError(
            f"expected files in the format tfrecord in {path}, got "
            f"{info.file_format.value}"
        )
    return [
        Records(
            split.name,
            tuple(names),
            _files(split),
            start=0,
            stop=split.num_examples,
        )
        for split in found
    ]


def _files(split):
    paths = [os.fspath(path) for path in split.filepaths]
    missing = [path for path in paths if not os.access(path, os.R_OK)]
    if missing:
        raise UserError(
            f"expected {len(paths)} files of split {split.name}, {len(missing)} are "
            f"missing or unreadable, first {missing[0]}"
        )
    size = sum(os.path.getsize(path) for path in paths)
    # A file frames every record with 16 bytes more than num_bytes counts.
    if size < split.num_bytes:
        raise UserError(
            f"expected {split.num_bytes} bytes or more in the files of split "
            f"{split.name}, got {size}: {paths[0]} or another one is incomplete"
        )
    return tuple(zip(paths, split.shard_lengths, strict=True))


def _read_range(path, first, skip, take):
    records = tf.data.TFRecordDataset(path, buffer_size=_READ_BYTES)
    return records.enumerate(first).skip(skip).take(take)


def _parse(indices, records):
    parsed = tf.io.parse_example(records, _FEATURES)
    return indices, parsed["image"], tf.cast(parsed["label"], tf.int32)
