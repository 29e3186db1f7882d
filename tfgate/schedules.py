"""Schedules: numbers that change while training.

A schedule stands wherever a gate loss takes a target or a coefficient. It is a pure
function of the number of training steps so far, `optimizer.iterations`, which every
checkpoint holds: an interrupted training continues where its schedules were. Each is a
`keras.optimizers.schedules.LearningRateSchedule` too, so it also serves as one.
"""

import math
import operator
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import Self

import keras
from keras import ops

from tfgate.typing import Config
from tfgate.typing import Tensor


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Base of the schedules. A subclass implements `value` and `bounds`.

    Times (`begin`, `end`, `every`, `boundaries`) count training steps, or epochs where
    `steps_per_epoch` is given.

    Args:
        steps_per_epoch: training steps in an epoch, at least 1; None means that times
            are in steps.
        staircase: whether the number changes only when a whole step or epoch is over.

    Call arguments:
        step: training steps so far, a number or a scalar tensor.

    Raises:
        ValueError: an argument is out of its range.
    """

    def __init__(
        self, steps_per_epoch: int | None = None, staircase: bool = False
    ) -> None:
        super().__init__()
        if steps_per_epoch is not None and not steps_per_epoch >= 1:
            raise ValueError(f"Expected steps_per_epoch >= 1, got {steps_per_epoch!r}.")
        self.steps_per_epoch = steps_per_epoch
        self.staircase = bool(staircase)

    def __call__(self, step: Tensor) -> Tensor:
        """Returns the number after `step` training steps, a float32 scalar."""
        # Whole numbers up to 2**24 are exact in float32.
        time = ops.cast(step, "float32") / float(self.steps_per_epoch or 1)
        if self.staircase:
            time = ops.floor(time)
        return ops.cast(self.value(time), "float32")

    def value(self, time: Tensor) -> Tensor:
        """Returns the number at a time, both float32 scalars."""
        raise NotImplementedError

    @property
    def bounds(self) -> tuple[float, float]:
        """The lowest and the highest number that the schedule ever gives."""
        raise NotImplementedError

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {"steps_per_epoch": self.steps_per_epoch, "staircase": self.staircase}


@keras.saving.register_keras_serializable(package="tfgate")
class StepAnneal(Schedule):
    """A number that changes by a fixed amount again and again, down or up to a limit.

    `initial + change * floor(time / every)`, but not beyond `final`.

    Args:
        initial: the first number.
        change: what is added each time; its sign leads from initial to final. PG's
            typical value for a target rate is -0.05.
        every: time between changes, above 0. PG's typical value is 5 epochs.
        final: the last number: a floor if change is negative, else a ceiling.
        **kwargs: arguments of `Schedule`.

    Raises:
        ValueError: the change is zero or leads away from final, or every is not
            above 0.

    Reference:
        PG S2.1 (a target rate that falls by a every k epochs).

    Example:
    >>> target = StepAnneal(1.0, -0.25, every=2, final=0.6, steps_per_epoch=10)
    >>> [round(float(target(step)), 2) for step in (0, 19, 20, 40, 999)]
    [1.0, 1.0, 0.75, 0.6, 0.6]
    """

    def __init__(
        self,
        initial: float,
        change: float,
        every: float,
        final: float,
        steps_per_epoch: int | None = None,
        staircase: bool = False,
    ) -> None:
        super().__init__(steps_per_epoch, staircase)
        self.initial = _number(initial, "initial")
        self.change = _number(change, "change")
        self.every = _number(every, "every")
        self.final = _number(final, "final")
        if not self.every > 0.0:
            raise ValueError(f"Expected every > 0, got {every!r}.")
        if not self.change * (self.final - self.initial) > 0.0:
            raise ValueError(
                f"Expected a change that leads from initial={initial} to "
                f"final={final}, got {change!r}."
            )

    def value(self, time: Tensor) -> Tensor:
        changed = self.initial + self.change * ops.floor(time / self.every)
        limit = ops.maximum if self.change < 0.0 else ops.minimum
        return limit(changed, self.final)

    @property
    def bounds(self) -> tuple[float, float]:
        return min(self.initial, self.final), max(self.initial, self.final)

    def get_config(self) -> Config:
        own = ("initial", "change", "every", "final")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


class _Ramp(Schedule):
    """A number that goes from `initial` to `final` between `begin` and `end`."""

    def __init__(
        self,
        initial: float,
        final: float,
        end: float,
        begin: float = 0.0,
        steps_per_epoch: int | None = None,
        staircase: bool = False,
    ) -> None:
        super().__init__(steps_per_epoch, staircase)
        self.initial = _number(initial, "initial")
        self.final = _number(final, "final")
        self.begin = _number(begin, "begin")
        self.end = _number(end, "end")
        if not 0.0 <= self.begin < self.end:
            raise ValueError(f"Expected 0 <= begin < end={end!r}, got begin={begin!r}.")

    def value(self, time: Tensor) -> Tensor:
        done = ops.clip((time - self.begin) / (self.end - self.begin), 0.0, 1.0)
        return self.initial + (self.final - self.initial) * self.shape(done)

    def shape(self, done: Tensor) -> Tensor:
        """Share of the way that is gone after the share `done` of the time."""
        raise NotImplementedError

    @property
    def bounds(self) -> tuple[float, float]:
        return min(self.initial, self.final), max(self.initial, self.final)

    def get_config(self) -> Config:
        own = ("initial", "final", "end", "begin")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


@keras.saving.register_keras_serializable(package="tfgate")
class Linear(_Ramp):
    """A number that goes straight from one value to another, and stays there.

    Args:
        initial: the number until begin.
        final: the number from end on.
        end: time, above begin.
        begin: time, at least 0.
        **kwargs: arguments of `Schedule`.

    Raises:
        ValueError: it ends before it begins.

    Reference:
        BAS 4.1 (lambda falls to 0 until epoch 100; gamma rises from epoch 100 to 300).

    Example:
    >>> gamma = Linear(0.0, 0.2, begin=100, end=300)
    >>> [round(float(gamma(step)), 2) for step in (0, 100, 200, 300, 350)]
    [0.0, 0.0, 0.1, 0.2, 0.2]
    """

    def shape(self, done: Tensor) -> Tensor:
        return done


@keras.saving.register_keras_serializable(package="tfgate")
class Cosine(_Ramp):
    """A number that goes along half a cosine from one value to another.

    Args:
        initial: the number until begin.
        final: the number from end on.
        end: time, above begin.
        begin: time, at least 0.
        **kwargs: arguments of `Schedule`.

    Raises:
        ValueError: it ends before it begins.

    Reference:
        Loshchilov and Hutter 2017 (cosine annealing).

    Example:
    >>> temperature = Cosine(2.0, 1.0, end=100)
    >>> [round(float(temperature(step)), 2) for step in (0, 50, 100, 101)]
    [2.0, 1.5, 1.0, 1.0]
    """

    def shape(self, done: Tensor) -> Tensor:
        return 0.5 * (1.0 - ops.cos(math.pi * done))


@keras.saving.register_keras_serializable(package="tfgate")
class Piecewise(Schedule):
    """A list of numbers, one after the other.

    Args:
        values: at least one number.
        boundaries: times at which the next number begins, rising, one fewer than
            values; None means 1, 2, 3, ...
        **kwargs: arguments of `Schedule`.

    Raises:
        ValueError: no values, another number of boundaries, or boundaries that do not
            rise from above 0.

    Reference:
        PG S5.1 (target rates 1.0, 0.95, 0.9, ...).

    Example:
    >>> target = Piecewise([1.0, 0.8, 0.6], boundaries=[5, 10])
    >>> [round(float(target(step)), 1) for step in (0, 4, 5, 10, 11)]
    [1.0, 1.0, 0.8, 0.6, 0.6]
    """

    def __init__(
        self,
        values: Sequence[float],
        boundaries: Sequence[float] | None = None,
        steps_per_epoch: int | None = None,
        staircase: bool = False,
    ) -> None:
        super().__init__(steps_per_epoch, staircase)
        self.values = [_number(value, "values") for value in values]
        if not self.values:
            raise ValueError("Expected at least one number in values, got none.")
        if boundaries is None:
            boundaries = range(1, len(self.values))
        self.boundaries = [_number(time, "boundaries") for time in boundaries]
        if len(self.boundaries) != len(self.values) - 1:
            raise ValueError(
                f"Expected {len(self.values) - 1} boundaries between "
                f"{len(self.values)} values, got {len(self.boundaries)}."
            )
        times = [0.0, *self.boundaries]
        if any(map(operator.ge, times, times[1:])):
            raise ValueError(
                f"Expected boundaries that rise from above 0, got {self.boundaries}."
            )

    def value(self, time: Tensor) -> Tensor:
        passed = ops.sum(
            ops.cast(time >= ops.convert_to_tensor(self.boundaries), "int32")
        )
        return ops.take(ops.convert_to_tensor(self.values, "float32"), passed)

    @property
    def bounds(self) -> tuple[float, float]:
        return min(self.values), max(self.values)

    def get_config(self) -> Config:
        own = {"values": self.values, "boundaries": self.boundaries}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="tfgate")
class WarmUp(Schedule):
    """Another schedule, whose beginning is scaled from zero up.

    `schedule(step) * min(1, time / end)`.

    Args:
        schedule: a `Schedule`, of any unit of time.
        end: time from which on it is the schedule alone, above 0.
        **kwargs: arguments of `Schedule`.

    Raises:
        ValueError: schedule is none, or end is not above 0.

    Reference:
        Goyal et al. 2017 (a learning rate that warms up and then falls by steps).

    Example:
    >>> rate = WarmUp(Piecewise([0.4, 0.04], boundaries=[30]), end=4)
    >>> [round(float(rate(step)), 2) for step in (0, 1, 4, 29, 30)]
    [0.0, 0.1, 0.4, 0.4, 0.04]
    """

    def __init__(
        self,
        schedule: Schedule,
        end: float,
        steps_per_epoch: int | None = None,
        staircase: bool = False,
    ) -> None:
        super().__init__(steps_per_epoch, staircase)
        if not isinstance(schedule, Schedule):
            raise ValueError(f"Expected schedule to be a Schedule, got {schedule!r}.")
        self.schedule = schedule
        self.end = _number(end, "end")
        if not self.end > 0.0:
            raise ValueError(f"Expected end > 0, got {end!r}.")

    def __call__(self, step: Tensor) -> Tensor:
        return super().__call__(step) * self.schedule(step)

    def value(self, time: Tensor) -> Tensor:
        """Returns the factor on the schedule at a time."""
        return ops.clip(time / self.end, 0.0, 1.0)

    @property
    def bounds(self) -> tuple[float, float]:
        low, high = self.schedule.bounds
        return min(0.0, low), max(0.0, high)

    def get_config(self) -> Config:
        own = {"schedule": serialize(self.schedule), "end": self.end}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        return cls(**{**config, "schedule": deserialize(config["schedule"])})


def at(number: float | Callable[[Tensor], Tensor], step: Tensor) -> Tensor:
    """Returns a number, or what a schedule gives after `step` training steps.

    Args:
        number: a number, a `Schedule` or another function of the step, such as a
            `tfgate.VariableTarget`.
        step: training steps so far, a scalar.
    """
    return number(step) if callable(number) else number


def serialize(value: Any) -> Any:
    """Returns the configuration of what stands for a number; the rest as it is."""
    if hasattr(value, "get_config"):
        return keras.saving.serialize_keras_object(value)
    return value


def deserialize(config: Any) -> Any:
    """Undoes `serialize`, in lists too."""
    if isinstance(config, list):
        return [deserialize(item) for item in config]
    if isinstance(config, dict):
        return keras.saving.deserialize_keras_object(config)
    return config


def bounds(number: float | Schedule) -> tuple[float, float]:
    """Returns the lowest and the highest value that a number or a schedule takes."""
    return number.bounds if isinstance(number, Schedule) else (number, number)


def _number(value: float, name: str) -> float:
    if isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"Expected {name} to be finite, got {value!r}.")
    return float(value)
