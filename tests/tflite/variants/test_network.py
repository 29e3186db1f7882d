import numpy as np
import pytest

import tfgate
from tflite import clustering
from tflite import variants

PRICES = variants.Prices()


@pytest.fixture(scope="module")
def model():
    return tfgate.applications.CifarResNet(
        8, (16, 16, 3), gate="dependent", granularity="bas"
    )


def decisions(model, images=60):
    """Two kinds of images, with a little noise: each opens about half."""
    random = np.random.default_rng(0)
    found = {}
    for gate in model.gates:
        first = np.arange(gate.components) % 2 == 0
        opened = np.where(np.arange(images)[:, None] % 2 == 0, first, ~first)
        found[gate.name] = opened & (random.random(opened.shape) < 0.9)
    return found


def find(model, max_growth, condition_macs=0.0, of=decisions):
    opened = of(model)
    clusters = clustering.of_network(model, opened, 64, condition_macs)
    prices = variants.Prices(condition_macs)
    return variants.of_network(model, opened, clusters, max_growth, prices)


def test_variants_of_all_blocks(model):
    found = find(model, 5.0)
    assert list(found.blocks) == [block.name for block in model.blocks]
    for block in model.blocks:
        own = found.blocks[block.name]
        assert own.sets[-1] == tuple(range(block.gate.components))
        assert sum(own.probabilities) == pytest.approx(1.0)
        # MACs of the whole block, as costs count them.
        whole = sum(product.macs for product in block.products())
        assert found.macs[block.name][-1] == pytest.approx(whole)
        assert found.choices[block.name].macs < 0.75 * whole


@pytest.mark.parametrize("max_growth", [1.0, 1.2, 1.6, 2.5])
def test_variants_stay_within_the_growth(model, max_growth):
    found = find(model, max_growth)
    assert found.added_bytes <= (max_growth - 1.0) * found.dense_bytes
    assert bool(found.blocks) == (max_growth > 1.0)
    assert ("none that pay" in found.describe()) == (max_growth == 1.0)


def test_more_room_gives_less_work(model):
    def expected(found):
        return sum(
            found.choices[b.name].macs
            if b.name in found.choices
            else sum(p.macs for p in b.products())
            for b in model.blocks
        )

    small, large = expected(find(model, 1.2)), expected(find(model, 3.0))
    assert large < small


def test_dear_conditions_leave_no_variants(model):
    assert find(model, 3.0, condition_macs=1e9).blocks == {}


def test_gates_that_decide_alike_have_no_variants(model):
    def alike(model):
        return {g.name: np.ones((10, g.components), bool) for g in model.gates}

    found = find(model, 3.0, of=alike)
    assert found.blocks == {} and "none that pay" in found.describe()


def test_blocks_that_clusters_suit_as_well_get_no_variants(model):
    opened = {name: own[:2].repeat(9, 0) for name, own in decisions(model).items()}
    # Filters that open together are a cluster: it executes what a variant would.
    clusters = clustering.of_network(model, opened, 1, 0.0)
    assert variants.of_network(model, opened, clusters, 5.0, PRICES).blocks == {}


@pytest.fixture(scope="module")
def everywhere():
    """Gates at all places, whose input and result are large feature maps."""
    return tfgate.applications.CifarResNet(
        8, (16, 16, 3), gate="dependent", granularity="cs-cifar-2"
    )


@pytest.mark.parametrize("move", [0.0, 1e12])
def test_places_where_channels_would_be_moved(everywhere, move):
    opened = decisions(everywhere)
    clusters = clustering.of_network(everywhere, opened, 64, 0.0)
    prices = variants.Prices(0.0, move)
    found = variants.of_network(everywhere, opened, clusters, 5.0, prices)
    assert found.blocks
    for block in everywhere.blocks:
        if block.name not in found.blocks:
            continue
        smallest = set(found.blocks[block.name].sets[0])
        for site in block.sites:
            own = set(range(site.components.start, site.components.stop))
            assert (own <= smallest) == (site.place != "inner" and move > 0.0)


def test_what_variants_move(everywhere):
    block = everywhere.blocks[1]
    assert block.name == "conv3_block1"
    mib = {site.place: size for site, size in variants.moved_mib(block).items()}
    before, after = (4 * h * h * c / 2**20 for h, c in ((16, 16), (8, 32)))
    assert mib["input"] == 0.5 * before and mib["output"] == after
    assert mib.get("shortcut", after) == after and "inner" not in mib


def test_variants_fill_kernels(model):
    # The first filters are open, any number of them.
    counts = np.random.default_rng(0).integers(1, 65, size=(80, 1))
    opened = {
        gate.name: np.arange(gate.components) * 64 < counts * gate.components
        for gate in model.gates
    }
    clusters = clustering.of_network(model, opened, 64, 0.0)
    widths = {}
    for at_once in (1, 16):
        prices = variants.Prices(filters_at_once=at_once)
        found = variants.of_network(model, opened, clusters, 5.0, prices)
        own = found.choices["conv4_block1"]
        widths[at_once] = own.sets.sum(axis=1)
        macs = found.macs["conv4_block1"]
        # What is told to people are MACs, without padding.
        whole = sum(p.macs for p in model.blocks[-1].products())
        np.testing.assert_allclose(macs, whole * widths[at_once] / 64)
        assert own.macs >= float(own.probabilities @ macs) - 1e-6
    # Filters that a kernel computes anyway are seldom left out.
    missing = {at_once: (-own % 16).mean() for at_once, own in widths.items()}
    assert missing[16] < 0.7 * missing[1]


def test_draws_make_sets_larger(model):
    opened = decisions(model)
    everything = {
        gate.name: variants.Draws(np.ones((1, gate.components), bool), np.zeros(1, int))
        for gate in model.gates
    }
    clusters = clustering.of_network(model, opened, 64, 0.0)
    alone = variants.of_network(model, opened, clusters, 3.0, PRICES)
    drawn = variants.of_network(model, opened, clusters, 3.0, PRICES, everything)
    assert alone.blocks.keys() == drawn.blocks.keys()
    assert alone.blocks != drawn.blocks
