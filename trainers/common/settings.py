"""The settings of a run: the flags' values, checked against each other.

Nothing here imports TensorFlow, so that a wrong flag is reported at once.
"""

import math
import types

from absl import flags as absl_flags

from trainers.common import flags
from trainers.common.errors import UserError


class Settings(types.SimpleNamespace):
    """The value of every flag by name; None where the flag has no effect."""


def parse(argv, flag_values=absl_flags.FLAGS):
    """Parses the command line of a training program.

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
    _check_effects(flag_values)
    settings = _settings(flag_values)
    if not settings.workdir:
        raise UserError("expected --workdir=DIR, a directory for the results")
    if settings.evaluate_only:
        _check_evaluation(flag_values)
        return settings
    if settings.dataset != "digits" and not settings.data_dir:
        raise UserError("expected --data_dir=DIR, the directory that holds cifar10/")
    return settings


def make(**values):
    """Makes settings in code: the flags' defaults but for the values given.

    Args:
        **values: flag name -> value. Those without effect become None.

    Returns:
        `Settings`.

    Raises:
        UserError: values do not fit together.
        absl.flags.Error: an unknown flag, or a value out of its range.
    """
    flag_values = absl_flags.FlagValues()
    flags.define(flag_values)
    flag_values(["make", *(f"--{name}={value}" for name, value in values.items())])
    return _settings(flag_values)


# What gives a flag an effect: another flag, a test of its value, how to say it.
_GATES = ("gate", lambda gate: gate != "none", "gates (--gate)")
_LEARNED = (
    "gate",
    lambda gate: gate not in ("none", "stochastic_depth"),
    "gates that learn (--gate=independent or dependent)",
)
_FILTERS = (
    "granularity",
    lambda granularity: granularity == "filters",
    "--granularity=filters",
)
_EVALUATION = ("evaluate_only", bool, "--evaluate_only")
_STEP = ("schedule", lambda schedule: schedule == "step", "--schedule=step")
_NEEDS = {
    "granularity": _LEARNED,
    "places": _FILTERS,
    "filters_per_gate": _FILTERS,
    "groups_always_open": _FILTERS,
    "residual": _FILTERS,
    "survival_probability": (
        "gate",
        lambda gate: gate == "stochastic_depth",
        "--gate=stochastic_depth",
    ),
    "gate_loss": _LEARNED,
    "estimator": _LEARNED,
    "temperature": (
        "estimator",
        lambda estimator: estimator not in (None, "sigmoid", "identity"),
        "an --estimator that has one",
    ),
    "noise_scale": _LEARNED,
    "initial_open_probability": _LEARNED,
    "gate_weight_decay": _LEARNED,
    "stochastic_runs": _GATES,
    "ensemble_runs": _GATES,
    "data_dir": ("dataset", lambda name: name != "digits", "--dataset=cifar10"),
    "warmup_epochs": (
        "schedule",
        lambda schedule: schedule == "cosine",
        "--schedule=cosine",
    ),
    "step_epochs": _STEP,
    "step_factor": _STEP,
    "split": _EVALUATION,
    "taus": _EVALUATION,
    "recalibrate_batch_size": ("recalibrate_steps", bool, "--recalibrate_steps"),
}


# What may stand beside --evaluate_only; all else is the run's own.
_OF_EVALUATION = (
    "workdir",
    "data_dir",
    "evaluate_only",
    "split",
    "taus",
    "stochastic_runs",
    "ensemble_runs",
    "evaluation_batch_size",
)


def _check_evaluation(flag_values):
    """Raises UserError if a flag of the run is given again."""
    for name in vars(_values(flag_values)):
        if flag_values[name].present and name not in _OF_EVALUATION:
            raise UserError(
                f"--{name} has no effect with --evaluate_only, which takes the flags "
                "of the run in --workdir: leave it out"
            )


def _settings(flag_values):
    settings = _values(flag_values)
    for name in _without_effect(settings):
        setattr(settings, name, None)
    _check_together(settings)
    return settings


def _check_effects(flag_values):
    """Raises UserError if a flag was given that would be ignored."""
    settings = _values(flag_values)
    for name in _without_effect(settings):
        given = flag_values[name].present and getattr(settings, name) != "none"
        if given:
            _, _, needed = _NEEDS[name]
            raise UserError(f"--{name} has no effect without {needed}: leave it out")


def _values(flag_values):
    names = [flag.name for flag in flag_values.get_flags_for_module(flags.__name__)]
    return Settings(**{name: flag_values[name].value for name in names})


def _without_effect(settings):
    """Names of the flags that have no effect, given the values of the others."""
    values = dict(vars(settings))
    for name, (switch, has_effect, _) in _NEEDS.items():
        if not has_effect(values[switch]):
            values[name] = None
            yield name


def _check_together(settings):
    for name, value in vars(settings).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"expected a finite number for --{name}, got {value}")
    unit = {"basic": 6, "bottleneck": 9}[settings.block]
    if settings.depth < unit + 2 or (settings.depth - 2) % unit:
        raise UserError(
            f"expected --depth={unit} n + 2 for --block={settings.block}, got "
            f"{settings.depth}"
        )
    if settings.momentum == 0.0 and settings.nesterov:
        raise UserError("--nesterov needs a --momentum above 0: add --nonesterov")
    if settings.warmup_epochs and settings.warmup_epochs >= settings.epochs:
        raise UserError(
            f"expected --warmup_epochs below --epochs={settings.epochs}, got "
            f"{settings.warmup_epochs}"
        )
