"""Conditions and masks from the decisions of a gate of many components."""

import numpy as np
import tensorflow as tf

from tflite.lowering.filters import trees


class Gating:
    """What a gate's decisions open in one call of a block.

    All components are compared with the threshold at once, and the conditions of all
    clusters are found by one reduction: it is the number of operations that costs.

    Args:
        is_open: bool tensor `[components]`.
        clusters: list of tuples of components, each behind a condition.
        masks: whether masks are needed.
        weights: float32 `[n]`, what the filters of each component are multiplied by,
            0 where it is closed, and maybe further factors; None for the decisions.
        variants: dict from a cluster to a list of what its variants lack, tuples of
            components; None for none.
    """

    def __init__(self, is_open, clusters, masks=True, weights=None, variants=None):
        clusters = list(dict.fromkeys(clusters))
        self._is_open = is_open
        self._conditions = {}
        if clusters:
            opened = tf.unstack(_any(is_open, clusters))
            self._conditions = dict(zip(clusters, opened, strict=True))
        variants = variants or {}
        passed = trees.passed(is_open, list(variants.values()))
        self._passed = dict(zip(variants, passed, strict=True))
        # Made here: what a branch makes, another branch cannot use.
        self._weights = weights
        if masks and weights is None:
            self._weights = tf.cast(is_open, tf.float32)

    def condition(self, members):
        """Whether any of a cluster's components is open: a bool scalar."""
        return self._conditions[members]

    def passed(self, members):
        """Which variants of a cluster do not do, nor any before: list of bools."""
        return self._passed.get(members, [])

    def any_of(self, components):
        """Whether any of these components is open: a bool scalar."""
        numbers = np.array(sorted(set(components)), "int32")
        return tf.reduce_any(tf.gather(self._is_open, numbers))

    def mask(self, components):
        """Factors of filters.

        Args:
            components: for each filter its component, or the number of a further
                factor; None for one always open.

        Returns:
            float32 `[filters]`: decisions, 0 or 1, or the weights that are given.
        """
        count = self._weights.shape[0]
        picked = np.array([count if c is None else c for c in components], "int32")
        weights = self._weights
        if None in components:
            weights = tf.concat([weights, [1.0]], axis=0)
        elif np.array_equal(picked, np.arange(count)):
            return weights
        return tf.gather(weights, picked)


def components_of_filters(site, always=None):
    """The component of each filter at a gated place.

    Args:
        site: `tfgate.blocks.Site`.
        always: what stands for a filter without a gate.
    """
    own = range(site.components.start, site.components.stop)
    gated = [c for c in own for _ in range(site.filters_per_gate)]
    return [always] * site.filters_always_open + gated


def numbers_of_scales(block):
    """Where the scale of each gated place stands among a block's weights.

    Args:
        block: `tfgate.GatedFilters` of a throttled network.

    Returns:
        Dict from a site's name to the number, see `tflite.lowering.learned`.
    """
    first = block.gate.components
    return {site.name: first + index for index, site in enumerate(block.sites)}


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
