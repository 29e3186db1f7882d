"""Networks for benchmarks: named on a command line, on images that mean nothing."""

import shlex

from absl import flags as absl_flags

from trainers.common import flags
from trainers.common import networks
from trainers.common import settings
from trainers.common.data.dataset import Dataset
from trainers.common.errors import UserError


class NetworkFlags:
    """Defines --network, --granularity and --image_size; what they say together."""

    def __init__(self):
        self._flags = (
            absl_flags.DEFINE_string(
                "network",
                "--gate=dependent",
                "The network that is measured: its name, flags of the trainers, or "
                "both.",
            ),
            absl_flags.DEFINE_string(
                "granularity", None, "The trainers' flag of this name, of --network."
            ),
            absl_flags.DEFINE_integer(
                "image_size",
                None,
                "Height and width of the images. Default: 32 for CIFAR networks, else "
                "224.",
                8,
            ),
        )

    def settings(self, *more):
        """The settings of the network; `more` are further flags of the trainers.

        Raises:
            UserError: there is no such network.
        """
        network, granularity, _ = (flag.value for flag in self._flags)
        own = [] if granularity is None else [f"--granularity={granularity}"]
        return parse("network", network, *own, *more)

    def image_size(self, chosen):
        """Height and width of the images of the network in `chosen`."""
        return image_size(chosen, self._flags[2].value)

    def record(self):
        """The flags' values by name, for the results."""
        return {flag.name: flag.value for flag in self._flags}

    def arguments(self):
        """The flags as another process takes them."""
        given = self.record().items()
        return [f"--{name}={value}" for name, value in given if value is not None]


def parse(flag, text, *more):
    """The settings of a network that a flag of a benchmark names.

    Args:
        flag: name of the flag, for messages.
        text: a network's name, flags of the trainers, or both: `resnet50
            --gate=independent`.
        *more: flags of the trainers beside those in the text.

    Returns:
        `trainers.common.settings.Settings`.

    Raises:
        UserError: the text is something else.
    """
    values = absl_flags.FlagValues()
    flags.define(values)
    try:
        first, *rest = shlex.split(text) or [""]
        if not first.startswith("--"):
            first = f"--network={first}"
        arguments = [first, *rest, *more, "--dataset=digits", "--workdir=none"]
        return settings.parse([flag, *arguments], values)
    except (ValueError, UserError, absl_flags.Error) as error:
        raise UserError(f"--{flag}={text}: {error}") from None


def without_gates(chosen):
    """The settings of the same network, dense."""
    given = {name: value for name, value in vars(chosen).items() if value is not None}
    given.pop("gating", None)
    for name, value in given.items():
        if isinstance(value, list):
            given[name] = ",".join(map(str, value))
    return settings.make(**{**given, "gate": "none", "early_exit": False})


def image_size(chosen, given=None):
    """Height and width of the images: those that the network was made for, or given."""
    return given or networks.NETWORKS[chosen.network].image_size


def dataset(chosen, size, train_examples=1):
    """Describes images of as many classes as the network was made for; has none.

    Args:
        chosen: `trainers.common.settings.Settings`.
        size: height and width of the images.
        train_examples: how many there would be.

    Returns:
        `trainers.common.data.dataset.Dataset` without functions that give images.
    """
    return Dataset(
        name="synthetic",
        labels=tuple(map(str, range(networks.NETWORKS[chosen.network].classes))),
        image_shape=(size, size, 3),
        mean=(127.5,) * 3,
        std=(64.0,) * 3,
        train_examples=train_examples,
        validation_examples=0,
        test_examples=0,
        train=None,
        validation=None,
        test=None,
    )


def batches(dataset, batch_size, steps):
    """A run of batches, all the same one, which lies in memory.

    Args:
        dataset: what `dataset` gave.
        batch_size: images in a batch.
        steps: number of batches.

    Returns:
        `tf.data.Dataset` of images, float32 `[batch, size, size, 3]` in 0..255, and
        labels, int32 `[batch]`.
    """
    import numpy as np
    import tensorflow as tf

    from trainers.common.data import tuning

    generator = np.random.default_rng(0)
    images = generator.uniform(0.0, 255.0, (batch_size, *dataset.image_shape))
    labels = generator.integers(len(dataset.labels), size=batch_size)
    batch = tf.constant(images, tf.float32), tf.constant(labels, tf.int32)
    return tuning.fixed(tf.data.Dataset.from_tensors(batch).repeat(steps))
