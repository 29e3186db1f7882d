"""BudgetController: sets u from latency, battery, temperature and confidence."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from . import checks
from .pi_loop import PILoop
from .signals import BatteryPlan
from .signals import ConfidenceTarget
from .signals import LatencyTarget
from .signals import SetPoint
from .signals import ThermalCeilings
from .signals import ThermalStatus

# In the order in which their loops take measurements.
_LOOPS: dict[str, type[SetPoint]] = {
    "latency": LatencyTarget,
    "battery": BatteryPlan,
    "confidence": ConfidenceTarget,
}
_NUMBERS = (
    "lower_limit",
    "upper_limit",
    "rise_per_second",
    "fall_per_second",
    "dead_band",
    "safe_u",
    "initial_u",
)
_STATE_VERSION = 1
_STATE_KEYS = ("version", "time", "u", "target", "reference", "thermal", "loops")


class BudgetController:
    """Sets u in [0, 1], how much of itself a network runs, from measured signals.

    Every signal with a set point has a PI loop, the thermal status a table of ceilings.
    The lowest of what they ask for wins (override control by a low selector); limits, a
    dead band and a limit on the rate of change follow. Loops that don't win, or whose
    output is limited, follow the output by back-calculation, so no integral winds up.

    Time is an argument of every call and nothing is random: the same calls give the
    same bits, here, in a simulator, and in any language with IEEE 754 double
    precision. docs/control.md has the algorithm, test_vectors.json beside this file
    has the numbers.

    A signal without a measurement keeps asking for what it asked last, for its
    `hold_seconds`; then it asks for `safe_u` until it is measured again. Not safe for
    use by several threads at once.

    Args:
        latency: `LatencyTarget`, or None.
        battery: `BatteryPlan`, or None.
        thermal: `ThermalCeilings`, or None.
        confidence: `ConfidenceTarget`, or None. At least one of the four is needed.
        lower_limit: least u, in [0, 1]; stronger than any ceiling.
        upper_limit: largest u, in [lower_limit, 1].
        rise_per_second: how fast u may rise, per second, > 0.
        fall_per_second: how fast u may fall, per second, > 0.
        dead_band: u sets out for a new value only if that is at least this far from
            the one it last set out for, in [0, 1]. Limits, ceilings and the safe end
            are reached exactly all the same.
        safe_u: where u goes when a signal stays away, between the limits.
        initial_u: u of the first call, between the limits; None means `safe_u`.

    Raises:
        ValueError: an argument is out of its range, or no signal is given.

    Example:
    >>> controller = BudgetController(latency=LatencyTarget(target_ms=40.0))
    >>> [round(controller.update(t, latency_ms=20.0), 3) for t in (0.0, 0.5, 1.0)]
    [0.0, 0.1, 0.2]
    """

    def __init__(
        self,
        *,
        latency: LatencyTarget | None = None,
        battery: BatteryPlan | None = None,
        thermal: ThermalCeilings | None = None,
        confidence: ConfidenceTarget | None = None,
        lower_limit: float = 0.0,
        upper_limit: float = 1.0,
        rise_per_second: float = 0.2,
        fall_per_second: float = 1.0,
        dead_band: float = 0.02,
        safe_u: float = 0.0,
        initial_u: float | None = None,
    ) -> None:
        number = checks.number
        self.lower_limit = number(lower_limit, "lower_limit", at_least=0.0, at_most=1.0)
        limits = {"at_least": self.lower_limit, "at_most": 1.0}
        self.upper_limit = number(upper_limit, "upper_limit", **limits)
        limits["at_most"] = self.upper_limit
        self.rise_per_second = number(rise_per_second, "rise_per_second", above=0.0)
        self.fall_per_second = number(fall_per_second, "fall_per_second", above=0.0)
        self.dead_band = number(dead_band, "dead_band", at_least=0.0, at_most=1.0)
        self.safe_u = number(safe_u, "safe_u", **limits)
        first = self.safe_u if initial_u is None else initial_u
        self.initial_u = number(first, "initial_u", **limits)
        self.thermal = _instance(thermal, "thermal", ThermalCeilings)
        given = {"latency": latency, "battery": battery, "confidence": confidence}
        self._loops: dict[str, PILoop] = {}
        for name, signal in given.items():
            checked = _instance(signal, name, _LOOPS[name])
            if checked is not None:
                self._loops[name] = PILoop(checked, self.initial_u)
        if not self._loops and self.thermal is None:
            raise ValueError(
                "Expected latency, battery, thermal or confidence to be given, got "
                "None for all."
            )
        self._time: float | None = None
        self._u = self._target = self._reference = self.initial_u
        self._thermal_status = ThermalStatus.NONE
        self._thermal_time: float | None = None

    @property
    def u(self) -> float:
        """What the last call of `update` returned; before that, `initial_u`."""
        return self._u

    def update(
        self,
        time: float,
        *,
        latency_ms: float | None = None,
        battery_share: float | None = None,
        thermal_status: int | None = None,
        confidence: float | None = None,
    ) -> float:
        """Takes what was measured since the last call and returns u.

        Args:
            time: seconds on any clock that never goes back, not before the last call.
            latency_ms: milliseconds of an inference, > 0.
            battery_share: share of the battery's charge that is left, in [0, 1].
            thermal_status: `ThermalStatus`, 0 to 6.
            confidence: of a prediction, or the mean of some, in [0, 1].

        Returns:
            u, between the limits.

        Raises:
            ValueError: a number is out of its range, not finite, before the last call,
                or of a signal that the controller does not have. Nothing changes then.
        """
        time = self._check_time(time)
        measurements = self._check_measurements(
            latency=latency_ms, battery=battery_share, confidence=confidence
        )
        status = self._check_status(thermal_status)
        if self._time is None:
            self._start(time)
        for name, loop in self._loops.items():
            if name in measurements:
                loop.measure(time, measurements[name], self._u, self._reference)
            elif loop.is_expired(time):
                loop.expire(self.safe_u)
        if status is not None:
            self._thermal_status, self._thermal_time = status, time
        self._select(time)
        self._move(time)
        return self._u

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments, as JSON has them."""
        config: dict[str, Any] = {name: None for name in _LOOPS}
        for name, loop in self._loops.items():
            config[name] = loop.signal.get_config()
        config["thermal"] = self.thermal and self.thermal.get_config()
        return config | {name: getattr(self, name) for name in _NUMBERS}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "BudgetController":
        """Makes a controller of what `get_config` returned; missing keys are defaults.

        Raises:
            ValueError: an unknown key, or an argument out of its range.
        """
        kinds: dict[str, type[SetPoint | ThermalCeilings]]
        kinds = {**_LOOPS, "thermal": ThermalCeilings}
        arguments = checks.mapping(
            config, "config", (*kinds, *_NUMBERS), complete=False
        )
        for name, kind in kinds.items():
            if arguments.get(name) is not None:
                arguments[name] = _signal(arguments[name], name, kind)
        return cls(**arguments)

    def state(self) -> dict[str, Any]:
        """Returns all that the controller remembers, as JSON has it."""
        thermal = {"status": int(self._thermal_status), "time": self._thermal_time}
        return {
            "version": _STATE_VERSION,
            "time": self._time,
            "u": self._u,
            "target": self._target,
            "reference": self._reference,
            "thermal": thermal if self.thermal else None,
            "loops": {name: loop.state() for name, loop in self._loops.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continues from what `state` returned, in a controller of equal settings.

        Times in it are the old clock's. After a restart of the clock, make a new
        controller with the old u as its `initial_u` instead.

        Raises:
            ValueError: keys or values are not those of a state of this controller.
                Nothing changes then.
        """
        values = checks.mapping(state, "state", _STATE_KEYS, complete=True)
        version = values["version"]
        if version != _STATE_VERSION:
            raise ValueError(
                f"Expected state.version to be {_STATE_VERSION}, got {version!r}."
            )
        numbers = {
            key: checks.number(
                values[key],
                f"state.{key}",
                at_least=self.lower_limit,
                at_most=self.upper_limit,
            )
            for key in ("u", "target", "reference")
        }
        time = _time(values["time"], "state.time")
        names = tuple(self._loops)
        states = checks.mapping(values["loops"], "state.loops", names, complete=True)
        loops = {}
        for name, loop in self._loops.items():
            loops[name] = PILoop(loop.signal, self.initial_u)
            loops[name].restore(states[name], f"state.loops.{name}")
            _check_order(loops[name].time, time, f"state.loops.{name}.time")
        status, thermal_time = self._thermal_state(values["thermal"])
        if self.thermal:
            _check_order(thermal_time, time, "state.thermal.time")
        self._loops, self._time = loops, time
        self._thermal_status, self._thermal_time = status, thermal_time
        self._u, self._target, self._reference = numbers.values()

    def _check_time(self, time: object) -> float:
        after = {} if self._time is None else {"at_least": self._time}
        return checks.number(time, "time", **after)

    def _check_measurements(self, **measurements: object) -> dict[str, float]:
        checked = {}
        for name, value in measurements.items():
            if value is None:
                continue
            if name not in self._loops:
                raise _not_configured(_LOOPS[name].argument, name, value)
            checked[name] = self._loops[name].signal.check(value)
        return checked

    def _check_status(self, status: object) -> ThermalStatus | None:
        if status is None:
            return None
        if self.thermal is None:
            raise _not_configured(ThermalCeilings.argument, "thermal", status)
        return self.thermal.check(status)

    def _thermal_state(self, state: object) -> tuple[ThermalStatus, float | None]:
        if self.thermal is None:
            if state is not None:
                raise ValueError(f"Expected state.thermal to be None, got {state!r}.")
            return ThermalStatus.NONE, None
        keys = ("status", "time")
        values = checks.mapping(state, "state.thermal", keys, complete=True)
        status = checks.integer(
            values["status"],
            "state.thermal.status",
            at_least=0,
            at_most=len(ThermalStatus) - 1,
        )
        return ThermalStatus(status), _time(values["time"], "state.thermal.time")

    def _start(self, time: float) -> None:
        self._time = self._thermal_time = time
        for loop in self._loops.values():
            loop.time = time

    def _select(self, time: float) -> None:
        """The lowest demand, between the limits, becomes the target if far enough."""
        highest = max(self.lower_limit, min(self.upper_limit, self._ceiling(time)))
        demands = [loop.output for loop in self._loops.values()]
        selected = max(self.lower_limit, min([highest, *demands]))
        if (
            abs(selected - self._target) >= self.dead_band
            or selected == self.lower_limit
            or selected == highest
            or self._target > highest
            or any(loop.is_expired(time) for loop in self._loops.values())
        ):
            self._target = selected
        self._reference = selected

    def _ceiling(self, time: float) -> float:
        """What the thermal status allows; the safe end, if it came too long ago."""
        if self.thermal is None:
            return 1.0
        hold = self.thermal.hold_seconds
        assert self._thermal_time is not None  # `_start` has put a time there.
        if hold is not None and time - self._thermal_time > hold:
            return self.safe_u
        return self.thermal.ceilings[self._thermal_status]

    def _move(self, time: float) -> None:
        """Moves u towards the target, as far as the time since the last call allows."""
        assert self._time is not None  # `_start` has put a time there.
        seconds = time - self._time
        if self._target > self._u:
            self._u = min(self._target, self._u + self.rise_per_second * seconds)
        else:
            self._u = max(self._target, self._u - self.fall_per_second * seconds)
        if self._u != self._target:
            self._reference = self._u
        self._time = time


def _instance(value: Any, name: str, kind: type) -> Any:
    if value is not None and not isinstance(value, kind):
        raise ValueError(f"Expected {name} to be {kind.__name__}, got {value!r}.")
    return value


def _signal(config: object, name: str, kind: type[SetPoint | ThermalCeilings]) -> Any:
    fields = dataclasses.fields(kind)
    keys = tuple(field.name for field in fields)
    arguments = checks.mapping(config, name, keys, complete=False)
    for field in fields:
        if field.default is dataclasses.MISSING and field.name not in arguments:
            raise ValueError(
                f"Expected {field.name} to be in {name}, got {sorted(arguments)}."
            )
    return kind(**arguments)


def _time(value: object, name: str) -> float | None:
    return None if value is None else checks.number(value, name)


def _check_order(earlier: float | None, later: float | None, name: str) -> None:
    """Times are all None before the first call, and none is after the last."""
    if (earlier is None) != (later is None) or (
        earlier is not None and later is not None and earlier > later
    ):
        raise ValueError(
            f"Expected {name} not to be after state.time={later!r}, got {earlier!r}."
        )


def _not_configured(argument: str, name: str, value: object) -> ValueError:
    return ValueError(
        f"Expected {argument} to be None, because the controller was made without "
        f"{name}, got {value!r}."
    )
