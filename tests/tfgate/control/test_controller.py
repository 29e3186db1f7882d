"""BudgetController: step responses, limits, dead band, missing signals."""

import random

import numpy as np
import pytest

from tfgate.control import BatteryPlan
from tfgate.control import BudgetController
from tfgate.control import ConfidenceTarget
from tfgate.control import LatencyTarget
from tfgate.control import ThermalCeilings
from tfgate.control import ThermalStatus

TARGET = 30.0
# Nothing between the PI loop and u.
BARE = {"rise_per_second": 1e9, "fall_per_second": 1e9, "dead_band": 0.0}


def bare_latency(**gains):
    return LatencyTarget(
        target_ms=TARGET, filter_seconds=0.0, tolerance=0.0, hold_seconds=1e6, **gains
    )


def close_loop(controller, steps, seconds=0.1, base=10.0, slope=40.0, start=0.0):
    """Latency = base + slope u; both may be functions of the time."""
    history = []
    for step in range(steps):
        time = start + step * seconds
        now = [value(time) if callable(value) else value for value in (base, slope)]
        latency = now[0] + now[1] * controller.u
        history.append(controller.update(time, latency_ms=latency))
    return np.array(history)


class TestStepResponse:
    def test_integral_alone_is_geometric(self):
        # u[k+1] = u[k] + Ki dt (c - g u[k]), with c = 1 - 10/30 and g = 40/30.
        controller = BudgetController(
            latency=bare_latency(proportional_gain=0.0, integral_gain=0.6), **BARE
        )
        steps = np.arange(50)
        expected = 0.5 * (1.0 - (1.0 - 0.6 * 0.1 * 40.0 / TARGET) ** steps)
        np.testing.assert_allclose(close_loop(controller, 50), expected, atol=1e-12)

    def test_proportional_and_integral(self):
        # A linear recurrence in (u, I), solved by powers of its matrix.
        kp, ki, dt, c, g = 0.2, 0.9, 0.05, 1.0 - 10.0 / TARGET, 40.0 / TARGET
        controller = BudgetController(
            latency=bare_latency(proportional_gain=kp, integral_gain=ki), **BARE
        )
        matrix = np.array([[-g * (kp + ki * dt), 1.0], [-g * ki * dt, 1.0]])
        rest = np.linalg.solve(np.eye(2) - matrix, [c * (kp + ki * dt), c * ki * dt])
        first = np.zeros(2)
        expected = [
            (rest + np.linalg.matrix_power(matrix, k) @ (first - rest))[0]
            for k in range(80)
        ]
        # At rest: the first call starts the clock, and u can't move in no time.
        controller.update(-dt, latency_ms=TARGET)
        actual = np.append(0.0, close_loop(controller, 79, seconds=dt))
        np.testing.assert_allclose(actual, expected, atol=1e-12)
        assert actual[-1] == pytest.approx(0.5, abs=0.01)

    def test_filter_is_backward_euler(self):
        signal = LatencyTarget(
            target_ms=TARGET,
            proportional_gain=1.0,
            integral_gain=1e-9,
            filter_seconds=0.4,
            tolerance=0.0,
        )
        controller = BudgetController(latency=signal, **BARE)
        controller.update(0.0, latency_ms=TARGET)
        steps = np.arange(1, 20)
        actual = [
            controller.update(0.1 * step, latency_ms=TARGET / 2) for step in steps
        ]
        expected = 0.5 * (1.0 - (0.4 / (0.4 + 0.1)) ** steps)
        np.testing.assert_allclose(actual, expected, atol=1e-6)

    @pytest.mark.parametrize("seconds", [0.02, 0.1, 0.5, 1.0])
    @pytest.mark.parametrize("slope", [25.0, 40.0, 60.0])
    @pytest.mark.parametrize("initial_u", [0.0, 1.0])
    def test_defaults_settle_at_the_target(self, seconds, slope, initial_u):
        controller = BudgetController(
            latency=LatencyTarget(target_ms=TARGET), initial_u=initial_u
        )
        steps = int(60.0 / seconds)
        history = close_loop(controller, steps, seconds=seconds, slope=slope)
        latency = 10.0 + slope * history[-steps // 4 :]
        # The tolerance, and the dead band in units of latency.
        allowed = 0.02 * TARGET + 0.02 * slope + 1e-9
        assert np.all(np.abs(latency - TARGET) <= allowed)

    def test_step_up_and_down(self):
        def slope(time):
            return 25.0 if 20.0 <= time < 40.0 else 50.0

        controller = BudgetController(latency=LatencyTarget(target_ms=TARGET))
        history = close_loop(controller, 600, slope=slope)
        assert history[199] == pytest.approx(20 / 50, abs=0.04)
        assert history[399] == pytest.approx(20 / 25, abs=0.06)
        assert history[599] == pytest.approx(20 / 50, abs=0.04)
        # One move up and one down, no swinging: no undershoot beyond the tolerances.
        assert history[400:].min() >= 20 / 50 - 0.05

    def test_confidence_below_target_raises_u(self):
        controller = BudgetController(
            confidence=ConfidenceTarget(target=0.8), initial_u=0.5
        )
        for step in range(300):
            time = 0.1 * step
            u = controller.update(time, confidence=0.5 + 0.4 * controller.u)
        assert u == pytest.approx(0.75, abs=0.05)
        for step in range(300, 600):
            time = 0.1 * step
            u = controller.update(time, confidence=min(1.0, 0.7 + 0.4 * controller.u))
        assert u == pytest.approx(0.25, abs=0.06)

    def test_battery_follows_its_plan(self):
        plan = BatteryPlan(
            start_time=0.0, end_time=7200.0, start_share=0.9, end_share=0.6
        )
        controller = BudgetController(battery=plan, initial_u=0.5)
        share, shares = 0.9, {}
        for time in range(0, 7201, 10):
            u = controller.update(float(time), battery_share=share)
            share -= 10.0 * (0.5 + 4.0 * u) / 55_000.0
            shares[time] = share
        for time in (3600, 5400, 7200):
            assert shares[time] == pytest.approx(plan.planned_share(time), abs=0.002)


class TestAntiWindup:
    @pytest.mark.parametrize("minutes", [1, 100])
    def test_recovers_alike_after_any_saturation(self, minutes):
        end = 60.0 * minutes

        def base(time):
            return 80.0 if time < end else 10.0

        controller = BudgetController(
            latency=LatencyTarget(target_ms=TARGET), initial_u=0.5
        )
        history = close_loop(controller, int(end) + 30, seconds=1.0, base=base)
        assert history[int(end) - 1] == 0.0
        # The loop leaves the limit at once, and is at its set point in 20 s.
        assert history[int(end) + 1] > 0.0
        assert history[-1] == pytest.approx(0.5, abs=0.04)

    def test_recovers_from_the_upper_limit(self):
        controller = BudgetController(latency=LatencyTarget(target_ms=TARGET))
        close_loop(controller, 10_000, slope=5.0)
        assert controller.u == 1.0
        history = close_loop(controller, 100, slope=40.0, start=1000.0)
        assert history[10] < 0.9
        assert history[-1] == pytest.approx(0.5, abs=0.04)

    def test_an_overridden_loop_follows(self):
        controller = BudgetController(
            latency=LatencyTarget(target_ms=TARGET), thermal=ThermalCeilings()
        )
        controller.update(0.0, thermal_status=ThermalStatus.CRITICAL)
        close_loop(controller, 10_000, slope=5.0, start=0.1)
        assert controller.u == 0.25
        loop = controller.state()["loops"]["latency"]
        # Not at 1 and not beyond: a tracking time of error above the ceiling.
        assert 0.25 < loop["output"] < 1.0
        controller.update(1001.0, latency_ms=1.8 * TARGET)
        controller.update(1002.0, latency_ms=1.8 * TARGET)
        assert controller.u < 0.1


class TestLimits:
    @pytest.mark.parametrize("seed", range(5))
    def test_rate_and_range_hold_for_any_measurements(self, seed):
        generator = random.Random(seed)
        controller = BudgetController(
            latency=LatencyTarget(target_ms=TARGET),
            confidence=ConfidenceTarget(target=0.7),
            thermal=ThermalCeilings(),
            lower_limit=0.1,
            upper_limit=0.9,
            safe_u=0.2,
            rise_per_second=0.3,
            fall_per_second=0.8,
        )
        time = 0.0
        for _ in range(500):
            seconds = generator.choice((0.0, 0.01, 0.2, 1.0, 9.0))
            time += seconds
            before = controller.u
            u = controller.update(
                time,
                latency_ms=generator.choice((None, 1.0, 29.0, 31.0, 1e6)),
                confidence=generator.choice((None, generator.random())),
                thermal_status=generator.choice((None, None, generator.randrange(7))),
            )
            assert 0.1 <= u <= 0.9
            assert -0.8 * seconds - 1e-12 <= u - before <= 0.3 * seconds + 1e-12

    def test_reaches_both_limits_exactly(self):
        controller = BudgetController(
            latency=LatencyTarget(target_ms=TARGET),
            lower_limit=0.13,
            upper_limit=0.87,
            safe_u=0.13,
            dead_band=0.3,
        )
        close_loop(controller, 300, slope=1.0)
        assert controller.u == 0.87
        close_loop(controller, 300, base=100.0, start=100.0)
        assert controller.u == 0.13

    @pytest.mark.parametrize("status", list(ThermalStatus))
    def test_ceiling_of_each_status(self, status):
        ceilings = (1.0, 0.9, 0.7, 0.5, 0.3, 0.1, 0.0)
        controller = BudgetController(
            thermal=ThermalCeilings(ceilings=ceilings), initial_u=1.0, dead_band=0.4
        )
        controller.update(0.0, thermal_status=status)
        assert controller.update(10.0) == ceilings[status]

    def test_ceiling_wins_over_latency_and_confidence(self):
        controller = BudgetController(
            latency=LatencyTarget(target_ms=TARGET),
            confidence=ConfidenceTarget(target=0.9),
            thermal=ThermalCeilings(),
        )
        for step in range(100):
            u = controller.update(
                0.1 * step, latency_ms=1.0, confidence=0.1, thermal_status=3
            )
        assert u == 0.5

    def test_lowest_wins(self):
        controller = BudgetController(
            latency=LatencyTarget(target_ms=TARGET),
            confidence=ConfidenceTarget(target=0.9),
            initial_u=0.5,
        )
        for step in range(100):
            # Confidence asks for more, latency for less.
            u = controller.update(0.1 * step, latency_ms=2 * TARGET, confidence=0.1)
        assert u == 0.0


class TestDeadBand:
    def history(self, dead_band, noise):
        controller = BudgetController(
            latency=LatencyTarget(target_ms=TARGET, tolerance=0.1),
            dead_band=dead_band,
            initial_u=0.5,
        )
        generator = random.Random(3)
        values = []
        for step in range(2000):
            factor = 1.0 + noise * (2.0 * generator.random() - 1.0)
            latency = (10.0 + 40.0 * controller.u) * factor
            values.append(controller.update(0.1 * step, latency_ms=latency))
        return np.array(values)

    def test_does_not_chatter_under_noise(self):
        moves = np.count_nonzero(np.diff(self.history(0.02, noise=0.15)))
        assert moves <= 2

    def test_without_it_noise_comes_through(self):
        # The same noise outside of the tolerance: what the dead band is for.
        loud = self.history(0.0, noise=0.6)
        quiet = self.history(0.1, noise=0.6)
        assert np.count_nonzero(np.diff(loud)) > 200
        assert np.count_nonzero(np.diff(quiet)) < 0.3 * np.count_nonzero(np.diff(loud))

    def test_small_changes_add_up(self):
        # A slow drift crosses the band: nothing is lost in it.
        controller = BudgetController(
            latency=bare_latency(proportional_gain=0.0, integral_gain=0.01),
            dead_band=0.05,
        )
        values = [
            controller.update(float(step), latency_ms=0.9 * TARGET)
            for step in range(500)
        ]
        assert len(set(values[:200])) < 8
        assert values[-1] == pytest.approx(0.001 * 499, abs=0.05)


class TestMissingSignal:
    def settled(self, **arguments):
        controller = BudgetController(
            latency=LatencyTarget(target_ms=TARGET, hold_seconds=5.0),
            fall_per_second=0.1,
            rise_per_second=0.1,
            initial_u=0.5,
            **arguments,
        )
        for step in range(11):
            controller.update(0.1 * step, latency_ms=TARGET)
        assert controller.u == 0.5
        return controller

    def test_holds_then_goes_to_the_safe_end_at_the_rate_limit(self):
        controller = self.settled()
        held = [controller.update(1.0 + 0.5 * step) for step in range(1, 11)]
        assert held == [0.5] * 10
        falling = [controller.update(6.0 + 0.5 * step) for step in range(1, 15)]
        expected = np.maximum(0.0, 0.5 - 0.05 * np.arange(1, 15))
        np.testing.assert_allclose(falling, expected, atol=1e-12)
        assert falling[-1] == 0.0

    def test_finishes_its_move_while_it_holds(self):
        controller = self.settled()
        controller.update(1.1, latency_ms=TARGET / 2)
        target = controller.state()["target"]
        values = [controller.update(1.1 + 0.1 * step) for step in range(1, 5)]
        assert 0.5 < values[0] < target
        assert values[-2:] == [target, target]

    @pytest.mark.parametrize("safe_u", [0.0, 0.3, 0.49, 1.0])
    def test_safe_end_of_ones_choice(self, safe_u):
        controller = self.settled(safe_u=safe_u, dead_band=0.1)
        for step in range(1, 41):
            controller.update(1.0 + 0.5 * step)
        assert controller.u == safe_u

    def test_starts_again_from_where_u_is(self):
        controller = self.settled()
        for step in range(1, 15):
            u = controller.update(1.0 + 0.5 * step)
        back = controller.update(8.1, latency_ms=TARGET)
        assert back == u  # An error of 0 asks for no change: no jump.
        assert controller.update(8.2, latency_ms=TARGET) == u

    def test_polling_in_between_changes_nothing(self):
        asked, silent = self.settled(), self.settled()
        for step in range(20):
            time = 2.0 + step
            for fraction in (0.2, 0.4, 0.6):
                asked.update(time - 1.0 + fraction)
            first = asked.update(time, latency_ms=TARGET)
            assert first == silent.update(time, latency_ms=TARGET) == 0.5

    def test_never_measured(self):
        controller = BudgetController(
            latency=LatencyTarget(target_ms=TARGET, hold_seconds=2.0),
            initial_u=0.6,
            fall_per_second=0.1,
        )
        values = [controller.update(float(time)) for time in range(100, 106)]
        np.testing.assert_allclose(values, [0.6, 0.6, 0.6, 0.5, 0.4, 0.3])

    def test_one_of_two(self):
        controller = BudgetController(
            latency=LatencyTarget(target_ms=TARGET),
            confidence=ConfidenceTarget(target=0.8, hold_seconds=3.0),
            initial_u=0.5,
        )
        for time in range(10):
            u = controller.update(
                float(time), latency_ms=TARGET, confidence=0.8 if time < 4 else None
            )
            if time == 6:
                assert u == 0.5
        assert u == 0.0

    def test_thermal_status_holds_until_the_next_by_default(self):
        controller = BudgetController(thermal=ThermalCeilings(), initial_u=1.0)
        controller.update(0.0, thermal_status=3)
        assert controller.update(1e6) == 0.5

    def test_thermal_status_expires_if_told(self):
        controller = BudgetController(
            thermal=ThermalCeilings(hold_seconds=10.0), initial_u=1.0
        )
        controller.update(0.0, thermal_status=3)
        assert controller.update(10.0) == 0.5
        assert controller.update(11.0) == 0.0
        assert controller.update(21.0, thermal_status=3) == 0.5

    def test_a_gap_without_calls_does_not_wind_up(self):
        controller = self.settled()
        u = controller.update(1000.0, latency_ms=0.9 * TARGET)
        # A new start: the proportional part alone, of an error of 10 % - 2 %.
        assert u == pytest.approx(0.5 + 0.3 * 0.08)
