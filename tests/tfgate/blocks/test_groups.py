"""Grouped convolutions between gated places: paths of a block as components."""

import keras
import numpy as np
import pytest

from tests.tfgate import filter_blocks
from tfgate.costs import count_macs

L = keras.layers


def fresh_macs(layer, inputs, outputs, shape, groups=1):
    """MACs of a convolution of other sizes, counted on the real layer."""
    if not inputs or not outputs:
        return 0
    config = {**layer.get_config(), "filters": outputs, "groups": groups}
    copy = type(layer).from_config(config)
    shape = (1, *shape[1:-1], inputs)
    copy.build(shape)
    return count_macs(copy, shape)


def convolutions(block):
    leaves = [leaf for stage in block.stages for leaf in stage.layers]
    return [leaf for leaf in leaves if isinstance(leaf, L.Conv2D)]


@pytest.mark.parametrize("always", [0, 1])
def test_a_closed_path_computes_nothing(always):
    """Equal to the block with the path's weights of the last convolution at zero."""
    block = filter_blocks.make_block(
        filter_blocks.paths(groups=3), filters_per_gate=2, groups_always_open=always
    )
    model = filter_blocks.make_model(block)
    decisions = np.array([0, 1, 0])[always:]
    filter_blocks.decide(block.gate, decisions)
    x = filter_blocks.images()
    got = keras.ops.convert_to_numpy(block(x)[0])
    filter_blocks.decide(block.gate, np.ones(3 - always))
    last = convolutions(block)[-1]
    kernel = last.kernel.numpy()
    closed = np.repeat(np.concatenate([np.ones(always), decisions]) == 0, 2)
    kernel[:, :, closed] = 0.0
    last.kernel.assign(kernel)
    np.testing.assert_allclose(got, block(x)[0], rtol=1e-5, atol=1e-6)
    assert closed.sum() == 4 - 2 * always and model.gate_names == ["block_gate"]


@pytest.mark.parametrize(
    ("size", "always"), [(2, 0), (2, 1), (4, 0), (4, 1), (6, 0)], ids=str
)
@pytest.mark.parametrize("strides", [1, 2])
def test_macs_of_paths_equal_sliced_layers(size, always, strides):
    block = filter_blocks.make_block(
        filter_blocks.paths(inner=12, groups=6, strides=strides),
        filters_per_gate=size,
        groups_always_open=always,
        shortcut=filter_blocks.projection(strides=strides),
    )
    model = filter_blocks.make_model(block)
    first, second, third = convolutions(block)
    shape, half = (1, 6, 6, 8), (1, 6 // strides, 6 // strides, 8)
    rest = count_macs(block.shortcut.layers[0], shape) + half[1] ** 2 * 8 * 2
    count = block.gate.components
    for seed in range(4):
        decisions = filter_blocks.random_decisions(count, seed, rate=seed / 3)
        filters = int(block.sites[0].open_filters(decisions).sum())
        expected = (
            rest
            + fresh_macs(first, 8, filters, shape)
            + fresh_macs(second, filters, filters, shape, groups=filters // 2)
            + fresh_macs(third, filters, 8, half)
        )
        assert model.costs.count({"block_gate": decisions}) == expected
        executed = model.costs.executed({"block_gate": decisions[None]})
        assert float(executed[0]) == expected


@pytest.mark.parametrize("always", [0, 1])
def test_macs_between_two_places(always):
    """A group runs where it is open before and behind: not the product of shares."""
    stages = [
        filter_blocks.stage(filter_blocks.convolution(12, 1), filter_blocks.norm()),
        filter_blocks.stage(
            filter_blocks.convolution(24, groups=6), filter_blocks.norm(), L.ReLU()
        ),
        filter_blocks.stage(filter_blocks.convolution(8, 1), filter_blocks.norm()),
    ]
    # Two groups of the convolution a gate before it, one behind it.
    block = filter_blocks.make_block(
        stages, filters_per_gate=4, groups_always_open=always
    )
    model = filter_blocks.make_model(block)
    first, second, third = convolutions(block)
    before, behind = block.sites
    for seed in range(5):
        decisions = filter_blocks.random_decisions(block.gate.components, seed)
        opened = [site.open_filters(decisions) for site in (before, behind)]
        running = int(
            (opened[0].reshape(6, 2)[:, 0] * opened[1].reshape(6, 4)[:, 0]).sum()
        )
        shape = (1, 6, 6, 8)
        expected = (
            36 * 8 * 2
            + fresh_macs(first, 8, int(opened[0].sum()), shape)
            + fresh_macs(second, 2 * running, 4 * running, shape, groups=running)
            + fresh_macs(third, int(opened[1].sum()), 8, shape)
        )
        assert model.costs.count({"block_gate": decisions}) == expected


class TestRefused:
    def build(self, stages, **arguments):
        block = filter_blocks.make_block(stages, residual=False, **arguments)
        block(keras.Input((6, 6, 8)))
        return block

    @pytest.mark.parametrize("size", [1, 3])
    def test_gates_that_share_a_group(self, size):
        grouped = L.Conv2D(6, 3, groups=3, name="grouped")
        stages = [
            filter_blocks.stage(L.Conv2D(6, 1), grouped, L.ReLU()),
            L.Conv2D(8, 3),
        ]
        with pytest.raises(
            ValueError,
            match="whole groups of the convolution 'grouped', a multiple of 2 filters "
            f"next to it, at the place 'inner' of block 'block', got {size}",
        ):
            self.build(stages, filters_per_gate=size)

    def test_behind_a_place(self):
        stages = [L.Conv2D(6, 1), L.Conv2D(9, 3, groups=3, name="grouped")]
        with pytest.raises(ValueError, match="'grouped', a multiple of 2 .*got 3"):
            self.build(stages, filters_per_gate=3)

    def test_through_another_grouped_convolution(self):
        """3 filters behind the last are 1 before it, half a group of the other."""
        stages = [
            filter_blocks.stage(
                L.Conv2D(6, 1),
                L.Conv2D(6, 1, groups=3, name="coarse"),
                L.Conv2D(18, 1, groups=6, name="fine"),
            ),
            L.Conv2D(8, 1),
        ]
        with pytest.raises(ValueError, match="'coarse', a multiple of 2 .*got 1"):
            self.build(stages, filters_per_gate=3)
        self.build(stages, filters_per_gate=6)

    def test_a_mixing_layer_between_needs_no_whole_groups(self):
        stages = [
            filter_blocks.stage(L.Conv2D(4, 3, groups=2), L.Conv2D(6, 1)),
            L.Conv2D(8, 1),
        ]
        assert self.build(stages).gate.components == 6

    def test_grouped_convolutions_that_are_not_understood(self):
        stages = [
            L.Conv2D(8, 3, groups=2, activation="softmax", name="grouped"),
            L.Conv2D(8, 3),
        ]
        with pytest.raises(
            ValueError, match="own classes.*groups=2 in layer 'grouped'"
        ):
            self.build(stages)
