import math

import pytest

from tests.trainers.builders import toy_settings
from trainers.common import schedules


def rate(schedule, step):
    return float(schedule(step))


def test_cosine_falls_to_zero():
    schedule = schedules.learning_rate(toy_settings(epochs=4, learning_rate=0.2), 10)
    for step in (0, 10, 20, 40):
        expected = 0.1 * (1 + math.cos(math.pi * step / 40))
        assert rate(schedule, step) == pytest.approx(expected, abs=1e-6)


def test_warm_up_rises_linearly_and_belongs_to_the_epochs():
    chosen = toy_settings(epochs=5, learning_rate=0.2, warmup_epochs=1.0)
    schedule = schedules.learning_rate(chosen, 10)
    assert rate(schedule, 0) == 0.0
    assert rate(schedule, 5) == pytest.approx(0.1)
    assert rate(schedule, 10) == pytest.approx(0.2)
    assert rate(schedule, 30) == pytest.approx(0.1)
    assert rate(schedule, 50) == pytest.approx(0.0, abs=1e-6)


def test_steps_fall_after_their_epochs():
    chosen = toy_settings(
        epochs=6, learning_rate=1.0, schedule="step", step_epochs="2,4"
    )
    schedule = schedules.learning_rate(chosen, 10)
    rates = [rate(schedule, step) for step in (0, 19, 20, 39, 40, 59)]
    assert rates == pytest.approx([1.0, 1.0, 0.1, 0.1, 0.01, 0.01])
