import numpy as np
import pytest

from tflite.clustering import place


def cost(decisions, labels, weights):
    return sum(
        (labels == k).sum() * (decisions[:, labels == k].any(1) @ weights)
        for k in set(labels)
    )


@pytest.fixture
def random():
    return np.random.default_rng(0)


def test_pairs_that_add_nothing_are_merged_first(random):
    one, other = random.random((2, 50)) < 0.5
    decisions = np.stack([one, other, one, other], 1)
    assert place.merge(decisions, 2, np.ones(50), 0.0) == [[0, 2], [1, 3]]


def test_images_count_by_their_weight():
    # Only in the second image, of great weight, do the last two open alone.
    decisions = np.array([[1, 1, 1, 0], [0, 0, 1, 1]], bool)
    weights = np.array([0.1, 10.0])
    assert place.merge(decisions, 2, weights, 0.0) == [[0, 1], [2, 3]]


def test_merging_stops_where_it_costs_more_than_a_condition(random):
    decisions = random.random((50, 6)) < 0.3
    assert len(place.merge(decisions, 1, np.ones(50), 0.0)) == 6
    assert len(place.merge(decisions, 1, np.ones(50), 1e6)) == 1


def test_every_change_lowers_the_cost(random):
    decisions = random.random((60, 9)) < random.random(9)
    weights = random.random(60)
    labels = np.repeat([0, 1, 2], 3)
    changing = place.Place(decisions, labels.copy(), 3, 2, weights)
    costs = [cost(decisions, changing.labels, weights)]
    for component in range(9):
        changing.improve(component)
        costs.append(cost(decisions, changing.labels, weights))
        assert np.bincount(changing.labels, minlength=3).min() >= 2
    assert all(b <= a for a, b in zip(costs, costs[1:], strict=False))
    assert costs[-1] < costs[0]


def test_exchanges_where_nothing_may_move():
    decisions = np.array([[1, 0, 1, 0], [0, 1, 0, 1]], bool)
    changing = place.Place(decisions, np.array([0, 0, 1, 1]), 2, 2, np.ones(2))
    changing.improve(0)
    assert changing.labels[0] == changing.labels[2] != changing.labels[1]
    assert changing.labels[1] == changing.labels[3]
