"""Encoded images in folders, one for each class."""

import dataclasses
import os
import pathlib

import numpy as np
import tensorflow as tf

from trainers.common.data import sharding
from trainers.common.data.encoded import CHUNK
from trainers.common.errors import UserError

SUFFIXES = (".jpeg", ".jpg", ".png")
_MIX_SEED = 0


@dataclasses.dataclass(frozen=True)
class ImageFolder:
    """Images in folders, one for each class.

    They are numbered in an order that mixes the classes and is the same for every
    seed, so that the last of them can be held out for validation.

    Attributes:
        root: the folder of the classes' folders.
        labels: names of the classes: the folders' names, sorted.
        paths: path of every image below the root, bytes `[examples]`.
        classes: number of the class of every image, int32 `[examples]`.
    """

    root: pathlib.Path
    labels: tuple[str, ...]
    paths: np.ndarray = dataclasses.field(repr=False)
    classes: np.ndarray = dataclasses.field(repr=False)

    @property
    def examples(self):
        """Number of images."""
        return len(self.paths)

    def name(self, index):
        """How a user finds the image."""
        return os.fspath(self.root / os.fsdecode(self.paths[index]))

    def part(self, start, stop):
        """The images from the start-th up to the stop-th of these."""
        return dataclasses.replace(
            self, paths=self.paths[start:stop], classes=self.classes[start:stop]
        )

    def read(self, source):
        """The bytes of an image, from its path."""
        return tf.io.read_file(source)

    def chunks(self, shuffle=None, shard=(0, 1), skip=0):
        """Lists the paths; see `encoded.Encoded`."""
        order = np.arange(self.examples)
        if shuffle is not None:
            order = shuffle.generator("files").permutation(self.examples)
        order = sharding.part(order, shard)[skip:]
        paths, classes = tf.constant(self.paths), tf.constant(self.classes)
        root = tf.constant(os.fsencode(self.root) + b"/")

        def look_up(indices):
            return (
                indices,
                root + tf.gather(paths, indices),
                tf.gather(classes, indices),
            )

        return tf.data.Dataset.from_tensor_slices(order).batch(CHUNK).map(look_up)


def find(root):
    """Lists the images in the folders of a folder.

    Files whose names do not end in .jpeg, .jpg or .png are not images.

    Args:
        root: the folder of the classes' folders.

    Returns:
        `ImageFolder`.

    Raises:
        UserError: there are no classes, a class has no images, or one cannot be read.
    """
    root = pathlib.Path(root)
    labels = sorted(
        entry.name for entry in _entries(root) if entry.is_dir() and _shown(entry)
    )
    if not labels:
        raise UserError(f"expected one folder of images per class in {root}, got none")
    paths, classes = [], []
    for number, label in enumerate(labels):
        names = sorted(map(_image_name, filter(_is_image, _entries(root / label))))
        if not names:
            raise UserError(
                f"expected images ({', '.join(SUFFIXES)}) of class {label} in "
                f"{root / label}, got none"
            )
        paths += [os.fsencode(f"{label}/{name}") for name in names]
        classes += [number] * len(names)
    mix = np.random.default_rng(_MIX_SEED).permutation(len(paths))
    return ImageFolder(
        root,
        tuple(labels),
        np.array(paths, dtype=object)[mix],
        np.array(classes, dtype="int32")[mix],
    )


def check_same_classes(train, test):
    """Checks that two folders have the same classes.

    Raises:
        UserError: they do not.
    """
    for one, other in ((train, test), (test, train)):
        extra = sorted(set(one.labels) - set(other.labels))
        if extra:
            raise UserError(
                f"expected the same classes in {train.root} and {test.root}, got "
                f"{len(train.labels)} and {len(test.labels)}: {other.root} has no "
                f"{extra[0]}"
            )


def _entries(folder):
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise UserError(
            f"expected a folder that can be read at {folder}: {error.strerror}"
        ) from None


def _shown(entry):
    return not entry.name.startswith(".")


def _is_image(entry):
    return _shown(entry) and entry.name.lower().endswith(SUFFIXES)


def _image_name(entry):
    if not entry.is_file():
        raise UserError(f"expected an image file that can be read at {entry.path}")
    return entry.name
