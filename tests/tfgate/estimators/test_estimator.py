"""Rates, independence, schedules and serialisation of what gates hold."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.tfgate.estimators.values import numpy_sigmoid
from tests.tfgate.estimators.values import two_logits
from tfgate import estimators
from tfgate import schedules

DRAWS = 40_000


HARD_CLASSES = [
    estimators.GumbelSoftmax,
    estimators.BinaryConcrete,
    estimators.SigmoidStraightThrough,
    estimators.IdentityStraightThrough,
]
INSTANCES = [
    estimators.GumbelSoftmax(),
    estimators.GumbelSoftmax(temperature=0.4, hard=False),
    estimators.BinaryConcrete(),
    estimators.BinaryConcrete(temperature=0.25),
    estimators.BinaryConcrete(hard=False),
    estimators.SigmoidStraightThrough(),
    estimators.IdentityStraightThrough(),
    estimators.GumbelSoftmax(noise_scale=0.5),
    estimators.BinaryConcrete(noise_scale=0.5),
    estimators.SigmoidStraightThrough(noise_scale=0.5),
    estimators.IdentityStraightThrough(noise_scale=0.5),
]


def broadcast_logits(log_odds):
    # A common offset of both logits must not matter.
    pair = np.array([1.5 - log_odds / 2.0, 1.5 + log_odds / 2.0], "float32")
    return tf.broadcast_to(tf.constant(pair), (DRAWS // 4, 4, 2))


@pytest.mark.parametrize("log_odds", [-3.0, -0.5, 0.0, 1.0, 4.0])
@pytest.mark.parametrize("estimator_class", HARD_CLASSES)
def test_rate_is_the_sigmoid_of_the_log_odds(estimator_class, log_odds):
    sample = estimator_class()(broadcast_logits(log_odds), [11, 12]).numpy()
    assert sample.shape == (DRAWS // 4, 4)
    assert set(np.unique(sample)) == {0.0, 1.0}
    probability = numpy_sigmoid(log_odds)
    # Five standard deviations of a binomial rate.
    tolerance = 5.0 * np.sqrt(probability * (1.0 - probability) / DRAWS)
    assert abs(sample.mean() - probability) < tolerance


@pytest.mark.parametrize(
    "estimator_class", [estimators.GumbelSoftmax, estimators.BinaryConcrete]
)
def test_soft_samples_lean_open_with_the_same_rate(estimator_class):
    estimator = estimator_class(temperature=0.7, hard=False)
    sample = estimator(broadcast_logits(0.8), [11, 12]).numpy()
    assert ((sample >= 0.0) & (sample <= 1.0)).all()
    assert ((sample > 0.0) & (sample < 1.0)).mean() > 0.999  # few are rounded to 1
    probability = numpy_sigmoid(0.8)
    tolerance = 5.0 * np.sqrt(probability * (1.0 - probability) / DRAWS)
    assert abs((sample > 0.5).mean() - probability) < tolerance


@pytest.mark.parametrize("estimator_class", HARD_CLASSES)
def test_seeds_repeat_and_are_independent(estimator_class):
    logits = broadcast_logits(0.0)
    first, again, other = (
        estimator_class()(logits, seed).numpy() for seed in ([1, 1], [1, 1], [1, 2])
    )
    np.testing.assert_array_equal(first, again)
    # Two fair coins agree half of the time, give or take five deviations.
    assert abs((first == other).mean() - 0.5) < 5.0 * 0.5 / np.sqrt(DRAWS)


@pytest.mark.parametrize("estimator", INSTANCES, ids=lambda e: type(e).__name__)
def test_gradient_pulls_the_two_logits_apart(estimator):
    logits = tf.constant(two_logits())
    with tf.GradientTape() as tape:
        tape.watch(logits)
        total = tf.reduce_sum(estimator(logits, [1, 2]))
    gradient = tape.gradient(total, logits).numpy()
    assert np.isfinite(gradient).all()
    assert (gradient[..., 1] >= 0.0).all()  # 0 where the soft sample is saturated
    assert (gradient[..., 1] > 0.0).mean() > 0.8
    np.testing.assert_array_equal(gradient[..., 0], -gradient[..., 1])


@pytest.mark.parametrize("estimator", INSTANCES, ids=lambda e: type(e).__name__)
def test_serialization(estimator):
    config = keras.saving.serialize_keras_object(estimator)
    assert config["registered_name"] == f"tfgate>{type(estimator).__name__}"
    copy = keras.saving.deserialize_keras_object(config)
    assert type(copy) is type(estimator)
    assert copy.get_config() == estimator.get_config()
    np.testing.assert_array_equal(
        copy(two_logits(), [1, 2]), estimator(two_logits(), [1, 2])
    )


def test_default_temperatures_are_those_of_the_papers():
    assert estimators.GumbelSoftmax().temperature == 1.0
    assert estimators.BinaryConcrete().temperature == pytest.approx(2.0 / 3.0)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
@pytest.mark.parametrize(
    "estimator_class", [estimators.GumbelSoftmax, estimators.BinaryConcrete]
)
def test_bad_temperature(estimator_class, temperature):
    with pytest.raises(ValueError, match="temperature"):
        estimator_class(temperature=temperature)


class TestNoiseScale:
    @pytest.mark.parametrize("log_odds", [-1.0, 0.5, 2.0])
    @pytest.mark.parametrize("scale", [0.5, 2.0])
    @pytest.mark.parametrize("estimator_class", HARD_CLASSES)
    def test_rate_is_that_of_scaled_log_odds(self, estimator_class, scale, log_odds):
        estimator = estimator_class(noise_scale=scale)
        sample = estimator(broadcast_logits(log_odds), [11, 12]).numpy()
        probability = numpy_sigmoid(log_odds / scale)
        tolerance = 5.0 * np.sqrt(probability * (1.0 - probability) / DRAWS)
        assert abs(sample.mean() - probability) < tolerance

    @pytest.mark.parametrize("log_odds", [-1.0, -1e-3, 1e-3, 2.0])
    @pytest.mark.parametrize("estimator_class", HARD_CLASSES)
    def test_without_noise_it_is_the_threshold_of_one_half(
        self, estimator_class, log_odds
    ):
        estimator = estimator_class(noise_scale=0.0)
        sample = estimator(broadcast_logits(log_odds), [11, 12]).numpy()
        np.testing.assert_array_equal(sample, float(log_odds > 0.0))

    @pytest.mark.parametrize("estimator_class", HARD_CLASSES)
    def test_gradients_without_noise(self, estimator_class):
        log_odds = tf.constant([-2.0, 0.3, 1.5])
        temperature = getattr(estimator_class(), "temperature", 1.0)
        with tf.GradientTape() as tape:
            tape.watch(log_odds)
            logits = tf.stack([-log_odds / 2.0, log_odds / 2.0], axis=-1)[None]
            total = tf.reduce_sum(estimator_class(noise_scale=0.0)(logits, [1, 2]))
        soft = numpy_sigmoid(log_odds.numpy() / temperature)
        expected = soft * (1.0 - soft) / temperature
        if estimator_class is estimators.IdentityStraightThrough:
            expected = np.ones(3)
        np.testing.assert_allclose(tape.gradient(total, log_odds), expected, rtol=1e-5)

    def test_follows_a_schedule(self):
        falling = schedules.Linear(1.0, 0.0, end=10)
        estimator = estimators.GumbelSoftmax(noise_scale=falling)
        logits = broadcast_logits(0.5)
        sampled, decided = (estimator(logits, [1, 2], step).numpy() for step in (0, 10))
        assert 0.5 < sampled.mean() < 0.75
        assert decided.mean() == 1.0

    @pytest.mark.parametrize("scale", [-0.1, float("nan")])
    @pytest.mark.parametrize("estimator_class", HARD_CLASSES)
    def test_below_zero(self, estimator_class, scale):
        with pytest.raises(ValueError, match="Expected noise_scale >= 0"):
            estimator_class(noise_scale=scale)


def test_base_class_leaves_sampling_to_subclasses():
    with pytest.raises(NotImplementedError):
        estimators.Estimator()(two_logits(), [1, 2])
