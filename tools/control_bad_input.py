"""What the controller refuses: calls, settings and states with one thing wrong."""

import copy
import math

from tools.control_plants import every
from tools.control_plants import latency
from tools.control_scenarios import CONFIDENCE
from tools.control_scenarios import LATENCY
from tools.control_scenarios import PLAN
from tools.control_scenarios import THERMAL
from tools.control_scenarios import state_after


def cases():
    """Returns cases as `control_scenarios.cases` does."""
    settings = {**LATENCY, **PLAN, **THERMAL, **CONFIDENCE}
    return [
        (
            "errors",
            "every wrong argument of a call; nothing changes",
            {**settings, "initial_u": 0.5},
            _wrong_calls(),
        ),
        (
            "errors_not_configured",
            "measurements of signals that the controller does not have",
            LATENCY,
            [
                {"time": 0.0, "latency_ms": 20.0},
                {"time": 1.0, "battery_share": 0.5},
                {"time": 1.0, "thermal_status": 0},
                {"time": 1.0, "confidence": 0.5},
                {"time": 1.0, "latency_ms": 20.0},
            ],
        ),
    ]


def _wrong_calls():
    good = {
        "latency_ms": 25.0,
        "battery_share": 0.9,
        "thermal_status": 0,
        "confidence": 0.6,
    }
    wrong = [
        ("latency_ms", [math.nan, math.inf, -math.inf, 0.0, -1.0]),
        ("battery_share", [math.nan, math.inf, -math.inf, -0.01, 1.01]),
        ("thermal_status", [-1, 7]),
        ("confidence", [math.nan, math.inf, -math.inf, -0.01, 1.01]),
        ("time", [math.nan, math.inf, -math.inf, 4.9]),
    ]
    calls = [{"time": 0.0, **good}, {"time": 1.0, **good}]
    for second, (name, values) in enumerate(wrong, start=2):
        calls.extend({"time": second - 0.5, **good, name: value} for value in values)
        calls.append({"time": float(second), **good})
    return calls


def invalid_settings():
    """Returns settings that are refused, each with one thing wrong."""
    wrong = {
        "lower_limit": [-0.1, 1.1, "NaN"],
        "upper_limit": [-0.1, 1.1, "NaN"],
        "rise_per_second": [0.0, -1.0, "NaN", "Infinity"],
        "fall_per_second": [0.0, -1.0, "NaN", "Infinity"],
        "dead_band": [-0.1, 1.1, "NaN"],
        "safe_u": [-0.1, 1.1, "NaN"],
        "initial_u": [-0.1, 1.1, "NaN"],
    }
    result = [
        {**LATENCY, name: value} for name, values in wrong.items() for value in values
    ]
    result.append({**LATENCY, "lower_limit": 0.5, "upper_limit": 0.4, "safe_u": 0.5})
    result.append({**LATENCY, "lower_limit": 0.5, "safe_u": 0.4})
    result.append({**LATENCY, "upper_limit": 0.5, "initial_u": 0.6})
    result.append({"dead_band": 0.1})
    loop = {
        "proportional_gain": [-0.1, "NaN", "Infinity"],
        "integral_gain": [0.0, -0.1, "NaN", "Infinity"],
        "filter_seconds": [-0.1, "NaN", "Infinity"],
        "tolerance": [-0.1, 1.1, "NaN"],
        "hold_seconds": [-0.1, "NaN", "Infinity"],
        "tracking_seconds": [0.0, -1.0, "NaN", "Infinity"],
    }
    own = [
        (LATENCY, "latency", {"target_ms": [0.0, -1.0, "NaN", "Infinity"]}),
        (CONFIDENCE, "confidence", {"target": [0.0, 1.1, "NaN"]}),
        (
            PLAN,
            "battery",
            {
                "start_time": ["NaN", "Infinity"],
                "end_time": [100.0, 99.0, "NaN", "Infinity"],
                "start_share": [-0.1, 1.1, "NaN"],
                "end_share": [-0.1, 0.91, "NaN"],
            },
        ),
    ]
    for settings, name, values in own:
        for key, items in {**loop, **values}.items():
            result.extend({name: {**settings[name], key: item}} for item in items)
    for ceilings in (
        [1.0] * 6,
        [1.0] * 8,
        [1.0, 0.5, 0.6, 0.5, 0.4, 0.3, 0.2],
        [1.1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -0.1],
        [1.0, 1.0, "NaN", 1.0, 1.0, 1.0, 1.0],
    ):
        result.append({"thermal": {"ceilings": ceilings}})
    result.extend({"thermal": {"hold_seconds": item}} for item in (-0.1, "NaN"))
    return result


def invalid_states():
    """Returns (settings, state) that are refused, each with one thing wrong."""
    settings = {**LATENCY, **THERMAL, "upper_limit": 0.9}
    good = state_after(settings, latency(every(0.1, 3), status=lambda step: 1))
    changes = [
        (("version",), 2),
        (("time",), None),
        (("time",), 0.1),
        (("u",), 0.95),
        (("u",), -0.1),
        (("target",), 0.95),
        (("reference",), 0.95),
        (("thermal",), None),
        (("thermal", "status"), 7),
        (("thermal", "time"), 0.3),
        (("loops", "latency", "time"), 0.3),
        (("loops", "latency", "time"), None),
        (("loops", "latency", "error"), 1.1),
        (("loops", "latency", "integral"), None),
        (("loops", "latency", "output"), None),
    ]
    result = []
    for path, value in changes:
        state = copy.deepcopy(good)
        inner = state
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        result.append((settings, state))
    result.append((settings, {key: good[key] for key in good if key != "u"}))
    result.append((THERMAL, good))
    result.append((LATENCY, {**good, "u": 0.1}))
    return result
