"""A simulated phone that runs a throttleable network, heats up and slows down.

All default numbers are assumptions of a plausible order of magnitude, chosen so that
the full network is too much for the device in the long run. Nothing here was measured
on a phone.
"""

import dataclasses
import math
import random
from typing import NamedTuple

from . import checks
from .signals import ThermalStatus


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeviceSettings:
    """What a device is like.

    Args:
        fixed_ms: milliseconds of an inference that don't depend on u or the clock
            frequency (pre- and postprocessing, memory), >= 0.
        work_ms_ghz: milliseconds of the whole network at 1 GHz, > 0.
        share_at_zero: share of the MACs that runs at u = 0, in [0, 1].
        groups: n components of a nested gate, at least 1, of which
            min(n, floor(u (n + 1))) run (TNN 4.1).
        frames_per_second: images that arrive, > 0; a slower device drops some.
        frequencies_ghz: clock frequencies that the governor chooses from, rising.
        idle_watts: power without inference, >= 0.
        busy_watts: more power while inferring at the highest frequency, >= 0; it falls
            with the cube of the frequency (P = C V^2 f, voltage proportional to f).
        thermal_resistance: kelvin per watt from the device to the air, > 0.
        heat_capacity: joule per kelvin of the device, > 0.
        ambient_celsius: temperature of the air, and the device's first.
        throttle_celsius: from here on the governor takes a lower frequency.
        resume_celsius: from here down it takes a higher one, < throttle_celsius.
        governor_seconds: time between the governor's decisions, > 0.
        status_celsius: six rising temperatures where thermal status LIGHT to SHUTDOWN
            begins.
        status_hysteresis: kelvin below it where a status ends, >= 0.
        battery_joules: energy of the full battery, > 0.
        battery_share: of it at the start, in [0, 1].
        latency_noise: standard deviation of the logarithm of a measured latency over
            the true one, >= 0.

    Raises:
        ValueError: an argument is out of its range.
    """

    fixed_ms: float = 4.0
    work_ms_ghz: float = 72.0
    share_at_zero: float = 0.1
    groups: int = 16
    frames_per_second: float = 25.0
    frequencies_ghz: tuple[float, ...] = (0.8, 1.1, 1.4, 1.7, 2.0)
    idle_watts: float = 0.5
    busy_watts: float = 5.0
    thermal_resistance: float = 6.0
    heat_capacity: float = 25.0
    ambient_celsius: float = 25.0
    throttle_celsius: float = 42.0
    resume_celsius: float = 40.0
    governor_seconds: float = 2.0
    status_celsius: tuple[float, ...] = (38.0, 41.0, 44.0, 48.0, 55.0, 65.0)
    status_hysteresis: float = 1.0
    battery_joules: float = 55_000.0
    battery_share: float = 1.0
    latency_noise: float = 0.05

    def __post_init__(self) -> None:
        for name in (
            "work_ms_ghz",
            "frames_per_second",
            "thermal_resistance",
            "heat_capacity",
            "governor_seconds",
            "battery_joules",
        ):
            checks.number(getattr(self, name), name, above=0.0)
        for name in (
            "fixed_ms",
            "idle_watts",
            "busy_watts",
            "status_hysteresis",
            "latency_noise",
        ):
            checks.number(getattr(self, name), name, at_least=0.0)
        for name in ("share_at_zero", "battery_share"):
            checks.number(getattr(self, name), name, at_least=0.0, at_most=1.0)
        checks.integer(self.groups, "groups", at_least=1, at_most=1_000_000)
        checks.number(self.ambient_celsius, "ambient_celsius", above=-273.15)
        checks.number(self.throttle_celsius, "throttle_celsius")
        checks.number(self.resume_celsius, "resume_celsius")
        if not self.resume_celsius < self.throttle_celsius:
            raise ValueError(
                f"Expected resume_celsius < throttle_celsius={self.throttle_celsius}, "
                f"got {self.resume_celsius!r}."
            )
        _check_rising(self.frequencies_ghz, "frequencies_ghz", above=0.0)
        _check_rising(self.status_celsius, "status_celsius", count=6)


class Reading(NamedTuple):
    """What a device shows after a step.

    Attributes:
        time: seconds since the start.
        latency_ms: of an inference in that step, as measured: with noise.
        true_latency_ms: the same without noise.
        battery_share: share of the battery's energy left, in [0, 1].
        thermal_status: `ThermalStatus`.
        celsius: temperature at the step's end.
        watts: mean power of the step.
        frequency_ghz: clock frequency during the step.
    """

    time: float
    latency_ms: float
    true_latency_ms: float
    battery_share: float
    thermal_status: ThermalStatus
    celsius: float
    watts: float
    frequency_ghz: float


