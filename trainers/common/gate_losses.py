"""Gate losses and schedules from what flags say of them."""

import tfgate
from tfgate import losses
from tfgate import priors
from tfgate import schedules
from trainers.common import expressions

_TIMED = {  # what takes the number of steps in an epoch
    "anneal": schedules.StepAnneal,
    "linear": schedules.Linear,
    "cosine": schedules.Cosine,
    "piecewise": schedules.Piecewise,
    "variable": losses.VariableTarget,
}
_UNTIMED = {
    "beta": priors.Beta,
    "symmetric_beta": priors.SymmetricBeta,
    "relaxed_bernoulli": priors.RelaxedBernoulli,
    "normal": priors.Normal,
    "uniform": priors.Uniform,
    "per_batch": tfgate.PerBatch,
    "per_gate": tfgate.PerGate,
    "const_quad": tfgate.ConstQuad,
    "macs": tfgate.Macs,
    "batch_shaping": tfgate.BatchShaping,
    "l0": tfgate.L0,
    "polarization": tfgate.Polarization,
}


def build(text, steps_per_epoch):
    """Builds the gate losses that a flag names.

    Args:
        text: such as `batch_shaping(beta(0.6, 0.4)) + l0(0.01)`, or `none`.
        steps_per_epoch: training steps in an epoch: times in a flag are epochs.

    Returns:
        List of `tfgate.GateLoss`.

    Raises:
        ValueError: the text is something else, or a number is out of its range.
    """
    calls = expressions.parse_losses(text)
    return [_make(call, steps_per_epoch) for call in calls]


def number(value, steps_per_epoch):
    """Builds a number, or the schedule over epochs that a flag names.

    Args:
        value: a number, or text such as `linear(1, 0.6, end=8)`.
        steps_per_epoch: training steps in an epoch.

    Returns:
        float or `tfgate.schedules.Schedule`.

    Raises:
        ValueError: the text is something else, or a number is out of its range.
    """
    return _make(expressions.parse_number(value), steps_per_epoch)


def _make(value, steps_per_epoch):
    if isinstance(value, list):
        return [_make(item, steps_per_epoch) for item in value]
    if not isinstance(value, expressions.Call):
        return value
    arguments = {
        name: _make(argument, steps_per_epoch)
        for name, argument in value.arguments.items()
    }
    if value.name in _TIMED:
        return _TIMED[value.name](**arguments, steps_per_epoch=steps_per_epoch)
    return _UNTIMED[value.name](**arguments)
