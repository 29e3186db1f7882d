"""Gate losses, schedules and distributions of u from what flags say of them."""

import tfgate
from tfgate import losses
from tfgate import priors
from tfgate import schedules
from tfgate import throttling
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
_CONTROLS = {
    "uniform": throttling.UniformControl,
    "beta": throttling.BetaControl,
    "constant": throttling.ConstantControl,
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


def control(text, per, steps_per_epoch):
    """Builds the distribution of u that a flag names.

    Args:
        text: such as `uniform(0, 1)`.
        per: `"example"` or `"batch"`; without effect on a constant.
        steps_per_epoch: training steps in an epoch.

    Returns:
        `tfgate.throttling.ControlDistribution`.

    Raises:
        ValueError: the text is something else, or a number is out of its range.
    """
    call = expressions.parse_control(text)
    arguments = {
        name: _make(value, steps_per_epoch) for name, value in call.arguments.items()
    }
    if call.name != "constant":
        arguments["per"] = per
    return _CONTROLS[call.name](**arguments)


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
