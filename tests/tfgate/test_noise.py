"""Seeds of noise sequences: one stream for each name, one moment for each step."""

import itertools

import numpy as np
import tensorflow as tf

from tfgate import noise


def seed(root=1, name="gate", step=0, replica=0):
    step = tf.constant(step, tf.int64)
    return tuple(noise.step_seed(root, name, step, replica).numpy().tolist())


def test_equal_arguments_give_equal_seeds():
    assert seed(3, "a", 5, 2) == seed(3, "a", 5, 2)


def test_every_argument_changes_the_seed():
    choices = itertools.product((0, 1, 2**31 - 1), "ab", (0, 1, 10**6), (0, 1, 3))
    seeds = [seed(*choice) for choice in choices]
    assert len(set(seeds)) == len(seeds) == 3 * 2 * 3 * 3


def test_replicas_do_not_meet_the_next_step():
    """With a million replicas, or steps, no pair of them shares its noise."""
    assert seed(step=0, replica=2**20 - 1) != seed(step=1, replica=0)
    assert seed(step=1, replica=0) != seed(step=0, replica=1)


def test_fits_the_stateless_generators():
    key = noise.step_seed(2**31 - 1, "gate", tf.constant(7, tf.int64), tf.constant(3))
    assert key.dtype == tf.int64 and key.shape == (2,)
    assert np.isfinite(tf.random.stateless_uniform([8], key)).all()


def test_streams_are_independent():
    """Noise of two names, steps or replicas is not correlated."""
    step = tf.constant(7, tf.int64)
    keys = [
        noise.step_seed(1, "a", step),
        noise.step_seed(1, "b", step),
        noise.step_seed(2, "a", step),
        noise.step_seed(1, "a", step + 1),
        noise.step_seed(1, "a", step, 1),
    ]
    draws = [tf.random.stateless_uniform([10_000], key).numpy() for key in keys]
    correlations = np.corrcoef(draws)[np.triu_indices(len(draws), 1)]
    # Five standard deviations of the correlation of independent numbers.
    assert np.abs(correlations).max() < 0.05
