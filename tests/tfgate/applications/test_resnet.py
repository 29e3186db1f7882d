"""ResNet-18 to 152: keras.applications' networks, and what gates make of them."""

import inspect

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tests.tfgate import filter_blocks
from tfgate.applications import FilterGating
from tfgate.applications import ResNet18
from tfgate.applications import ResNet34
from tfgate.applications import ResNet50
from tfgate.applications import ResNet101
from tfgate.applications import ResNet152

SHAPE = (64, 64, 3)
SMALL = {"input_shape": SHAPE, "classes": 5, "classifier_activation": None}
BLOCKS = {
    ResNet18: (2, 2, 2, 2),
    ResNet34: (3, 4, 6, 3),
    ResNet50: (3, 4, 6, 3),
    ResNet101: (3, 4, 23, 3),
    ResNet152: (3, 8, 36, 3),
}
large = pytest.mark.large


def images(count=2):
    generator = np.random.default_rng(0)
    return generator.uniform(-1.0, 1.0, size=(count, *SHAPE)).astype("float32")


def randomize(model):
    """Random weights whose sums over many blocks stay small."""
    builders.randomize(model)
    for layer in model._flatten_layers():
        if layer.name.endswith("_3_bn"):
            layer.gamma.assign(layer.gamma * 0.3)


@pytest.fixture(scope="module")
def published():
    """keras.applications' ResNet50 with random weights and statistics."""
    keras.utils.set_random_seed(1)
    model = keras.applications.ResNet50(weights=None, **SMALL)
    randomize(model)
    return model


def weighted(model):
    return [
        (layer.name, [tuple(w.shape) for w in layer.weights])
        for layer in model.layers
        if layer.weights
    ]


def assert_equal(model, expected):
    assert np.std(expected) > 0.1
    scale = np.abs(expected).max()
    np.testing.assert_allclose(
        builders.predict(model, images()), expected, rtol=1e-5, atol=1e-5 * scale
    )


class TestAgainstKerasApplications:
    def test_layers_and_outputs(self, published):
        dense = ResNet50(**SMALL)
        assert weighted(dense) == weighted(published)
        names = {layer.name for layer in published.layers}
        assert names - {layer.name for layer in dense.layers} <= {
            published.layers[0].name
        }
        norms = [
            x for x in dense.layers if isinstance(x, keras.layers.BatchNormalization)
        ]
        assert {norm.epsilon for norm in norms} == {1.001e-5}
        tfgate.copy_weights(published, dense)
        assert_equal(dense, builders.predict(published, images()))

    @pytest.mark.parametrize("granularity", ["block", "bas", "cs-low", "cs-medium"])
    def test_open_gates(self, published, granularity):
        gated = ResNet50(gate="independent", granularity=granularity, **SMALL)
        tfgate.copy_weights(published, gated)
        gated.policy = tfgate.AlwaysOpen()
        assert_equal(gated, builders.predict(published, images()))

    def test_without_the_top(self, published):
        arguments = {"include_top": False, "input_shape": SHAPE, "pooling": "avg"}
        model = ResNet50(**arguments)
        tfgate.copy_weights(published, model)
        features = keras.Model(published.input, published.get_layer("avg_pool").output)
        assert_equal(model, builders.predict(features, images()))

    @large
    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            (ResNet101, keras.applications.ResNet101),
            (ResNet152, keras.applications.ResNet152),
        ],
    )
    def test_deeper_ones(self, ours, theirs):
        published = theirs(weights=None, **SMALL)
        randomize(published)
        for gate in (None, "independent"):
            model = ours(gate=gate, **SMALL)
            tfgate.copy_weights(published, model)
            if gate is None:
                assert weighted(model) == weighted(published)
            else:
                model.policy = tfgate.AlwaysOpen()
            assert_equal(model, builders.predict(published, images()))

    @large
    @pytest.mark.parametrize("suffix", [".keras", ".h5", ".weights.h5"])
    def test_weights_of_a_file(self, published, suffix, tmp_path):
        path = tmp_path / f"published{suffix}"
        if suffix == ".weights.h5":
            published.save_weights(path)
        else:
            published.save(path)
        for gate in (None, "independent"):
            model = ResNet50(weights=path, gate=gate, **SMALL)
            model_weights = model.get_layer("conv1_conv").get_weights()
            expected = published.get_layer("conv1_conv").get_weights()
            np.testing.assert_array_equal(model_weights[0], expected[0])
            if gate is not None:
                model.policy = tfgate.AlwaysOpen()
            assert_equal(model, builders.predict(published, images()))

    @pytest.mark.parametrize("function", BLOCKS)
    def test_signature(self, function):
        theirs = list(inspect.signature(keras.applications.ResNet50).parameters)
        ours = inspect.signature(function).parameters
        assert list(ours)[: len(theirs)] == theirs
        assert ours["weights"].default is None


