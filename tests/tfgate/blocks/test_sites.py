"""Gated places: which component opens which filter."""

import numpy as np
import pytest

from tfgate.blocks.sites import Grouping
from tfgate.blocks.sites import Site
from tfgate.blocks.sites import check_count
from tfgate.blocks.sites import checked_places


def test_decisions_spread_over_the_filters():
    site = Site("inner", 0, 10, 2, groups_always_open=1, start=3)
    assert (site.name, site.count, site.components) == ("inner1", 4, slice(3, 7))
    assert (site.groups, site.filters_always_open) == (5, 2)
    decisions = [9, 9, 9, 1, 0, 0, 1, 9]
    np.testing.assert_array_equal(
        site.open_filters(decisions), [1, 1, 1, 1, 0, 0, 0, 0, 1, 1]
    )


def test_batches_of_decisions_keep_their_type():
    site = Site("output", 1, 4, 4, groups_always_open=0, start=0)
    opened = site.open_filters(np.array([[True], [False]]))
    assert opened.dtype == bool
    np.testing.assert_array_equal(opened, [[True] * 4, [False] * 4])


def test_components_follow_each_other():
    grouping = Grouping.of(
        ("output", "input"), {"input": 4, "output": 3}, {"input": 1, "output": 0}
    )
    assert grouping.places == ("input", "output")
    first, second = grouping.lay_out({("input", 0): 8, ("output", 1): 6}, "block")
    assert (first.components, second.components) == (slice(0, 1), slice(1, 3))


@pytest.mark.parametrize("size", [3, 5, 12, 100])
def test_groups_that_leave_a_remainder(size):
    grouping = Grouping.of(("inner",), size, 0)
    with pytest.raises(
        ValueError, match=f"filters_per_gate to divide the 8.*'inner'.*'b1', got {size}"
    ):
        grouping.lay_out({("inner", 0): 8}, "b1")


def test_one_group_of_all_filters():
    (site,) = Grouping.of(("inner",), 8, 0).lay_out({("inner", 0): 8}, "b")
    assert site.count == 1


@pytest.mark.parametrize("always", [4, 5])
def test_nothing_left_to_gate(always):
    grouping = Grouping.of(("inner",), 2, always)
    with pytest.raises(
        ValueError, match=f"groups_always_open < 4.*'inner'.*'b1', got {always}"
    ):
        grouping.lay_out({("inner", 0): 8}, "b1")


@pytest.mark.parametrize(
    "places", [(), "outer", ("inner", "outer"), ("inner", "inner")], ids=str
)
def test_unknown_places(places):
    with pytest.raises(ValueError, match="places to be some of"):
        checked_places(places)


def test_places_come_in_the_order_of_computation():
    assert checked_places("inner") == ("inner",)
    assert checked_places(["shortcut", "inner", "input"]) == (
        "input",
        "inner",
        "shortcut",
    )


@pytest.mark.parametrize("name", ["filters_per_gate", "groups_always_open"])
@pytest.mark.parametrize("value", [-1, 1.5, "2", True, None, {"inner": 2.0}])
def test_numbers_that_are_not_counts(name, value):
    arguments = {"filters_per_gate": 1, "groups_always_open": 0, name: value}
    with pytest.raises(ValueError, match=f"{name} >= "):
        Grouping.of(("inner",), **arguments)


def test_filters_per_gate_is_at_least_one():
    with pytest.raises(ValueError, match="filters_per_gate >= 1.*got 0"):
        Grouping.of(("inner",), 0, 0)


@pytest.mark.parametrize("value", [{"inner": 2}, {"inner": 2, "output": 1, "x": 1}])
def test_one_number_for_each_place(value):
    with pytest.raises(ValueError, match="filters_per_gate to be a number, or one for"):
        Grouping.of(("inner", "output"), value, 0)


def test_numpy_counts_become_plain_ones():
    assert type(check_count(np.int64(3), "width", 1)) is int
