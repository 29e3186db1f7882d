"""Networks for benchmarks: named on a command line, on images that mean nothing."""

import shlex

from absl import flags as absl_flags

from trainers.common import flags
from trainers.common import networks
from trainers.common import settings
from trainers.common.data.dataset import Dataset
from trainers.common.errors import UserError


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
