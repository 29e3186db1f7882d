"""Flags of the gates."""

from absl import flags

from trainers.common import networks
from trainers.common.flags import parsers

ESTIMATORS = (
    "gumbel_softmax",
    "gumbel_softmax_soft",
    "binary_concrete",
    "concrete",
    "sigmoid",
    "identity",
    "reinforce",
)


def define(values):
    """Defines the flags of this group."""
    flags.DEFINE_enum(
        "gate",
        "dependent",
        ("none", "independent", "dependent", "stochastic_depth"),
        "Gates of the blocks, where there is no --gating: none (the dense network), "
        "independent of the image (two logits), dependent on it (AIG's gate), or "
        "stochastic_depth (fixed probabilities that fall with depth, Huang et al. "
        "2016).",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "granularity",
        None,
        networks.GRANULARITIES,
        "What a gate switches: block, a whole residual branch, or a layer of a "
        "DenseNet; bas, each inner filter (BAS eq. 4); cs-..., groups of filters at "
        "all places of a block (CS), N of them a gate in cs-cifar-N, while cs-low and "
        "cs-medium are for the four stages of ImageNet's ResNets; groups, each path of "
        "a ResNeXt's block, or 16 groups of filters of each layer of a VGG (TNN); "
        "expansion, filters between the convolutions of mobilenet_v2's blocks; "
        "filters, as --places and the flags after it say. Default: block, for VGGs "
        "groups; with --gating groups for ResNeXts, too.",
        flag_values=values,
    )
    flags.DEFINE(
        parsers.Places(),
        "places",
        "inner",
        "With --granularity=filters: the gated places of each block.",
        flag_values=values,
    )
    flags.DEFINE(
        parsers.Counts(),
        "filters_per_gate",
        None,
        "With --granularity=filters or expansion: filters that share a gate, one "
        "number, or one for each stage of the network. Default: 1, for expansion 8.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "groups_always_open",
        0,
        "With --granularity=filters: groups at each place that have no gate.",
        lower_bound=0,
        flag_values=values,
    )
    flags.DEFINE_bool(
        "residual",
        True,
        "With --granularity=filters: whether blocks add their shortcuts (PG S2.3 tries "
        "both).",
        flag_values=values,
    )
    flags.DEFINE_float(
        "survival_probability",
        0.5,
        "With --gate=stochastic_depth: P(open) of the last block, in (0, 1]; those of "
        "the others rise linearly towards the first.",
        lower_bound=1e-6,
        upper_bound=1.0,
        flag_values=values,
    )
    flags.DEFINE_enum(
        "estimator",
        "gumbel_softmax",
        ESTIMATORS,
        "How decisions are sampled and differentiated in training. concrete is "
        "binary_concrete with soft decisions (TNN); reinforce, the score function with "
        "a baseline, is for --gating=blind or contextual.",
        flag_values=values,
    )
    flags.DEFINE(
        parsers.Number(lambda number: number > 0.0, "above 0"),
        "temperature",
        None,
        "Temperature of the estimator, above 0, a number or a schedule. Default: 1 for "
        "gumbel_softmax and gumbel_softmax_soft, 2/3 for binary_concrete, 0.1 for "
        "concrete; the others have none.",
        flag_values=values,
    )
    flags.DEFINE(
        parsers.Number(lambda number: number >= 0.0, "of at least 0"),
        "noise_scale",
        1.0,
        "Factor on the noise of the estimator, at least 0, a number or a schedule: 1 "
        "samples decisions, 0 makes those of the threshold 0.5.",
        flag_values=values,
    )
    flags.DEFINE_float(
        "initial_open_probability",
        None,
        "P(open) of every gate before training, in (0, 1). Default: 0.98 with a "
        "cs-... granularity, 0.5 with --gating=blind or contextual, else 0.87.",
        lower_bound=1e-6,
        upper_bound=1 - 1e-6,
        flag_values=values,
    )
