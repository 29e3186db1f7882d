"""BatchShaping: equation 2 of BAS, its gradient, any prior, any number of replicas."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

import tfgate
from tests.tfgate.losses.outputs import columns
from tests.tfgate.losses.outputs import outputs_of
from tests.tfgate.losses.outputs import probability_gradient
from tests.tfgate.losses.outputs import random_probabilities
from tfgate import priors

BETA = scipy.stats.beta(0.6, 0.4)


def by_the_paper(probabilities, frozen):
    """Appendix A column by column: loss over images and its gradient, not yet / N."""
    loss, gradients = 0.0, np.zeros_like(probabilities)
    count = len(probabilities)
    for column in range(probabilities.shape[1]):
        index = np.argsort(probabilities[:, column])
        ordered = probabilities[index, column]
        e_cdf = np.arange(1, 1 + count) / (count + 1)
        p_cdf = frozen.cdf(ordered)
        loss += np.sum((e_cdf - p_cdf) ** 2)
        gradients[index, column] = -2.0 * frozen.pdf(ordered) * (e_cdf - p_cdf)
    return loss, gradients


@pytest.mark.parametrize("count", [1, 2, 33])
class TestAgainstThePaper:
    def test_mean_is_equation_2(self, count):
        gates = random_probabilities(count)
        expected, _ = by_the_paper(columns(gates, "probability"), BETA)
        loss = tfgate.BatchShaping(coefficient=0.75)(gates, None)
        assert float(loss) == pytest.approx(0.75 * expected / count, rel=1e-5)
        assert loss.shape == ()
        assert loss.dtype == tf.float32

    def test_sum_is_the_pseudo_code(self, count):
        gates = random_probabilities(count)
        expected, _ = by_the_paper(columns(gates, "probability"), BETA)
        loss = tfgate.BatchShaping(coefficient=0.75, reduction="sum")(gates, None)
        assert float(loss) == pytest.approx(0.75 * expected, rel=1e-5)

    @pytest.mark.parametrize("reduction", ["mean", "sum"])
    def test_gradient_is_put_back_where_each_value_was(self, count, reduction):
        gates = random_probabilities(count)
        _, expected = by_the_paper(columns(gates, "probability"), BETA)
        if reduction == "mean":
            expected /= count
        loss = tfgate.BatchShaping(coefficient=2.0, reduction=reduction)
        np.testing.assert_allclose(
            probability_gradient(loss, gates), 2.0 * expected, rtol=1e-4, atol=1e-6
        )

    @pytest.mark.parametrize(
        ("prior", "frozen"),
        [
            (priors.Normal(0.4, 0.2), scipy.stats.norm(0.4, 0.2)),
            (priors.Uniform(0.1, 0.8), scipy.stats.uniform(0.1, 0.7)),
            (priors.SymmetricBeta(3.0), scipy.stats.beta(3.0, 3.0)),
        ],
    )
    def test_other_priors(self, count, prior, frozen):
        gates = random_probabilities(count)
        loss = tfgate.BatchShaping(prior, coefficient=1.0)
        expected, gradient = by_the_paper(columns(gates, "probability"), frozen)
        assert float(loss(gates, None)) == pytest.approx(expected / count, rel=1e-4)
        np.testing.assert_allclose(
            probability_gradient(loss, gates), gradient / count, rtol=1e-3, atol=1e-5
        )


def test_quantiles_of_the_prior_cost_nothing():
    """In any order."""
    quantiles = BETA.ppf(np.arange(1, 20) / 20)
    shuffled = np.random.default_rng(0).permutation(quantiles)[:, None]
    gates = outputs_of("probability", a=shuffled)
    assert float(tfgate.BatchShaping()(gates, None)) == pytest.approx(0.0, abs=1e-9)
    gradient = probability_gradient(tfgate.BatchShaping(), gates)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-5)


def test_the_order_of_images_does_not_matter():
    values = np.random.default_rng(0).uniform(size=(17, 3))
    order = np.random.default_rng(1).permutation(17)
    loss = tfgate.BatchShaping()
    gates, shuffled = (outputs_of("probability", a=v) for v in (values, values[order]))
    assert float(loss(shuffled, None)) == pytest.approx(float(loss(gates, None)))
    np.testing.assert_allclose(
        probability_gradient(loss, shuffled),
        probability_gradient(loss, gates)[order],
        rtol=1e-5,
    )


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_saturated_and_equal_probabilities_stay_finite(value):
    gates = outputs_of("probability", a=np.full((8, 2), value))
    loss = tfgate.BatchShaping(coefficient=1.0)
    e_cdf = np.arange(1, 9) / 9
    expected = 2.0 * np.mean((e_cdf - BETA.cdf(value)) ** 2)
    assert float(loss(gates, None)) == pytest.approx(expected, rel=1e-5)
    assert np.isfinite(probability_gradient(loss, gates)).all()


def test_descent_gives_a_gate_the_shape_of_its_prior():
    """Probabilities around 1/2 spread out, most of them to the ends."""
    start = np.random.default_rng(0).normal(0.0, 0.2, (64, 1))
    logits = tf.Variable(start, dtype=tf.float32)
    loss = tfgate.BatchShaping(coefficient=64.0)

    def distance():
        opened = tf.sigmoid(logits).numpy()[:, 0]
        return scipy.stats.kstest(opened, BETA.cdf).statistic

    assert distance() > 0.5
    for _ in range(300):
        with tf.GradientTape() as tape:
            value = loss({"a": {"probability": tf.sigmoid(logits)}}, None)
        logits.assign_sub(tape.gradient(value, logits))
    assert distance() < 0.1


@pytest.mark.parametrize("replicas", [2, 4])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_replicas_rank_among_the_global_batch(make_strategy, replicas, reduction):
    """Partial and empty replica batches; each replica gets its own gradient."""
    strategy = make_strategy(replicas)
    values = np.random.default_rng(3).uniform(size=(7, 5)).astype("float32")
    parts = np.split(values, {2: [5], 4: [3, 6, 7]}[replicas])
    loss = tfgate.BatchShaping(coefficient=2.0, reduction=reduction)

    def run_one(part):
        with tf.GradientTape() as tape:
            tape.watch(part)
            value = loss({"a": {"probability": part}}, None)
            share = value / tf.distribute.get_strategy().num_replicas_in_sync
        return value, tape.gradient(share, part)

    @tf.function(autograph=False)
    def run():
        parts_of_replicas = strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(parts[context.replica_id_in_sync_group])
        )
        return strategy.run(run_one, [parts_of_replicas])

    losses, gradients = map(strategy.experimental_local_results, run())
    whole = outputs_of("probability", a=values)
    expected = float(loss(whole, None))
    assert [float(value) for value in losses] == pytest.approx([expected] * replicas)
    np.testing.assert_allclose(
        np.concatenate(gradients), probability_gradient(loss, whole), rtol=1e-5
    )


@pytest.mark.parametrize("prior", ["beta", 0.5, priors.Beta])
def test_bad_prior(prior):
    with pytest.raises(ValueError, match="Expected prior to be a tfgate prior"):
        tfgate.BatchShaping(prior)


@pytest.mark.parametrize("reduction", ["none", None, "Mean"])
def test_bad_reduction(reduction):
    with pytest.raises(ValueError, match="Expected reduction to be 'mean' or 'sum'"):
        tfgate.BatchShaping(reduction=reduction)
