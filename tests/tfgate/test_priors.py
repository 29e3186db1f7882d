"""Priors: against scipy, gradients against finite differences, ends, round trips."""

import keras
import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from tfgate import priors


class Concrete:
    """Relaxed Bernoulli: a logistic variable of location and scale, squashed."""

    def __init__(self, p, temperature):
        self.logistic = scipy.stats.logistic(
            scipy.special.logit(p) / temperature, 1.0 / temperature
        )

    def cdf(self, x):
        return self.logistic.cdf(scipy.special.logit(x))

    def pdf(self, x):
        return self.logistic.pdf(scipy.special.logit(x)) / (x * (1.0 - x))


EVERY = [
    (priors.Beta(0.6, 0.4), scipy.stats.beta(0.6, 0.4)),
    (priors.Beta(0.05, 2.0), scipy.stats.beta(0.05, 2.0)),
    (priors.Beta(1.0, 1.0), scipy.stats.beta(1.0, 1.0)),
    (priors.Beta(1.5, 0.9), scipy.stats.beta(1.5, 0.9)),
    (priors.Beta(5.0, 2.5), scipy.stats.beta(5.0, 2.5)),
    (priors.SymmetricBeta(0.3), scipy.stats.beta(0.3, 0.3)),
    (priors.SymmetricBeta(4.0), scipy.stats.beta(4.0, 4.0)),
    (priors.RelaxedBernoulli(0.7, 2.0 / 3.0), Concrete(0.7, 2.0 / 3.0)),
    (priors.RelaxedBernoulli(0.1, 2.0), Concrete(0.1, 2.0)),
    (priors.Normal(0.5, 0.2), scipy.stats.norm(0.5, 0.2)),
    (priors.Normal(-0.1, 1.5), scipy.stats.norm(-0.1, 1.5)),
    (priors.Uniform(), scipy.stats.uniform()),
    (priors.Uniform(-1.0, 3.0), scipy.stats.uniform(-1.0, 4.0)),
]
POINTS = np.concatenate(
    [
        np.linspace(0.0, 1.0, 402)[1:-1],
        [1e-5, 1e-4, 1e-3, 0.49999, 0.5, 0.50001, 0.999, 0.9999],
    ]
).astype("float32")
EXACT = POINTS.astype("float64")


def identify(value):
    if isinstance(value, priors.Prior):
        numbers = ",".join(f"{number:.3g}" for number in value.get_config().values())
        return f"{type(value).__name__}({numbers})"
    return ""


@pytest.mark.parametrize(("prior", "frozen"), EVERY, ids=identify)
class TestEvery:
    def test_cdf(self, prior, frozen):
        cdf = prior.cdf(POINTS)
        assert cdf.dtype == tf.float32
        np.testing.assert_allclose(cdf, frozen.cdf(EXACT), rtol=1e-5, atol=1e-6)

    def test_pdf(self, prior, frozen):
        pdf = prior.pdf(POINTS)
        assert pdf.dtype == tf.float32
        np.testing.assert_allclose(pdf, frozen.pdf(EXACT), rtol=1e-4)

    def test_gradient_is_the_slope_of_the_cdf(self, prior, frozen):
        """Against central differences, in float64: float32 could not resolve them."""
        x = tf.constant(POINTS)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = 3.0 * prior.cdf(x)
        width = 1e-3 * np.minimum(EXACT, 1.0 - EXACT)
        slope = (frozen.cdf(EXACT + width) - frozen.cdf(EXACT - width)) / (2.0 * width)
        # What is absolute is the rounding of differences of numbers next to 1.
        np.testing.assert_allclose(
            tape.gradient(y, x), 3.0 * slope, rtol=1e-4, atol=1e-8
        )

    def test_ends(self, prior, frozen):
        x = tf.constant([0.0, 1.0])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = prior.cdf(x)
        gradient = tape.gradient(y, x).numpy()
        np.testing.assert_allclose(y, frozen.cdf(np.array([0.0, 1.0])), atol=1e-6)
        assert np.isfinite(gradient).all()
        assert (gradient >= 0.0).all()
        np.testing.assert_array_equal(gradient, prior.pdf(x))

    def test_shapes(self, prior, frozen):
        del frozen
        assert prior.cdf(tf.fill((2, 3, 4), 0.3)).shape == (2, 3, 4)
        assert prior.pdf(tf.fill((2, 3, 4), 0.3)).shape == (2, 3, 4)
        assert prior.cdf(tf.zeros((0, 3))).shape == (0, 3)
        assert prior.cdf(0.25).shape == prior.pdf(0.25).shape == ()

    def test_half_precision_is_taken_as_float32(self, prior, frozen):
        cdf = prior.cdf(tf.constant([0.25], tf.bfloat16))
        np.testing.assert_allclose(cdf, [frozen.cdf(0.25)], rtol=1e-5, atol=1e-6)

    def test_round_trip(self, prior, frozen):
        del frozen
        config = keras.saving.serialize_keras_object(prior)
        assert config["registered_name"] == f"tfgate>{type(prior).__name__}"
        copy = keras.saving.deserialize_keras_object(config)
        assert copy.get_config() == prior.get_config()
        np.testing.assert_array_equal(copy.cdf(POINTS), prior.cdf(POINTS))


