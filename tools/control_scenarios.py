"""The calls that tools/control_vectors.py records, by what they cover."""

from tfgate import control
from tools.control_plants import battery
from tools.control_plants import confidence
from tools.control_plants import drive
from tools.control_plants import every
from tools.control_plants import everything
from tools.control_plants import irregular
from tools.control_plants import latency

LATENCY = {"latency": {"target_ms": 30.0}}
CONFIDENCE = {"confidence": {"target": 0.8}}
THERMAL = {"thermal": {}}
PLAN = {
    "battery": {
        "start_time": 100.0,
        "end_time": 1100.0,
        "start_share": 0.9,
        "end_share": 0.4,
        "hold_seconds": 120.0,
    }
}
# Everything that would hide another effect is off.
_BARE = {"filter_seconds": 0.0, "tolerance": 0.0}
_FAST = {"rise_per_second": 1e6, "fall_per_second": 1e6, "dead_band": 0.0}


def cases():
    """Returns (name, covers, settings, calls[, state to restore]) of every case."""
    return [*_responses(), *_limits(), *_missing(), *_combined(), *_other()]


def _responses():
    bare = {"latency": {"target_ms": 30.0, **_BARE}, **_FAST}
    filtered = {"latency": {"target_ms": 30.0, "filter_seconds": 0.7}, **_FAST}
    plan = {**PLAN, "initial_u": 0.5}
    plan["battery"] = {**PLAN["battery"], "filter_seconds": 0.0}
    quick = {"start_time": 0.0, "end_time": 50.0, "integral_gain": 0.5}
    return [
        ("step_response", "the bare PI loop", bare, latency(every(0.2, 30))),
        ("filtered_step_response", "filter", filtered, latency(every(0.2, 30))),
        (
            "default_settings",
            "all of it, both directions",
            LATENCY,
            latency(every(0.2, 80)),
        ),
        (
            "step_up_and_down",
            "a device that gets faster, then slower",
            {**LATENCY, "initial_u": 0.5},
            latency(every(0.2, 120), slope=lambda step: (40.0, 25.0, 60.0)[step // 40]),
        ),
        (
            "proportional_gain_0",
            "an integral alone; its tracking time",
            {"latency": {"target_ms": 30.0, "proportional_gain": 0.0}},
            latency(every(0.2, 60), slope=lambda step: 40.0 if step < 30 else 90.0),
        ),
        (
            "irregular_times",
            "intervals of 0 to 2 s; two calls at one time",
            LATENCY,
            latency(irregular(60), noise=0.1),
        ),
        (
            "battery_plan",
            "before, during and after the plan",
            plan,
            [
                {"time": 37.0 * step, "battery_share": 0.93 - 0.013 * step}
                for step in range(36)
            ],
        ),
        (
            "battery_in_loop",
            "a battery that u empties faster than planned, or slower",
            {"battery": quick},
            battery(every(1.0, 60)),
        ),
        (
            "confidence_in_loop",
            "u rises with too little confidence and falls with enough",
            CONFIDENCE,
            confidence(every(0.2, 80)),
        ),
    ]


def _limits():
    narrow = {**LATENCY, "lower_limit": 0.2, "upper_limit": 0.7, "safe_u": 0.2}
    slow = {**LATENCY, "rise_per_second": 0.05, "fall_per_second": 0.11}
    wide = {"latency": {"target_ms": 30.0, "filter_seconds": 0.0}, "dead_band": 0.15}
    return [
        (
            "saturation_below",
            "far too slow for 20 s, then recovery: no windup",
            {**LATENCY, "initial_u": 0.6},
            latency(
                every(0.3, 100), base=lambda step: 45.0 if 14 <= step < 80 else 10.0
            ),
        ),
        (
            "saturation_above",
            "far too fast for 20 s, then too slow: no windup",
            {**LATENCY, "initial_u": 0.6},
            latency(
                every(0.3, 100), slope=lambda step: 5.0 if 14 <= step < 80 else 45.0
            ),
        ),
        (
            "limits",
            "lower_limit and upper_limit",
            narrow,
            latency(every(0.2, 80), slope=lambda step: 10.0 if step < 40 else 400.0),
        ),
        (
            "rate_limit",
            "u moves by rate times seconds, up and down",
            slow,
            latency(every(0.2, 120), slope=lambda step: 40.0 if step < 80 else 120.0),
        ),
        (
            "dead_band",
            "u stands still in noise",
            wide,
            latency(every(0.2, 80), noise=0.05),
        ),
        (
            "dead_band_just_reached",
            "a demand exactly dead_band away counts as far enough",
            {
                "latency": {"target_ms": 32.0, "proportional_gain": 0.5, **_BARE},
                "dead_band": 0.25,
                "initial_u": 0.5,
            },
            [{"time": 0.0, "latency_ms": 16.0}, {"time": 3.0}],
        ),
        (
            "outlier",
            "one latency a thousand times too long",
            {**LATENCY, "initial_u": 0.5},
            [
                {"time": 0.25 * step, "latency_ms": 30000.0 if step == 9 else 29.0}
                for step in range(24)
            ],
        ),
    ]


def _missing():
    running = [{"time": 0.5 * step, "latency_ms": 20.0} for step in range(20)]
    silent = [{"time": 10.0 + 0.5 * step} for step in range(20)]
    back = [{"time": 20.0 + 0.5 * step, "latency_ms": 20.0} for step in range(10)]
    gap = [{"time": 30.0, "latency_ms": 45.0}, {"time": 30.5, "latency_ms": 45.0}]
    slow = {**LATENCY, "fall_per_second": 0.1}
    both = {**LATENCY, "thermal": {"hold_seconds": 3.0}, "initial_u": 0.4}
    return [
        (
            "missing_signal",
            "holds, goes to safe_u = 0 at the rate limit, starts again; a gap",
            slow,
            running + silent + back + gap,
        ),
        (
            "missing_signal_safe_u_1",
            "the safe end is the most computation",
            {**slow, "safe_u": 1.0, "initial_u": 0.2},
            [{**call, "latency_ms": 29.0} for call in running] + silent,
        ),
        (
            "missing_signal_safe_u_between",
            "the safe end is reached in spite of the dead band",
            {**slow, "safe_u": 0.3, "initial_u": 0.35, "dead_band": 0.2},
            [{**call, "latency_ms": 30.0} for call in running] + silent,
        ),
        (
            "never_measured",
            "initial_u, then safe_u",
            {**slow, "initial_u": 1.0},
            silent,
        ),
        (
            "one_of_two_missing",
            "battery reports rarely, then not at all; latency goes on",
            {**LATENCY, **PLAN, "initial_u": 0.5},
            [
                {"time": 10.0 * step, "latency_ms": 25.0}
                | ({"battery_share": 0.9} if step % 5 == 0 and step < 20 else {})
                for step in range(40)
            ],
        ),
        (
            "thermal_status_expires",
            "a status that holds for 3 s",
            both,
            [{"time": 0.0, "thermal_status": 0, "latency_ms": 20.0}]
            + [{"time": 0.5 * step, "latency_ms": 20.0} for step in range(1, 20)]
            + [{"time": 10.0, "thermal_status": 1, "latency_ms": 20.0}]
            + [{"time": 10.5, "latency_ms": 20.0}, {"time": 11.0}],
        ),
    ]


def _combined():
    statuses = (0, 1, 2, 3, 4, 5, 6, 4, 2, 0)
    own = {"ceilings": [1.0, 0.9, 0.9, 0.2, 0.2, 0.1, 0.0]}
    settings = {**LATENCY, **PLAN, **THERMAL, **CONFIDENCE, "initial_u": 0.5}
    return [
        (
            "thermal_ceilings",
            "every status, up and down, no other signal",
            THERMAL,
            [
                {"time": 0.5 * step, "thermal_status": statuses[step // 5]}
                for step in range(50)
            ],
        ),
        (
            "thermal_override",
            "a ceiling wins over latency, and the loop does not wind up",
            {**LATENCY, "thermal": own},
            latency(
                every(0.2, 120), status=lambda step: {0: 0, 40: 3, 80: 1}.get(step)
            ),
        ),
        (
            "ceiling_inside_the_dead_band",
            "a ceiling between the target and a demand that the dead band holds back",
            {
                **LATENCY,
                "thermal": {"ceilings": [1.0, 0.48, 0.48, 0.4, 0.4, 0.0, 0.0]},
                "dead_band": 0.3,
                "initial_u": 0.5,
            },
            [{"time": 0.5 * step, "latency_ms": 32.0} for step in range(10)]
            + [{"time": 5.0, "latency_ms": 32.0, "thermal_status": 1}, {"time": 6.0}],
        ),
        (
            "ceiling_reached_exactly",
            "the dead band does not keep u below a ceiling",
            {**LATENCY, "thermal": own, "dead_band": 0.15},
            latency(every(0.3, 40), slope=lambda step: 1.0, status=lambda step: 3),
        ),
        (
            "lower_limit_above_ceiling",
            "the lower limit is stronger than a ceiling",
            {**LATENCY, **THERMAL, "lower_limit": 0.3, "safe_u": 0.3},
            latency(every(0.2, 30), status=lambda step: 6 if step == 15 else None),
        ),
        (
            "lowest_wins",
            "all four signals, in noise; battery and status come rarely",
            settings,
            everything(every(0.5, 120, start=90.0)),
        ),
    ]


def _other():
    state = state_after(LATENCY, latency(every(0.1, 30)))
    settings = {**LATENCY, **PLAN, **THERMAL, **CONFIDENCE}
    expired = state_after(LATENCY, [{"time": float(step)} for step in range(9)])
    fresh = state_after(settings, [])
    return [
        (
            "restored",
            "continues in the middle of a step response",
            LATENCY,
            [{"time": 3.0 + 0.1 * step, "latency_ms": 24.0} for step in range(20)],
            state,
        ),
        (
            "restored_fresh",
            "a state from before the first call",
            settings,
            [{"time": 5.0, "latency_ms": 20.0, "confidence": 0.5}, {"time": 6.0}],
            fresh,
        ),
        (
            "restored_expired",
            "a state with a loop that has expired",
            LATENCY,
            [{"time": 8.5}, {"time": 9.0, "latency_ms": 20.0}, {"time": 9.5}],
            expired,
        ),
    ]


def state_after(settings, calls):
    """Returns the state after calls of a new controller."""
    controller = control.BudgetController.from_config(settings)
    drive(controller, calls)
    return controller.state()
