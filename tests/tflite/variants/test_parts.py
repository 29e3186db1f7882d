import numpy as np
import pytest

import tfgate
from tests.tflite.variants import opened
from tflite import variants
from tflite.padding import padded
from tflite.variants import parts
from tflite.variants import whole

PRICES = variants.Prices(condition=100.0, passes=1e5, filters_at_once=8)


def block_of(granularity, index=-1):
    model = tfgate.applications.CifarResNet(
        8, (16, 16, 3), gate="dependent", granularity=granularity
    )
    return model.blocks[index]


@pytest.fixture(scope="module")
def block():
    return block_of("bas")


@pytest.fixture(scope="module")
def decisions(block):
    return opened.on_a_line(block.gate)


@pytest.fixture(scope="module")
def found(block, decisions):
    return parts.choices(block, decisions, None, PRICES)


def macs(block):
    return sum(product.macs for product in block.products())


def test_parts_have_each_component_once(found):
    assert {len(choice.parts) for choice in found} == {2, 4, 8}
    for choice in found:
        np.testing.assert_array_equal(sum(part.sets[-1] for part in choice.parts), 1)
        for part in choice.parts:
            assert not part.sets[0].any() and len(part.sets) >= 2
            assert not part.sets[:, ~part.sets[-1]].any()
            sizes = part.sets.sum(axis=1)
            assert (np.diff(sizes) >= 0).all()
            assert part.probabilities.sum() == pytest.approx(1.0)
            # Parts fill kernels.
            assert sizes[-1] % 8 == 0


def test_parts_cost_what_their_filters_do(block, found):
    for choice in found:
        assert choice.rest == 0.0
        assert choice.whole_macs == pytest.approx(macs(block))
        for part, own in zip(choice.parts, choice.macs, strict=True):
            shares = part.sets.mean(axis=1)
            np.testing.assert_allclose(own, macs(block) * shares)


def test_cost_of_a_choice(block, found):
    choice = found[-1]
    first, second = (product.macs for product in block.products()[:2])
    mib = 4 * 4 * 4 * 64 / 2**20
    expected = 0.0
    for part in choice.parts:
        count = part.sets.sum(axis=1).astype(float)
        work = (first * padded(count, 8) + second * count) / 64
        expected += float(part.probabilities @ work)
        opens = 1.0 - part.probabilities[0]
        expected += 100.0 * (1.0 + opens * np.log2(len(part.sets) - 1))
        expected += 2 * mib * 1e5
    assert len(block.products()) == 2
    assert choice.cost == pytest.approx(expected)


def test_more_bytes_of_the_same_parts_cost_less(found):
    for number in (2, 4, 8):
        own = [choice for choice in found if len(choice.parts) == number]
        assert len(own) > 2
        assert (np.diff([choice.added_bytes for choice in own]) > 0).all()
        assert (np.diff([choice.cost for choice in own]) < 0).all()
        # Without variants they would be clusters.
        assert own[0].added_bytes > 0


def test_parts_follow_gates_with_fewer_bytes_than_the_whole(block, decisions, found):
    free = variants.Prices(filters_at_once=8)
    of_whole = whole.choices(block, decisions, None, free)
    room = 1.5 * 4 * sum(np.prod(w.shape) for s in block.stages for w in s.weights)

    def best(choices):
        return min(c.expected_macs for c in choices if c.added_bytes <= room)

    assert best(found) < 0.9 * best(of_whole)


def test_what_always_opens_is_in_no_part(block, decisions):
    opens = decisions.copy()
    opens[:, :16] = True
    for choice in parts.choices(block, opens, None, PRICES, numbers=(2,)):
        whole_parts = sum(part.sets[-1] for part in choice.parts)
        np.testing.assert_array_equal(whole_parts, np.arange(64) >= 16)
        assert choice.rest == pytest.approx(macs(block) / 4)
        assert choice.whole_macs == pytest.approx(macs(block))


def test_other_places_always_run():
    block = block_of("cs-cifar-2")
    decisions = opened.on_a_line(block.gate)
    (inner,) = (site for site in block.sites if site.place == "inner")
    found = parts.choices(block, decisions, None, PRICES, numbers=(2,))
    assert found
    for choice in found:
        split = np.flatnonzero(sum(part.sets[-1] for part in choice.parts))
        varies = decisions[:, inner.components].mean(axis=0) < 0.99
        np.testing.assert_array_equal(
            split, inner.components.start + np.flatnonzero(varies)
        )
        assert choice.whole_macs == pytest.approx(macs(block))
        # What the shortcut executes, say.
        assert choice.rest > 0.0


@pytest.mark.parametrize(
    ("min_group", "numbers"), [(8, {2, 4, 8}), (16, {2, 4}), (33, set())]
)
def test_parts_have_at_least_a_group(block, decisions, min_group, numbers):
    found = parts.choices(block, decisions, None, PRICES, min_group)
    assert {len(choice.parts) for choice in found} == numbers


def test_a_part_that_no_image_opens(block, decisions):
    closed = decisions.copy()
    closed[:, :32] = False
    found = parts.choices(block, closed, None, PRICES, numbers=(2,))
    shares = [part.probabilities[0] for part in found[-1].parts]
    assert max(shares) == 1.0


def test_draws_are_of_each_part(block, decisions):
    everything = variants.Draws(np.ones((1, 64), bool), np.zeros(1, int))
    alone = parts.choices(block, decisions, None, PRICES, numbers=(2,))
    drawn = parts.choices(block, decisions, everything, PRICES, numbers=(2,))
    assert alone[-1].variants != drawn[-1].variants


def test_split_keeps_together_what_opens_together():
    random = np.random.default_rng(0)
    kinds = random.permutation(np.repeat(np.arange(4), 8))
    opened_kinds = random.random((50, 4)) < 0.5
    groups = parts.split(opened_kinds[:, kinds], np.arange(32), 4, unit=8)
    assert sorted(len(set(kinds[group])) for group in groups) == [1, 1, 1, 1]


def test_split_of_some_components():
    decisions = np.random.default_rng(0).random((30, 20)) < 0.5
    groups = parts.split(decisions, np.arange(3, 15), 2, unit=4)
    assert sorted(np.concatenate(groups)) == list(range(3, 15))
    assert sorted(map(len, groups)) == [4, 8]
    # Too few for so many.
    assert len(parts.split(decisions, np.arange(6), 4, unit=4)) < 4
