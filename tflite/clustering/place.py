"""Clusters of one gated place: merged, and with components moved between them."""

import numpy as np


def merge(decisions, least, weights, condition_macs, widths=None):
    """Merges single components into clusters, always the pair that adds least.

    Args:
        decisions: bool `[images, components]`.
        least: least number of components of a cluster.
        weights: float `[images]`, MACs of a component that runs.
        condition_macs: clusters that are large enough are merged while that adds less.
        widths: float `[components + 1]`, as how many components as many of them count;
            None for as many. It counts for clusters that are large enough.

    Returns:
        List of lists of components, ascending.
    """
    members = [[c] for c in range(decisions.shape[1])]
    least = min(least, len(members))
    opened = decisions.T.astype("float64")
    both = (opened * weights) @ opened.T
    as_many = np.arange(len(members) + 1)
    widths = as_many if widths is None else widths
    while len(members) > 1:
        sizes = np.array([len(own) for own in members])
        small = sizes < least
        priced = as_many if small.any() else widths
        added = _added(priced, sizes, np.diag(both), both)
        if small.any():
            added[~(small[:, None] | small)] = np.inf
        elif added.min() >= condition_macs:
            break
        first, second = np.unravel_index(np.argmin(added), added.shape)
        members[first] = sorted(members[first] + members.pop(second))
        opened[first] = np.maximum(opened[first], opened[second])
        opened = np.delete(opened, second, axis=0)
        both = np.delete(np.delete(both, second, axis=0), second, axis=1)
        both[first] = both[:, first] = opened @ (weights * opened[first])
    return members


class Place:
    """Clusters of one place while components change between them.

    Args:
        decisions: bool `[images, components]`.
        labels: int `[components]`, the cluster of each.
        clusters: number of clusters.
        least: least number of components of a cluster.
        weights: float `[images]`, the cost of a component that runs.
        widths: as for `merge`.
    """

    def __init__(self, decisions, labels, clusters, least, weights, widths=None):
        self.labels = labels
        self._decisions = decisions.astype("int32")
        self._least = least
        self._weights = weights
        self._widths = np.arange(len(labels) + 1) if widths is None else widths
        self._sizes = np.bincount(labels, minlength=clusters)
        members = np.eye(clusters, dtype="int32")[labels]
        # Number of open members, [images, clusters].
        self._open = self._decisions @ members

    def improve(self, component):
        """Moves a component, or exchanges it with another, where that is best."""
        own = self.labels[component]
        z = self._decisions[:, component]
        left = self._cost(self._open[:, own] - z, self._sizes[own] - 1)
        now = [self._cost(self._open[:, k], n) for k, n in enumerate(self._sizes)]
        best, change = 0.0, None
        for other in np.flatnonzero(self._sizes):
            if other == own:
                continue
            if self._sizes[own] > self._least:
                joined = self._cost(self._open[:, other] + z, self._sizes[other] + 1)
                gain = now[own] + now[other] - left - joined
                if gain > best:
                    best, change = gain, (other, None)
            gains, partners = self._exchanges(component, own, other, now)
            if len(gains) and gains.max() > best:
                best = gains.max()
                change = (other, partners[np.argmax(gains)])
        if change is not None and best > 1e-9 * max(1.0, sum(now)):
            other, partner = change
            self._put(component, other)
            if partner is not None:
                self._put(partner, own)

    def merge(self, condition_macs):
        """Merges clusters while that costs less than the condition that it saves."""
        while True:
            kept = np.flatnonzero(self._sizes)
            if len(kept) < 2:
                return
            opened = (self._open[:, kept] > 0).T.astype("float64")
            both = (opened * self._weights) @ opened.T
            added = _added(self._widths, self._sizes[kept], np.diag(both), both)
            first, second = np.unravel_index(np.argmin(added), added.shape)
            if added[first, second] >= condition_macs:
                return
            for component in np.flatnonzero(self.labels == kept[second]):
                self._put(component, kept[first])

    def _exchanges(self, component, own, other, now):
        """Gains of exchanging a component with each one of another cluster."""
        partners = np.flatnonzero(self.labels == other)
        z = self._decisions[:, component, None]
        theirs = self._decisions[:, partners]
        mine = ((self._open[:, own, None] - z + theirs) > 0).T @ self._weights
        other_open = ((self._open[:, other, None] + z - theirs) > 0).T @ self._weights
        first, second = self._widths[self._sizes[[own, other]]]
        after = first * mine + second * other_open
        return now[own] + now[other] - after, partners

    def _cost(self, count, size):
        return self._widths[size] * float((count > 0) @ self._weights)

    def _put(self, component, cluster):
        z = self._decisions[:, component]
        own = self.labels[component]
        self._open[:, own] -= z
        self._open[:, cluster] += z
        self._sizes[own] -= 1
        self._sizes[cluster] += 1
        self.labels[component] = cluster


def _added(widths, sizes, alone, both):
    """What merging each pair of clusters adds: `[clusters, clusters]`, inf below.

    Args:
        widths: float `[components + 1]`, as how many components each number counts.
        sizes: int `[clusters]`.
        alone: `[clusters]`, the weight of the images that open each.
        both: `[clusters, clusters]`, of those that open both.
    """
    either = alone[:, None] + alone - both
    apart = widths[sizes] * alone
    # Clusters with themselves, which are more than there are, do not count.
    together = np.minimum(sizes[:, None] + sizes, len(widths) - 1)
    added = widths[together] * either - apart[:, None] - apart
    added[np.tril_indices(len(sizes))] = np.inf
    return added