class TestStructure:
    @pytest.mark.parametrize(
        ("function", "parameters"),
        [  # torchvision's numbers
            (ResNet18, 11_689_512),
            (ResNet34, 21_797_672),
        ],
    )
    def test_published_sizes(self, function, parameters):
        model = function(input_shape=SHAPE)
        assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == parameters

    def test_published_macs(self):
        """1.81 G, torchvision's number, without the biases."""
        model = ResNet18()
        macs = tfgate.costs.count_macs(model, (None, 224, 224, 3))
        assert macs == 1_814_073_344

    @pytest.mark.parametrize(
        "function", [ResNet18, ResNet50, pytest.param(ResNet152, marks=large)]
    )
    def test_one_gate_per_block(self, function):
        model = function(gate="independent", **SMALL)
        names = [
            f"conv{stage}_block{number}"
            for stage, count in enumerate(BLOCKS[function], start=2)
            for number in range(1, count + 1)
        ]
        assert [block.name for block in model.blocks] == names
        assert model.gate_names == [f"{name}_gate" for name in names]

    def test_places_of_channel_selection(self):
        """Where CS has gates, and in groups of which size."""
        model = ResNet50(gate="independent", granularity="cs-low", **SMALL)
        first, second = model.blocks[:2]
        names = ["input", "inner1", "inner2", "output"]
        assert [site.name for site in first.sites] == [*names, "shortcut"]
        assert [site.name for site in second.sites] == names
        assert [(s.filters, s.filters_per_gate) for s in first.sites] == [
            (64, 16),
            (64, 8),
            (64, 8),
            (256, 16),
            (256, 16),
        ]
        assert {site.groups_always_open for site in first.sites} == {1}
        last = model.blocks[-1].sites
        assert [(s.filters, s.filters_per_gate) for s in last] == [
            (2048, 128),
            (512, 64),
            (512, 64),
            (2048, 128),
        ]

    def test_width_is_of_the_inner_filters(self):
        model = ResNet18(width=2, **SMALL)
        assert model.get_layer("conv3_block2_1_conv").filters == 256
        assert model.get_layer("conv3_block2_2_conv").filters == 128

    def test_zero_init_residual(self):
        model = ResNet18(zero_init_residual=True, **SMALL)
        zero = {
            layer.name
            for layer in model.layers
            if isinstance(layer, keras.layers.BatchNormalization)
            and not np.asarray(layer.gamma).any()
        }
        assert len(zero) == 8 and {name[-5:] for name in zero} == {"_2_bn"}


class TestStrides:
    def strided(self, **arguments):
        model = ResNet50(**SMALL, **arguments)
        return model, {
            layer.name
            for layer in model.layers
            if isinstance(layer, keras.layers.Conv2D)
            and layer.strides == (2, 2)
            and "_0_" not in layer.name
        }

    @pytest.mark.parametrize(
        ("arguments", "number"), [({}, 1), ({"stride_on": "3x3"}, 2)], ids=str
    )
    def test_which_convolution_halves(self, arguments, number):
        _, names = self.strided(**arguments)
        blocks = {f"conv{stage}_block1_{number}_conv" for stage in (3, 4, 5)}
        assert names == {"conv1_conv", *blocks}

    def test_padding_is_symmetric(self):
        """tests/tools compares with torchvision's networks in numbers."""
        model, _ = self.strided(stride_on="3x3")
        for name in ("conv3_block1_2", "conv5_block1_2"):
            assert model.get_layer(f"{name}_pad").padding == ((1, 1), (1, 1))
            assert model.get_layer(f"{name}_conv").padding == "valid"

    @pytest.mark.parametrize("granularity", ["block", "cs-low"])
    def test_gated_with_the_stride_on_3x3(self, granularity):
        dense, _ = self.strided(stride_on="3x3")
        randomize(dense)
        gated = ResNet50(
            gate="independent", granularity=granularity, stride_on="3x3", **SMALL
        )
        tfgate.copy_weights(dense, gated)
        assert gated.costs.dense == tfgate.costs.count_macs(dense, (None, *SHAPE))
        gated.policy = tfgate.AlwaysOpen()
        assert_equal(gated, builders.predict(dense, images()))


@pytest.mark.parametrize("granularity", ["block", "cs-low"])
def test_compacts(granularity):
    model = ResNet18(gate="independent", granularity=granularity, **SMALL)
    builders.randomize(model)
    for seed, gate in enumerate(model.gates):
        decisions = filter_blocks.random_decisions(gate.components, seed, rate=0.6)
        filter_blocks.decide(gate, decisions)
    reports = []
    compacted = tfgate.compact(model, print_fn=reports.append)
    assert_equal(compacted, builders.predict(model, images()))
    gates = sum(model.costs.gate.values())
    decided = {
        gate.name: filter_blocks.random_decisions(gate.components, seed, rate=0.6)
        for seed, gate in enumerate(model.gates)
    }
    assert reports[0].macs_after == model.costs.count(decided) - gates


class TestRefused:
    @pytest.mark.parametrize(
        ("function", "arguments", "message"),
        [
            (ResNet50, {"stride_on": "5x5"}, "stride_on to be one of .*got '5x5'"),
            (ResNet50, {"width": 0}, "width >= 1.*got 0"),
            (ResNet18, {"weights": "imagenet"}, "keras.applications has none"),
            (
                ResNet50,
                {"weights": "imagenet", "stride_on": "3x3"},
                "stride_on='1x1' with weights='imagenet'.*got '3x3'",
            ),
            (ResNet18, {"weights": "nowhere.keras"}, "a file of weights, got"),
            (ResNet18, {"granularity": "groups"}, "granularity to be one of"),
            (
                ResNet18,
                {"granularity": FilterGating(("inner",), (1, 2, 4))},
                "sizes for 4 stages",
            ),
            (ResNet18, {"pooling": "sum", "include_top": False}, "pooling to be one"),
        ],
    )
    def test_arguments(self, function, arguments, message):
        with pytest.raises(ValueError, match=message):
            function(**{"gate": "independent", **SMALL, **arguments})

    def test_weights_of_another_architecture(self, tmp_path):
        path = tmp_path / "wide.keras"
        ResNet18(width=2, **SMALL).save(path)
        model = ResNet18(**SMALL)
        with pytest.raises(ValueError, match="24 layers that differ: conv2_block1_1_c"):
            ResNet18(weights=path, **SMALL)
        assert model.name == "resnet18"
