"""What the controller can be told, and what it should make of it.

Three signals have a set point and a PI loop each: a positive error asks for a larger u,
a negative one for a smaller u. The thermal status has a table of ceilings instead.
Errors lie in [-1, 1], so one outlier can't fill a loop's filter.
"""

import dataclasses
import enum
from typing import Any
from typing import ClassVar

from . import checks


class ThermalStatus(enum.IntEnum):
    """Android's `PowerManager.THERMAL_STATUS_*`, same numbers."""

    NONE = 0
    LIGHT = 1
    MODERATE = 2
    SEVERE = 3
    CRITICAL = 4
    EMERGENCY = 5
    SHUTDOWN = 6


@dataclasses.dataclass(frozen=True, kw_only=True)
class SetPoint:
    """Base of the signals that have a PI loop. A subclass adds its set point.

    Args:
        proportional_gain: u per unit of error, >= 0.
        integral_gain: u per unit of error and second, > 0.
        filter_seconds: time constant of the exponential filter, >= 0; 0 means none.
        tolerance: filtered errors within +-tolerance count as zero, and others are
            that much smaller; in [0, 1].
        hold_seconds: how long the loop holds its output without a measurement, >= 0.
        tracking_seconds: time constant of the anti-windup by back-calculation, > 0;
            None means proportional_gain / integral_gain, or 1 / integral_gain where
            the proportional gain is 0.

    Raises:
        ValueError: an argument is out of its range.
    """

    argument: ClassVar[str]

    proportional_gain: float
    integral_gain: float
    filter_seconds: float
    tolerance: float
    hold_seconds: float
    tracking_seconds: float | None = None

    def __post_init__(self) -> None:
        self._number("proportional_gain", at_least=0.0)
        self._number("integral_gain", above=0.0)
        self._number("filter_seconds", at_least=0.0)
        self._number("tolerance", at_least=0.0, at_most=1.0)
        self._number("hold_seconds", at_least=0.0)
        if self.tracking_seconds is None:
            seconds = (self.proportional_gain or 1.0) / self.integral_gain
            object.__setattr__(self, "tracking_seconds", seconds)
        self._number("tracking_seconds", above=0.0)

    def check(self, measurement: object) -> float:
        """Returns the measurement as float, or raises ValueError."""
        raise NotImplementedError

    def error(self, time: float, measurement: float) -> float:
        """Returns the error of a measurement, in [-1, 1]; above 0: u may rise."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments, as plain numbers."""
        return dataclasses.asdict(self)

    def _number(self, name: str, **limits: float) -> None:
        value = checks.number(getattr(self, name), name, **limits)
        object.__setattr__(self, name, value)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LatencyTarget(SetPoint):
    """An inference should take `target_ms`. Error: (target - latency) / target.

    Latencies above twice the target count as twice the target.

    Args:
        target_ms: set point in milliseconds, > 0.
        proportional_gain: see `SetPoint`; the error is relative, so 0.3 means that
            10 % too slow takes 0.03 off u at once.
        integral_gain: see `SetPoint`.
        filter_seconds: see `SetPoint`.
        tolerance: see `SetPoint`; relative.
        hold_seconds: see `SetPoint`.
        tracking_seconds: see `SetPoint`.

    Raises:
        ValueError: an argument is out of its range.

    Example:
    >>> LatencyTarget(target_ms=40.0).error(0.0, 50.0)
    -0.25
    """

    argument: ClassVar[str] = "latency_ms"

    target_ms: float
    proportional_gain: float = 0.3
    integral_gain: float = 0.3
    filter_seconds: float = 0.5
    tolerance: float = 0.02
    hold_seconds: float = 5.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._number("target_ms", above=0.0)

    def check(self, measurement: object) -> float:
        return checks.number(measurement, self.argument, above=0.0)

    def error(self, time: float, measurement: float) -> float:
        latency = min(measurement, 2.0 * self.target_ms)
        return (self.target_ms - latency) / self.target_ms


