import numpy as np
import pytest

import tfgate
from tests.tflite.variants import opened
from tflite import clustering
from tflite import variants

PRICES = variants.Prices()


@pytest.fixture(scope="module")
def model():
    return tfgate.applications.CifarResNet(
        8, (16, 16, 3), gate="dependent", granularity="bas"
    )


def decisions(model):
    return {gate.name: opened.two_kinds(gate) for gate in model.gates}


def find(model, max_growth, condition_macs=0.0, of=decisions):
    recorded = of(model)
    clusters = clustering.of_network(model, recorded, 64, condition_macs)
    prices = variants.Prices(condition_macs)
    return variants.of_network(model, recorded, clusters, max_growth, prices)


def test_variants_of_all_blocks(model):
    found = find(model, 5.0)
    assert list(found.blocks) == [block.name for block in model.blocks]
    for block in model.blocks:
        own = found.blocks[block.name]
        split = [component for part in own.parts for component in part.sets[-1]]
        assert sorted(split) == list(range(block.gate.components))
        for part in own.parts:
            assert sum(part.probabilities) == pytest.approx(1.0)
        # MACs of the whole block, as costs count them.
        whole = sum(product.macs for product in block.products())
        choice = found.choices[block.name]
        assert choice.whole_macs == pytest.approx(whole)
        assert choice.expected_macs < 0.75 * whole


@pytest.mark.parametrize("max_growth", [1.0, 1.2, 1.6, 2.5])
def test_variants_stay_within_the_growth(model, max_growth):
    found = find(model, max_growth)
    assert found.added_bytes <= (max_growth - 1.0) * found.dense_bytes
    assert bool(found.blocks) == (max_growth > 1.0)
    assert ("none that pay" in found.describe()) == (max_growth == 1.0)


def test_more_room_gives_less_work(model):
    def expected(found):
        return sum(
            found.choices[b.name].cost
            if b.name in found.choices
            else sum(p.macs for p in b.products())
            for b in model.blocks
        )

    small, large = expected(find(model, 1.2)), expected(find(model, 3.0))
    assert large < small


def test_blocks_are_split_where_bytes_are_few(model):
    recorded = {gate.name: opened.on_a_line(gate) for gate in model.gates}
    found = find(model, 1.5, of=lambda model: recorded)
    assert max(len(choice.parts) for choice in found.choices.values()) > 1
    split = [c for c in found.choices.values() if len(c.parts) > 1]
    parts = sum(len(choice.parts) for choice in split)
    assert f", {len(split)} of them in {parts} parts: " in found.describe()
    count = sum(choice.networks for choice in found.choices.values())
    assert f" {count} networks, " in found.describe()


def test_parts_have_at_least_a_group(model):
    recorded = {gate.name: opened.on_a_line(gate) for gate in model.gates}
    clusters = clustering.of_network(model, recorded, 64, 0.0)
    smallest = {}
    for least in (1, 16):
        found = variants.of_network(
            model, recorded, clusters, 1.5, PRICES, min_group=least
        )
        smallest[least] = min(
            len(part.sets[-1])
            for own in found.blocks.values()
            for part in own.parts
            if len(own.parts) > 1
        )
    assert smallest[1] < 16 <= smallest[16]


def test_dear_conditions_leave_no_variants(model):
    assert find(model, 3.0, condition_macs=1e9).blocks == {}


def test_gates_that_decide_alike_have_no_variants(model):
    def alike(model):
        return {g.name: np.ones((10, g.components), bool) for g in model.gates}

    found = find(model, 3.0, of=alike)
    assert found.blocks == {} and "none that pay" in found.describe()


def test_blocks_that_clusters_suit_as_well_get_no_variants(model):
    alike = {name: own[:2].repeat(9, 0) for name, own in decisions(model).items()}
    # Filters that open together are a cluster: it executes what a variant would.
    clusters = clustering.of_network(model, alike, 1, 0.0)
    assert variants.of_network(model, alike, clusters, 5.0, PRICES).blocks == {}


def test_draws_make_sets_larger(model):
    recorded = decisions(model)
    more = {
        gate.name: variants.Draws(
            np.arange(gate.components)[None] % 8 < 5, np.zeros(1, int)
        )
        for gate in model.gates
    }
    clusters = clustering.of_network(model, recorded, 64, 0.0)
    alone = variants.of_network(model, recorded, clusters, 3.0, PRICES)
    drawn = variants.of_network(model, recorded, clusters, 3.0, PRICES, more)
    assert alone.blocks.keys() == drawn.blocks.keys()
    # An image of another kind is one more that sets are made for.
    assert alone.blocks != drawn.blocks
