import dataclasses

import pytest

from tfgate.blocks import Site
from tflite import errors
from tflite.clusters import SiteClusters
from tflite.clusters import consecutive
from tflite.clusters import ungated


def site(filters, size=1, always=0, start=3):
    return Site("output", 1, filters, size, always, start)


@pytest.mark.parametrize(
    ("place", "min_group", "expected"),
    [
        (site(8), 4, ((3, 4, 5, 6), (7, 8, 9, 10))),
        # What is left would be too small.
        (site(8), 3, ((3, 4, 5), (6, 7, 8, 9, 10))),
        (site(8), 20, ((3, 4, 5, 6, 7, 8, 9, 10),)),
        (site(8, size=4), 6, ((3, 4),)),
        (site(12, size=4, always=1), 4, ((3,), (4,))),
        (site(3), 1, ((3,), (4,), (5,))),
    ],
)
def test_consecutive_filters_of_at_least_a_size(place, min_group, expected):
    clusters = consecutive(place, min_group)
    assert clusters == SiteClusters(clusters=expected)
    clusters.check(place, "block")


VARIANTS = SiteClusters((3,), ((4, 5), (6,)), variants=(((4,),), ()))


def test_variants_of_clusters():
    VARIANTS.check(site(4), "block")
    assert VARIANTS.with_variants == [((4, 5), ((4,),)), ((6,), ())]
    without = SiteClusters((3,), ((4, 5), (6,)))
    assert without.with_variants == [((4, 5), ()), ((6,), ())]


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        ((((4,),),), "variants of 2 clusters, or none.*'output'.*'block', got 1"),
        ((((4, 5),), ()), r"some of the components \(4, 5\).*got \(4, 5\)"),
        (((()),), "variants of 2 clusters"),
        ((((),), ()), r"some of the components \(4, 5\).*got \(\)"),
        ((((6,),), ()), r"some of the components \(4, 5\).*got \(6,\)"),
    ],
)
def test_variants_of_other_components_are_refused(variants, message):
    wrong = dataclasses.replace(VARIANTS, variants=variants)
    with pytest.raises(errors.InputError, match=message):
        wrong.check(site(4), "block")


def test_ungated_components_run_always():
    clusters = ungated(site(4))
    assert clusters == SiteClusters((3, 4, 5, 6))
    clusters.check(site(4), "block")


@pytest.mark.parametrize(
    "wrong",
    [
        SiteClusters((3,), ((4, 5),)),
        SiteClusters((3, 3), ((4, 5, 6),)),
        SiteClusters((3,), ((4, 5, 6), ())),
        SiteClusters((3,), ((4, 5),), (6, 7)),
    ],
)
def test_other_components_are_refused(wrong):
    with pytest.raises(errors.InputError, match="components 3 to 6 once.*'output'"):
        wrong.check(site(4), "block")
