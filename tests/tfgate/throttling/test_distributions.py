"""Distributions of u: moments, ranges, and what depends on the seed and the step."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from tfgate import noise
from tfgate import schedules
from tfgate.throttling import BetaControl
from tfgate.throttling import ConstantControl
from tfgate.throttling import ControlDistribution
from tfgate.throttling import UniformControl

DRAWS = 20_000
FALLING = schedules.StepAnneal(1.0, -0.25, every=1, final=0.0, steps_per_epoch=10)

EVERY = [
    UniformControl(),
    UniformControl(0.25, 0.5, per="batch"),
    UniformControl(FALLING),
    BetaControl(2, 1),
    BetaControl(0.5, 0.5, per="batch"),
    BetaControl(schedules.Linear(20.0, 2.0, end=2, steps_per_epoch=10), 1.0),
    ConstantControl(),
    ConstantControl(FALLING),
]


def draw(distribution, images=DRAWS, step=0, seed=1):
    key = noise.step_seed(seed, "dial", tf.constant(step, tf.int64))
    return distribution.sample(images, key, tf.constant(step)).numpy()


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (UniformControl(), scipy.stats.uniform()),
        (UniformControl(0.25, 0.5), scipy.stats.uniform(0.25, 0.25)),
        (BetaControl(2, 1), scipy.stats.beta(2, 1)),
        (BetaControl(0.5, 3.0), scipy.stats.beta(0.5, 3.0)),
    ],
    ids=["uniform", "part", "towards 1", "towards 0"],
)
def test_shape_of_the_distribution(distribution, expected):
    u = draw(distribution)
    assert u.dtype == np.float32 and u.shape == (DRAWS,)
    # The Kolmogorov-Smirnov statistic exceeds this for one seed in 10,000.
    bound = 2.2 / np.sqrt(DRAWS)
    assert scipy.stats.kstest(u.astype("float64"), expected.cdf).statistic < bound


@pytest.mark.parametrize("distribution", EVERY, ids=repr)
def test_values_are_in_the_unit_interval(distribution):
    u = draw(distribution)
    assert 0.0 <= u.min() <= u.max() <= 1.0


@pytest.mark.parametrize("parameter", [1e-3, 1e3])
def test_extreme_parameters_of_beta_give_numbers(parameter):
    u = draw(BetaControl(parameter, parameter))
    assert np.isfinite(u).all() and 0.0 <= u.min() <= u.max() <= 1.0


@pytest.mark.parametrize("distribution", EVERY, ids=repr)
def test_per_batch_draws_one_value_and_per_example_many(distribution):
    values = len(np.unique(draw(distribution, images=64, step=12)))
    assert values == 1 if distribution.per == "batch" else values > 50


@pytest.mark.parametrize("distribution", [UniformControl(), BetaControl(2, 1)])
def test_noise_is_a_function_of_seed_and_step(distribution):
    first = draw(distribution, 64, step=3)
    np.testing.assert_array_equal(draw(distribution, 64, step=3), first)
    assert (draw(distribution, 64, step=4) != first).all()
    assert (draw(distribution, 64, step=3, seed=2) != first).all()


def test_lower_end_falls_epoch_by_epoch():
    distribution = UniformControl(FALLING)
    for step, low in [(0, 1.0), (9, 1.0), (10, 0.75), (25, 0.5), (99, 0.0)]:
        u = draw(distribution, step=step)
        assert low <= u.min() < low + 1e-3 or low == 1.0 == u.min()
        assert u.mean() == pytest.approx((1.0 + low) / 2.0, abs=0.01)


def test_beta_follows_its_schedule():
    falling = schedules.Linear(19.0, 3.0, end=2, steps_per_epoch=10)
    for step, alpha in [(0, 19.0), (10, 11.0), (20, 3.0), (99, 3.0)]:
        u = draw(BetaControl(falling, 1), step=step)
        assert u.mean() == pytest.approx(alpha / (alpha + 1.0), abs=0.01)


def test_constant_follows_its_schedule():
    np.testing.assert_array_equal(draw(ConstantControl(FALLING), 3, step=15), 0.75)
    np.testing.assert_array_equal(draw(ConstantControl(0.25), 3), 0.25)


@pytest.mark.parametrize("distribution", EVERY, ids=repr)
def test_serialization(distribution):
    config = keras.saving.serialize_keras_object(distribution)
    assert config["registered_name"] == f"tfgate>{type(distribution).__name__}"
    copy = keras.saving.deserialize_keras_object(config)
    assert copy == distribution and copy.per == distribution.per
    np.testing.assert_array_equal(draw(copy, 16), draw(distribution, 16))


def test_equality_and_hash():
    assert UniformControl() == UniformControl() != UniformControl(0.5)
    assert UniformControl(per="batch") != UniformControl()
    assert BetaControl(1, 1) != UniformControl()
    assert len({BetaControl(1, 2), BetaControl(1, 2), BetaControl(2, 1)}) == 2


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: UniformControl(-0.1), "low"),
        (lambda: UniformControl(0.0, 1.5), "high"),
        (lambda: UniformControl(float("nan")), "low"),
        (lambda: UniformControl(0.75, 0.5), "low <= high"),
        (lambda: UniformControl(FALLING, 0.5), "low <= high"),
        (lambda: UniformControl(per="image"), "per"),
        (lambda: BetaControl(0.0, 1.0), "alpha"),
        (lambda: BetaControl(1.0, -1.0), "beta"),
        (lambda: BetaControl(float("nan"), 1.0), "alpha"),
        (lambda: BetaControl(1.0, float("inf")), "beta"),
        (lambda: BetaControl(True, 1.0), "alpha"),
        (lambda: BetaControl(FALLING, 1.0), "alpha"),
        (lambda: ConstantControl(1.5), "u"),
    ],
)
def test_bad_arguments(make, argument):
    with pytest.raises(ValueError, match=f"Expected {argument}"):
        make()


def test_base_class_leaves_drawing_to_subclasses():
    with pytest.raises(NotImplementedError):
        draw(ControlDistribution())
