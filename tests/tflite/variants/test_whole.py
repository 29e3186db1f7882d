import numpy as np
import pytest

import tfgate
from tests.tflite.variants import opened
from tflite import variants
from tflite.variants import whole


def network(granularity):
    return tfgate.applications.CifarResNet(
        8, (16, 16, 3), gate="dependent", granularity=granularity
    )


@pytest.fixture(scope="module")
def block():
    return network("bas").blocks[-1]


@pytest.fixture(scope="module")
def everywhere():
    """Gates at all places, whose input and result are large feature maps."""
    return network("cs-cifar-2").blocks


def macs(block):
    return sum(product.macs for product in block.products())


def test_choices_are_of_one_part_with_everything_in_the_end(block):
    decisions = opened.two_kinds(block.gate)
    found = whole.choices(block, decisions, None, variants.Prices())
    assert len(found) > 3
    for choice in found:
        (part,) = choice.parts
        assert part.sets[-1].all() and choice.networks == len(part.sets)
        assert choice.whole_macs == pytest.approx(macs(block))
        # Each other variant has weights in proportion to its MACs.
        weights = sum(np.prod(w.shape) for stage in block.stages for w in stage.weights)
        shares = part.sets[:-1].mean(axis=1)
        expected = 4 * weights * shares.sum()
        assert choice.added_bytes == pytest.approx(expected, rel=0.02)
    assert min(choice.cost for choice in found) < 0.75 * macs(block)


@pytest.mark.parametrize("move", [0.0, 1e12])
def test_places_where_channels_would_be_moved(everywhere, move):
    for block in everywhere:
        decisions = opened.two_kinds(block.gate)
        prices = variants.Prices(move=move)
        found = whole.choices(block, decisions, None, prices)
        smallest = found[-1].parts[0].sets[0]
        for site in block.sites:
            kept = smallest[site.components].all()
            assert kept == (site.place != "inner" and move > 0.0)


def test_what_variants_move(everywhere):
    block = everywhere[1]
    assert block.name == "conv3_block1"
    mib = {site.place: size for site, size in variants.moved_mib(block).items()}
    before, after = (4 * h * h * c / 2**20 for h, c in ((16, 16), (8, 32)))
    assert mib["input"] == 0.5 * before and mib["output"] == after
    assert mib.get("shortcut", after) == after and "inner" not in mib


def test_variants_fill_kernels(block):
    # The first filters are open, any number of them.
    counts = np.random.default_rng(0).integers(1, 65, size=(80, 1))
    decisions = np.arange(64) < counts
    widths = {}
    for at_once in (1, 16):
        prices = variants.Prices(filters_at_once=at_once)
        found = whole.choices(block, decisions, None, prices)
        choice = [choice for choice in found if choice.networks <= 6][-1]
        (part,), (own,) = choice.parts, choice.macs
        widths[at_once] = part.sets.sum(axis=1)
        # What is told to people are MACs, without padding.
        np.testing.assert_allclose(own, macs(block) * widths[at_once] / 64)
        assert part.macs >= float(part.probabilities @ own) - 1e-6
    # Filters that a kernel computes anyway are seldom left out.
    missing = {at_once: (-own % 16).mean() for at_once, own in widths.items()}
    assert missing[16] < 0.7 * missing[1]


@pytest.mark.parametrize("at_once", [1, 32])
def test_macs_of_everything(block, at_once):
    # 64 filters fill kernels anyway.
    assert whole.macs_of_everything(block, at_once) == pytest.approx(macs(block))
