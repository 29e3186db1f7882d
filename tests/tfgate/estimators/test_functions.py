"""Forward and gradient against NumPy, saturation, dtypes, noise."""

import numpy as np
import pytest
import tensorflow as tf

from tests.tfgate.estimators.values import numpy_sigmoid
from tests.tfgate.estimators.values import two_logits
from tfgate import estimators

SMALLEST_UNIFORM = 2.0**-23
LARGEST_UNIFORM = 1.0 - 2.0**-23
DRAWS = 40_000


def numpy_softmax_open(logits, noise, temperature):
    scaled = (np.asarray(logits, "float64") + noise) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return exponentials[..., 1] / exponentials.sum(axis=-1)


def forward_and_gradient(function, logits, *arguments):
    """Output, gradient of sum(upstream * output), and the random upstream."""
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        output = function(logits, *arguments)
        upstream = np.random.default_rng(3).normal(size=output.shape)
        upstream = tf.cast(tf.constant(upstream), output.dtype)
        # In float32, so that no half-precision product blurs the comparison.
        weighted = tf.cast(output, tf.float32) * tf.cast(upstream, tf.float32)
        total = tf.reduce_sum(weighted)
    gradient = tape.gradient(total, logits)
    return output.numpy(), gradient.numpy(), tf.cast(upstream, tf.float64).numpy()


def gumbel(shape=(6, 5, 2)):
    return np.random.default_rng(1).gumbel(size=shape).astype("float32")


def uniform(shape=(6, 5)):
    return np.random.default_rng(2).uniform(0.01, 0.99, size=shape).astype("float32")


@pytest.mark.parametrize("temperature", [0.3, 1.0, 5.0])
class TestGumbelSoftmax:
    def test_soft_forward(self, temperature):
        logits, noise = two_logits(), gumbel()
        sample, _, _ = forward_and_gradient(
            estimators.gumbel_softmax, logits, noise, temperature
        )
        expected = numpy_softmax_open(logits, noise, temperature)
        np.testing.assert_allclose(sample, expected, rtol=1e-5, atol=1e-7)

    def test_straight_through_forward(self, temperature):
        logits, noise = two_logits(), gumbel()
        sample, _, _ = forward_and_gradient(
            estimators.gumbel_softmax_straight_through, logits, noise, temperature
        )
        np.testing.assert_array_equal(sample, np.argmax(logits + noise, axis=-1))
        assert 0.0 < sample.mean() < 1.0

    @pytest.mark.parametrize(
        "function",
        [estimators.gumbel_softmax, estimators.gumbel_softmax_straight_through],
    )
    def test_gradient_is_that_of_the_soft_sample(self, function, temperature):
        logits, noise = two_logits(), gumbel()
        _, gradient, upstream = forward_and_gradient(
            function, logits, noise, temperature
        )
        soft = numpy_softmax_open(logits, noise, temperature)
        slope = upstream * soft * (1.0 - soft) / temperature
        np.testing.assert_allclose(gradient[..., 1], slope, rtol=2e-4, atol=1e-6)
        np.testing.assert_allclose(gradient[..., 0], -slope, rtol=2e-4, atol=1e-6)

    def test_soft_gradient_matches_finite_differences(self, temperature):
        logits, noise = two_logits(), gumbel()
        _, gradient, upstream = forward_and_gradient(
            estimators.gumbel_softmax, logits, noise, temperature
        )
        step = 1e-5
        for closed_or_open in (0, 1):
            shift = np.zeros(2)
            shift[closed_or_open] = step
            above = numpy_softmax_open(logits + shift, noise, temperature)
            below = numpy_softmax_open(logits - shift, noise, temperature)
            expected = upstream * (above - below) / (2.0 * step)
            np.testing.assert_allclose(
                gradient[..., closed_or_open], expected, rtol=1e-3, atol=1e-6
            )


@pytest.mark.parametrize("temperature", [0.3, 2.0 / 3.0, 2.0])
def test_binary_concrete(temperature):
    log_odds, noise = two_logits()[..., 0], uniform()
    sample, gradient, upstream = forward_and_gradient(
        estimators.binary_concrete, log_odds, noise, temperature
    )
    wide = noise.astype("float64")
    perturbed = log_odds + np.log(wide) - np.log(1.0 - wide)
    np.testing.assert_array_equal(sample, perturbed > 0.0)
    soft = numpy_sigmoid(perturbed / temperature)
    expected = upstream * soft * (1.0 - soft) / temperature
    np.testing.assert_allclose(gradient, expected, rtol=2e-4, atol=1e-6)


