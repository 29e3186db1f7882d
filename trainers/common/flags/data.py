"""Flags of the data set."""

from absl import flags

DATASETS = ("cifar10", "digits")


def define(values):
    """Defines the flags of this group."""
    flags.DEFINE_enum(
        "dataset", "cifar10", DATASETS, "Data set to train on.", flag_values=values
    )
    flags.DEFINE_integer(
        "train_examples",
        None,
        "For quick tests: train on the first N images only. Default: all.",
        lower_bound=1,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "validation_examples",
        0,
        "Training images, the last ones, that are held out: for choosing a threshold "
        "with --evaluate_only --split=validation.",
        lower_bound=0,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "test_examples",
        None,
        "For quick tests: evaluate the first N images only. Default: all.",
        lower_bound=1,
        flag_values=values,
    )