@dataclasses.dataclass(frozen=True, kw_only=True)
class BatteryPlan(SetPoint):
    """The battery should empty along a line. Error: share left - planned share.

    For a budget of energy instead of a battery: share left = 1 - used / budget.

    Args:
        start_time: where the line begins, in seconds on the controller's clock.
        end_time: where it ends, > start_time; afterwards the plan is `end_share`.
        start_share: planned share at the start, in [0, 1].
        end_share: planned share at the end, in [0, start_share].
        proportional_gain: see `SetPoint`; 20 means that one percent of the battery
            below plan takes 0.2 off u.
        integral_gain: see `SetPoint`.
        filter_seconds: see `SetPoint`.
        tolerance: see `SetPoint`; a share of the battery.
        hold_seconds: see `SetPoint`; batteries report rarely.
        tracking_seconds: see `SetPoint`.

    Raises:
        ValueError: an argument is out of its range.

    Example:
    >>> plan = BatteryPlan(start_time=0, end_time=3600, start_share=1, end_share=0.5)
    >>> plan.planned_share(1800.0)
    0.75
    """

    argument: ClassVar[str] = "battery_share"

    start_time: float
    end_time: float
    start_share: float = 1.0
    end_share: float = 0.0
    proportional_gain: float = 20.0
    integral_gain: float = 0.01
    filter_seconds: float = 30.0
    tolerance: float = 0.0
    hold_seconds: float = 600.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._number("start_time")
        self._number("end_time", above=self.start_time)
        self._number("start_share", at_least=0.0, at_most=1.0)
        self._number("end_share", at_least=0.0, at_most=self.start_share)

    def check(self, measurement: object) -> float:
        return checks.number(measurement, self.argument, at_least=0.0, at_most=1.0)

    def error(self, time: float, measurement: float) -> float:
        return measurement - self.planned_share(time)

    def planned_share(self, time: float) -> float:
        """Returns the share of the battery that should be left at a time."""
        if time <= self.start_time:
            return self.start_share
        if time >= self.end_time:
            return self.end_share
        passed = (time - self.start_time) / (self.end_time - self.start_time)
        return self.start_share + (self.end_share - self.start_share) * passed


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConfidenceTarget(SetPoint):
    """Predictions should be as confident as `target`. Error: target - confidence.

    The only signal that asks for computation: u rises while predictions are less
    confident than the target, and falls while they are more confident.

    Args:
        target: set point, in (0, 1].
        proportional_gain: see `SetPoint`.
        integral_gain: see `SetPoint`.
        filter_seconds: see `SetPoint`; the confidence of single images scatters.
        tolerance: see `SetPoint`.
        hold_seconds: see `SetPoint`.
        tracking_seconds: see `SetPoint`.

    Raises:
        ValueError: an argument is out of its range.

    Example:
    >>> ConfidenceTarget(target=0.75).error(0.0, 0.5)
    0.25
    """

    argument: ClassVar[str] = "confidence"

    target: float
    proportional_gain: float = 0.5
    integral_gain: float = 0.2
    filter_seconds: float = 2.0
    tolerance: float = 0.01
    hold_seconds: float = 5.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._number("target", above=0.0, at_most=1.0)

    def check(self, measurement: object) -> float:
        return checks.number(measurement, self.argument, at_least=0.0, at_most=1.0)

    def error(self, time: float, measurement: float) -> float:
        return self.target - measurement


@dataclasses.dataclass(frozen=True, kw_only=True)
class ThermalCeilings:
    """The highest u of each thermal status.

    Args:
        ceilings: seven numbers in [0, 1], for `ThermalStatus` NONE to SHUTDOWN, none
            greater than the one before.
        hold_seconds: how long a status holds without being reported again, >= 0; None
            means until the next report, for Android reports changes alone.

    Raises:
        ValueError: an argument is out of its range.

    Example:
    >>> ThermalCeilings().ceilings[ThermalStatus.SEVERE]
    0.5
    """

    argument: ClassVar[str] = "thermal_status"

    ceilings: tuple[float, ...] = (1.0, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0)
    hold_seconds: float | None = None

    def __post_init__(self) -> None:
        count = len(ThermalStatus)
        if not isinstance(self.ceilings, (tuple, list)) or len(self.ceilings) != count:
            raise ValueError(
                f"Expected ceilings to be {count} numbers, one for each thermal "
                f"status, got {self.ceilings!r}."
            )
        ceilings = tuple(
            checks.number(value, f"ceilings[{status}]", at_least=0.0, at_most=1.0)
            for status, value in enumerate(self.ceilings)
        )
        if list(ceilings) != sorted(ceilings, reverse=True):
            raise ValueError(
                "Expected ceilings to fall, or stay, from one status to the next, "
                f"got {self.ceilings!r}."
            )
        object.__setattr__(self, "ceilings", ceilings)
        if self.hold_seconds is not None:
            seconds = checks.number(self.hold_seconds, "hold_seconds", at_least=0.0)
            object.__setattr__(self, "hold_seconds", seconds)

    def check(self, status: object) -> ThermalStatus:
        """Returns the status, or raises ValueError."""
        highest = len(ThermalStatus) - 1
        return ThermalStatus(
            checks.integer(status, self.argument, at_least=0, at_most=highest)
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments, as plain numbers."""
        return {"ceilings": list(self.ceilings), "hold_seconds": self.hold_seconds}
