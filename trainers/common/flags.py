"""The flags of all training programs, defined once.

Nothing here imports TensorFlow, so that a wrong flag is reported at once.
"""

import operator

from absl import flags

from trainers.common import schedule_text
from trainers.common.schedule_text import HELP

DEPTHS = (20, 32, 56, 110)
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
    _define_gate_losses(flag_values)
    _define_data(flag_values)
    _define_training(flag_values)
    _define_evaluation(flag_values)
    for name, value in defaults.items():
        flag_values.set_default(name, value)


class _Rates(flags.ArgumentParser):
    """Numbers in [0, 1] or schedules of such, separated by commas."""

    syntactic_help = f"numbers in [0, 1], separated by commas; each is {HELP}"

    def parse(self, argument):
        texts = schedule_text.split(argument) if isinstance(argument, str) else argument
        return [self._rate(text) for text in texts]

    def _rate(self, text):
        if schedule_text.is_schedule(text):
            rate, levels = text, schedule_text.levels(text)
        else:
            (rate,) = levels = _numbers(float, [text])
        if not all(0.0 <= level <= 1.0 for level in levels):
            raise ValueError("expected numbers in [0, 1]")
        return rate


class _Coefficient(flags.ArgumentParser):
    """A number from 0 or a schedule of such."""

    syntactic_help = f"at least 0: {HELP}"

    def parse(self, argument):
        if schedule_text.is_schedule(argument):
            coefficient, levels = argument, schedule_text.levels(argument)
        else:
            (coefficient,) = levels = _numbers(float, [argument])
        if not all(0.0 <= level < float("inf") for level in levels):
            raise ValueError("expected a number from 0")
        return coefficient


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
        f"Layers of the CIFAR ResNet, one of {DEPTHS}.",
        flag_values=values,
    )
    flags.register_validator(
        "depth",
        DEPTHS.__contains__,
        f"expected one of {DEPTHS}",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "gate",
        "dependent",
        ("none", "independent", "dependent"),
        "Gates of the residual blocks: none (the dense network), independent of the "
        "image (two logits), or dependent on it (AIG's gate).",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "estimator",
        "gumbel_softmax",
        ESTIMATORS,
        "How decisions are sampled and differentiated in training.",
        flag_values=values,
    )
    flags.DEFINE_float(
        "temperature",
        None,
        "Temperature of the estimator, above 0. Default: 1 for gumbel_softmax and "
        "gumbel_softmax_soft, 2/3 for binary_concrete; the others have none.",
        lower_bound=1e-6,
        flag_values=values,
    )
    flags.DEFINE_bool(
        "zero_init_residual",
        False,
        "Starts the last batch norm of each branch with a scale of zero, so that every "
        "block starts as its shortcut (Goyal et al. 2017).",
        flag_values=values,
    )
    flags.DEFINE_float(
        "initial_open_probability",
        0.87,
        "P(open) of every gate before training, in (0, 1).",
        lower_bound=1e-6,
        upper_bound=1 - 1e-6,
        flag_values=values,
    )
    flags.DEFINE_enum(
        "precision",
        "float32",
        ("float32", "mixed_bfloat16", "mixed_float16"),
        "Keras dtype policy of the network.",
        flag_values=values,
    )


def _define_gate_losses(values):
    flags.DEFINE_enum(
        "gate_loss",
        "per_batch",
        ("none", "per_batch", "per_gate", "macs"),
        "What the decisions should look like: per_batch (PG: the mean over batch and "
        "gates is the target), per_gate (AIG: the mean over the batch of each gate is "
        "its target), macs (CS: executed MACs are the target's share of the dense "
        "network's).",
        flag_values=values,
    )
    flags.DEFINE(
        _Rates(),
        "target",
        "0.6",
        "Target of --gate_loss: one, or with per_gate one for each gate.",
        flag_values=values,
    )
    flags.DEFINE(
        _Coefficient(),
        "coefficient",
        "1.0",
        "Factor of --gate_loss in the total loss.",
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
