"""Flags of what is measured after the training."""

from absl import flags

from trainers.common.flags import parsers


def define(values):
    """Defines the flags of this group."""
    flags.DEFINE_bool(
        "evaluate_only",
        False,
        "Evaluate the finished run in --workdir under many policies: a table and a "
        "page of plots in its folder evaluation/SPLIT. Its flags need not be given.",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "split",
        "test",
        ("test", "validation"),
        "With --evaluate_only: the images to evaluate on.",
        flag_values=values,
    )
    flags.DEFINE(
        parsers.Taus(),
        "taus",
        "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9",
        "With --evaluate_only: the thresholds.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "evaluation_batch_size", 250, "Images in a test step.", 1, flag_values=values
    )
    flags.DEFINE_integer(
        "stochastic_runs",
        5,
        "Passes over the test set with sampled decisions (PG 4.1: 5).",
        lower_bound=1,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "ensemble_runs",
        5,
        "Sampled predictions per image that the ensemble averages.",
        lower_bound=1,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "recalibrate_steps",
        0,
        "Batches on which the batch norm statistics are estimated anew after training "
        "(PG 4.1.1: 200). 0: not at all.",
        lower_bound=0,
        flag_values=values,
    )
    flags.DEFINE_integer(
        "recalibrate_batch_size",
        512,
        "Images in a batch of the new estimation.",
        lower_bound=1,
        flag_values=values,
    )
