"""Labelled images for calibration, verification and benchmarks: real ones.

They are what the trainers' networks see, in 0..255. Nothing is downloaded. Nothing
here imports TensorFlow before record files are read, so that a benchmark on digits
runs in a process without it.
"""

import dataclasses
import json
import pathlib

import numpy as np

from tflite import quiet
from tflite.errors import InputError

NAMES = ("digits", "cifar10", "imagenet2012")
SPLITS = ("train", "test")

_SHAPE = (32, 32, 3)
_DIGITS = {"train": 1437, "test": 360}
_DIGITS_SPLIT_SEED = 0
# ImageNet's test images have no public labels.
_SPLIT_NAMES = {("imagenet2012", "test"): "validation"}
# Of an image's shorter side the share that a crop of its centre keeps.
_KEPT = 224 / 256


@dataclasses.dataclass(frozen=True)
class Images:
    """Images with their labels, in the data set's order.

    Attributes:
        name: name of the data set.
        images: float32 `[images, height, width, channels]` in 0..255.
        labels: int64 `[images]`.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray

    def __len__(self):
        return len(self.images)


def check(name, *, samples, data_dir=None, image_shape=None, split="test"):
    """Checks a choice of images without reading them.

    Args:
        name: one of `NAMES`.
        samples: number of images.
        data_dir: directory of TFDS data sets, for cifar10 and imagenet2012.
        image_shape: shape of one image that is needed, or None. ImageNet's have any
            square one.
        split: one of `SPLITS`.

    Raises:
        InputError: the choice does not fit.
    """
    most = available(name, data_dir=data_dir, split=split)
    if not 1 <= samples <= most:
        raise InputError(
            f"Expected --samples from 1 to {most}, the {split} images of {name}, "
            f"got {samples}."
        )
    if image_shape is not None and not _fits(name, tuple(image_shape)):
        shape = "squares of 3 channels" if name == "imagenet2012" else _SHAPE
        raise InputError(
            f"Expected a network for images of {name}, {shape}, got one for "
            f"{tuple(image_shape)}."
        )


def available(name, *, data_dir=None, split="test"):
    """Number of images of a split of a data set; the arguments are those of `check`.

    Raises:
        InputError: there is no such data set.
    """
    if name not in NAMES:
        raise InputError(f"Expected --dataset among {NAMES}, got {name!r}.")
    if split not in SPLITS:
        raise InputError(f"Expected a split among {SPLITS}, got {split!r}.")
    if name == "digits":
        return _DIGITS[split]
    return _examples(_directory(data_dir, name), name, split)


def load(name, *, samples, data_dir=None, image_shape=None, split="test"):
    """Loads the first images of a split of a data set.

    Args:
        name: `"digits"`, scikit-learn's, brought to 32x32x3 as for training;
            `"cifar10"`; or `"imagenet2012"`, the centres of the images, as the
            trainers evaluate on. The last two are in TFDS's format.
        samples: number of images.
        data_dir: directory of TFDS data sets (it holds cifar10/ or imagenet2012/).
        image_shape: shape of one image; None is 32x32x3, or ImageNet's 224x224x3.
        split: `"test"` (ImageNet's validation split), or `"train"`, for calibration.

    Returns:
        `Images`.

    Raises:
        InputError: the choice does not fit, or files are missing or damaged.
    """
    check(
        name, samples=samples, data_dir=data_dir, image_shape=image_shape, split=split
    )
    if name == "digits":
        images, labels = _digits(split)
        images, labels = images[:samples], labels[:samples]
    else:
        size = None
        if name == "imagenet2012":
            size = 224 if image_shape is None else image_shape[0]
        images, labels = _records(
            _directory(data_dir, name), name, split, samples, size
        )
    return Images(name, images.astype("float32"), labels.astype("int64"))


def enlarge(images):
    """Brings 8x8 digits to 32x32x3, bilinear with half-pixel centres.

    The sums are of multiples of 2^-10 and so exact: the result is that of
    `tf.image.resize`, bit by bit.

    Args:
        images: `[images, 8, 8]` in 0..16.

    Returns:
        uint8 `[images, 32, 32, 3]` in 0..255, three equal channels.
    """
    centres = np.clip((np.arange(32) + 0.5) / 4 - 0.5, 0, 7)
    below = np.floor(centres).astype(int)
    weights = np.zeros((32, 8))
    weights[np.arange(32), below] = 1 - (centres - below)
    weights[np.arange(32), np.minimum(below + 1, 7)] += centres - below
    enlarged = weights @ (images * (255.0 / 16.0)) @ weights.T
    return np.repeat(np.rint(enlarged).astype("uint8")[..., None], 3, axis=-1)


def _digits(split):
    from sklearn import datasets
    from sklearn import model_selection

    pixels, labels = datasets.load_digits(return_X_y=True)
    train, test, train_labels, test_labels = model_selection.train_test_split(
        pixels.reshape(-1, 8, 8),
        labels,
        test_size=_DIGITS["test"],
        stratify=labels,
        random_state=_DIGITS_SPLIT_SEED,
    )
    if split == "train":
        return enlarge(train), train_labels
    return enlarge(test), test_labels


def _fits(name, image_shape):
    if name == "imagenet2012":
        return len(image_shape) == 3 and image_shape == (image_shape[0],) * 2 + (3,)
    return image_shape == _SHAPE


def _records(directory, name, split, samples, size):
    """Images of TFDS's record files; cropped to `size`, if that is not None."""
    quiet.import_tensorflow()
    import tensorflow as tf
    import tensorflow_datasets as tfds

    def read(record):
        image = record["image"]
        return image if size is None else _centre(image, size), record["label"]

    try:
        builder = tfds.builder_from_directory(directory)
        part = f"{_SPLIT_NAMES.get((name, split), split)}[:{samples}]"
        records = builder.as_dataset(split=part, shuffle_files=False).map(read)
        batches = list(records.batch(100).as_numpy_iterator())
    except (
        tf.errors.OpError,
        tfds.core.DatasetNotFoundError,
        KeyError,
        ValueError,
    ) as error:
        raise _damaged(name, directory, error) from None
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def _centre(image, size):
    """Resizes the shorter side to 256 / 224 of `size` and keeps the centre."""
    import tensorflow as tf

    shape = tf.cast(tf.shape(image)[:2], tf.float32)
    shorter = round(size / _KEPT)
    resized = tf.cast(tf.round(shape * (shorter / tf.reduce_min(shape))), tf.int32)
    image = tf.image.resize(image, resized, antialias=True)
    top, left = tf.unstack((resized - size) // 2)
    return tf.ensure_shape(image[top : top + size, left : left + size], (size, size, 3))


def _examples(directory, name, split):
    """Number of images of a split, as TFDS's description says."""
    split = _SPLIT_NAMES.get((name, split), split)
    path = directory / "dataset_info.json"
    try:
        splits = json.loads(path.read_text(encoding="utf-8"))["splits"]
        (lengths,) = (s["shardLengths"] for s in splits if s["name"] == split)
        return sum(map(int, lengths))
    except (KeyError, TypeError, ValueError) as error:
        reason = f"no split {split} in {path} ({type(error).__name__}: {error})"
        raise _damaged(name, directory, reason) from None


def _damaged(name, directory, reason):
    return InputError(
        f"Expected {name} in TFDS's format in {str(directory)!r}, got: {reason}"
    )


def _directory(data_dir, name):
    """The directory of the newest version of a TFDS data set."""
    if data_dir is None:
        raise InputError(
            f"Expected --data_dir, a directory of TFDS data sets with {name}/, for "
            f"--dataset={name}, got none."
        )
    root = pathlib.Path(data_dir).expanduser()
    if not root.is_dir():
        raise InputError(f"Expected --data_dir to be a directory, got {str(root)!r}.")
    versions = [info.parent for info in root.glob(f"{name}/*/dataset_info.json")]
    if not versions:
        raise InputError(
            f"Expected {name}/VERSION/dataset_info.json in --data_dir, got "
            f"{str(root)!r} without: prepare it with TFDS (`tfds build {name}`)."
        )
    return max(versions, key=lambda path: _numbers(path.name))


def _numbers(version):
    return [int(part) if part.isdecimal() else -1 for part in version.split(".")]
