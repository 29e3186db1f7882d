"""What several tests of the trainers start from."""

import numpy as np

from trainers.common import settings
from trainers.common.data import memory


def toy_settings(**values):
    """Settings of a run that takes a few steps on the toy data."""
    chosen = {
        "dataset": "digits",
        "epochs": 2,
        "batch_size": 16,
        "evaluation_batch_size": 20,
        "stochastic_runs": 2,
        "ensemble_runs": 2,
    }
    return settings.make(**{**chosen, **values})


def toy_dataset(examples=40, seed=0):
    """Random 8x8 images with labels that can be told from their brightness."""
    generator = np.random.default_rng(3)
    labels = np.arange(examples) % 2
    images = (
        generator.integers(0, 128, (examples, 8, 8, 3))
        + 120 * labels[:, None, None, None]
    )
    images = images.astype("uint8")
    test = images[:20], labels[:20]
    augmentation = memory.Augmentation(padding=1, mirror=True)
    return memory.dataset(
        "toy", ["dark", "bright"], (images, labels), test, augmentation, seed
    )
