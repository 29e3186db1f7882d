"""Plants for test vectors: what a controller could measure after it has chosen u.

A plant is a generator: it yields the arguments of the controller's next call and is
sent the u that came of it. Plants use additions, multiplications and divisions alone,
and random numbers that Python draws alike everywhere, so the vectors are the same on
every machine. Measurements are rounded to a few digits, as in reality.
"""

import random
import types


def drive(controller, calls):
    """Makes the calls, of a list or of a plant in closed loop; returns them."""
    if not isinstance(calls, types.GeneratorType):
        for call in calls:
            controller.update(**call)
        return calls
    made = []
    call = next(calls, None)
    while call is not None:
        made.append(call)
        u = controller.update(**call)
        try:
            call = calls.send(u)
        except StopIteration:
            call = None
    return made


def latency(
    times,
    base=lambda step: 10.0,
    slope=lambda step: 40.0,
    noise=0.0,
    status=lambda step: None,
    u=0.0,
):
    """A device without memory: latency = (base + slope u) (1 +- noise)."""
    generator = random.Random(7)
    for step, time in enumerate(times):
        factor = 1.0 + noise * (2.0 * generator.random() - 1.0)
        call = {
            "time": time,
            "latency_ms": round((base(step) + slope(step) * u) * factor, 3),
            "thermal_status": status(step),
        }
        u = yield {key: value for key, value in call.items() if value is not None}


def battery(times, u=0.0):
    """A battery of which u = 1 takes 4 % a second, in the second half 1 %."""
    share = 1.0
    earlier = times[0]
    for step, time in enumerate(times):
        power = 0.04 if step < len(times) // 2 else 0.01
        share = max(0.0, share - u * power * (time - earlier))
        earlier = time
        u = yield {"time": time, "battery_share": round(share, 4)}


def confidence(times, u=0.0):
    """Confidence 0.6 + 0.4 u; in the middle third of the time 0.35 + 0.4 u."""
    third = len(times) // 3
    for step, time in enumerate(times):
        lowest = 0.35 if third <= step < 2 * third else 0.6
        u = yield {"time": time, "confidence": round(lowest + 0.4 * u, 4)}


def everything(times, u=0.0):
    """Latency and confidence at every time, battery and status at every 20th."""
    generator = random.Random(11)
    for step, time in enumerate(times):
        slope = 30.0 if 3 * step < 2 * len(times) else 60.0
        noise = 0.95 + 0.1 * generator.random()
        mean = 0.4 + 0.4 * u + 0.2 * generator.random()
        call = {
            "time": time,
            "latency_ms": round((10.0 + slope * u) * noise, 3),
            "confidence": round(min(1.0, mean), 4),
        }
        if step % 20 == 0:
            call["battery_share"] = round(0.9 - 0.0003 * step, 4)
            call["thermal_status"] = (0, 1, 3, 2)[step // 20 % 4]
        u = yield call


def every(seconds, count, start=0.0):
    """Returns evenly spaced times.

    >>> every(0.1, 4)
    [0.0, 0.1, 0.2, 0.3]
    """
    return [round(start + step * seconds, 6) for step in range(count)]


def irregular(count):
    """Returns times with intervals of 0, 0.01, 0.3 or 2 seconds."""
    generator = random.Random(5)
    times = [0.0]
    while len(times) < count:
        times.append(round(times[-1] + generator.choice((0.0, 0.01, 0.3, 2.0)), 6))
    return times
