"""Conditions and masks from the decisions of a gate of many components."""

import numpy as np
import tensorflow as tf


class Gating:
    """What a gate's decisions open in one call of a block.

    All components are compared with the threshold at once, and the conditions of all
    clusters are found by one reduction: it is the number of operations that costs.

    Args:
        is_open: bool tensor `[components]`.
        clusters: list of tuples of components, each behind a condition.
        masks: whether masks are needed.
    """

    def __init__(self, is_open, clusters, masks=True):
        clusters = list(dict.fromkeys(clusters))
        self._is_open = is_open
        self._conditions = {}
        if clusters:
            opened = tf.unstack(_any(is_open, clusters))
            self._conditions = dict(zip(clusters, opened, strict=True))
        # Made here: what a branch makes, another branch cannot use.
        self._decisions = tf.cast(is_open, tf.float32) if masks else None

    def condition(self, members):
        """Whether any of a cluster's components is open: a bool scalar."""
        return self._conditions[members]

    def any_of(self, components):
        """Whether any of these components is open: a bool scalar."""
        numbers = np.array(sorted(set(components)), "int32")
        return tf.reduce_any(tf.gather(self._is_open, numbers))

    def mask(self, components):
        """Decisions of filters.

        Args:
            components: for each filter its component, None for one always open.

        Returns:
            float32 `[filters]`, 0 or 1.
        """
        count = self._decisions.shape[0]
        picked = np.array([count if c is None else c for c in components], "int32")
        decisions = self._decisions
        if None in components:
            decisions = tf.concat([decisions, [1.0]], axis=0)
        elif np.array_equal(picked, np.arange(count)):
            return decisions
        return tf.gather(decisions, picked)


def components_of_filters(site):
    """The component of each filter at a gated place, None for one without a gate.

    Args:
        site: `tfgate.blocks.Site`.
    """
    own = range(site.components.start, site.components.stop)
    gated = [c for c in own for _ in range(site.filters_per_gate)]
    return [None] * site.filters_always_open + gated


def _any(is_open, clusters):
    """Whether any component of each cluster is open: bool `[clusters]`."""
    longest = max(map(len, clusters))
    # Shorter ones name their first component again.
    rows = [[*c, *[c[0]] * (longest - len(c))] for c in clusters]
    if longest == 1:
        column = np.array(rows, "int32")[:, 0]
        if np.array_equal(column, np.arange(is_open.shape[0])):
            return is_open
        return tf.gather(is_open, column)
    return tf.reduce_any(tf.gather(is_open, np.array(rows, "int32")), axis=1)
