"""Sets of components of a block, each of which becomes a network of its own.

An image runs the first set, in order of their MACs, that holds all of its open
components; the last set holds everything, so that there always is one. With sets S_m of
macs(S_m) each, the expected work of n of them is

    J(S) = sum over images of macs(the first S_m that holds what the image opens)

which falls with n on the images on which sets are chosen. On others it does not: a set
that is made of few images rarely holds another one. So n is found by cross-validation.

Images are merged, as in agglomerative clustering, always the two groups whose union
adds least to J; then each image moves to the set that is cheapest for it, and each set
shrinks to what its images open, while that lowers J.
"""

import dataclasses

import numpy as np

# Numbers of sets that are tried, beside the one of everything.
COUNTS = (1, 2, 3, 4, 5, 7, 9, 12, 15)
_FOLDS = 3
# Images that are merged one by one; the others join the groups that these make.
_MERGED = 128
_ROUNDS = 20


@dataclasses.dataclass(frozen=True)
class Choice:
    """Sets of a block for one number of sets.

    Attributes:
        sets: bool `[n + 1, components]`, in ascending order of MACs, the last of
            everything.
        macs: expected MACs of an image that was not used to find them.
        probabilities: float `[n + 1]`, share of such images that runs each set.
    """

    sets: np.ndarray
    macs: float
    probabilities: np.ndarray


def find(decisions, count_macs, counts=COUNTS):
    """Finds sets of several numbers.

    Args:
        decisions: bool `[images, components]`.
        count_macs: function of sets, bool `[sets, components]`, to the MACs of each,
            float `[sets]`; never less for a larger set.
        counts: numbers of sets beside that of everything, ascending.

    Returns:
        List of `Choice`, one for each number; shorter where there are fewer images
        that differ.
    """
    decisions = np.asarray(decisions, bool)
    folds = min(_FOLDS, len(decisions))
    number = np.arange(len(decisions)) % folds
    held_out = {count: [] for count in counts}
    for fold in range(folds) if folds > 1 else ():
        for count, sets in fit(decisions[number != fold], count_macs, counts).items():
            ran = first_cover(sets, decisions[number == fold])
            held_out[count].append(np.eye(len(sets))[ran].mean(axis=0))
    found = []
    for count, sets in fit(decisions, count_macs, counts).items():
        shares = [own for own in held_out[count] if len(own) == len(sets)]
        if not shares:
            continue
        probabilities = np.mean(shares, axis=0)
        found.append(
            Choice(sets, float(probabilities @ count_macs(sets)), probabilities)
        )
    return found


def fit(decisions, count_macs, counts):
    """Sets that are best for some images.

    Args:
        decisions: as for `find`.
        count_macs: likewise.
        counts: likewise.

    Returns:
        Dict of number -> bool `[sets, components]`, at most one more than the number,
        ascending in MACs; without those that come to everything alone.
    """
    seeds = np.unique(decisions, axis=0, return_counts=True)
    seeds, weights = _thinned(*seeds)
    groups = _Groups(seeds, weights, count_macs)
    found = {}
    for count in sorted(counts, reverse=True):
        if count > len(seeds):
            continue
        groups.merge_to(count)
        sets = _refined(groups.sets, decisions, count_macs)
        sets = with_everything(sets, count_macs)
        if len(sets) > 1:
            found[count] = sets
    return dict(sorted(found.items()))


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


def with_everything(sets, count_macs):
    """Orders sets by MACs, and adds the one of everything.

    Args:
        sets: bool `[sets, components]`.
        count_macs: as for `find`.

    Returns:
        bool `[sets + 1, components]`.
    """
    sets = sets[~sets.all(axis=1)]
    sets = sets[np.argsort(count_macs(sets), kind="stable")]
    return np.concatenate([sets, np.ones((1, sets.shape[1]), bool)])


class _Groups:
    """Groups of images, merged where the union of what they open adds least."""

    def __init__(self, seeds, weights, count_macs):
        self._count_macs = count_macs
        self.sets = seeds.copy()
        self._weights = weights.astype(float)
        self._macs = count_macs(self.sets)
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
            self._macs[first] = self._count_macs(self.sets[first : first + 1])[0]
            self.sets = np.delete(self.sets, second, axis=0)
            self._weights = np.delete(self._weights, second)
            self._macs = np.delete(self._macs, second)
            self._matrix = np.delete(np.delete(self._matrix, second, 0), second, 1)
            added = self._added(first)
            added[first] = np.inf
            self._matrix[first] = self._matrix[:, first] = added

    def _added(self, k):
        unions = self._count_macs(self.sets | self.sets[k])
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


def _refined(sets, decisions, count_macs):
    """Images move to the cheapest set, sets shrink to their images."""
    best, best_cost = sets, _cost(sets, decisions, count_macs)
    for _ in range(_ROUNDS):
        macs = count_macs(sets)
        # What each set would cost if it took the image in.
        grown = np.stack([count_macs(own | decisions) for own in sets], axis=1)
        sizes = np.bincount(_cheapest(sets, decisions, macs), minlength=len(sets))
        added = grown + sizes * (grown - macs)
        owner = added.argmin(axis=1)
        sets = np.array(
            [
                decisions[owner == k].any(axis=0) if (owner == k).any() else own
                for k, own in enumerate(sets)
            ]
        )
        cost = _cost(sets, decisions, count_macs)
        if cost >= best_cost * (1 - 1e-9):
            break
        best, best_cost = sets, cost
    return best


def _cheapest(sets, decisions, macs):
    holds = decisions.astype("float32") @ (~sets).T.astype("float32") == 0
    return np.where(holds, macs, np.inf).argmin(axis=1)


def _cost(sets, decisions, count_macs):
    whole = with_everything(sets, count_macs)
    return float(count_macs(whole)[first_cover(whole, decisions)].mean())
