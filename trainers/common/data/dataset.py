"""What a training run needs to know about its data."""

import dataclasses
from collections.abc import Callable
from collections.abc import Mapping


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
        train: `train(epoch, batch_size, shard=(0, 1), first_step=0)` gives a
            `tf.data.Dataset` of `(images, labels)`, float32
            `[batch, height, width, channels]` in 0..255 and int32 `[batch]`: every
            training image once, shuffled and augmented as a function of (seed, epoch)
            alone. The last batch may be smaller. `shard=(index, count)` gives one
            host its part: the hosts' parts hold every image once, and their sizes
            differ by one image at most. `first_step` leaves out the first batches of
            the epoch: they are not decoded, but record files are read up to there.
        validation: `validation(batch_size, shard=(0, 1))` gives the held-out images,
            in order, as they are.
        test: `test(batch_size, shard=(0, 1))` gives the test images, in order, as they
            are.
        one_hot: whether `train` gives labels as float32 `[batch, classes]`, one-hot or
            mixed. Those of `validation` and `test` are always int32 `[batch]`.
        tallies: split (`training`, `validation`, `test`) -> `corrupt.Tally` of the
            images that were left out as unreadable. Empty if none ever is.
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
    one_hot: bool = False
    tallies: Mapping = dataclasses.field(default_factory=dict, repr=False)
