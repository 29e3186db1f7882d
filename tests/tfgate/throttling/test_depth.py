"""The order of blocks along the depth, against the procedure as the paper tells it."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from tfgate.throttling import depth_thresholds

STAGES = [
    *itertools.product(range(1, 5), repeat=2),
    *itertools.product(range(1, 4), repeat=3),
    (1,),
    (7,),
    (3, 4, 6, 3),
    (3, 4, 23, 3),
    (9, 9, 9),
    (1, 1, 1, 1, 1),
]


def turned_on(sizes, u):
    """Blocks on in each stage for a given u.

    "We repeatedly iterate through the stages from output to input and turn on one
    additional layer in each stage, unless the proportion of active layers in that
    stage exceeds u, and stop when the total utilization exceeds u."
    """
    on = {stage: 0 for stage in range(len(sizes))}
    for _ in range(sum(sizes)):
        for stage in range(len(sizes) - 1, -1, -1):
            full = on[stage] == sizes[stage]
            if not full and Fraction(on[stage], sizes[stage]) <= u:
                on[stage] += 1
                if Fraction(sum(on.values()), sum(sizes)) > u:
                    return list(on.values())
    return list(on.values())


@pytest.mark.parametrize("sizes", STAGES, ids=str)
def test_thresholds_against_the_procedure(sizes):
    """What the procedure has opened at some u stays open at every greater one."""
    thresholds = depth_thresholds(sizes)
    edges = {Fraction(k, n) for n in (*sizes, sum(sizes)) for k in range(n + 1)}
    between = {(a + b) / 2 for a, b in itertools.pairwise(sorted(edges))}
    so_far = np.zeros(len(sizes))
    for u in sorted(edges | between):
        so_far = np.maximum(so_far, turned_on(sizes, u))
        opened = [sum(float(u) >= t for t in stage) for stage in thresholds]
        assert opened == so_far.tolist(), u


def test_the_procedure_itself_is_not_nested():
    below, at = Fraction(1, 3) - Fraction(1, 100), Fraction(1, 3)
    assert turned_on((4, 3), below) == [2, 1]
    assert turned_on((4, 3), at) == [1, 2]


@pytest.mark.parametrize("sizes", STAGES, ids=str)
def test_at_most_two_blocks_more_than_the_procedure(sizes):
    thresholds = np.concatenate(depth_thresholds(sizes))
    for k in range(sum(sizes) + 1):
        u = Fraction(k, sum(sizes))
        assert sum(float(u) >= thresholds) - sum(turned_on(sizes, u)) in (0, 1, 2)


@pytest.mark.parametrize("sizes", STAGES, ids=str)
def test_every_block_opens_in_order_and_all_by_u_1(sizes):
    thresholds = depth_thresholds(sizes)
    assert [len(stage) for stage in thresholds] == list(sizes)
    assert all(stage == sorted(stage) for stage in thresholds)
    assert 0.0 <= min(map(min, thresholds)) and max(map(max, thresholds)) <= 1.0


def test_float32_keeps_the_order():
    """The gating function compares in float32, where no threshold may pass 1."""
    for sizes in STAGES:
        rounded = np.array(sum(depth_thresholds(sizes), []), "float32")
        assert rounded.max() <= np.float32(1.0)


@pytest.mark.parametrize("sizes", [[], [0], [2, 0, 1], [-1]])
def test_bad_sizes(sizes):
    with pytest.raises(ValueError, match="at least one block in each stage"):
        depth_thresholds(sizes)