@pytest.mark.parametrize("temperature", [0.1, 2.0 / 3.0, 2.0])
class TestBinaryConcreteSoft:
    def test_forward_and_gradient(self, temperature):
        log_odds, noise = two_logits()[..., 0], uniform()
        sample, gradient, upstream = forward_and_gradient(
            estimators.binary_concrete_soft, log_odds, noise, temperature
        )
        wide = noise.astype("float64")
        perturbed = log_odds + np.log(wide) - np.log(1.0 - wide)
        soft = numpy_sigmoid(perturbed / temperature)
        np.testing.assert_allclose(sample, soft, rtol=1e-4, atol=1e-7)
        slope = upstream * soft * (1.0 - soft) / temperature
        np.testing.assert_allclose(gradient, slope, rtol=2e-4, atol=1e-5)

    def test_gradient_matches_finite_differences(self, temperature):
        log_odds, noise = two_logits()[..., 0], uniform()
        _, gradient, upstream = forward_and_gradient(
            estimators.binary_concrete_soft, log_odds, noise, temperature
        )
        wide = noise.astype("float64")
        logistic = np.log(wide) - np.log(1.0 - wide)
        above, below = (
            numpy_sigmoid((log_odds.astype("float64") + shift + logistic) / temperature)
            for shift in (1e-5, -1e-5)
        )
        expected = upstream * (above - below) / 2e-5
        np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-5)

    def test_rounded_it_is_the_hard_sample(self, temperature):
        log_odds, noise = two_logits()[..., 0], uniform()
        soft = estimators.binary_concrete_soft(log_odds, noise, temperature)
        hard = estimators.binary_concrete(log_odds, noise, temperature)
        np.testing.assert_array_equal(soft > 0.5, hard == 1.0)


def test_sigmoid_straight_through():
    log_odds, noise = two_logits()[..., 0], uniform()
    sample, gradient, upstream = forward_and_gradient(
        estimators.sigmoid_straight_through, log_odds, noise
    )
    probability = numpy_sigmoid(log_odds)
    np.testing.assert_array_equal(sample, noise < probability)
    expected = upstream * probability * (1.0 - probability)
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-7)


def test_identity_straight_through():
    log_odds, noise = two_logits()[..., 0], uniform()
    sample, gradient, upstream = forward_and_gradient(
        estimators.identity_straight_through, log_odds, noise
    )
    np.testing.assert_array_equal(sample, noise < numpy_sigmoid(log_odds))
    np.testing.assert_array_equal(gradient, upstream.astype("float32"))


def with_one_noise(log_odds, uniform_value, name):
    """Any estimator on log odds; Gumbel noise is 0 for open, its logit for closed."""
    log_odds = np.asarray(log_odds, "float32")
    noise = np.full(log_odds.shape, uniform_value, "float32")
    if not name.startswith("gumbel"):
        return getattr(estimators, name), log_odds, noise
    logits = np.stack([-log_odds / 2.0, log_odds / 2.0], axis=-1)
    gumbel_noise = -np.log(-np.log(noise))
    return (
        getattr(estimators, name),
        logits,
        np.stack([-gumbel_noise, gumbel_noise], axis=-1),
    )


HARD = [
    "gumbel_softmax_straight_through",
    "binary_concrete",
    "sigmoid_straight_through",
    "identity_straight_through",
]
SOFT = ["gumbel_softmax", "binary_concrete_soft"]
ALL = [*SOFT, *HARD]


@pytest.mark.parametrize("uniform_value", [SMALLEST_UNIFORM, 0.5, LARGEST_UNIFORM])
@pytest.mark.parametrize("name", ALL)
def test_saturation_is_exact_and_finite(name, uniform_value):
    function, logits, noise = with_one_noise([-1e4, 1e4], uniform_value, name)
    sample, gradient, upstream = forward_and_gradient(function, logits, noise)
    np.testing.assert_array_equal(sample, [0.0, 1.0])
    if name == "identity_straight_through":
        np.testing.assert_array_equal(gradient, upstream.astype("float32"))
    else:
        np.testing.assert_array_equal(gradient, np.zeros_like(gradient))


@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize("name", ["gumbel_softmax", "gumbel_softmax_straight_through"])
def test_equal_huge_logits_stay_finite(name, sign):
    logits = np.full((3, 2), sign * 1e4, "float32")
    sample, gradient, upstream = forward_and_gradient(
        getattr(estimators, name), logits, np.zeros((3, 2), "float32")
    )
    np.testing.assert_array_equal(
        sample, [0.5 if name == "gumbel_softmax" else 0.0] * 3
    )
    np.testing.assert_allclose(gradient[:, 1], 0.25 * upstream, rtol=1e-6)


