"""The gates of a run's network: arguments of its application, from the settings."""

import tfgate
from trainers.common import gate_losses
from trainers.common import networks

_ESTIMATORS = {
    "gumbel_softmax": tfgate.estimators.GumbelSoftmax,
    "gumbel_softmax_soft": lambda **arguments: tfgate.estimators.GumbelSoftmax(
        hard=False, **arguments
    ),
    "binary_concrete": tfgate.estimators.BinaryConcrete,
    "concrete": lambda **arguments: tfgate.estimators.BinaryConcrete(
        hard=False,
        **{"temperature": 0.1, **arguments},  # TNN A.1
    ),
    "sigmoid": tfgate.estimators.SigmoidStraightThrough,
    "identity": tfgate.estimators.IdentityStraightThrough,
    "reinforce": tfgate.throttling.ScoreFunction,
}
_OF_EXITS = {"exit": tfgate.ExitGate, "dependent": tfgate.DependentGate}


def arguments(settings, steps):
    """The arguments of a function of `tfgate.applications` that are about gates.

    Args:
        settings: `trainers.common.settings.Settings`.
        steps: training steps in an epoch.

    Returns:
        dict, argument -> value; empty without gates.

    Raises:
        ValueError: a number is out of its range, or the numbers do not fit together.
    """
    chosen = {}
    if settings.gating is not None:
        # What they switch is all that is left of them.
        return {"gate": "independent", "seed": settings.seed, **_granularity(settings)}
    if settings.early_exit:
        chosen["early_exit"] = _early_exits(settings)
    if settings.gate == "stochastic_depth":
        return {
            "gate": settings.gate,
            "granularity": networks.BLOCK,
            "survival_probability": settings.survival_probability,
            "seed": settings.seed,
        }
    if settings.gate != "none":
        chosen["gate"] = settings.gate
        chosen["initial_open_probability"] = settings.initial_open_probability
        chosen |= _granularity(settings)
    if chosen:
        chosen["estimator"] = estimator(settings, steps)
        chosen["seed"] = settings.seed
    return chosen


def estimator(settings, steps):
    """The estimator of all gates, or of a gating function that learns.

    Args:
        settings: `trainers.common.settings.Settings`.
        steps: training steps in an epoch.

    Returns:
        `tfgate.estimators.Estimator`.

    Raises:
        ValueError: a number is out of its range.
    """
    numbers = {
        "noise_scale": settings.noise_scale,
        "temperature": settings.temperature,
        "alpha": settings.reinforce_alpha,
    }
    sampling = {
        name: gate_losses.number(value, steps)
        for name, value in numbers.items()
        if value is not None
    }
    return _ESTIMATORS[settings.estimator](**sampling)


def _granularity(settings):
    if settings.granularity == networks.EXPANSION:
        sizes = _sizes(settings)
        return {"granularity": networks.EXPANSION, "filters_per_gate": sizes}
    if settings.granularity != networks.FILTERS:
        return {"granularity": settings.granularity}
    gating = tfgate.applications.FilterGating(
        tuple(settings.places),
        _sizes(settings),
        settings.groups_always_open,
        settings.residual,
    )
    return {"granularity": gating}


def _sizes(settings):
    sizes = settings.filters_per_gate
    return sizes[0] if len(sizes) == 1 else tuple(sizes)


def _early_exits(settings):
    probability = settings.initial_open_probability
    return tfgate.applications.EarlyExits(
        _OF_EXITS[settings.exit_gate],
        {} if probability is None else {"initial_open_probability": probability},
        settings.exit_filters,
        settings.exit_loss_weight,
    )
