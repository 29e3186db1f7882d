"""Numbers that change while a run trains, as curves over its epochs."""

import dataclasses
import numbers

import numpy as np
import tensorflow as tf

from tfgate.losses import VariableTarget
from tfgate.schedules import Schedule
from trainers.common import expressions
from trainers.common import schedules

# Kinds of curves, each of which has an axis of its own.
LEARNING_RATE = "learning rate"
TARGET = "target"
COEFFICIENT = "coefficient"
SAMPLING = "sampling"
CONTROL = "control"
_DIGITS = 7  # those of float32


@dataclasses.dataclass(frozen=True)
class Curve:
    """One number over the steps of a run.

    Attributes:
        name: such as `per_batch.target`.
        kind: one of the kinds above.
        number: a float, or what gives the number after so many training steps: the
            very object that the run uses.
    """

    name: str
    kind: str
    number: object

    @property
    def follows_batches(self):
        """Whether the number depends on the batches, too, and is known at first only.

        It is that of the beginning of every epoch, then.
        """
        return isinstance(self.number, VariableTarget)

    def at(self, steps):
        """The number after each of some numbers of training steps, float64."""
        steps = np.asarray(steps, "int64")
        if callable(self.number):
            values = _evaluate(self.number, tf.constant(steps)).numpy()
        else:
            values = np.full(steps.shape, self.number, "float64")
        return _without_noise(values)


def collect(settings, model, steps_per_epoch):
    """Collects the curves of a run: all its numbers that may change.

    Args:
        settings: `trainers.common.settings.Settings`.
        model: the network, compiled.
        steps_per_epoch: training steps in an epoch.

    Returns:
        List of `Curve`.
    """
    rate = schedules.learning_rate(settings, steps_per_epoch)
    return [
        Curve("learning_rate", LEARNING_RATE, rate),
        *_of_losses(settings, model),
        *_of_sampling(settings, model),
        *_of_control(settings, model),
    ]


def _evaluate(number, steps):
    """Calls a schedule, which takes one step, for many."""

    def evaluate(steps):
        return tf.map_fn(
            lambda step: tf.cast(number(step), tf.float32),
            steps,
            fn_output_signature=tf.float32,
        )

    # One graph for all steps: an eager call for each would take seconds.
    signature = tf.TensorSpec([None], tf.int64)
    return tf.function(evaluate).get_concrete_function(signature)(steps)


def _without_noise(values):
    """The decimal numbers that float32 numbers stand for."""
    least = 10.0**-_DIGITS * np.max(np.abs(values))
    values = np.where(np.abs(values) > least, values, 0.0)
    return np.array([float(f"{value:.{_DIGITS}g}") for value in values])


def _of_losses(settings, model):
    if settings.complexity is not None:
        (loss,) = model.gate_losses
        yield Curve("complexity.coefficient", COEFFICIENT, loss.coefficient)
        return
    calls = expressions.parse_losses(settings.gate_loss or "none")
    names = [call.name for call in calls]
    for index, call in enumerate(calls):
        loss, prefix = model.gate_losses[index], call.name
        if names.count(call.name) > 1:
            prefix += f"_{names[: index + 1].count(call.name)}"
        for argument in expressions.LOSSES[call.name].split():
            argument = argument.strip("[]")
            kind = COEFFICIENT if argument == "coefficient" else TARGET
            value = getattr(loss, argument)
            if isinstance(value, list | tuple):
                for place, item in enumerate(value):
                    yield Curve(f"{prefix}.{argument}[{place}]", kind, item)
            elif _is_number(value):
                yield Curve(f"{prefix}.{argument}", kind, value)


def _of_sampling(settings, model):
    if settings.estimator is None:  # nothing is learned
        return
    decider = model.gates[-1] if settings.gating is None else model.gating
    estimator = decider.estimator
    for name in ("temperature", "noise_scale", "alpha"):
        value = getattr(estimator, name, None)
        if _is_number(value):
            yield Curve(name, SAMPLING, value)


def _of_control(settings, model):
    if settings.control is None:
        return
    distribution = model.dial.distribution
    for name in ("low", "high", "u"):
        value = getattr(distribution, name, None)
        if _is_number(value):
            yield Curve(f"u.{name}" if name != "u" else "u", CONTROL, value)


def _is_number(value):
    if isinstance(value, Schedule | VariableTarget):
        return True
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
