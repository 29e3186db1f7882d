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


@pytest.mark.parametrize("warmup_epochs", [1.5, 2.0])
def test_warm_up_before_steps(warmup_epochs):
    chosen = toy_settings(
        epochs=6,
        learning_rate=1.0,
        schedule="step",
        step_epochs="2,4",
        warmup_epochs=warmup_epochs,
    )
    schedule = schedules.learning_rate(chosen, 10)
    last = round(10 * warmup_epochs)
    for step in range(last):
        assert rate(schedule, step) == pytest.approx(step / last)
    rates = [rate(schedule, step) for step in (19, 20, 39, 40, 59)]
    assert rates[1:] == pytest.approx([0.1, 0.1, 0.01, 0.01])
    assert rates[0] == pytest.approx(min(1.0, 19 / last))


def test_cosine_restarts_are_those_of_sgdr():
    """TNN A.1: cycles of 10, 20, 40, ... epochs from the highest rate to 0."""
    chosen = toy_settings(
        epochs=70,
        learning_rate=0.05,
        schedule="cosine_restarts",
        restart_epochs=10,
        restart_factor=2,
    )
    schedule = schedules.learning_rate(chosen, 4)
    for begin, length in ((0, 10), (10, 20), (30, 40)):
        for epoch in (0.25, 1, length / 2, length - 0.25):
            expected = 0.025 * (1 + math.cos(math.pi * epoch / length))
            found = rate(schedule, round(4 * (begin + epoch)))
            assert found == pytest.approx(expected, abs=1e-6)
    # 310 epochs end with a cycle.
    assert rate(schedule, 4 * 310 - 1) == pytest.approx(0.0, abs=1e-5)


def test_cycles_of_one_length():
    chosen = toy_settings(
        schedule="cosine_restarts", restart_epochs=2, restart_factor=1
    )
    schedule = schedules.learning_rate(chosen, 10)
    assert rate(schedule, 50) == pytest.approx(rate(schedule, 10)) == 0.05


@pytest.mark.parametrize("warmup_epochs", [0.0, 1.0])
def test_a_constant_rate(warmup_epochs):
    chosen = toy_settings(
        schedule="constant", learning_rate=0.01, warmup_epochs=warmup_epochs
    )
    schedule = schedules.learning_rate(chosen, 10)
    rates = [rate(schedule, step) for step in (0, 5, 10, 1000)]
    warming = [0.0, 0.005] if warmup_epochs else [0.01, 0.01]
    assert rates == pytest.approx([*warming, 0.01, 0.01])


def test_without_warm_up_only_keras_is_needed():
    for schedule in ("step", "cosine"):
        chosen = toy_settings(schedule=schedule)
        built = schedules.learning_rate(chosen, 10)
        assert type(built).__module__.startswith("keras.")


def test_steps_fall_after_their_epochs():
    chosen = toy_settings(
        epochs=6, learning_rate=1.0, schedule="step", step_epochs="2,4"
    )
    schedule = schedules.learning_rate(chosen, 10)
    rates = [rate(schedule, step) for step in (0, 19, 20, 39, 40, 59)]
    assert rates == pytest.approx([1.0, 1.0, 0.1, 0.1, 0.01, 0.01])
