"""The simulated device against closed forms: heat, energy, latency, governor."""

import dataclasses
import math

import numpy as np
import pytest

from tfgate.control import BudgetController
from tfgate.control import Device
from tfgate.control import DeviceSettings
from tfgate.control import LatencyTarget
from tfgate.control import ThermalCeilings
from tfgate.control import ThermalStatus

# It never throttles.
COLD = DeviceSettings(throttle_celsius=1000.0, resume_celsius=999.0, latency_noise=0.0)


def test_temperature_is_a_first_order_step_response():
    device = Device(COLD)
    watts = 0.5 + 5.0
    for step in range(1, 400):
        celsius = device.step(1.0, 1.5).celsius
        rise = 6.0 * watts * (1.0 - math.exp(-1.5 * step / (6.0 * 25.0)))
        assert celsius == pytest.approx(25.0 + rise, abs=1e-9)
    assert celsius == pytest.approx(25.0 + 6.0 * watts, abs=1.0)


@pytest.mark.parametrize("u", [0.0, 0.5, 1.0])
def test_steady_state_temperature(u):
    device = Device(COLD)
    for _ in range(3000):
        reading = device.step(u, 1.0, background_watts=0.7)
    assert reading.celsius == pytest.approx(25.0 + 6.0 * reading.watts, abs=1e-6)
    assert reading.watts == pytest.approx(0.7 + device.watts(u, 2.0))


def test_temperature_does_not_depend_on_the_step():
    coarse, fine = Device(COLD), Device(COLD)
    for _ in range(50):
        coarse.step(0.5, 2.0)
    for _ in range(1000):
        fine.step(0.5, 0.1)
    assert coarse.celsius == pytest.approx(fine.celsius, abs=1e-9)
    assert coarse.battery_share == pytest.approx(fine.battery_share, abs=1e-12)


def test_energy_balance():
    device = Device(seed=3)
    used = lost = 0.0
    seconds = 0.05
    for step in range(20_000):
        before = device.celsius
        reading = device.step(1.0 if step % 4000 < 2500 else 0.2, seconds)
        used += reading.watts * seconds
        mean = (before + reading.celsius) / 2.0
        lost += (mean - 25.0) / 6.0 * seconds  # Trapezoidal rule.
    stored = 25.0 * (device.celsius - 25.0)
    assert used == pytest.approx(lost + stored, rel=1e-6)
    assert 1.0 - device.battery_share == pytest.approx(used / 55_000.0, rel=1e-9)


@pytest.mark.parametrize(
    ("u", "share"), [(0.0, 0.1), (0.05, 0.1), (0.06, 0.15625), (0.5, 0.55), (1.0, 1.0)]
)
def test_latency_and_power(u, share):
    # k = min(16, floor(17 u)) groups of 16.
    device = Device(COLD)
    reading = device.step(u, 1.0)
    assert device.share(u) == pytest.approx(share)
    assert reading.true_latency_ms == reading.latency_ms
    assert reading.latency_ms == pytest.approx(4.0 + 72.0 * share / 2.0)
    busy = min(1.0, reading.latency_ms * 25.0 / 1000.0)
    assert reading.watts == pytest.approx(0.5 + 5.0 * busy)


def test_power_falls_with_the_cube_of_the_frequency():
    device = Device(COLD)
    # Busy all the time at both frequencies.
    assert device.watts(1.0, 1.0) - 0.5 == pytest.approx(5.0 / 8.0)


def test_governor_steps_down_and_up_with_hysteresis():
    device = Device(DeviceSettings(ambient_celsius=50.0, latency_noise=0.0))
    down = [device.step(0.0, 1.0).frequency_ghz for _ in range(12)]
    assert down == [2.0, 2.0, 1.7, 1.7, 1.4, 1.4, 1.1, 1.1, 0.8, 0.8, 0.8, 0.8]
    device.celsius = 41.0  # Between the thresholds: it stays, either way.
    device.settings = dataclasses.replace(
        device.settings, ambient_celsius=41.0, idle_watts=0.0, busy_watts=0.0
    )
    assert {device.step(0.0, 1.0).frequency_ghz for _ in range(10)} == {0.8}
    device.celsius = 39.0
    device.settings = dataclasses.replace(device.settings, ambient_celsius=39.0)
    up = [device.step(0.0, 1.0).frequency_ghz for _ in range(9)]
    assert up[-1] == 2.0
    assert up == sorted(up)


