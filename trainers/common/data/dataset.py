"""What a training run needs to know about its data."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Dataset:
    """Images and labels for training and testing.

    Attributes:
        name: name of the data set.
        labels: names of the classes, in the order of the label numbers.
        image_shape: `(height, width, channels)`.
        mean: mean of each channel over the training images, in 0..255.
        std: standard deviation of each channel over the training images, in 0..255.
        train_examples: number of training images, those for validation not counted.
        validation_examples: number of images held out from training.
        test_examples: number of test images.
        train: `train(epoch, batch_size)` gives a `tf.data.Dataset` of
            `(images, labels)`, float32 `[batch, height, width, channels]` in 0..255
            and int32 `[batch]`: every training image once, shuffled and augmented as
            a function of (seed, epoch) alone. The last batch may be smaller.
        validation: `validation(batch_size)` gives the held-out images, in order, as
            they are.
        test: `test(batch_size)` gives the test images, in order, as they are.
    """

    name: str
    labels: tuple[str, ...]
    image_shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    train_examples: int
    validation_examples: int
    test_examples: int
    train: Callable = dataclasses.field(repr=False)
    validation: Callable = dataclasses.field(repr=False)
    test: Callable = dataclasses.field(repr=False)
