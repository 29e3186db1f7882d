"""Decisions that images like those of calibration might have.

A few hundred images show which filters open together, and not every combination that
others will have: a set of filters that is made for them rarely has all of what another
image opens. But a gate's log odds move along few directions (docs/results/tflite.md),
and these are known from few images. So more log odds are drawn: those of an image,
moved along the directions by normal noise, which is a kernel density estimate in their
plane.
"""

import dataclasses

import numpy as np

# Share of the variance that these directions hold, and their largest number.
_VARIANCE = 0.999
_DIRECTIONS = 4
# Of the bandwidth by Scott's rule, which is made for clouds of one kind.
_NARROWER = 0.5


@dataclasses.dataclass(frozen=True)
class Draws:
    """Further decisions of a gate.

    Attributes:
        decisions: bool `[draws, components]`.
        origins: int `[draws]`, the image near which each was drawn.
    """

    decisions: np.ndarray
    origins: np.ndarray


def near(log_odds, boundary, number, seed=0):
    """Draws decisions near those of images.

    Args:
        log_odds: float `[images, components]`, at least one image.
        boundary: log odds above which a component is open.
        number: number of draws.
        seed: int.

    Returns:
        `Draws`.
    """
    log_odds = np.asarray(log_odds, "float64")
    random = np.random.default_rng(seed)
    origins = np.sort(random.integers(0, len(log_odds), number))
    *_, scales, axes = np.linalg.svd(log_odds - log_odds.mean(0), full_matrices=False)
    variances = scales**2 / len(log_odds)
    held = np.cumsum(variances) / max(variances.sum(), 1e-30)
    count = min(_DIRECTIONS, int(np.searchsorted(held, _VARIANCE)) + 1)
    width = _NARROWER * len(log_odds) ** (-1.0 / (count + 4))
    deviations = width * np.sqrt(variances[:count])
    moved = random.normal(size=(number, len(deviations))) * deviations
    drawn = log_odds[origins] + moved @ axes[:count]
    return Draws(drawn > boundary, origins)
