"""Set points: their errors, their ranges, what is derived."""

import pytest

from tfgate.control import BatteryPlan
from tfgate.control import ConfidenceTarget
from tfgate.control import LatencyTarget
from tfgate.control import ThermalCeilings
from tfgate.control import ThermalStatus


@pytest.mark.parametrize(
    ("latency", "error"), [(15.0, 0.5), (30.0, 0.0), (45.0, -0.5), (1e9, -1.0)]
)
def test_latency_error(latency, error):
    assert LatencyTarget(target_ms=30.0).error(0.0, latency) == error


@pytest.mark.parametrize(
    ("time", "share"),
    [(0.0, 0.8), (100.0, 0.8), (150.0, 0.5), (200.0, 0.2), (1e9, 0.2)],
)
def test_battery_plan(time, share):
    plan = BatteryPlan(start_time=100, end_time=200, start_share=0.8, end_share=0.2)
    assert plan.planned_share(time) == pytest.approx(share)
    assert plan.error(time, 0.9) == pytest.approx(0.9 - share)


def test_confidence_error():
    assert ConfidenceTarget(target=0.75).error(0.0, 0.25) == 0.5


@pytest.mark.parametrize(
    ("gains", "seconds"),
    [
        ({"proportional_gain": 0.5, "integral_gain": 0.25}, 2.0),
        ({"proportional_gain": 0.0, "integral_gain": 0.25}, 4.0),
        ({"tracking_seconds": 7}, 7.0),
    ],
)
def test_tracking_time(gains, seconds):
    assert LatencyTarget(target_ms=30.0, **gains).tracking_seconds == seconds


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (LatencyTarget, {"target_ms": -1}, "Expected target_ms .* > 0, got -1"),
        (ConfidenceTarget, {"target": 1.5}, "Expected target .* <= 1, got 1.5"),
        (
            BatteryPlan,
            {"start_time": 5, "end_time": 5},
            "Expected end_time .* > 5, got 5",
        ),
        (
            BatteryPlan,
            {"start_time": 0, "end_time": 5, "start_share": 0.2, "end_share": 0.3},
            "Expected end_share .* <= 0.2, got 0.3",
        ),
        (
            LatencyTarget,
            {"target_ms": 1, "integral_gain": 0},
            "Expected integral_gain .* > 0, got 0",
        ),
        (ThermalCeilings, {"ceilings": (1.0,)}, "Expected ceilings to be 7 numbers"),
        (ThermalCeilings, {"ceilings": "1111111"}, "Expected ceilings to be 7 numbers"),
        (
            ThermalCeilings,
            {"ceilings": (1.0, 0.4, 0.5, 0.3, 0.2, 0.1, 0.0)},
            "Expected ceilings to fall",
        ),
    ],
)
def test_bad_settings(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(**arguments)


def test_status_names_are_androids():
    assert [status.name for status in ThermalStatus] == [
        "NONE",
        "LIGHT",
        "MODERATE",
        "SEVERE",
        "CRITICAL",
        "EMERGENCY",
        "SHUTDOWN",
    ]
