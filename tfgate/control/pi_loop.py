"""One PI loop: filter, tolerance, proportional and integral part, anti-windup."""

from typing import Any

from . import checks
from .signals import SetPoint

_KEYS = ("time", "error", "integral", "output")


class PILoop:
    """The memory of one signal's loop, and its step.

    The order of operations is that of docs/control.md, where every line of `measure`
    has its equation; other implementations must give the same bits.

    Args:
        signal: gains, times and set point.
        output: what the loop asks for until its first measurement.

    Attributes:
        time: seconds, of the last measurement; before that, of the controller's first
            call; None before that.
        error: filtered error, or None before the first measurement and after the
            signal was missed for longer than `hold_seconds`.
        integral: the integral part of the output.
        output: the u that the loop asks for, not limited.
    """

    def __init__(self, signal: SetPoint, output: float) -> None:
        self.signal = signal
        self.time: float | None = None
        self.error: float | None = None
        self.integral = output
        self.output = output

    def measure(
        self, time: float, measurement: float, u: float, reference: float
    ) -> None:
        """Takes a measurement.

        Args:
            time: seconds; not before `self.time`.
            measurement: what `signal.check` returned.
            u: the controller's output before this call. A loop that starts, or starts
                again, does so from there.
            reference: what became of the loops' outputs in the last call.
        """
        signal = self.signal
        error = signal.error(time, measurement)
        expired = self.is_expired(time)
        if self.error is None or self.time is None or expired:
            self.error = error
            self.integral = u
        else:
            seconds = time - self.time
            self.error += _weight(seconds, signal.filter_seconds) * (error - self.error)
            self.integral += signal.integral_gain * self._deviation() * seconds
            tracking = signal.tracking_seconds
            assert tracking is not None  # SetPoint has put a number there.
            weight = _weight(seconds, tracking)
            self.integral += weight * (reference - self.output)
        self.time = time
        self.output = signal.proportional_gain * self._deviation() + self.integral

    def is_expired(self, time: float) -> bool:
        """Whether the last measurement is older than `hold_seconds`."""
        return self.time is not None and time - self.time > self.signal.hold_seconds

    def expire(self, output: float) -> None:
        """Asks for the safe end until the next measurement, which starts anew."""
        self.error = None
        self.integral = output
        self.output = output

    def state(self) -> dict[str, Any]:
        """Returns the memory, as numbers and None."""
        return {key: getattr(self, key) for key in _KEYS}

    def restore(self, state: object, name: str) -> None:
        """Takes what `state` returned.

        Raises:
            ValueError: other keys, or values that are no finite numbers.
        """
        values = checks.mapping(state, name, _KEYS, complete=True)
        for key in _KEYS:
            if values[key] is None and key in ("time", "error"):
                continue
            limit = 1.0 if key == "error" else float("inf")
            values[key] = checks.number(
                values[key], f"{name}.{key}", at_least=-limit, at_most=limit
            )
        for key in _KEYS:
            setattr(self, key, values[key])

    def _deviation(self) -> float:
        """The filtered error, less the tolerance."""
        assert self.error is not None  # Called after a measurement only.
        if self.error > self.signal.tolerance:
            return self.error - self.signal.tolerance
        if self.error < -self.signal.tolerance:
            return self.error + self.signal.tolerance
        return 0.0


def _weight(seconds: float, time_constant: float) -> float:
    """How far a first-order lag moves in an interval, by the backward Euler rule.

    Divisions round the same way everywhere; exponential functions don't.
    """
    return 1.0 if time_constant == 0.0 else seconds / (time_constant + seconds)