@pytest.mark.parametrize(
    "prior",
    [
        priors.Beta(0.6, 0.4),
        priors.Beta(3.0, 0.4),
        priors.RelaxedBernoulli(0.7, 0.5),
        priors.Uniform(0.0, 1.0),
    ],
    ids=identify,
)
def test_outside_of_the_support(prior):
    outside = [-1.0, -1e-3, 1.001, 2.0]
    np.testing.assert_array_equal(prior.cdf(outside), [0.0, 0.0, 1.0, 1.0])
    np.testing.assert_array_equal(prior.pdf(outside), np.zeros(4))


@pytest.mark.parametrize(
    ("prior", "frozen"), [EVERY[0], EVERY[5], EVERY[7]], ids=identify
)
def test_densities_are_clipped_next_to_their_poles_only(prior, frozen):
    """At the ends they are those of 1e-6 and 1 - 1e-6, as far as float32 goes."""
    ends = prior.pdf(tf.constant([0.0, 1.0])).numpy()
    clipped = np.array([1e-6, 1.0 - 1e-6], "float32").astype("float64")
    np.testing.assert_allclose(ends, frozen.pdf(clipped), rtol=1e-4)
    inside = np.array([2e-6, 0.999998], "float32")
    np.testing.assert_allclose(
        prior.pdf(inside), frozen.pdf(inside.astype("float64")), rtol=1e-4
    )


def test_both_ways_to_the_beta_function_meet():
    """At 2 a polynomial, above 2 TensorFlow's incomplete beta function."""
    below, above = priors.Beta(2.0, 2.0), priors.Beta(2.0, 2.0 + 1e-6)
    np.testing.assert_allclose(below.cdf(POINTS), above.cdf(POINTS), atol=2e-6)


def test_relaxed_bernoulli_is_that_of_its_samples():
    """Kolmogorov's distance of 10,000 samples: 0.0195 in one case of a thousand."""
    generator = np.random.default_rng(0)
    noise = scipy.special.logit(generator.uniform(size=10_000))
    samples = scipy.special.expit((scipy.special.logit(0.7) + noise) / 0.5)
    prior = priors.RelaxedBernoulli(0.7, temperature=0.5)
    result = scipy.stats.kstest(samples, lambda x: prior.cdf(x).numpy())
    assert result.statistic < 0.0195


NOT_POSITIVE = [0.0, -1.0, float("nan"), float("inf"), "1", None, True]


@pytest.mark.parametrize("value", NOT_POSITIVE)
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda value: priors.Beta(value, 0.5), "a"),
        (lambda value: priors.Beta(0.5, value), "b"),
        (priors.SymmetricBeta, "a"),
        (lambda value: priors.RelaxedBernoulli(0.5, value), "temperature"),
        (lambda value: priors.Normal(0.5, value), "std"),
    ],
)
def test_not_positive(make, name, value):
    with pytest.raises(ValueError, match=f"Expected {name} (> 0|to be a finite)"):
        make(value)


@pytest.mark.parametrize("p", [0.0, 1.0, -0.1, float("nan"), "0.5"])
def test_bad_probability(p):
    with pytest.raises(ValueError, match="Expected p (in|to be a finite)"):
        priors.RelaxedBernoulli(p, 0.5)


@pytest.mark.parametrize("mean", [float("nan"), float("inf"), None])
def test_bad_mean(mean):
    with pytest.raises(ValueError, match="Expected mean to be a finite number"):
        priors.Normal(mean, 1.0)


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0)])
def test_bad_interval(low, high):
    with pytest.raises(ValueError, match=f"Expected low < high={high}, got low={low}"):
        priors.Uniform(low, high)
