"""Labelled batches, class numbers and ranks."""

import numpy as np
import pytest
import tensorflow as tf

from tfgate.inference import labels


def test_batches_lose_their_sample_weights():
    dataset = [(1, 2), (3, 4, 5)]
    assert list(labels.labelled_batches(dataset)) == [(1, 2), (3, 4)]


def test_endless_data_set():
    dataset = tf.data.Dataset.from_tensors((1, 2)).repeat()
    with pytest.raises(ValueError, match="Expected validation to end, got an endless"):
        next(labels.labelled_batches(dataset, "validation"))


def test_empty_data_set():
    with pytest.raises(ValueError, match="dataset to have at least one batch"):
        list(labels.labelled_batches([]))


@pytest.mark.parametrize("batch", [np.ones((4, 3)), (np.ones((4, 3)),)])
def test_batch_without_labels(batch):
    with pytest.raises(ValueError, match=r"batches \(x, y\), got"):
        list(labels.labelled_batches([batch]))


@pytest.mark.parametrize(
    "given",
    [
        [2, 0, 1],
        [[2], [0], [1]],
        [2.0, 0.0, 1.0],
        np.eye(3)[[2, 0, 1]],
        [[0.1, 0.1, 0.8], [0.6, 0.2, 0.2], [0.0, 1.0, 0.0]],
    ],
    ids=["sparse", "column", "float", "one-hot", "shares"],
)
def test_class_numbers(given):
    numbers = labels.class_numbers(tf.constant(given), 3)
    np.testing.assert_array_equal(numbers, [2, 0, 1])


@pytest.mark.parametrize(
    "given", [[3], [-1], [0.5], np.ones((2, 4)), np.ones((2, 3, 3))]
)
def test_labels_that_are_no_class(given):
    with pytest.raises(ValueError, match="Expected labels"):
        labels.class_numbers(given, 3)


def test_ranks_against_sorting():
    generator = np.random.default_rng(0)
    # One decimal makes ties.
    scores = generator.uniform(size=(50, 7)).round(1)
    true = generator.integers(0, 7, 50)
    ranks = labels.true_class_ranks(scores, true)
    order = np.argsort(-scores, axis=1, kind="stable")
    expected = [
        list(line).index(label) for line, label in zip(order, true, strict=True)
    ]
    np.testing.assert_array_equal(ranks, expected)
    np.testing.assert_array_equal(ranks == 0, scores.argmax(axis=1) == true)


def test_a_score_that_is_no_number_is_never_correct():
    scores = np.array([[np.nan, 0.1], [0.9, np.nan], [np.nan, np.nan]])
    assert (labels.true_class_ranks(scores, np.array([0, 0, 1])) > 0).all()