class Device:
    """A device at work: one heat capacity, one path to the air, a governor, a battery.

        latency = fixed + work share(u) / f           in ms, f in GHz
        share(u) = s0 + (1 - s0) k(u) / n,    k = min(n, floor(u (n + 1)))
        busy = min(1, latency frames_per_second / 1000)
        P = idle + background + busy_watts busy (f / f_max)^3
        C dT/dt = P - (T - T_ambient) / R             solved exactly within a step

    Args:
        settings: `DeviceSettings`; None means the defaults.
        seed: of the noise, a `random.Random` of the device's own.

    Attributes:
        time: seconds since the start.
        celsius: temperature.
        battery_share: share of the battery's energy left.

    Example:
    >>> device = Device(DeviceSettings(latency_noise=0.0), seed=1)
    >>> reading = device.step(u=1.0, seconds=1.0)
    >>> reading.latency_ms, reading.watts
    (40.0, 5.5)
    """

    def __init__(self, settings: DeviceSettings | None = None, seed: int = 0) -> None:
        self.settings = settings or DeviceSettings()
        self.time = 0.0
        self.celsius = float(self.settings.ambient_celsius)
        self.battery_share = float(self.settings.battery_share)
        self._random = random.Random(seed)
        self._level = len(self.settings.frequencies_ghz) - 1
        self._governor_time = 0.0
        self._status = ThermalStatus.NONE

    def step(self, u: float, seconds: float, background_watts: float = 0.0) -> Reading:
        """Runs the network at u for a while.

        Args:
            u: in [0, 1].
            seconds: length of the step, in (0, governor_seconds], for the governor
                decides once in a step at most.
            background_watts: power of whatever else runs on the device, >= 0.

        Raises:
            ValueError: an argument is out of its range.
        """
        longest = self.settings.governor_seconds
        seconds = checks.number(seconds, "seconds", above=0.0, at_most=longest)
        watts = checks.number(background_watts, "background_watts", at_least=0.0)
        frequency = self.settings.frequencies_ghz[self._level]
        latency = self.latency_ms(u, frequency)
        watts += self.watts(u, frequency)
        self.time += seconds
        self._heat(watts, seconds)
        used = watts * seconds / self.settings.battery_joules
        self.battery_share = max(0.0, self.battery_share - used)
        self._govern(seconds)
        self._update_status()
        noise = math.exp(self._random.gauss(0.0, self.settings.latency_noise))
        return Reading(
            time=self.time,
            latency_ms=latency * noise,
            true_latency_ms=latency,
            battery_share=self.battery_share,
            thermal_status=self._status,
            celsius=self.celsius,
            watts=watts,
            frequency_ghz=frequency,
        )

    def share(self, u: float) -> float:
        """Returns the share of the MACs that runs at u."""
        u = checks.number(u, "u", at_least=0.0, at_most=1.0)
        groups = self.settings.groups
        closed = 1.0 - min(groups, math.floor(u * (groups + 1))) / groups
        return 1.0 - (1.0 - self.settings.share_at_zero) * closed

    def latency_ms(self, u: float, frequency_ghz: float) -> float:
        """Returns the latency in ms at u and a clock frequency, without noise."""
        work = self.settings.work_ms_ghz * self.share(u)
        return self.settings.fixed_ms + work / frequency_ghz

    def watts(self, u: float, frequency_ghz: float) -> float:
        """Returns the power at u and a clock frequency, without background."""
        settings = self.settings
        per_second = self.latency_ms(u, frequency_ghz) * settings.frames_per_second
        busy = min(1.0, per_second / 1000.0)
        relative = frequency_ghz / settings.frequencies_ghz[-1]
        return settings.idle_watts + settings.busy_watts * busy * relative**3

    def _heat(self, watts: float, seconds: float) -> None:
        settings = self.settings
        final = settings.ambient_celsius + settings.thermal_resistance * watts
        time_constant = settings.thermal_resistance * settings.heat_capacity
        self.celsius = final + (self.celsius - final) * math.exp(
            -seconds / time_constant
        )

    def _govern(self, seconds: float) -> None:
        self._governor_time += seconds
        if self._governor_time < self.settings.governor_seconds:
            return
        self._governor_time -= self.settings.governor_seconds
        if self.celsius >= self.settings.throttle_celsius:
            self._level = max(0, self._level - 1)
        elif self.celsius <= self.settings.resume_celsius:
            self._level = min(len(self.settings.frequencies_ghz) - 1, self._level + 1)

    def _update_status(self) -> None:
        limits = self.settings.status_celsius
        reached = sum(self.celsius >= limit for limit in limits)
        margin = self.settings.status_hysteresis
        kept = sum(self.celsius > limit - margin for limit in limits)
        self._status = ThermalStatus(max(reached, min(self._status, kept)))


def _check_rising(
    values: object, name: str, above: float = -math.inf, count: int | None = None
) -> None:
    if not isinstance(values, (tuple, list)) or not values:
        raise ValueError(f"Expected {name} to be a tuple of numbers, got {values!r}.")
    for index, value in enumerate(values):
        checks.number(value, f"{name}[{index}]", above=above)
    rising = all(low < high for low, high in zip(values, values[1:], strict=False))
    if not rising or count not in (None, len(values)):
        wanted = f"{count} rising numbers" if count else "rising numbers"
        raise ValueError(f"Expected {name} to be {wanted}, got {values!r}.")
