"""The settings of a run: the flags' values, checked against each other.

Nothing here imports TensorFlow, so that a wrong flag is reported at once.
"""

import math
import pathlib
import types

from absl import flags as absl_flags

from trainers.common import flags
from trainers.common import networks
from trainers.common.errors import UserError
from trainers.common.flags.throttling import LEARNED
from trainers.common.flags.throttling import NAIVE
from trainers.common.flags.throttling import RECALIBRATED
from trainers.common.flags.throttling import SWITCHABLE


class Settings(types.SimpleNamespace):
    """The value of every flag by name; None where the flag has no effect.

    Attributes:
        given: names of the flags of the command line. It is no value itself: `vars` is
            without it, and it is empty unless `parse` made the settings.
    """

    __slots__ = ("given",)

    def __init__(self, **values):
        super().__init__(**values)
        self.given = frozenset()


def parse(argv, flag_values=absl_flags.FLAGS, awaited=()):
    """Parses the command line of a training program.

    Args:
        argv: the command line, program name included.
        flag_values: where the flags were defined.
        awaited: files that need not be there yet.

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
    if flag_values["evaluate_only"].value:
        # A program's own default: the run may have been another program's.
        flag_values.set_default("gating", None)
    _check_effects(flag_values)
    settings = _settings(flag_values)
    settings.given = frozenset(f.name for f in flags.defined(flag_values) if f.present)
    if not (settings.workdir or settings.preset):
        raise UserError("expected --workdir=DIR, a directory for the results")
    if settings.evaluate_only:
        _check_evaluation(flag_values)
        return settings
    if not settings.preset:
        _check_places(settings)
        _check_files(settings, awaited)
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


def check_evaluation(chosen, of_run):
    """Checks that every flag of an evaluation has an effect on the run.

    Args:
        chosen: `Settings` of the evaluation, as `parse` made them.
        of_run: those of the run.

    Raises:
        UserError: a flag was given that would be ignored.
    """
    throttled = of_run.gating is not None
    run = f"with --gating={of_run.gating}" if throttled else "without --gating"
    for name in _OF_DECISIONS if throttled else _OF_DIALS:
        if name in chosen.given:
            raise UserError(
                f"--{name} has no effect with --evaluate_only of a run {run}: leave it "
                "out"
            )


# What gives a flag an effect: another flag or several, a test of their values, how to
# say it.
_GATES = (
    ("gate", "early_exit"),
    lambda gate, early_exit: gate not in (None, "none") or early_exit,
    "gates (--gate, --early_exit)",
)
_LEARNED = (
    ("gate", "early_exit"),
    lambda gate, early_exit: gate in ("independent", "dependent") or early_exit,
    "gates that learn (--gate=independent or dependent, or --early_exit)",
)
_COMPONENTS = (
    ("gate", "gating"),
    lambda gate, gating: gate in ("independent", "dependent") or gating is not None,
    "gates of blocks that learn (--gate=independent or dependent), or --gating",
)
_SAMPLED = (
    ("gate", "early_exit", "gating"),
    lambda gate, early_exit, gating: _LEARNED[1](gate, early_exit) or gating in LEARNED,
    f"{_LEARNED[2]}, or --gating=blind or contextual",
)
_LEARNED_GATING = (
    "gating",
    lambda gating: gating in LEARNED,
    "a gating function that learns (--gating=blind or contextual)",
)
_TRAINED_DATA_PATH = (
    "data_path",
    lambda path: path is None,
    "a data path that is trained (no --data_path)",
)
_SGD = ("optimizer", lambda optimizer: optimizer == "sgd", "--optimizer=sgd")
_RESTARTS = (
    "schedule",
    lambda schedule: schedule == "cosine_restarts",
    "--schedule=cosine_restarts",
)
_EXITS = ("early_exit", bool, "--early_exit")
_FILTERS = (
    "granularity",
    lambda granularity: granularity == "filters",
    "--granularity=filters",
)
_EVALUATION = ("evaluate_only", bool, "--evaluate_only")
_IMAGES = (
    "dataset",
    lambda name: name == "imagenet2012",
    "--dataset=imagenet2012",
)
_STEP = ("schedule", lambda schedule: schedule == "step", "--schedule=step")
_NEEDS = {
    **networks.NEEDS,
    "gate": ("gating", lambda gating: gating is None, "a network that has no u"),
    "control": (
        "gating",
        lambda gating: gating not in (None, NAIVE),
        "--gating=nested, independent, blind or contextual",
    ),
    "control_per": (
        "control",
        lambda text: text is not None and "constant" not in text,
        "a --control that is drawn",
    ),
    "us": (
        ("gating", "evaluate_only"),
        lambda gating, evaluate_only: gating is not None or evaluate_only,
        "--gating",
    ),
    "batch_norm": ("gating", lambda gating: gating is not None, "--gating"),
    "batch_norm_buckets": (
        "batch_norm",
        lambda batch_norm: batch_norm in (SWITCHABLE, RECALIBRATED),
        "--batch_norm=switchable or recalibrated",
    ),
    "data_path": _LEARNED_GATING,
    "complexity": _LEARNED_GATING,
    "complexity_power": _LEARNED_GATING,
    "complexity_coefficient": _LEARNED_GATING,
    "complexity_weights": _LEARNED_GATING,
    "weights": _TRAINED_DATA_PATH,
    "preprocessing": _TRAINED_DATA_PATH,
    "recalibrate_steps": _TRAINED_DATA_PATH,
    "exit_gate": _EXITS,
    "exit_filters": _EXITS,
    "exit_loss_weight": _EXITS,
    "granularity": _COMPONENTS,
    "places": _FILTERS,
    "filters_per_gate": (
        "granularity",
        lambda granularity: granularity in ("filters", "expansion"),
        "--granularity=filters or expansion",
    ),
    "groups_always_open": _FILTERS,
    "residual": _FILTERS,
    "survival_probability": (
        "gate",
        lambda gate: gate == "stochastic_depth",
        "--gate=stochastic_depth",
    ),
    "gate_loss": _LEARNED,
    "estimator": _SAMPLED,
    "temperature": (
        "estimator",
        lambda estimator: estimator not in (None, "sigmoid", "identity", "reinforce"),
        "an --estimator that has one",
    ),
    "noise_scale": (
        "estimator",
        lambda estimator: estimator not in (None, "reinforce"),
        f"{_SAMPLED[2]}, and an --estimator other than reinforce",
    ),
    "reinforce_alpha": (
        "estimator",
        lambda estimator: estimator == "reinforce",
        "--estimator=reinforce",
    ),
    "initial_open_probability": _SAMPLED,
    "gate_weight_decay": _SAMPLED,
    "stochastic_runs": _GATES,
    "ensemble_runs": _GATES,
    "data_dir": (
        "dataset",
        lambda name: name != "digits",
        "--dataset=cifar10 or imagenet2012",
    ),
    "train_dir": _IMAGES,
    "test_dir": _IMAGES,
    "image_size": _IMAGES,
    "shuffle_buffer": _IMAGES,
    "max_corrupt": _IMAGES,
    "randaugment_layers": _IMAGES,
    "randaugment_magnitude": ("randaugment_layers", bool, "--randaugment_layers"),
    "mixup_alpha": _IMAGES,
    "cutmix_alpha": _IMAGES,
    "label_smoothing": _IMAGES,
    "augmentation": (
        "dataset",
        lambda name: name != "imagenet2012",
        "--dataset=cifar10 or digits",
    ),
    "momentum": _SGD,
    "nesterov": _SGD,
    "warmup_epochs": (
        "schedule",
        lambda schedule: schedule != "cosine_restarts",
        "--schedule=cosine, step or constant",
    ),
    "restart_epochs": _RESTARTS,
    "restart_factor": _RESTARTS,
    "step_epochs": _STEP,
    "step_factor": _STEP,
    "split": _EVALUATION,
    "taus": _EVALUATION,
    "recalibrate_batch_size": ("recalibrate_steps", bool, "--recalibrate_steps"),
}


# What only runs of one kind are evaluated with.
_OF_DECISIONS = ("taus", "stochastic_runs", "ensemble_runs")
_OF_DIALS = ("us",)
# What may stand beside --evaluate_only; all else is the run's own.
_OF_EVALUATION = (
    "workdir",
    "data_dir",
    "train_dir",
    "test_dir",
    "evaluate_only",
    "split",
    *_OF_DECISIONS,
    *_OF_DIALS,
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


def _check_places(settings):
    """Raises UserError if it is not said where the data are."""
    if settings.dataset == "digits" or settings.data_dir:
        return
    if settings.dataset != "imagenet2012":
        raise UserError(
            f"expected --data_dir=DIR, the directory that holds {settings.dataset}/"
        )
    if not (settings.train_dir and settings.test_dir):
        raise UserError(
            "expected --data_dir=DIR, the directory that holds imagenet2012/ or the "
            "folders train/ and val/, or both --train_dir=DIR and --test_dir=DIR"
        )


def _check_files(settings, awaited):
    """Raises UserError if there is no file of the weights to start from."""
    given = {"weights": "imagenet or a file", "data_path": "a file"}
    for name, expected in given.items():
        path = getattr(settings, name)
        if path in (None, networks.IMAGENET, *awaited):
            continue
        if not pathlib.Path(path).expanduser().is_file():
            raise UserError(f"expected --{name} to be {expected}, got {path}")


def _settings(flag_values):
    settings = _values(flag_values)
    for name in _without_effect(settings):
        setattr(settings, name, None)
    networks.complete(settings)
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
    if settings.data_dir and settings.train_dir and settings.test_dir:
        raise UserError(
            "--data_dir has no effect with both --train_dir and --test_dir: leave it "
            "out"
        )


def _values(flag_values):
    return Settings(**{flag.name: flag.value for flag in flags.defined(flag_values)})


def _without_effect(settings):
    """Names of the flags that have no effect, given the values of the others."""
    values = dict(vars(settings))
    for name, (switch, has_effect, _) in _NEEDS.items():
        switches = (switch,) if isinstance(switch, str) else switch
        if not has_effect(*(values[each] for each in switches)):
            values[name] = None
            yield name


def _check_together(settings):
    for name, value in vars(settings).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"expected a finite number for --{name}, got {value}")
    networks.check(settings)
    _check_throttling(settings)
    if settings.momentum == 0.0 and settings.nesterov:
        raise UserError("--nesterov needs a --momentum above 0: add --nonesterov")
    if settings.warmup_epochs and settings.warmup_epochs >= settings.epochs:
        raise UserError(
            f"expected --warmup_epochs below --epochs={settings.epochs}, got "
            f"{settings.warmup_epochs}"
        )
    if settings.step_epochs and settings.warmup_epochs > settings.step_epochs[0]:
        raise UserError(
            "expected --warmup_epochs up to the first of --step_epochs, "
            f"{settings.step_epochs[0]}, got {settings.warmup_epochs}"
        )


def _check_throttling(settings):
    gating = settings.gating
    if settings.estimator == "reinforce" and gating not in LEARNED:
        raise UserError(
            "expected --gating=blind or contextual for --estimator=reinforce, got "
            "gates of blocks"
        )
    if gating is None:
        return
    if settings.early_exit:
        raise UserError(
            f"expected no --early_exit with --gating={gating}: leave it out"
        )
    if gating in LEARNED and settings.data_path is None:
        raise UserError(
            f"expected --data_path=FILE with --gating={gating}, the model.keras of a "
            "run with --gating=independent or nested: what the gating function chooses "
            "from is trained first"
        )
    if settings.batch_norm == SWITCHABLE and settings.control_per == "example":
        raise UserError(
            "expected --control_per=batch with --batch_norm=switchable, whose sets "
            "of statistics are of one u each, got example"
        )
    if settings.batch_norm == SWITCHABLE and settings.recalibrate_steps:
        raise UserError(
            "expected --recalibrate_steps=0 with --batch_norm=switchable, whose sets "
            "of statistics one estimation for every u would mix, got "
            f"{settings.recalibrate_steps}"
        )
    if settings.batch_norm == RECALIBRATED and not settings.recalibrate_steps:
        raise UserError(
            "expected --recalibrate_steps, and no --data_path, with "
            "--batch_norm=recalibrated"
        )
