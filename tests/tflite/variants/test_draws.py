import numpy as np
import pytest

from tests.tflite.variants.works import by_size
from tflite.variants import draws
from tflite.variants import search


def images_on_a_line(images, components, noise, seed=0):
    """Log odds that follow one number of each image, and little else."""
    random = np.random.default_rng(seed)
    place = random.normal(size=(images, 1))
    direction = random.normal(size=components)
    slack = noise * random.normal(size=(images, components))
    return place * direction + random.normal(size=components) * 0.3 + slack


def test_draws_stay_near_their_images():
    log_odds = images_on_a_line(50, 20, 0.0)
    found = draws.near(log_odds, 0.0, 400)
    assert found.decisions.shape == (400, 20) and found.decisions.dtype == bool
    assert (np.diff(found.origins) >= 0).all()
    assert set(found.origins) <= set(range(50)) and len(set(found.origins)) > 40
    own = (log_odds > 0.0)[found.origins]
    changed = (found.decisions != own).mean()
    assert 0.0 < changed < 0.2


def test_draws_open_what_is_open_together():
    # On a line every component is open on one side of its own boundary.
    log_odds = images_on_a_line(60, 30, 0.0)
    found = draws.near(log_odds, 0.0, 500).decisions
    centred = log_odds - log_odds.mean(0)
    direction = np.linalg.svd(centred, full_matrices=False)[2][0]
    boundaries = -log_odds.mean(0) / direction
    for own in found:
        rising, falling = direction > 0, direction < 0
        is_open = own == 1
        assert boundaries[rising & is_open].max(initial=-np.inf) <= boundaries[
            rising & ~is_open
        ].min(initial=np.inf)
        assert boundaries[falling & is_open].min(initial=np.inf) >= boundaries[
            falling & ~is_open
        ].max(initial=-np.inf)


def test_the_boundary_and_the_seed_count():
    log_odds = images_on_a_line(30, 10, 0.1)
    rates = [
        draws.near(log_odds, boundary, 300).decisions.mean()
        for boundary in (-1.0, 0.0, 1.0)
    ]
    assert rates[0] > rates[1] > rates[2]
    first, again, other = (
        draws.near(log_odds, 0.0, 50, s).decisions for s in (1, 1, 2)
    )
    assert (first == again).all() and (first != other).any()


@pytest.mark.parametrize("images", [1, 2])
def test_few_images_are_enough(images):
    log_odds = np.arange(4.0 * images).reshape(images, 4) - 1.5
    found = draws.near(log_odds, 0.0, 20)
    if images == 1:
        assert (found.decisions == (log_odds > 0.0)).all()
    assert np.isfinite(found.decisions).all()


def test_sets_of_draws_fit_other_images_better():
    log_odds = images_on_a_line(400, 40, 0.05)
    known, others = log_odds[:60] > 0.0, log_odds[60:] > 0.0
    drawn = draws.near(log_odds[:60], 0.0, 800)
    costs, work = [], by_size(40)
    for own in (known, np.concatenate([known, drawn.decisions])):
        sets = search.fit(own, work, (12,))[12]
        costs.append(work.macs(sets)[search.first_cover(sets, others)].mean())
    assert costs[1] < 0.97 * costs[0]


def test_what_was_drawn_near_an_image_does_not_validate_it():
    # Every image opens one component of its own, and so do its draws.
    decisions = np.eye(12, dtype=bool)
    near = draws.Draws(decisions.repeat(3, axis=0), np.arange(12).repeat(3))
    found = search.find(decisions, by_size(12), (4,), draws=near)
    # Images that are held out have a component that no other has: only all have it.
    assert [choice.probabilities[-1] for choice in found] == [1.0]
