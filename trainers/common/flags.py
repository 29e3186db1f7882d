"""The flags of all training programs, defined once.

Nothing here imports TensorFlow, so that a wrong flag is reported at once.
"""

import operator

from absl import flags

from trainers.common import expressions

GRANULARITIES = (
    "block",
    "bas",
    "cs-cifar-8",
    "cs-cifar-4",
    "cs-cifar-2",
    "cs-cifar-1",
    "cs-low",
    "cs-medium",
    "filters",
)
PLACES = ("input", "inner", "output", "shortcut")
DATASETS = ("cifar10", "digits")
ESTIMATORS = (
    "gumbel_softmax",
    "gumbel_softmax_soft",
    "binary_concrete",
    "sigmoid",
    "identity",
)


def define(flag_values=flags.FLAGS, **defaults):
    """Defines the flags.

    Args:
        flag_values: where to define them.
        **defaults: a program's own defaults, by flag name.
    """
    _define_files(flag_values)
    _define_network(flag_values)
    _define_gates(flag_values)
    _define_gate_losses(flag_values)
    _define_data(flag_values)
    _define_training(flag_values)
    _define_evaluation(flag_values)
    for name, value in defaults.items():
        flag_values.set_default(name, value)


class _GateLosses(flags.ArgumentParser):
    """Gate losses, as `expressions` reads them."""

    syntactic_help = expressions.LOSS_HELP

    def parse(self, argument):
        expressions.parse_losses(argument)
        return argument


class _Number(flags.ArgumentParser):
    """A number or a schedule, as `expressions` reads them.

    Args:
        allowed: function that tells whether a number is.
        expected: what it expects, such as "above 0".
    """

    syntactic_help = expressions.SCHEDULE_HELP

    def __init__(self, allowed, expected):
        super().__init__()
        self._allowed = allowed
        self._expected = expected

    def parse(self, argument):
        parsed = expressions.parse_number(argument)
        if isinstance(parsed, expressions.Call):
            return argument
        if not self._allowed(parsed):
            raise ValueError(f"expected a number {self._expected}")
        return parsed


class _Taus(flags.ArgumentParser):
    """Numbers in (0, 1), separated by commas."""

    syntactic_help = "numbers in (0, 1), separated by commas"

    def parse(self, argument):
        taus = _numbers(float, argument)
        if not all(0.0 < tau < 1.0 for tau in taus):
            raise ValueError(f"expected {self.syntactic_help}")
        return taus


class _Places(flags.ArgumentParser):
    """Names of places, separated by commas."""

    syntactic_help = f"some of {', '.join(PLACES)}, separated by commas"

    def parse(self, argument):
        places = argument.split(",") if isinstance(argument, str) else argument
        if not set(places) <= set(PLACES) or len(set(places)) < len(places):
            raise ValueError(f"expected {self.syntactic_help}")
        return places


class _Counts(flags.ArgumentParser):
    """Whole numbers from 1, separated by commas."""

    syntactic_help = "whole numbers from 1, separated by commas"

    def parse(self, argument):
        counts = _numbers(int, argument)
        if min(counts) < 1:
            raise ValueError(f"expected {self.syntactic_help}")
        return counts


class _Epochs(flags.ArgumentParser):
    """Increasing whole numbers from 1, separated by commas."""

    syntactic_help = "increasing whole numbers from 1, separated by commas"

    def parse(self, argument):
        epochs = _numbers(int, argument)
        if epochs[0] < 1 or any(map(operator.ge, epochs, epochs[1:])):
            raise ValueError(f"expected {self.syntactic_help}")
        return epochs


def _define_files(values):
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
        "Directory of TFDS data sets (it holds cifar10/). Nothing is downloaded.",
        flag_values=values,
    )


def _define_network(values):
    flags.DEFINE_integer(
        "depth",
        20,
        "Layers of the CIFAR ResNet: 6 n + 2, such as 20, 32, 56 or 110; with "
        "--block=bottleneck 9 n + 2, such as 29, 56, 110 or 164.",
        lower_bound=8,
        flag_values=values,
    )
    flags.DEFINE_enum(
        "block",
        "basic",
        ("basic", "bottleneck"),
        "Residual blocks of two 3x3 convolutions, or of 1x1, 3x3 and 1x1.",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "shortcut",
        "identity",
        ("identity", "projection"),
        "Shortcuts where the size changes: without parameters (option A of He et al. "
        "2016), or a 1x1 convolution (option B).",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "width",
        1,
        "Factor on the filters between the convolutions of each block (BAS 5.1: 10 and "
        "20).",
        lower_bound=1,
        flag_values=values,
    )
    flags.DEFINE_bool(
        "zero_init_residual",
        False,
        "Starts the last batch norm of each branch with a scale of zero, so that every "
        "block starts as its shortcut (Goyal et al. 2017).",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "precision",
        "float32",
        ("float32", "mixed_bfloat16", "mixed_float16"),
        "Keras dtype policy of the network.",
        flag_values=values,
    )


