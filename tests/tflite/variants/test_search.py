import itertools

import numpy as np
import pytest

from tests.tflite.variants.works import by_size
from tflite.variants import search


def two_kinds(images=60, components=12, noise=0.0, seed=0):
    """Even images open the first half of the components, odd ones the second."""
    random = np.random.default_rng(seed)
    first = np.arange(components) < components // 2
    opened = np.where(np.arange(images)[:, None] % 2 == 0, first, ~first)
    return opened ^ (random.random(opened.shape) < noise)


def test_images_of_two_kinds_get_two_sets():
    choices = {
        len(c.sets) - 1: c for c in search.find(two_kinds(), by_size(12), (1, 2))
    }
    # A single set for both would be everything.
    assert list(choices) == [2]
    assert choices[2].macs == pytest.approx(0.5)
    np.testing.assert_allclose(choices[2].probabilities, [0.5, 0.5, 0.0])
    noisy = two_kinds(noise=0.02)
    choices = {
        len(c.sets) - 1: c for c in search.find(noisy, by_size(12), (1, 2, 3, 4))
    }
    assert choices[2].macs < 0.85


def test_the_last_set_has_everything_and_sets_are_in_order():
    random = np.random.default_rng(1)
    decisions = random.random((50, 20)) < random.random((50, 1))
    for choice in search.find(decisions, by_size(20), (1, 3, 5)):
        assert choice.sets[-1].all()
        sizes = choice.sets.mean(axis=1)
        assert (np.diff(sizes) >= 0).all()
        assert choice.probabilities.sum() == pytest.approx(1.0)
        assert choice.macs == pytest.approx(choice.probabilities @ sizes)


def test_images_run_the_first_set_that_has_what_they_open():
    sets = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [1, 1, 1, 1]], bool)
    opened = np.array(
        [[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 0], [0, 0, 0, 0]], bool
    )
    assert search.first_cover(sets, opened).tolist() == [0, 1, 2, 3, 0]


def test_more_sets_never_cost_more_on_their_own_images():
    decisions = two_kinds(noise=0.15, images=40)
    fitted = search.fit(decisions, by_size(12), (2, 4, 8))
    costs = [
        sets.mean(axis=1)[search.first_cover(sets, decisions)].mean()
        for sets in fitted.values()
    ]
    assert list(fitted) == [2, 4, 8] and (np.diff(costs) < 0).all()


def test_other_images_cost_more_than_those_that_sets_are_made_for():
    decisions = two_kinds(noise=0.2, images=45)
    (found,) = search.find(decisions, by_size(12), (8,))
    (own,) = search.fit(decisions, by_size(12), (8,)).values()
    cost = own.mean(axis=1)[search.first_cover(own, decisions)].mean()
    assert found.macs > cost + 0.05


def test_near_the_best_of_all_partitions():
    decisions = np.random.default_rng(3).random((7, 10)) < 0.4
    best = min(
        _cost(decisions, labels) for labels in itertools.product(range(2), repeat=7)
    )
    sets = search.fit(decisions, by_size(10), (2,))[2]
    found = sets.mean(axis=1)[search.first_cover(sets, decisions)].mean()
    assert best <= found <= 1.1 * best


def _cost(decisions, labels):
    labels = np.array(labels)
    sets = [decisions[labels == k].any(axis=0) for k in set(labels.tolist())]
    whole = search.with_everything(np.array(sets), by_size(10))
    return whole.mean(axis=1)[search.first_cover(whole, decisions)].mean()


def test_many_images_are_thinned(monkeypatch):
    monkeypatch.setattr(search, "_MERGED", 8)
    decisions = two_kinds(noise=0.05, images=80)
    sets = search.fit(decisions, by_size(12), (2,))[2]
    assert sets.mean(axis=1)[search.first_cover(sets, decisions)].mean() < 0.95


def test_one_image_gives_nothing_to_validate_on():
    assert search.find(np.ones((1, 4), bool), by_size(4)) == []


def test_work_of_unions():
    random = np.random.default_rng(0)
    sets, others = random.random((3, 9)) < 0.4, random.random((5, 9)) < 0.4
    weights = random.integers(0, 4, (9, 2)).astype("float32")
    work = search.Work(weights, lambda sums: sums[..., 0] * sums[..., 1])
    found = work.of_unions(sets, others)
    assert found.shape == (3, 5)
    for own, row in zip(sets, found, strict=True):
        np.testing.assert_allclose(row, work.macs(own | others))


def test_what_opens_nothing_runs_nothing():
    decisions = two_kinds()
    decisions[::3] = False
    choices = search.find(decisions, by_size(12), (1, 2), closes=True)
    assert [len(choice.sets) for choice in choices] == [4]
    (choice,) = choices
    assert not choice.sets[0].any() and choice.sets[-1].all()
    np.testing.assert_allclose(choice.probabilities, [1 / 3, 1 / 3, 1 / 3, 0.0])
    assert choice.macs == pytest.approx(1 / 3)


def test_nothing_ever_opens():
    decisions = np.zeros((9, 4), bool)
    assert search.find(decisions, by_size(4), closes=True) == []
    choice = search.switched(decisions, by_size(4))
    assert choice.macs == 0.0 and choice.probabilities.tolist() == [1.0, 0.0]


def test_everything_or_nothing():
    decisions = np.array([[0, 0], [1, 0], [1, 1], [0, 0]], bool)
    choice = search.switched(decisions, by_size(2))
    assert choice.sets.tolist() == [[False, False], [True, True]]
    assert choice.macs == pytest.approx(0.5)
