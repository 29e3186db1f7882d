"""Schedules: closed forms, units of time, round trips, losses that follow them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tfgate import schedules

EVERY = [
    schedules.StepAnneal(1.0, -0.05, every=5, final=0.6),
    schedules.Linear(0.75, 0.0, end=100),
    schedules.Linear(0.0, 0.2, begin=100, end=300, steps_per_epoch=7),
    schedules.Cosine(2.0, 0.5, begin=3, end=9, staircase=True),
    schedules.Piecewise([1.0, 0.95, 0.9], boundaries=[4, 6.5]),
    schedules.WarmUp(
        schedules.Piecewise([1.0, 0.1], boundaries=[20]), end=2, steps_per_epoch=5
    ),
]


def values(schedule, steps):
    return [float(schedule(step)) for step in steps]


class TestStepAnneal:
    def test_falls_by_steps_to_its_floor(self):
        schedule = schedules.StepAnneal(1.0, -0.15, every=3, final=0.6)
        expected = [1.0, 1.0, 1.0, 0.85, 0.85, 0.85, 0.7, 0.7, 0.7, 0.6, 0.6]
        np.testing.assert_allclose(values(schedule, range(11)), expected, rtol=1e-6)

    def test_rises_to_its_ceiling(self):
        schedule = schedules.StepAnneal(0.8, 0.15, every=1, final=0.99)
        np.testing.assert_allclose(
            values(schedule, range(4)), [0.8, 0.95, 0.99, 0.99], rtol=1e-6
        )

    @pytest.mark.parametrize("change", [0.0, 0.1])
    def test_leads_away(self, change):
        with pytest.raises(ValueError, match="change that leads from initial=1"):
            schedules.StepAnneal(1.0, change, every=1, final=0.5)

    def test_no_time_between_changes(self):
        with pytest.raises(ValueError, match="Expected every > 0, got 0"):
            schedules.StepAnneal(1.0, -0.1, every=0, final=0.5)


class TestWarmUp:
    def test_rises_to_the_schedule_and_follows_it(self):
        schedule = schedules.WarmUp(
            schedules.Piecewise([0.4, 0.04], boundaries=[3], steps_per_epoch=2), end=4
        )
        expected = [0.0, 0.1, 0.2, 0.3, 0.4, 0.4, 0.04, 0.04]
        np.testing.assert_allclose(values(schedule, range(8)), expected, rtol=1e-6)

    def test_after_its_end_it_is_the_schedule_to_the_last_bit(self):
        after = schedules.Cosine(0.3, 0.0, end=100)
        schedule = schedules.WarmUp(after, end=7)
        assert values(schedule, range(7, 50)) == values(after, range(7, 50))

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [((0.4, 5), "Expected schedule"), ((EVERY[0], 0), "Expected end > 0")],
    )
    def test_bad_arguments(self, arguments, said):
        with pytest.raises(ValueError, match=said):
            schedules.WarmUp(*arguments)


@pytest.mark.parametrize(
    ("schedule", "share"),
    [
        (schedules.Linear, lambda done: done),
        (schedules.Cosine, lambda done: (1.0 - np.cos(np.pi * done)) / 2.0),
    ],
)
class TestRamps:
    def test_closed_form(self, schedule, share):
        steps = np.arange(0, 40)
        done = np.clip((steps - 10) / 20, 0.0, 1.0)
        np.testing.assert_allclose(
            values(schedule(0.9, 0.2, begin=10, end=30), steps),
            0.9 - 0.7 * share(done),
            rtol=1e-5,
        )

    @pytest.mark.parametrize(("begin", "end"), [(3, 3), (4, 3), (-1, 3), (0, 0)])
    def test_ends_before_it_begins(self, schedule, share, begin, end):
        with pytest.raises(ValueError, match="Expected 0 <= begin < end"):
            schedule(1.0, 0.5, begin=begin, end=end)


class TestPiecewise:
    def test_a_number_for_each_unit_of_time(self):
        schedule = schedules.Piecewise([1.0, 0.9, 0.8], steps_per_epoch=2)
        np.testing.assert_allclose(
            values(schedule, range(6)), [1.0, 1.0, 0.9, 0.9, 0.8, 0.8], rtol=1e-6
        )

    def test_one_number(self):
        assert values(schedules.Piecewise([0.5]), (0, 9)) == [0.5, 0.5]

    @pytest.mark.parametrize("boundaries", [[0], [2, 2], [1, 2, 3]])
    def test_boundaries_that_do_not_fit(self, boundaries):
        with pytest.raises(ValueError, match="boundaries"):
            schedules.Piecewise([1.0] * max(2, len(boundaries)), boundaries)

    def test_no_values(self):
        with pytest.raises(ValueError, match="at least one number in values"):
            schedules.Piecewise([])


class TestTime:
    def test_epochs(self):
        by_step = schedules.Linear(1.0, 0.0, end=40)
        by_epoch = schedules.Linear(1.0, 0.0, end=4, steps_per_epoch=10)
        steps = range(0, 50, 3)
        np.testing.assert_allclose(
            values(by_epoch, steps), values(by_step, steps), rtol=1e-5, atol=1e-7
        )

    def test_staircase_changes_between_epochs_only(self):
        schedule = schedules.Linear(1.0, 0.0, end=4, steps_per_epoch=10, staircase=True)
        np.testing.assert_allclose(
            values(schedule, (0, 9, 10, 19, 39, 40)), [1, 1, 0.75, 0.75, 0.25, 0]
        )

    @pytest.mark.parametrize("steps_per_epoch", [0, -1])
    def test_no_steps(self, steps_per_epoch):
        with pytest.raises(ValueError, match="Expected steps_per_epoch >= 1"):
            schedules.Linear(1.0, 0.0, end=4, steps_per_epoch=steps_per_epoch)


@pytest.mark.parametrize("schedule", EVERY)
class TestEvery:
    def test_round_trip(self, schedule):
        copy = keras.saving.deserialize_keras_object(
            keras.saving.serialize_keras_object(schedule)
        )
        assert type(copy) is type(schedule)
        steps = range(0, 3000, 37)
        assert values(copy, steps) == values(schedule, steps)

    def test_same_in_a_graph(self, schedule):
        compiled = tf.function(schedule)
        for step in (0, 5, 333, 2000):
            assert float(compiled(tf.constant(step, tf.int64))) == pytest.approx(
                float(schedule(step)), rel=1e-6
            )

    def test_bounds_are_those_of_its_values(self, schedule):
        low, high = schedule.bounds
        found = values(schedule, range(0, 3000, 3))
        assert (low, high) == pytest.approx((min(found), max(found)), rel=1e-6)


@pytest.mark.parametrize("level", [float("nan"), float("inf"), True])
def test_levels_must_be_finite(level):
    with pytest.raises(ValueError, match="Expected final to be finite"):
        schedules.Linear(1.0, level, end=3)


class TestLosses:
    """What a loss does with a schedule in place of a number."""

    target = schedules.Linear(1.0, 0.5, end=10)

    @staticmethod
    def gates(*rates):
        decisions = {f"g{i}": np.full((4, 1), rate) for i, rate in enumerate(rates)}
        return {name: {"decision": tf.constant(z)} for name, z in decisions.items()}

    @pytest.mark.parametrize(
        "make",
        [
            tfgate.PerBatch,
            tfgate.PerGate,
            lambda target: tfgate.PerGate([target, target]),
        ],
    )
    def test_the_target_falls(self, make):
        loss = make(self.target)
        found = [float(loss(self.gates(0.5, 0.5), None, s)) for s in (0, 5, 10, 20)]
        assert found == pytest.approx([0.25, 0.0625, 0.0, 0.0])

    def test_the_rate_of_a_named_list(self):
        loss = tfgate.PerGate("aig_resnet50", rate=self.target)
        fixed = tfgate.PerGate("aig_resnet50", rate=0.75)
        gates = self.gates(*[0.6] * 16)
        assert float(loss(gates, None, 5)) == pytest.approx(float(fixed(gates, None)))

    def test_the_coefficient_rises(self):
        loss = tfgate.PerBatch(1.0, coefficient=schedules.Linear(0.0, 4.0, end=4))
        found = [float(loss(self.gates(0.5), None, step)) for step in range(5)]
        assert found == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0])

    @pytest.mark.parametrize(
        "make",
        [
            lambda: tfgate.PerBatch(schedules.Linear(1.2, 0.5, end=3)),
            lambda: tfgate.PerGate([0.5, schedules.Linear(0.5, -0.1, end=3)]),
            lambda: tfgate.Macs(schedules.Piecewise([0.5, 1.5])),
        ],
    )
    def test_a_target_that_leaves_its_range(self, make):
        with pytest.raises(ValueError, match=r"to stay in \[0, 1\], got a schedule"):
            make()

    def test_a_coefficient_that_gets_negative(self):
        with pytest.raises(ValueError, match="Expected coefficient >= 0"):
            tfgate.PerBatch(0.5, coefficient=schedules.Linear(1.0, -1.0, end=3))

    def test_a_model_follows_its_steps_and_keeps_them(self, tmp_path):
        model = builders.compile_plainly(
            builders.tiny_model(),
            gate_losses=[
                tfgate.PerGate(schedules.Piecewise([1.0, 0.5, 0.0])),
                tfgate.PerBatch(schedules.Linear(1.0, 0.8, end=2)),
            ],
        )
        rates = self.gates(1.0, 1.0, 1.0)
        gates = dict(zip(model.gate_names, rates.values(), strict=True))
        found = [float(model.gate_loss(gates))]
        for _ in range(2):
            model.train_on_batch(builders.make_images(4), builders.make_labels(4))
            found.append(float(model.gate_loss(gates)))
        assert found == pytest.approx([0.0, 0.25 + 0.01, 1.0 + 0.04], abs=1e-6)
        model.save(tmp_path / "m.keras")
        loaded = keras.saving.load_model(tmp_path / "m.keras")
        assert float(loaded.gate_loss(gates)) == pytest.approx(found[-1], abs=1e-6)
