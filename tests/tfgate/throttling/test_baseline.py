"""Baseline: averages by bucket against NumPy, on one replica and on several."""

import numpy as np
import pytest
import tensorflow as tf

from tfgate.throttling import Baseline

BATCHES = [
    ([0.0, 0.24, 0.25, 0.9], [1.0, 3.0, 10.0, -2.0]),
    ([0.1, 0.8], [8.0, 6.0]),
    ([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]),
    ([], []),
]


def update(baseline, u, losses):
    baseline.update(tf.constant(u, tf.float32), tf.constant(losses, tf.float32))


def averages(batches, buckets, momentum):
    """One average for each bucket; that of all buckets where there is none."""
    totals, shares = np.zeros(buckets), np.zeros(buckets)
    for u, losses in batches:
        bucket = np.minimum((np.asarray(u) * buckets).astype(int), buckets - 1)
        for index in set(bucket.tolist()):
            mean = np.mean(np.asarray(losses)[bucket == index])
            totals[index] = momentum * totals[index] + (1.0 - momentum) * mean
            shares[index] = momentum * shares[index] + 1.0 - momentum
    everything = totals.sum() / max(shares.sum(), 1e-30)
    return np.where(shares > 0, totals / np.maximum(shares, 1e-30), everything)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("buckets", [1, 4, 16])
def test_averages_in_numpy(buckets, momentum):
    baseline = Baseline(buckets, momentum)
    middles = (np.arange(buckets) + 0.5) / buckets
    for count, batch in enumerate(BATCHES, start=1):
        update(baseline, *batch)
        expected = averages(BATCHES[:count], buckets, momentum)
        found = baseline(tf.constant(middles, tf.float32))
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_zero_before_any_batch():
    np.testing.assert_array_equal(Baseline()(tf.constant([0.0, 0.5, 1.0])), np.zeros(3))


def test_the_first_batch_counts_in_full():
    baseline = Baseline(momentum=0.99)
    update(baseline, [0.5], [7.0])
    assert float(baseline(tf.constant([0.5]))[0]) == pytest.approx(7.0)


def test_no_gradient_flows():
    baseline = Baseline()
    u = tf.constant([0.1, 0.9])
    losses = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch([u, losses])
        baseline.update(u, losses)
        total = tf.reduce_sum(baseline(u))
    assert tape.gradient(total, [u, losses]) == [None, None]
    assert baseline.trainable_variables == []


def test_configuration():
    baseline = Baseline(buckets=3, momentum=0.5, name="b")
    copy = Baseline.from_config(baseline.get_config())
    assert copy.get_config() == baseline.get_config()
    assert [v.shape for v in copy.variables] == [(3,), (3,)]


@pytest.mark.parametrize("replicas", [2, 4])
def test_replicas_average_over_the_global_batch(make_strategy, replicas):
    strategy = make_strategy(replicas)
    generator = np.random.default_rng(0)
    u = generator.uniform(size=9).astype("float32")
    losses = generator.normal(size=9).astype("float32")
    ends = {2: [9], 4: [4, 6, 6]}[replicas]  # a partial part, and an empty one
    parts = list(zip(np.split(u, ends), np.split(losses, ends), strict=True))
    with strategy.scope():
        baseline = Baseline(4, 0.5)

    @tf.function(autograph=False)
    def step():
        values = strategy.experimental_distribute_values_from_function(
            lambda context: tuple(
                map(tf.constant, parts[context.replica_id_in_sync_group])
            )
        )
        strategy.run(lambda pair: baseline.update(*pair), [values])

    step()
    step()
    expected = averages([(u, losses)] * 2, 4, 0.5)
    found = baseline(tf.constant([0.1, 0.3, 0.6, 0.8]))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
