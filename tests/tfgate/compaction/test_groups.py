"""Compaction of blocks with grouped convolutions: whole groups are cut out."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tests.tfgate import filter_blocks
from tests.tfgate.compaction.decided import compact_and_compare
from tests.tfgate.compaction.decided import decided_model
from tests.tfgate.compaction.decided import own_layers
from tests.tfgate.compaction.decided import sizes

L = keras.layers


def groups(model):
    return [layer.groups for layer in model.layers if isinstance(layer, L.Conv2D)]


@pytest.mark.parametrize(
    ("opened", "expected"),
    [
        ([1, 1, 0], [(8, 4), (2, 4), (4, 8)]),
        ([0, 0, 1], [(8, 2), (2, 2), (2, 8)]),
        ([1, 1, 1], [(8, 6), (2, 6), (6, 8)]),
    ],
    ids=str,
)
@pytest.mark.parametrize("strides", [1, 2])
def test_paths_leave_with_all_that_is_theirs(opened, expected, strides):
    """Their filters of the first 1x1, their group, their inputs of the last 1x1."""
    model = decided_model(
        filter_blocks.paths(strides=strides),
        {"inner1": opened},
        filters_per_gate=2,
        shortcut=filter_blocks.projection(strides=strides),
    )
    compacted, report = compact_and_compare(model)
    projection = (8, 8)
    assert [size for size in sizes(compacted) if size != projection] == expected
    assert sum(opened) in groups(compacted)
    assert own_layers(compacted) == []
    costs = model.costs
    name = model.gate_names[0]
    assert report.macs_after == costs.count({name: opened}) - costs.gate_total


def test_the_kernels_are_those_of_the_open_groups():
    model = decided_model(
        filter_blocks.paths(), {"inner1": [0, 1, 1]}, filters_per_gate=2
    )
    compacted, _ = compact_and_compare(model)
    first, _, _, second = model.get_layer("block").stages[0].layers[:4]
    new = compacted.get_layer(second.name)
    assert (new.groups, new.filters) == (2, 4)
    np.testing.assert_array_equal(new.kernel, second.kernel.numpy()[..., 2:])
    np.testing.assert_array_equal(
        compacted.get_layer(first.name).kernel, first.kernel.numpy()[..., 2:]
    )


def test_no_path_is_left():
    model = decided_model(filter_blocks.paths(), {"inner1": 0.0}, filters_per_gate=2)
    compacted, report = compact_and_compare(model)
    assert sizes(compacted) == [] and own_layers(compacted) == ["ChannelBias"]
    assert report.macs_after == 36 * 8 * 2


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("use_bias", [False, True])
def test_places_on_both_sides_of_a_grouped_convolution(seed, use_bias):
    """Other groups are closed before and behind it: it runs where both are open."""
    stages = [
        filter_blocks.stage(
            filter_blocks.convolution(12, 1), filter_blocks.norm(), L.ReLU()
        ),
        filter_blocks.stage(
            filter_blocks.convolution(24, 1, groups=6, use_bias=use_bias),
            filter_blocks.norm(),
            L.ReLU(),
        ),
        filter_blocks.stage(filter_blocks.convolution(8, 1), filter_blocks.norm()),
    ]
    # Four filters a gate: two groups of two before it, one group of four behind it.
    model = decided_model(stages, {}, filters_per_gate=4)
    block = model.get_layer("block")
    decisions = filter_blocks.random_decisions(block.gate.components, seed, rate=0.6)
    filter_blocks.decide(block.gate, decisions)
    compacted, report = compact_and_compare(model)
    before = block.sites[0].open_filters(decisions).reshape(6, 2)[:, 0]
    behind = block.sites[1].open_filters(decisions).reshape(6, 4)[:, 0]
    running = int((before & behind).sum())
    assert 0 < running < min(before.sum(), behind.sum())
    grouped = compacted.get_layer(block.stages[1].layers[0].name)
    assert grouped.groups == running
    # What the closed inputs leave is a constant: the last layer does not read it.
    macs = 8 * 2 * before.sum() + 2 * 4 * running + 4 * running * 8 + 8 * 2
    assert report.macs_after == 36 * macs
    planned = tfgate.plan_compaction(model).macs_after
    assert planned == 36 * (macs + 4 * 8 * (behind.sum() - running))


def test_constants_before_a_padded_grouped_convolution_come_back_as_zeros():
    """A norm makes constants of closed filters, and the border would show."""
    stages = [
        filter_blocks.convolution(6, 1),
        filter_blocks.stage(
            filter_blocks.norm(),
            L.ReLU(),
            filter_blocks.convolution(6, groups=3),
            filter_blocks.norm(),
            filter_blocks.convolution(8, 3),
        ),
    ]
    model = decided_model(stages, {"inner1": [1, 0, 1]}, filters_per_gate=2)
    compacted, _ = compact_and_compare(model)
    assert "SelectChannels" in own_layers(compacted)
    assert sizes(compacted)[0] == (8, 4)


def test_constants_behind_a_grouped_convolution_have_no_carrier():
    stages = [
        filter_blocks.convolution(6, 1),
        filter_blocks.stage(
            filter_blocks.convolution(6, groups=3),
            filter_blocks.norm(),
            filter_blocks.convolution(8, 3),
        ),
    ]
    model = decided_model(stages, {"inner1": [1, 0, 1]}, filters_per_gate=2)
    compacted, _ = compact_and_compare(model)
    assert own_layers(compacted) == ["SelectChannels"]


def test_constants_through_a_grouped_convolution_of_1x1():
    stages = [
        filter_blocks.convolution(6, 1),
        filter_blocks.stage(
            filter_blocks.norm(),
            L.ReLU(),
            filter_blocks.convolution(12, 1, groups=3, activation="tanh"),
            filter_blocks.convolution(8, 1),
        ),
    ]
    model = decided_model(stages, {"inner1": [1, 0, 1]}, filters_per_gate=2)
    compacted, _ = compact_and_compare(model)
    assert own_layers(compacted) == []
    assert sizes(compacted) == [(8, 4), (2, 8), (8, 8)]
    assert groups(compacted) == [1, 2, 1]


@pytest.mark.parametrize("needed", [(0, 0, 0), (0, 1, 0)], ids=str)
def test_without_a_shortcut_something_is_left(needed):
    model = decided_model(
        filter_blocks.paths(), {"inner1": needed}, filters_per_gate=2, residual=False
    )
    compacted, _ = compact_and_compare(model)
    assert compacted.count_params() < model.count_params()


def test_saved_and_loaded(tmp_path):
    model = decided_model(
        filter_blocks.paths(), {"inner1": [0, 1, 1]}, filters_per_gate=2
    )
    compacted = tfgate.compact(model)
    compacted.save(tmp_path / "compacted.keras")
    loaded = keras.saving.load_model(tmp_path / "compacted.keras")
    x = filter_blocks.images()
    np.testing.assert_array_equal(
        builders.predict(loaded, x), builders.predict(compacted, x)
    )
