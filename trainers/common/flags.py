"""The flags of all training programs, defined once, and their values checked.

Nothing here imports TensorFlow, so that a wrong flag is reported at once.
"""

import math
import types

from absl import flags

from trainers.common.errors import UserError

DEPTHS = (20, 32, 56, 110)
DATASETS = ("cifar10", "digits")
ESTIMATORS = (
    "gumbel_softmax",
    "gumbel_softmax_soft",
    "binary_concrete",
    "sigmoid",
    "identity",
)


class Settings(types.SimpleNamespace):
    """The value of every flag by name; None where the flag has no effect."""


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


def parse(argv, flag_values=flags.FLAGS):
    """Parses a command line.

    Args:
        argv: the command line, program name included.
        flag_values: where the flags were defined.

    Returns:
        `Settings`.

    Raises:
        UserError: values do not fit together, or a flag was given that would have no
            effect.
        absl.flags.Error: an unknown flag, or a value out of its range.
    """
    rest = flag_values(argv)[1:]
    if rest:
        raise UserError(f"expected flags only (--name=value), got {rest[0]!r}")
    names = [flag.name for flag in flag_values.get_flags_for_module(__name__)]
    settings = Settings(**{name: flag_values[name].value for name in names})
    _drop_without_effect(settings, flag_values)
    _check_together(settings)
    return settings


def _define_files(values):
    flags.DEFINE_string(
        "workdir",
        None,
        "Directory of this run: checkpoints, metrics, plots, model.keras, results.json. "
        "Created if missing; a run that was interrupted continues from it.",
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
    flags.DEFINE_list(
        "target",
        "0.6",
        "Target of --gate_loss in [0, 1]: one number, or with per_gate one for each "
        "gate, separated by commas.",
        flag_values=values,
    )
    flags.register_validator(
        "target",
        _are_rates,
        "expected numbers in [0, 1]",
        flag_values=values,
    )
    flags.DEFINE_float(
        "coefficient",
        1.0,
        "Factor of --gate_loss in the total loss.",
        lower_bound=0.0,
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
    flags.DEFINE_list(
        "step_epochs",
        "150,250",
        "With --schedule=step: epochs after which the learning rate falls, increasing, "
        "separated by commas.",
        flag_values=values,
    )
    flags.register_validator(
        "step_epochs",
        _are_increasing_integers,
        "expected increasing whole numbers from 1",
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


_NEEDS = {  # flag: (the flag that gives it an effect, values of that flag, how to say)
    "gate_loss": ("gate", lambda v: v != "none", "gates (--gate)"),
    "estimator": ("gate", lambda v: v != "none", "gates (--gate)"),
    "temperature": (
        "estimator",
        lambda v: v and v not in ("sigmoid", "identity"),
        "an --estimator that has one",
    ),
    "initial_open_probability": ("gate", lambda v: v != "none", "gates (--gate)"),
    "gate_weight_decay": ("gate", lambda v: v != "none", "gates (--gate)"),
    "stochastic_runs": ("gate", lambda v: v != "none", "gates (--gate)"),
    "ensemble_runs": ("gate", lambda v: v != "none", "gates (--gate)"),
    "target": ("gate_loss", lambda v: v not in (None, "none"), "a --gate_loss"),
    "coefficient": ("gate_loss", lambda v: v not in (None, "none"), "a --gate_loss"),
    "data_dir": ("dataset", lambda v: v != "digits", "another --dataset than digits"),
    "warmup_epochs": ("schedule", lambda v: v == "cosine", "--schedule=cosine"),
    "step_epochs": ("schedule", lambda v: v == "step", "--schedule=step"),
    "step_factor": ("schedule", lambda v: v == "step", "--schedule=step"),
    "recalibrate_batch_size": ("recalibrate_steps", bool, "--recalibrate_steps"),
}


def _drop_without_effect(settings, flag_values):
    for name, (switch, has_effect, needed) in _NEEDS.items():
        if has_effect(getattr(settings, switch)):
            continue
        harmless = name == "gate_loss" and settings.gate_loss == "none"
        if flag_values[name].present and not harmless:
            raise UserError(f"--{name} has no effect without {needed}: leave it out")
        setattr(settings, name, None)


def _check_together(settings):
    for name, value in vars(settings).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"expected a finite number for --{name}, got {value}")
    if not settings.workdir:
        raise UserError("expected --workdir=DIR, a directory for the results")
    if settings.dataset != "digits" and not settings.data_dir:
        raise UserError("expected --data_dir=DIR, the directory that holds cifar10/")
    if settings.momentum == 0.0 and settings.nesterov:
        raise UserError("--nesterov needs a --momentum above 0: add --nonesterov")
    if settings.warmup_epochs and settings.warmup_epochs >= settings.epochs:
        raise UserError(
            f"expected --warmup_epochs below --epochs={settings.epochs}, got "
            f"{settings.warmup_epochs}"
        )
    if settings.step_epochs is not None:
        settings.step_epochs = [int(epoch) for epoch in settings.step_epochs]
    if settings.target is not None:
        settings.target = [float(target) for target in settings.target]
        _check_target(settings)


def _check_target(settings):
    gates = (settings.depth - 2) // 2
    expected = (1, gates) if settings.gate_loss == "per_gate" else (1,)
    if len(settings.target) not in expected:
        raise UserError(
            f"expected {' or '.join(map(str, expected))} number(s) in --target for "
            f"--gate_loss={settings.gate_loss} and --depth={settings.depth}, got "
            f"{len(settings.target)}"
        )


def _are_rates(values):
    try:
        return bool(values) and all(0.0 <= float(value) <= 1.0 for value in values)
    except ValueError:
        return False


def _are_increasing_integers(values):
    if not values or not all(value.strip().isdecimal() for value in values):
        return False
    numbers = [0, *map(int, values)]
    return all(low < high for low, high in zip(numbers, numbers[1:], strict=False))


def _is_number(text):
    try:
        return 0.0 <= float(text) < float("inf")
    except ValueError:
        return False
