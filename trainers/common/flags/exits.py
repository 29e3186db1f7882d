"""Flags of early exits."""

from absl import flags

GATES = ("exit", "dependent")


def define(values):
    """Defines the flags of this group."""
    flags.DEFINE_bool(
        "early_exit",
        False,
        "With ResNets, ResNeXts and DenseNets: an intermediate classifier and an exit "
        "gate at the end of each stage but the last (PG 5). Open goes on, closed "
        "leaves. With --gate=none these are the only gates.",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "exit_gate",
        "exit",
        GATES,
        "With --early_exit: gates of two 3x3 convolutions of 128 filters (PG S2.4), or "
        "the cheap ones of --gate=dependent.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "exit_filters",
        128,
        "With --early_exit: filters of both convolutions of each intermediate "
        "classifier.",
        lower_bound=1,
        flag_values=values,
    )
    flags.DEFINE_float(
        "exit_loss_weight",
        1.0,
        "With --early_exit: weight of each intermediate classifier's own task loss on "
        "all images, at least 0.",
        lower_bound=0.0,
        flag_values=values,
    )