def test_thermal_status_with_hysteresis():
    still = DeviceSettings(
        idle_watts=0.0, busy_watts=0.0, heat_capacity=1e12, ambient_celsius=20.0
    )
    device = Device(still)
    seen = []
    for celsius in (30.0, 37.9, 38.1, 37.5, 36.9, 70.0, 64.5, 63.9, 20.0):
        device.celsius = celsius
        seen.append(device.step(0.0, 1.0).thermal_status)
    status = ThermalStatus
    assert seen == [
        status.NONE,
        status.NONE,
        status.LIGHT,
        status.LIGHT,
        status.NONE,
        status.SHUTDOWN,
        status.SHUTDOWN,
        status.EMERGENCY,
        status.NONE,
    ]


def test_battery_ends_at_zero():
    device = Device(dataclasses.replace(COLD, battery_share=0.0005))
    shares = [device.step(1.0, 1.0).battery_share for _ in range(10)]
    assert shares[0] == pytest.approx(0.0005 - 5.5 / 55_000.0)
    assert shares[-1] == 0.0


def test_noise_is_seeded_and_of_the_stated_size():
    def latencies(seed):
        device = Device(DeviceSettings(throttle_celsius=1000.0), seed=seed)
        return [device.step(0.5, 1.0).latency_ms for _ in range(3000)]

    first = latencies(1)
    assert first == latencies(1)
    assert first != latencies(2)
    logs = np.log(first)
    # Standard errors of mean and deviation: 0.0009 and 0.0006.
    assert logs.mean() == pytest.approx(math.log(4.0 + 36.0 * 0.55), abs=0.004)
    assert logs.std() == pytest.approx(0.05, abs=0.003)


def test_controller_keeps_the_latency_where_constant_u_does_not():
    def run(controller):
        device = Device(seed=5)
        u, late = 0.8, 0
        for _ in range(900):
            reading = device.step(u, 1.0)
            late += reading.true_latency_ms > 30.0
            if controller:
                u = controller.update(
                    reading.time,
                    latency_ms=reading.latency_ms,
                    thermal_status=reading.thermal_status,
                )
        return late / 900

    controller = BudgetController(
        latency=LatencyTarget(target_ms=26.0),
        thermal=ThermalCeilings(),
        initial_u=0.8,
    )
    assert run(None) > 0.9
    assert run(controller) < 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"heat_capacity": 0.0}, "Expected heat_capacity .* > 0, got 0.0"),
        ({"battery_share": 1.5}, "Expected battery_share .* <= 1, got 1.5"),
        ({"groups": 0}, "Expected groups to be a whole number from 1"),
        ({"resume_celsius": 42.0}, "Expected resume_celsius < throttle_celsius=42.0"),
        ({"frequencies_ghz": (2.0, 1.0)}, "Expected frequencies_ghz to be rising"),
        ({"frequencies_ghz": ()}, "Expected frequencies_ghz to be a tuple"),
        ({"frequencies_ghz": (0.0, 1.0)}, r"Expected frequencies_ghz\[0\] .* > 0"),
        ({"status_celsius": (1.0, 2.0)}, "Expected status_celsius to be 6 rising"),
        ({"latency_noise": math.nan}, "Expected latency_noise .* got nan"),
    ],
)
def test_bad_settings(arguments, message):
    with pytest.raises(ValueError, match=message):
        DeviceSettings(**arguments)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"u": 1.1, "seconds": 1.0}, "Expected u .* got 1.1"),
        ({"u": math.nan, "seconds": 1.0}, "Expected u .* got nan"),
        ({"u": 0.5, "seconds": 0.0}, "Expected seconds .* > 0 and <= 2, got 0.0"),
        ({"u": 0.5, "seconds": 2.1}, "Expected seconds .* got 2.1"),
        (
            {"u": 0.5, "seconds": 1.0, "background_watts": -1},
            "Expected background_watts .* >= 0, got -1",
        ),
    ],
)
def test_bad_steps(call, message):
    with pytest.raises(ValueError, match=message):
        Device().step(**call)
