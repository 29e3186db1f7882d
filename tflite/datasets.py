"""Test images for verification and benchmarks: real ones, as they were trained on.

Nothing is downloaded. Nothing here imports TensorFlow before CIFAR-10 is read, so
that a benchmark on digits runs in a process without it.
"""

import dataclasses
import pathlib

import numpy as np

from tflite import quiet
from tflite.errors import InputError

NAMES = ("digits", "cifar10")

_SHAPE = (32, 32, 3)
_SIZES = {"digits": 360, "cifar10": 10_000}
_DIGITS_SPLIT_SEED = 0


@dataclasses.dataclass(frozen=True)
class TestImages:
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


def check(name, *, samples, data_dir=None, image_shape=None):
    """Checks a choice of images without reading them.

    Args:
        name: one of `NAMES`.
        samples: number of images.
        data_dir: directory of TFDS data sets, for cifar10.
        image_shape: shape of one image that is needed, or None.

    Raises:
        InputError: the choice does not fit.
    """
    if name not in NAMES:
        raise InputError(f"Expected --dataset among {NAMES}, got {name!r}.")
    if not 1 <= samples <= _SIZES[name]:
        raise InputError(
            f"Expected --samples from 1 to {_SIZES[name]}, the test images of {name}, "
            f"got {samples}."
        )
    if image_shape is not None and tuple(image_shape) != _SHAPE:
        raise InputError(
            f"Expected a network for images of {name}, {_SHAPE}, got one for "
            f"{tuple(image_shape)}."
        )
    if name == "cifar10":
        _directory(data_dir, name)


def load(name, *, samples, data_dir=None):
    """Loads the first test images of a data set.

    Args:
        name: `"digits"`, scikit-learn's, brought to 32x32x3 as for training; or
            `"cifar10"`, the test split in TFDS's format.
        samples: number of images.
        data_dir: directory of TFDS data sets (it holds cifar10/).

    Returns:
        `TestImages`.

    Raises:
        InputError: the choice does not fit, or files are missing or damaged.
    """
    check(name, samples=samples, data_dir=data_dir)
    if name == "digits":
        images, labels = _digits()
        images, labels = images[:samples], labels[:samples]
    else:
        images, labels = _cifar10(_directory(data_dir, name), samples)
    return TestImages(name, images.astype("float32"), labels.astype("int64"))


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


def _digits():
    from sklearn import datasets
    from sklearn import model_selection

    pixels, labels = datasets.load_digits(return_X_y=True)
    _, images, _, labels = model_selection.train_test_split(
        pixels.reshape(-1, 8, 8),
        labels,
        test_size=_SIZES["digits"],
        stratify=labels,
        random_state=_DIGITS_SPLIT_SEED,
    )
    return enlarge(images), labels


def _cifar10(directory, samples):
    quiet.import_tensorflow()
    import tensorflow as tf
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder_from_directory(directory)
        records = builder.as_dataset(split=f"test[:{samples}]", shuffle_files=False)
        records = records.map(lambda record: (record["image"], record["label"]))
        batches = list(records.batch(1000).as_numpy_iterator())
    except (tf.errors.OpError, tfds.core.DatasetNotFoundError, ValueError) as error:
        raise InputError(
            f"Expected CIFAR-10 in TFDS's format in {str(directory)!r}, got: {error}"
        ) from None
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(labels)


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