def test_values_at_even_odds():
    """No noise and no preference: the slope is 1/4T, and a tie stays closed."""
    zero = np.zeros((1,), "float32")
    half = np.full((1,), 0.5, "float32")
    for function, expected in (
        (lambda x: estimators.binary_concrete(x, half, 0.5), 0.5),
        (lambda x: estimators.sigmoid_straight_through(x, half), 0.25),
        (lambda x: estimators.identity_straight_through(x, half), 1.0),
    ):
        sample, gradient, upstream = forward_and_gradient(function, zero)
        assert sample == [0.0]
        np.testing.assert_allclose(gradient, expected * upstream, rtol=1e-6)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
def test_temperature_leaves_hard_decisions_alone(temperature):
    logits, noise = two_logits(), gumbel()
    hard = estimators.gumbel_softmax_straight_through(logits, noise, temperature)
    reference = estimators.gumbel_softmax_straight_through(logits, noise)
    np.testing.assert_array_equal(hard, reference)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ALL)
def test_half_precision_is_computed_in_float32(name, dtype):
    logits = two_logits() if name.startswith("gumbel") else two_logits()[..., 0]
    noise = gumbel() if name.startswith("gumbel") else uniform()
    function = getattr(estimators, name)
    rounded = tf.cast(logits, dtype)
    sample, gradient, _ = forward_and_gradient(function, rounded, noise)
    reference, exact, _ = forward_and_gradient(
        # The same upstream, rounded in the same way.
        lambda x, n: tf.cast(tf.cast(function(x, n), dtype), tf.float32),
        tf.cast(rounded, tf.float32),
        noise,
    )
    assert tf.as_dtype(sample.dtype) == tf.as_dtype(dtype)
    assert tf.as_dtype(gradient.dtype) == tf.as_dtype(dtype)
    np.testing.assert_array_equal(sample.astype("float32"), reference)
    tolerance = {"float16": 2.0**-9, "bfloat16": 2.0**-6}[
        dtype
    ]  # 2 units in last place
    np.testing.assert_allclose(
        gradient.astype("float32"), exact, rtol=tolerance, atol=1e-6
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ALL)
def test_half_precision_saturation_is_finite(name, dtype):
    function, logits, noise = with_one_noise([-1e4, 1e4], 0.5, name)
    sample, gradient, _ = forward_and_gradient(function, tf.cast(logits, dtype), noise)
    np.testing.assert_array_equal(sample.astype("float32"), [0.0, 1.0])
    assert np.isfinite(gradient.astype("float32")).all()


@pytest.mark.parametrize("name", ALL)
def test_same_result_in_a_graph(name):
    logits = two_logits() if name.startswith("gumbel") else two_logits()[..., 0]
    noise = gumbel() if name.startswith("gumbel") else uniform()
    function = getattr(estimators, name)
    eager = forward_and_gradient(function, logits, noise)
    compiled = forward_and_gradient(
        tf.function(lambda x: function(x, noise), autograph=False), logits
    )
    np.testing.assert_allclose(compiled[0], eager[0], rtol=1e-6)
    np.testing.assert_allclose(compiled[1], eager[1], rtol=1e-5, atol=1e-8)


class TestNoise:
    def test_uniform_stays_inside_the_open_interval(self):
        noise = estimators.uniform_noise((1_000_000,), [1, 2]).numpy()
        assert noise.dtype == np.float32
        assert noise.min() >= np.float32(SMALLEST_UNIFORM)
        assert noise.max() < 1.0
        # Standard error of the mean: sqrt(1/12 / 1e6) = 2.9e-4; five of them.
        assert abs(noise.mean() - 0.5) < 1.5e-3

    def test_gumbel_moments(self):
        noise = estimators.gumbel_noise((1_000_000,), [3, 4]).numpy().astype("float64")
        assert np.isfinite(noise).all()
        # Standard errors: 1.28e-3 for the mean, 3.1e-3 for the variance; five each.
        assert abs(noise.mean() - np.euler_gamma) < 6.5e-3
        assert abs(noise.var() - np.pi**2 / 6.0) < 1.6e-2

    @pytest.mark.parametrize(
        "draw", [estimators.uniform_noise, estimators.gumbel_noise]
    )
    def test_seed_decides(self, draw):
        first, again, other = (
            draw((DRAWS,), seed).numpy() for seed in ([5, 6], [5, 6], [5, 7])
        )
        np.testing.assert_array_equal(first, again)
        # The correlation of independent samples has a deviation of 1/sqrt(n).
        assert abs(np.corrcoef(first, other)[0, 1]) < 5.0 / np.sqrt(DRAWS)


@pytest.mark.parametrize("name", ALL)
def test_noise_gets_no_gradient(name):
    logits = two_logits() if name.startswith("gumbel") else two_logits()[..., 0]
    noise = tf.constant(gumbel() if name.startswith("gumbel") else uniform())
    with tf.GradientTape() as tape:
        tape.watch(noise)
        total = tf.reduce_sum(getattr(estimators, name)(logits, noise))
    assert tape.gradient(total, noise) is None
