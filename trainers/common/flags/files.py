"""Flags of what a run reads and writes."""

from absl import flags


def define(values):
    """Defines the flags of this group."""
    flags.DEFINE_string(
        "workdir",
        None,
        "Directory of this run: checkpoints, metrics, plots, model.keras, "
        "results.json. Created if missing; an interrupted run continues from it.",
        flag_values=values,
    )
    flags.DEFINE_string(
        "data_dir",
        None,
        "Directory of TFDS data sets (it holds cifar10/ or imagenet2012/), or, with "
        "--dataset=imagenet2012, of the folders train/ and val/. Nothing is "
        "downloaded.",
        flag_values=values,
    )
