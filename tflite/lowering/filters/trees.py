"""Trees of conditions: the first of several networks that has all open filters.

n networks cost about log2(n) conditions one inside the other, and no sums.
"""

import numpy as np
import tensorflow as tf


def passed(is_open, trees):
    """Which networks do not do, nor any before them.

    All are found by a few operations: it is their number that costs.

    Args:
        is_open: bool tensor `[components]`.
        trees: for each tree a list with the components that a network lacks, a tuple,
            for each of its networks but the last, which lacks nothing.

    Returns:
        For each tree a list of bool scalars, one for each of these networks.
    """
    missing = [components for tree in trees for components in tree]
    if not missing:
        return [[] for _ in trees]
    lacks = np.zeros((len(missing), is_open.shape[0]), "float32")
    for number, components in enumerate(missing):
        lacks[number, list(components)] = 1.0
    is_missed = tf.reduce_max(tf.cast(is_open, tf.float32) * lacks, axis=1) > 0.0
    # A row names the networks up to one, the first again where there are fewer.
    longest = max(map(len, trees))
    rows, ends = [], np.cumsum([len(tree) for tree in trees])
    for tree, end in zip(trees, ends, strict=True):
        first = int(end) - len(tree)
        for last in range(first, int(end)):
            own = list(range(first, last + 1))
            rows.append([*own, *[first] * (longest - len(own))])
    found = tf.reduce_all(tf.gather(is_missed, np.array(rows, "int32")), axis=1)
    found = tf.unstack(found)
    return [found[end - len(tree) : end] for tree, end in zip(trees, ends, strict=True)]


def choose(are_passed, networks):
    """Runs the first network that is not passed.

    Args:
        are_passed: list of bool scalars, of all networks but the last.
        networks: list of functions without arguments.

    Returns:
        What the one function returns.
    """

    def run(first, last):
        if first == last:
            return networks[first]()
        middle = (first + last) // 2
        return tf.cond(
            are_passed[middle],
            lambda: run(middle + 1, last),
            lambda: run(first, middle),
        )

    return run(0, len(networks) - 1)
