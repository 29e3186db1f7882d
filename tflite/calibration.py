"""Calibration: what a network's gates decide on images that it was trained on.

Never on test images: what is chosen by looking at them is no longer measured by them.
"""

import dataclasses

import numpy as np

from tflite import datasets


@dataclasses.dataclass(frozen=True)
class TrainingImages:
    """Some training images of a data set, read when the network's size is known.

    Attributes:
        dataset: one of `tflite.datasets.NAMES`.
        samples: number of images, the first of the training split.
        data_dir: directory of TFDS data sets, or None.

    Raises:
        InputError: there are no such images.
    """

    dataset: str
    samples: int = 100
    data_dir: str | None = None

    def __post_init__(self):
        datasets.check(
            self.dataset, samples=self.samples, data_dir=self.data_dir, split="train"
        )

    def load(self, image_shape):
        """Reads them: float32 `[samples, height, width, channels]` in 0..255.

        Args:
            image_shape: shape of one image that the network takes.

        Raises:
            InputError: they don't have this shape, or cannot be read.
        """
        return datasets.load(
            self.dataset,
            samples=self.samples,
            data_dir=self.data_dir,
            image_shape=image_shape,
            split="train",
        ).images


def record(model, images, tau, u=None):
    """Records the decisions of a network's gates.

    Args:
        model: a `tfgate.GatedModel`.
        images: float32 `[images, height, width, channels]`.
        tau: the threshold in (0, 1).
        u: the control in [0, 1] of a throttled network; None means 1.

    Returns:
        Gate name -> float32 array `[images, components]` of 0 and 1, in network order.
    """
    found = gates(model, images, tau, u)
    return {name: gate["decision"] for name, gate in found.items()}


def gates(model, images, tau, u=None):
    """What a network's gates say.

    Args:
        model: as for `record`.
        images: as for `record`.
        tau: as for `record`.
        u: as for `record`.

    Returns:
        Gate name -> dict of float32 arrays `[images, components]`, in network order:
        `decision`, `logits`, which are log odds, and others.
    """
    # The flags are checked without waiting for TensorFlow.
    from tflite import reference

    images = np.asarray(images, "float32")
    return reference.run_gates(model, images, tau=tau, u=u)[1]
