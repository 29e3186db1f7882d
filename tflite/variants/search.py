"""Sets of components of a block, each of which becomes a network of its own.

An image runs the first set, in order of their MACs, that holds all of its open
components; the last set holds everything, so that there always is one. With sets S_m of
macs(S_m) each, the expected work of n of them is

    J(S) = sum over images of macs(the first S_m that holds what the image opens)

which falls with n on the images on which sets are chosen. On others it does not: a set
that is made of few images rarely holds another one. So more are drawn, where log odds
are known (`tflite.variants.draws`), and n is found by cross-validation on the images.

Images are merged, as in agglomerative clustering, always the two groups whose union
adds least to J; then each image moves to the set that is cheapest for it, and each set
shrinks to what its images open, while that lowers J.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

# Numbers of sets that are tried, beside the one of everything.
COUNTS = (1, 2, 3, 4, 5, 7, 9, 12, 15, 19, 24, 31)
_FOLDS = 3
# Images that are merged one by one; the others join the groups that these make.
_MERGED = 128
_ROUNDS = 20


@dataclasses.dataclass(frozen=True)
class Work:
    """What sets of components cost: a function of a few sums over their members.

    Attributes:
        weights: float32 `[components, sums]`, what each component adds to each sum.
        price: function of sums, `[..., sums]`, to MACs, `[...]`, that never falls with
            any of them.
    """

    weights: np.ndarray
    price: Callable[[np.ndarray], np.ndarray]

    def macs(self, sets):
        """MACs of bool sets `[sets, components]`: float `[sets]`."""
        return self.price(sets.astype("float32") @ self.weights)

    def of_unions(self, sets, others):
        """MACs of the union of each set with each other one: `[sets, others]`."""
        others = others.astype("float32")
        sums = [
            (own.astype("float32") @ self.weights)
            + others @ np.where(own[:, None], np.float32(0.0), self.weights)
            for own in sets
        ]
        return self.price(np.array(sums))


@dataclasses.dataclass(frozen=True)
class Choice:
    """Sets of a block for one number of sets.

    Attributes:
        sets: bool `[n + 1, components]`, in ascending order of MACs, the last of
            everything, and maybe the first of nothing.
        macs: expected MACs, by what counts them, of an image that was not used to
            find the sets.
        probabilities: float `[n + 1]`, share of such images that runs each set.
    """

    sets: np.ndarray
    macs: float
    probabilities: np.ndarray


def find(decisions, work, counts=COUNTS, draws=None, closes=False):
    """Finds sets of several numbers.

    Args:
        decisions: bool `[images, components]`.
        work: `Work`, which counts MACs.
        counts: numbers of sets beside that of everything, ascending.
        draws: `tflite.variants.draws.Draws` of these images, or None.
        closes: whether an image that opens nothing runs nothing; then the first set
            is empty.

    Returns:
        List of `Choice`, one for each number; shorter where there are fewer images
        that differ.
    """
    decisions = np.asarray(decisions, bool)
    folds = min(_FOLDS, len(decisions))
    number = np.arange(len(decisions)) % folds
    held_out = {count: [] for count in counts}
    for fold in range(folds) if folds > 1 else ():
        known = _with_draws(decisions, number != fold, draws)
        for count, sets in fit(known, work, counts, closes).items():
            ran = first_cover(sets, decisions[number == fold])
            held_out[count].append(np.eye(len(sets))[ran].mean(axis=0))
    found = []
    known = _with_draws(decisions, number >= 0, draws)
    for count, sets in fit(known, work, counts, closes).items():
        shares = [own for own in held_out[count] if len(own) == len(sets)]
        if not shares:
            continue
        probabilities = np.mean(shares, axis=0)
        found.append(
            Choice(sets, float(probabilities @ work.macs(sets)), probabilities)
        )
    return found


def _with_draws(decisions, kept, draws):
    """Some of the images, and what was drawn near them."""
    if draws is None:
        return decisions[kept]
    return np.concatenate([decisions[kept], draws.decisions[kept[draws.origins]]])


def fit(decisions, work, counts, closes=False):
    """Sets that are best for some images.

    Args:
        decisions: as for `find`.
        work: likewise.
        counts: likewise.
        closes: likewise.

    Returns:
        Dict of number -> bool `[sets, components]`, at most one more than the number,
        and the empty one; ascending in MACs; without those that come to everything
        alone.
    """
    if closes:
        decisions = decisions[decisions.any(axis=1)]
    if not len(decisions):
        return {}
    seeds = np.unique(decisions, axis=0, return_counts=True)
    seeds, weights = _thinned(*seeds)
    groups = _Groups(seeds, weights, work)
    found = {}
    for count in sorted(counts, reverse=True):
        if count > len(seeds):
            continue
        groups.merge_to(count)
        sets = _refined(groups.sets, decisions, work)
        sets = with_everything(sets, work)
        if len(sets) > 1:
            found[count] = np.pad(sets, ((int(closes), 0), (0, 0)))
    return dict(sorted(found.items()))


def switched(decisions, work):
    """The choice between everything and nothing.

    Args:
        decisions: as for `find`.
        work: likewise.

    Returns:
        `Choice` of two sets.
    """
    decisions = np.asarray(decisions, bool)
    sets = np.repeat([[False], [True]], decisions.shape[1], axis=1)
    opens = float(decisions.any(axis=1).mean())
    probabilities = np.array([1.0 - opens, opens])
    return Choice(sets, float(probabilities @ work.macs(sets)), probabilities)


def first_cover(sets, decisions):
    """Which set each image runs.

    Args:
        sets: bool `[sets, components]`, the last of everything.
        decisions: bool `[images, components]`.

    Returns:
        int `[images]`.
    """
    missing = decisions.astype("float32") @ (~sets).T.astype("float32")
    return np.argmax(missing == 0, axis=1)


def with_everything(sets, work):
    """Orders sets by MACs, and adds the one of everything.

    Args:
        sets: bool `[sets, components]`.
        work: as for `find`.

    Returns:
        bool `[sets + 1, components]`.
    """
    sets = sets[~sets.all(axis=1)]
    sets = sets[np.argsort(work.macs(sets), kind="stable")]
    return np.concatenate([sets, np.ones((1, sets.shape[1]), bool)])


class _Groups:
    """Groups of images, merged where the union of what they open adds least."""

    def __init__(self, seeds, weights, work):
        self._work = work
        self.sets = seeds.copy()
        self._weights = weights.astype(float)
        self._macs = work.macs(self.sets)
        rows = [self._added(k) for k in range(len(seeds))]
        self._matrix = np.array(rows)
        np.fill_diagonal(self._matrix, np.inf)

    def merge_to(self, count):
        while len(self.sets) > count:
            first, second = np.unravel_index(
                np.argmin(self._matrix), self._matrix.shape
            )
            first, second = min(first, second), max(first, second)
            self.sets[first] |= self.sets[second]
            self._weights[first] += self._weights[second]
            self._macs[first] = self._work.macs(self.sets[first : first + 1])[0]
            self.sets = np.delete(self.sets, second, axis=0)
            self._weights = np.delete(self._weights, second)
            self._macs = np.delete(self._macs, second)
            self._matrix = np.delete(np.delete(self._matrix, second, 0), second, 1)
            added = self._added(first)
            added[first] = np.inf
            self._matrix[first] = self._matrix[:, first] = added

    def _added(self, k):
        unions = self._work.macs(self.sets | self.sets[k])
        both = self._weights + self._weights[k]
        alone = self._weights * self._macs + self._weights[k] * self._macs[k]
        return both * unions - alone


def _thinned(seeds, weights):
    """At most `_MERGED` of the seeds, evenly spread, with the weight of all."""
    if len(seeds) <= _MERGED:
        return seeds, weights
    kept = np.linspace(0, len(seeds) - 1, _MERGED).round().astype(int)
    owner = np.abs(np.arange(len(seeds))[:, None] - kept).argmin(axis=1)
    return seeds[kept], np.bincount(owner, weights, minlength=len(kept))


def _refined(sets, decisions, work):
    """Images move to the cheapest set, sets shrink to their images."""
    best, best_cost = sets, _cost(sets, decisions, work)
    for _ in range(_ROUNDS):
        macs = work.macs(sets)
        # What each set would cost if it took the image in.
        grown = work.of_unions(sets, decisions).T
        sizes = np.bincount(_cheapest(sets, decisions, macs), minlength=len(sets))
        added = grown + sizes * (grown - macs)
        owner = added.argmin(axis=1)
        sets = np.array(
            [
                decisions[owner == k].any(axis=0) if (owner == k).any() else own
                for k, own in enumerate(sets)
            ]
        )
        cost = _cost(sets, decisions, work)
        if cost >= best_cost * (1 - 1e-9):
            break
        best, best_cost = sets, cost
    return best


def _cheapest(sets, decisions, macs):
    holds = decisions.astype("float32") @ (~sets).T.astype("float32") == 0
    return np.where(holds, macs, np.inf).argmin(axis=1)


def _cost(sets, decisions, work):
    whole = with_everything(sets, work)
    return float(work.macs(whole)[first_cover(whole, decisions)].mean())
