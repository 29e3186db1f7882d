"""Small data sets of images, for tests of the ImageNet pipeline."""

import types

import numpy as np

from tests.trainers.common.data import images
from trainers.common.data import imagenet
from trainers.common.data import pipeline

TRAIN, TEST = 150, 12
SIZE = 16


def make(root, held_out=0, max_corrupt=None, **recipe):
    """The data set in a folder, described."""
    recipe = pipeline.Recipe(**{"image_size": SIZE, "seed": 0, **recipe})
    return imagenet.dataset(*imagenet.find(root), recipe, held_out, max_corrupt)


def collect(batches):
    """Images and labels of all batches."""
    pixels, labels = zip(*batches.as_numpy_iterator(), strict=True)
    return np.concatenate(pixels), np.concatenate(labels)


def fingerprints(pixels):
    """One row per image, rounded so that equal images of two runs are equal."""
    return [tuple(row) for row in np.round(pixels.mean((1, 2)), 1).tolist()]


def settings(root, **values):
    """What `imagenet.load` takes."""
    return types.SimpleNamespace(
        **{
            "dataset": "imagenet2012",
            "data_dir": root,
            "train_dir": None,
            "test_dir": None,
            "image_size": SIZE,
            "seed": 0,
            "deterministic": True,
            "shuffle_buffer": 64,
            "max_corrupt": None,
            "train_examples": None,
            "validation_examples": 0,
            "test_examples": None,
            "randaugment_layers": 0,
            "randaugment_magnitude": 0.5,
            "mixup_alpha": 0.0,
            "cutmix_alpha": 0.0,
            "label_smoothing": 0.0,
            **values,
        }
    )


def write(kind, root, train, test):
    """Writes images for training and testing in one of both layouts."""
    if kind == "records":
        return images.write_records(root, {"train": train, "validation": test})
    images.write_folder(root / "train", train)
    images.write_folder(root / "val", test)
    return root


def record_file(root, split="train", file=1):
    """Path of one of the record files."""
    name = f"imagenet2012-{split}.tfrecord-{file:05d}-of-00002"
    return root / "imagenet2012" / "5.1.0" / name
