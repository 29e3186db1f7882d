"""scikit-learn's digits, real handwriting that ships inside the package.

1,797 images of 8x8 pixels in 0..16, brought to 32x32x3 in 0..255; 1,437 for training
and 360 for testing, the same split for every seed.
"""

import numpy as np
import tensorflow as tf
from sklearn import datasets
from sklearn import model_selection

from trainers.common.data import memory

_SPLIT_SEED = 0
_TEST_EXAMPLES = 360


def load(settings):
    """Loads digits.

    Args:
        settings: `trainers.common.settings.Settings`; used are `seed`,
            `augmentation`, `train_examples`, `validation_examples` and `test_examples`.

    Returns:
        `trainers.common.data.dataset.Dataset`.
    """
    pixels, labels = datasets.load_digits(return_X_y=True)
    train_images, test_images, train_labels, test_labels = (
        model_selection.train_test_split(
            enlarge(pixels.reshape(-1, 8, 8)),
            labels,
            test_size=_TEST_EXAMPLES,
            stratify=labels,
            random_state=_SPLIT_SEED,
        )
    )
    train, test = settings.train_examples, settings.test_examples
    return memory.dataset(
        "digits",
        [str(digit) for digit in range(10)],
        (train_images[:train], train_labels[:train]),
        (test_images[:test], test_labels[:test]),
        memory.Augmentation(4, False) if settings.augmentation else memory.NONE,
        settings.seed,
        settings.validation_examples,
    )


def enlarge(images):
    """Brings 8x8 digits to the size of CIFAR images.

    Args:
        images: float `[examples, 8, 8]` in 0..16.

    Returns:
        uint8 `[examples, 32, 32, 3]` in 0..255, bilinear, three equal channels.
    """
    images = tf.image.resize(images[..., None] * (255.0 / 16.0), (32, 32))
    images = np.rint(images.numpy()).astype("uint8")
    return np.repeat(images, 3, axis=-1)