def _define_gates(values):
    flags.DEFINE_enum(
        "gate",
        "dependent",
        ("none", "independent", "dependent", "stochastic_depth"),
        "Gates of the residual blocks: none (the dense network), independent of the "
        "image (two logits), dependent on it (AIG's gate), or stochastic_depth (fixed "
        "probabilities that fall with depth, Huang et al. 2016).",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "granularity",
        "block",
        GRANULARITIES,
        "What a gate switches: block, a whole residual branch; bas, each inner filter "
        "(BAS eq. 4); cs-..., groups of filters at all places of a block (CS), N of "
        "them a gate in cs-cifar-N; filters, as --places and the flags after it say.",
        flag_values=values,
    )
    flags.DEFINE(
        _Places(),
        "places",
        "inner",
        "With --granularity=filters: the gated places of each block.",
        flag_values=values,
    )
    flags.DEFINE(
        _Counts(),
        "filters_per_gate",
        "1",
        "With --granularity=filters: filters that share a gate, one number, or one for "
        "each of the three stages.",
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
        "How decisions are sampled and differentiated in training.",
        flag_values=values,
    )
    flags.DEFINE(
        _Number(lambda number: number > 0.0, "above 0"),
        "temperature",
        None,
        "Temperature of the estimator, above 0, a number or a schedule. Default: 1 for "
        "gumbel_softmax and gumbel_softmax_soft, 2/3 for binary_concrete; the others "
        "have none.",
        flag_values=values,
    )
    flags.DEFINE(
        _Number(lambda number: number >= 0.0, "of at least 0"),
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
        "cs-... granularity, else 0.87.",
        lower_bound=1e-6,
        upper_bound=1 - 1e-6,
        flag_values=values,
    )


def _define_gate_losses(values):
    flags.DEFINE(
        _GateLosses(),
        "gate_loss",
        "per_batch(0.6)",
        "What the decisions should look like: per_batch (PG: the mean over batch and "
        "gates is the target), per_gate (AIG: the mean over the batch of each gate is "
        "its target), const_quad (PG S2.2: no penalty below the target), macs (CS: "
        "executed MACs are the target's share of the dense network's), batch_shaping "
        "(BAS: the probabilities of each gate follow a prior), l0 (BAS: few gates "
        "open), polarization (probabilities near 0 and 1). A target or coefficient is "
        f"{expressions.SCHEDULE_HELP}. A prior is one of "
        f"{', '.join(expressions.PRIORS)}.",
        flag_values=values,
    )


def _define_data(values):
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


def _define_training(values):
    flags.DEFINE_integer(
        "epochs", 15, "Passes over the training set.", 1, flag_values=values
    )
    flags.DEFINE_integer(
        "batch_size", 128, "Images in a training step.", 1, flag_values=values
    )
    flags.DEFINE_float(
        "learning_rate", 0.1, "Highest learning rate.", 0.0, flag_values=values
    )
    flags.DEFINE_enum(
        "schedule",
        "cosine",
        ("cosine", "step"),
        "Learning rate over steps: one cosine cycle down to 0, or a division at "
        "--step_epochs.",
        flag_values=values,
    )
    flags.DEFINE_float(
        "warmup_epochs",
        0.0,
        "With --schedule=cosine: epochs of linear warm-up from 0, part of --epochs.",
        lower_bound=0.0,
        flag_values=values,
    )
    flags.DEFINE(
        _Epochs(),
        "step_epochs",
        "150,250",
        "With --schedule=step: epochs after which the learning rate falls.",
        flag_values=values,
    )
    flags.DEFINE_float(
        "step_factor",
        0.1,
        "With --schedule=step: factor of the learning rate at each of --step_epochs.",
        lower_bound=0.0,
        flag_values=values,
    )
    flags.DEFINE_float(
        "momentum",
        0.9,
        "Momentum of SGD, from 0 and below 1.",
        lower_bound=0.0,
        upper_bound=1 - 1e-6,
        flag_values=values,
    )
    flags.DEFINE_bool("nesterov", True, "Nesterov's momentum.", flag_values=values)
    flags.DEFINE_float(
        "weight_decay",
        1e-4,
        "L2 coefficient added to the gradients (coupled, as in the papers).",
        lower_bound=0.0,
        flag_values=values,
    )
    flags.DEFINE_string(
        "gate_weight_decay",
        "scaled",
        "Weight decay of the gates' parameters: 'scaled' (20 / number of gates x "
        "--weight_decay, CS 3.2), 'same' (--weight_decay), or a number from 0.",
        flag_values=values,
    )
    flags.register_validator(
        "gate_weight_decay",
        lambda rule: rule in ("scaled", "same") or _is_number(rule),
        "expected 'scaled', 'same' or a number from 0",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "seed",
        0,
        "Root of all randomness: initial weights, order, augmentation, gate noise.",
        lower_bound=0,
        flag_values=values,
    )
    flags.DEFINE_bool(
        "deterministic",
        False,
        "Use deterministic operations only: the same command gives the same weights "
        "bit for bit, interrupted or not. Slower.",
        flag_values=values,
    )


def _define_evaluation(values):
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
        _Taus(),
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


def _numbers(kind, argument):
    """The numbers in a flag's text; a list of numbers, a default, stays as it is."""
    if isinstance(argument, str):
        argument = argument.split(",")
    try:
        return [kind(number) for number in argument]
    except ValueError:
        raise ValueError("expected numbers, separated by commas") from None


def _is_number(text):
    try:
        return 0.0 <= float(text) < float("inf")
    except ValueError:
        return False
