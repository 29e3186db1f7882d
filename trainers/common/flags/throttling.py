"""Flags of throttled networks: the gating function, its control u, its training."""

from absl import flags

from trainers.common import expressions
from trainers.common.flags import parsers

NAIVE = "none"
LEARNED = ("blind", "contextual")
GATINGS = (NAIVE, "nested", "independent", *LEARNED)
PENALTIES = ("distance", "hinge")
SWITCHABLE, RECALIBRATED = "switchable", "recalibrated"  # of --batch_norm


def define(values):
    """Defines the flags of this group."""
    flags.DEFINE_enum(
        "gating",
        None,
        GATINGS,
        "Makes a throttled network (TNN), whose control u in [0, 1] sets how much "
        "of it runs, in place of --gate: nested, the first parts of each layer or the "
        "blocks in TNN's order; independent, random ones; blind or contextual, a "
        "small network that learns which, from u or from u and the image, with "
        "--data_path; none, trained as the dense network is (TNN's naive one), and "
        "throttled like nested afterwards. Default: no u.",
        flag_values=values,
    )
    flags.DEFINE(
        parsers.Control(),
        "control",
        "uniform(0, 1)",
        f"With --gating: how training draws u. {expressions.CONTROL_HELP}. Lower and "
        f"upper ends, and a constant, may be {expressions.SCHEDULE_HELP}.",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "control_per",
        "example",
        ("example", "batch"),
        "With --control=uniform(...) or beta(...): whether each image has an u of its "
        "own, or all of a batch the same.",
        flag_values=values,
    )
    flags.DEFINE(
        parsers.Controls(),
        "us",
        None,
        "With --gating: the values of u that the trained network is evaluated at, in "
        "[0, 1]. Default: 0, 1/16, ..., 1 (TNN A).",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "batch_norm",
        "shared",
        ("shared", SWITCHABLE, RECALIBRATED),
        "With --gating: batch norm statistics. shared, one set for every u; "
        "switchable, one for each part of [0, 1], trained so, which needs "
        "--control_per=batch and no --recalibrate_steps; recalibrated, the same, "
        "estimated after the training on --recalibrate_steps batches for each part.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "batch_norm_buckets",
        4,
        "With --batch_norm=switchable or recalibrated: number of parts of [0, 1].",
        lower_bound=1,
        flag_values=values,
    )
    _define_learning(values)


def _define_learning(values):
    """Flags of gating functions that learn, TNN's second phase."""
    flags.DEFINE_string(
        "data_path",
        None,
        "With --gating=blind or contextual: the model.keras of a finished run of the "
        "same network with another --gating. Its weights are taken over and frozen, "
        "batch norm statistics included: only the gating function is trained (TNN 4).",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "complexity",
        "distance",
        PENALTIES,
        "With --gating=blind or contextual: penalty of the open share c of an image "
        "whose control is u: |c - u| (TNN eq. 6) or max(0, c - u) (eq. 5).",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "complexity_power",
        2,
        "Power of --complexity, 1 or 2.",
        lower_bound=1,
        upper_bound=2,
        flag_values=values,
    )
    flags.DEFINE(
        parsers.Number(lambda number: number >= 0.0, "of at least 0"),
        "complexity_coefficient",
        10.0,
        "Weight of --complexity beside the task loss, TNN's lambda, at least 0, a "
        "number or a schedule.",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "complexity_weights",
        "macs",
        ("macs", "components"),
        "What a component counts in --complexity: its MACs, or 1 (TNN eq. 4).",
        flag_values=values,
    )
    flags.DEFINE(
        parsers.Number(lambda number: 0.5 < number <= 1.0, "in (0.5, 1]"),
        "reinforce_alpha",
        "linear(0.8, 0.99, end=20)",
        "With --estimator=reinforce: alpha of the modified sigmoid, which keeps "
        "probabilities away from 0 and 1 (TNN A.1), a number or a schedule.",
        flag_values=values,
    )
