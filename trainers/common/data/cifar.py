"""CIFAR-10 from files in TFDS's format, with the standard augmentation."""

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from trainers.common.data import directory
from trainers.common.data import memory
from trainers.common.errors import UserError

_DECODED_AT_ONCE = 1000


def load(settings):
    """Loads CIFAR-10: every image is decoded once and stays in memory as uint8.

    Training images are padded by 4 zeros on each side, cropped to 32x32 at random
    and mirrored at random (He et al. 2016, 4.2), unless the settings say not to.

    Args:
        settings: `trainers.common.settings.Settings`; used are `data_dir`, `seed`,
            `augmentation`, `train_examples`, `validation_examples` and `test_examples`.

    Returns:
        `trainers.common.data.dataset.Dataset`.

    Raises:
        UserError: files are missing or damaged.
    """
    path = directory.find(settings.data_dir, "cifar10")
    try:
        builder = tfds.builder_from_directory(path)
        train = _read(builder, "train", settings.train_examples)
        test = _read(builder, "test", settings.test_examples)
    except (tf.errors.OpError, tfds.core.DatasetNotFoundError, ValueError) as error:
        raise UserError(
            f"expected CIFAR-10 in TFDS's format in {path}: {error}"
        ) from None
    return memory.dataset(
        "cifar10",
        builder.info.features["label"].names,
        train,
        test,
        memory.Augmentation(4, True) if settings.augmentation else memory.NONE,
        settings.seed,
        settings.validation_examples,
    )


def _read(builder, split, examples):
    if examples is not None:
        split = f"{split}[:{examples}]"
    records = builder.as_dataset(split=split, shuffle_files=False)
    records = records.map(lambda record: (record["image"], record["label"]))
    batches = list(records.batch(_DECODED_AT_ONCE).as_numpy_iterator())
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(labels)
