"""ExitSelection: the answer of the first exit that closes."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate


def answers(exits, batch, seed=0):
    generator = np.random.default_rng(seed)
    shape = (exits + 1, batch, 4)
    return list(generator.normal(size=shape).astype("float32"))


@pytest.mark.parametrize("exits", [1, 2, 3])
def test_every_combination_of_decisions(exits):
    combinations = np.array(list(itertools.product([0.0, 1.0], repeat=exits)))
    given = answers(exits, len(combinations))
    decisions = [combinations[:, k : k + 1].astype("float32") for k in range(exits)]
    selected = tfgate.ExitSelection()(given, decisions)
    for row, combination in enumerate(combinations):
        closed = np.flatnonzero(combination == 0.0)
        leaves_at = closed[0] if len(closed) else exits
        np.testing.assert_array_equal(selected[row], given[leaves_at][row])


def test_numbers_between_mix_as_the_formula_says():
    given = answers(2, 3)
    z1, z2 = np.random.default_rng(1).uniform(size=(2, 3, 1)).astype("float32")
    expected = (1 - z1) * given[0] + z1 * (1 - z2) * given[1] + z1 * z2 * given[2]
    np.testing.assert_allclose(
        tfgate.ExitSelection()(given, [z1, z2]), expected, rtol=1e-5, atol=1e-6
    )


def test_gradients():
    """Of the answers: to those chosen. Of z_k: what follows minus c_k, if reached."""
    given = [tf.Variable(answer) for answer in answers(2, 3)]
    z = [tf.Variable([[1.0], [1.0], [0.0]]), tf.Variable([[1.0], [0.0], [1.0]])]
    upstream = np.random.default_rng(2).normal(size=(3, 4)).astype("float32")
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tfgate.ExitSelection()(given, z) * upstream)
    (to_first, to_second, to_last), (to_z1, to_z2) = tape.gradient(total, [given, z])
    chosen = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]])  # by answer and image
    for gradient, row in zip((to_first, to_second, to_last), chosen, strict=True):
        np.testing.assert_allclose(gradient, row[:, None] * upstream)
    first, second, last = (answer.numpy() for answer in given)
    following = np.stack([last[0], second[1], last[2]])
    expected = np.sum(upstream * (following - first), axis=1, keepdims=True)
    np.testing.assert_allclose(to_z1, expected, rtol=1e-5)
    expected = np.sum(upstream * (last - second), axis=1, keepdims=True)
    np.testing.assert_allclose(to_z2, expected * [[1.0], [1.0], [0.0]], rtol=1e-5)


def test_stays_in_float32(mixed_bfloat16):
    given = answers(1, 2)
    selected = tfgate.ExitSelection()(given, [np.ones((2, 1), "float32")])
    assert selected.dtype == tf.float32
    np.testing.assert_array_equal(selected, given[1])


@pytest.mark.parametrize(
    ("shapes", "decisions", "message"),
    [
        ([(3,), (3,)], 0, "2 answers and 0 decisions"),
        ([(3,)], 0, "1 answers and 0 decisions"),
        ([(3,), (3,)], 2, "2 answers and 2 decisions"),
        ([(3,), (4,)], 1, r"one number of classes, got \[\(None, 3\), \(None, 4\)\]"),
        ([(3, 2), (3, 2)], 1, r"to be \[batch, classes\]"),
    ],
)
def test_answers_that_do_not_fit(shapes, decisions, message):
    layer = tfgate.ExitSelection(name="selection")
    given = [keras.Input(shape) for shape in shapes]
    with pytest.raises(ValueError, match=f"'selection'.*{message}"):
        layer(given, [keras.Input((1,)) for _ in range(decisions)])
