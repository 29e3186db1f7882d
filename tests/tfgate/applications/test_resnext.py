"""ResNeXt: published sizes, and the paths of its blocks as components."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tests.tfgate import filter_blocks
from tfgate.applications import CifarResNeXt
from tfgate.applications import FilterGating
from tfgate.applications import ResNeXt50
from tfgate.costs import count_macs

SHAPE = (16, 16, 3)
SMALL = {
    "input_shape": SHAPE,
    "classes": 5,
    "classifier_activation": None,
    "depth": 11,
    "cardinality": 4,
    "group_width": 3,
}


def images(count=3):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, *SHAPE)).astype("float32")


def count_trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def assert_equal(model, expected):
    assert np.std(expected) > 0.1
    np.testing.assert_allclose(
        builders.predict(model, images()), expected, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (lambda: ResNeXt50(input_shape=(64, 64, 3)), 25_028_904),  # torchvision
        (CifarResNeXt, 34.4e6),  # Xie et al., table 7
        (lambda: CifarResNeXt(cardinality=16), 68.1e6),
    ],
    ids=["resnext50", "8x64d", "16x64d"],
)
def test_published_sizes(make, parameters):
    assert count_trainable(make()) == pytest.approx(parameters, rel=1.5e-3)


def test_imagenet_network():
    model = ResNeXt50(gate="independent", granularity="groups", input_shape=(64, 64, 3))
    assert [gate.components for gate in model.gates] == [32] * 16
    widths = [block.sites[0].filters_per_gate for block in model.blocks]
    assert widths == [4] * 3 + [8] * 4 + [16] * 6 + [32] * 3
    block = model.get_layer("conv3_block1")
    names = [layer.name for stage in block.stages for layer in stage.layers]
    assert [name.removeprefix("conv3_block1_") for name in names] == [
        *("1_conv", "1_bn", "1_relu", "2_pad", "2_conv", "2_bn", "2_relu"),
        *("3_conv", "3_bn"),
    ]
    dense = ResNeXt50(input_shape=(64, 64, 3))
    assert tfgate.copy_weights(dense, model)[-1] == "predictions"
    assert len(tfgate.copy_weights(model, dense)) == 2 * 53 + 1
    assert model.costs.dense == count_macs(dense, (None, 64, 64, 3))
    # A block without its paths has the MACs of its shortcut alone.
    stem = 32 * 32 * 49 * 3 * 64
    shortcuts = 16 * 16 * 64 * 256 + sum(
        (16 // 2**k) ** 2 * 2 * (128 * 2**k) ** 2 for k in (1, 2, 3)
    )
    gates = model.costs.gate_total
    assert model.costs.all_closed == stem + shortcuts + 2048 * 1000 + gates


def test_filters_leave_the_paths_as_they_are():
    usual, narrow = CifarResNeXt(**SMALL), CifarResNeXt(filters=16, **SMALL)
    for name, filters in {
        "conv1_conv": 16,
        "conv2_block1_2_conv": 4 * 3,
        "conv2_block1_3_conv": 64,
        "conv4_block1_2_conv": 4 * 3 * 4,
        "conv4_block1_3_conv": 256,
    }.items():
        assert narrow.get_layer(name).filters == filters
        inner = name.endswith("2_conv")
        assert usual.get_layer(name).filters == filters * (1 if inner else 4)


EVERYWHERE = FilterGating(
    ("input", "inner", "output", "shortcut"),
    {"input": 8, "inner": (6, 6, 24), "output": 4, "shortcut": 16},
)


@pytest.mark.parametrize(
    "granularity",
    ["block", "groups", EVERYWHERE],
    ids=["block", "groups", "everywhere"],
)
def test_all_open_is_the_dense_network(granularity):
    dense = CifarResNeXt(**SMALL)
    builders.randomize(dense)
    gated = CifarResNeXt(gate="independent", granularity=granularity, **SMALL)
    tfgate.copy_weights(dense, gated)
    assert gated.costs.dense == count_macs(dense, (None, *SHAPE))
    gated.policy = tfgate.AlwaysOpen()
    assert_equal(gated, builders.predict(dense, images()))


def sliced_macs(model, decisions):
    """MACs of the network with convolutions made anew for the open paths."""

    def macs(layer, shape, inputs, **changes):
        copy = type(layer).from_config({**layer.get_config(), **changes})
        shape = (1, *shape[1:-1], inputs)
        copy.build(shape)
        return count_macs(copy, shape)

    total = 0
    for block, opened in zip(model.blocks, decisions, strict=True):
        paths, size = int(opened.sum()), block.sites[0].filters_per_gate
        shape = block.built_shape
        if block.shortcut is not None:
            total += count_macs(block.shortcut.layers[0], shape)
        if not paths:
            continue
        first, second, third = [
            leaf
            for stage in block.stages
            for leaf in stage.layers
            if isinstance(leaf, keras.layers.Conv2D)
        ]
        filters = paths * size
        total += macs(first, shape, shape[-1], filters=filters)
        total += macs(second, shape, filters, filters=filters, groups=paths)
        shape = second.compute_output_shape((*shape[:-1], second.filters))
        total += macs(third, shape, filters)
    stem, head = model.get_layer("conv1_conv"), model.get_layer("predictions")
    return total + count_macs(stem, (1, *SHAPE)) + count_macs(head, (1, 256 * 4))


@pytest.mark.parametrize("rate", [0.0, 0.5, 1.0])
def test_compacts_to_fewer_paths(rate):
    model = CifarResNeXt(gate="independent", granularity="groups", **SMALL)
    builders.randomize(model)
    decisions = [
        filter_blocks.random_decisions(gate.components, seed, rate)
        for seed, gate in enumerate(model.gates)
    ]
    for gate, opened in zip(model.gates, decisions, strict=True):
        assert gate.components == 4
        filter_blocks.decide(gate, opened)
    reports = []
    compacted = tfgate.compact(model, print_fn=reports.append)
    assert_equal(compacted, builders.predict(model, images()))
    expected = sliced_macs(model, decisions)
    assert reports[0].macs_after == expected == count_macs(compacted, (None, *SHAPE))
    by_name = dict(zip(model.gate_names, decisions, strict=True))
    assert model.costs.count(by_name) == expected + model.costs.gate_total
    if rate == 0.5:
        grouped = [
            layer.groups for layer in compacted.layers if layer.name.endswith("_2_conv")
        ]
        assert grouped == [int(opened.sum()) for opened in decisions if opened.any()]
        names = {type(layer).__name__ for layer in compacted.layers}
        assert not names & {"SelectChannels", "ChannelBias"}


def test_saving_and_training(tmp_path):
    model = CifarResNeXt(gate="dependent", granularity="groups", seed=1, **SMALL)
    model.compile(
        "sgd",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        gate_losses=[tfgate.Macs(0.9)],
    )
    before = model.get_layer("conv3_block1").stages[0].layers[3].get_weights()[0]
    logs = model.fit(images(), np.array([0, 1, 2]), verbose=0).history
    after = model.get_layer("conv3_block1").stages[0].layers[3].get_weights()[0]
    assert np.isfinite(logs["loss"]).all() and not np.array_equal(before, after)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        builders.predict(loaded, images()), builders.predict(model, images())
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"granularity": "bas"},
            "whole groups of the convolution 'conv2_block1_2_conv', a multiple of 3 "
            "filters.*'inner' of block 'conv2_block1', got 1",
        ),
        (
            {"granularity": FilterGating(("inner",), (3, 4, 12))},
            "'conv3_block1_2_conv', a multiple of 6.*got 4",
        ),
        ({"granularity": "paths"}, "granularity to be one of .*'groups'.*'paths'"),
        ({"cardinality": 1}, "cardinality >= 2.*got 1"),
        ({"group_width": 0}, "group_width >= 1.*got 0"),
        ({"filters": 0}, "filters >= 1.*got 0"),
        ({"depth": 21}, "depth to be 9 n . 2.*got 21"),
        ({"width": 0}, "width >= 1.*got 0"),
        ({"weights": "imagenet"}, "keras.applications has none"),
    ],
    ids=str,
)
def test_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        CifarResNeXt(**{"gate": "independent", **SMALL, **arguments})
