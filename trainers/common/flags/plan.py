"""The flag that shows what a run would do."""

from absl import flags


def define(values):
    """Defines the flag of this group."""
    flags.DEFINE_bool(
        "preset",
        False,
        "Print the plan of this run and stop: network, steps, learning rates, and "
        "every target and coefficient that changes, epoch by epoch. Nothing is "
        "trained, no image is read; --data_dir and --workdir may be left out. With "
        "--workdir the curves are drawn, too: plan.png, and plan.csv with a row for "
        "each epoch.",
        flag_values=values,
    )
