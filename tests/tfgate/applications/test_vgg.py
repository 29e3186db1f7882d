"""VGG: equal to keras.applications, and what its gates leave of it."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tests.tfgate import filter_blocks
from tests.tfgate.chains import Chain
from tests.tfgate.chains import random_decisions
from tfgate.applications import VGG16
from tfgate.applications import CifarVGG
from tfgate.applications import FilterGating
from tfgate.costs import count_macs
from tfgate.weights import leaves

VGG16_ARGUMENTS = {
    "input_shape": (32, 32, 3),
    "classes": 5,
    "classifier_activation": None,
}
SMALL = {"input_shape": (8, 8, 3), "classes": 4, "classifier_activation": None}


def images(size, count=3):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, size, size, 3)).astype("float32")


def assert_open_is(model, dense):
    with tfgate.use_policy(model, tfgate.AlwaysOpen()):
        outputs = builders.predict(model, images(8))
    expected = builders.predict(dense, images(8))
    np.testing.assert_allclose(outputs, expected, rtol=1e-6, atol=1e-6)


def layers_with_weights(model):
    return [
        layer.name
        for layer in leaves(model)
        if layer.weights and not isinstance(layer, tfgate.Gate)
    ]


def decide(model, decisions):
    for gate in model.gates:
        filter_blocks.decide(gate, decisions[gate.name])


@pytest.fixture(scope="module")
def published():
    """keras.applications' network, and what it predicts."""
    keras.utils.set_random_seed(1)
    model = keras.applications.VGG16(weights=None, **VGG16_ARGUMENTS)
    builders.randomize(model)
    return model, builders.predict(model, images(32))


@pytest.fixture(scope="module")
def dense():
    keras.utils.set_random_seed(1)
    model = CifarVGG(**SMALL)
    builders.randomize(model)
    return model


class TestVGG16:
    @pytest.mark.parametrize("gate", [None, "dependent"])
    def test_equals_keras_applications(self, published, gate):
        source, expected = published
        model = VGG16(gate=gate, **VGG16_ARGUMENTS)
        assert layers_with_weights(model) == layers_with_weights(source)
        tfgate.copy_weights(source, model)
        assert expected.std() > 0.1
        if gate is None:
            found = builders.predict(model, images(32))
            assert [x.name for x in model.layers[1:]] == [
                x.name for x in source.layers[1:]
            ]
        else:
            with tfgate.use_policy(model, tfgate.AlwaysOpen()):
                found = builders.predict(model, images(32))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)

    def test_blocks_and_components(self):
        model = VGG16(gate="independent", **VGG16_ARGUMENTS)
        found = {block.name: block.gate.components for block in model.blocks}
        assert found == {
            "block1": 30,
            "block2": 30,
            "block3": 45,
            "block4": 45,
            "block5": 45,
            "fc": 30,
        }
        sites = [site for block in model.blocks for site in block.sites]
        assert len(sites) == 15
        assert all(site.groups == 16 for site in sites)
        assert all(site.groups_always_open == 1 for site in sites)

    @pytest.mark.parametrize("pooling", [None, "avg", "max"])
    def test_without_the_top(self, pooling):
        model = VGG16(
            include_top=False,
            pooling=pooling,
            input_shape=(64, 32, 3),
            gate="dependent",
        )
        shape = (None, 2, 1, 512) if pooling is None else (None, 512)
        assert model.core.output["predictions"].shape == shape
        assert model.core.layers[0].batch_shape == (None, 64, 32, 3)

    def test_any_size_without_the_top(self):
        model = VGG16(include_top=False)
        assert model.input_shape == (None, None, None, 3)
        assert builders.predict(model, images(48, 1)).shape == (1, 1, 1, 512)

    def test_imagenet_weights_come_from_keras_applications(
        self, published, monkeypatch
    ):
        source, expected = published
        asked = {}

        def stored(**arguments):
            asked.update(arguments)
            return source

        monkeypatch.setattr(keras.applications, "VGG16", stored)
        model = VGG16(weights="imagenet", gate="independent", **VGG16_ARGUMENTS)
        assert asked == {
            "weights": "imagenet",
            "include_top": True,
            "classes": 5,
            "input_shape": (32, 32, 3),
        }
        with tfgate.use_policy(model, tfgate.AlwaysOpen()):
            found = builders.predict(model, images(32))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


class TestCifarVGG:
    @pytest.fixture
    def gated(self, dense):
        model = CifarVGG(gate="independent", **SMALL)
        tfgate.copy_weights(dense, model)
        return model

    def test_published_layout(self):
        model = CifarVGG()
        assert model.input_shape == (None, 32, 32, 3)
        assert layers_with_weights(model) == [
            *(f"block1_conv{i}" for i in (1, 2)),
            *(f"block2_conv{i}" for i in (1, 2)),
            *(f"block3_conv{i}" for i in (1, 2, 3)),
            "fc1",
            "predictions",
        ]
        assert model.get_layer("fc1").kernel.shape == (4 * 4 * 256, 4096)
        convolutions = [
            (32, 3, 64),
            (32, 64, 64),
            (16, 64, 128),
            (16, 128, 128),
            (8, 128, 256),
            (8, 256, 256),
            (8, 256, 256),
        ]
        macs = sum(9 * size**2 * i * o for size, i, o in convolutions)
        assert count_macs(model, model.input_shape) == macs + 4096**2 + 4096 * 10

    def test_all_open_is_the_dense_network(self, gated, dense):
        expected = builders.predict(dense, images(8))
        with tfgate.use_policy(gated, tfgate.AlwaysOpen()):
            found = builders.predict(gated, images(8))
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
        assert gated.costs.dense == count_macs(dense, dense.input_shape)

    def test_all_closed_is_the_first_group_alone(self, gated, dense):
        """A dense network with every layer at a sixteenth."""
        kept = {}
        for layer in layers_with_weights(dense):
            kernel, bias = dense.get_layer(layer).get_weights()
            inputs = 3 if layer == "block1_conv1" else kernel.shape[-2] // 16
            outputs = 4 if layer == "predictions" else kernel.shape[-1] // 16
            kept[layer] = kernel[..., :inputs, :outputs], bias[:outputs]
        x = images(8)
        for layer, (kernel, bias) in kept.items():
            if kernel.ndim == 4:
                x = keras.ops.relu(keras.ops.conv(x, kernel, padding="same") + bias)
                if layer.endswith(("1_conv2", "2_conv2", "3_conv3")):
                    x = keras.ops.max_pool(x, 2, 2)
            else:
                x = keras.ops.reshape(x, (3, -1)) @ kernel + bias
                x = x if layer == "predictions" else keras.ops.relu(x)
        with tfgate.use_policy(gated, tfgate.Threshold(1.0 - 1e-6)):
            opened = builders.decisions(gated, images(8))
            found = builders.predict(gated, images(8))
        assert sum(z.sum() for z in opened.values()) == 0.0
        np.testing.assert_allclose(found, x, rtol=1e-4, atol=1e-5)
        assert not np.allclose(found, builders.predict(dense, images(8)), atol=0.1)

    def test_macs_equal_sliced_layers(self, gated):
        for seed, rate in enumerate((0.5, 0.2, 0.0)):
            decisions = random_decisions(gated, seed, rate)
            expected = Chain(gated, decisions).macs() + gated.costs.gate_total
            assert gated.costs.count(decisions) == expected
        assert gated.costs.all_open == gated.costs.dense + gated.costs.gate_total

    def test_what_is_not_counted_is_not_read(self, gated):
        decisions = random_decisions(gated, 3)
        decide(gated, decisions)
        expected = builders.predict(gated, images(8))
        Chain(gated, decisions).spoil(np.random.default_rng(0))
        np.testing.assert_allclose(
            builders.predict(gated, images(8)), expected, rtol=1e-5, atol=1e-5
        )

    def test_compacted_is_the_thresholded_network(self, gated):
        decisions = random_decisions(gated, 5)
        decide(gated, decisions)
        expected = builders.predict(gated, images(8))
        compacted = tfgate.compact(gated)
        np.testing.assert_allclose(
            builders.predict(compacted, images(8)), expected, rtol=1e-5, atol=1e-5
        )
        assert compacted.count_params() < 0.5 * gated.count_params()
        macs = gated.costs.count(decisions) - gated.costs.gate_total
        assert count_macs(compacted, compacted.input_shape) == macs

    def test_saved_and_loaded(self, tmp_path):
        model = CifarVGG(gate="dependent", **SMALL)
        builders.randomize(model)
        expected = builders.predict(model, images(8))
        model.save(tmp_path / "m.keras")
        loaded = keras.saving.load_model(tmp_path / "m.keras")
        np.testing.assert_array_equal(builders.predict(loaded, images(8)), expected)
        decisions = random_decisions(model, 1)
        assert loaded.costs.count(decisions) == model.costs.count(decisions)

    def test_trains(self):
        model = CifarVGG(gate="dependent", seed=1, **{**SMALL, "groups": 4})
        builders.compile_plainly(
            model,
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            gate_losses=[tfgate.Macs(0.5)],
        )
        before = [np.copy(w) for w in model.get_weights()]
        logs = model.fit(images(8, 4), np.arange(4), verbose=0).history
        assert np.isfinite(logs["loss"][0])
        assert 0.0 < logs["executed_macs"][0] <= model.costs.all_open
        changed = [
            not np.array_equal(a, b)
            for a, b in zip(before, model.get_weights(), strict=True)
        ]
        assert np.mean(changed) > 0.8

    @pytest.mark.parametrize("suffix", [".keras", ".weights.h5"])
    def test_weights_of_a_path(self, dense, tmp_path, suffix):
        path = tmp_path / f"dense{suffix}"
        dense.save(path) if suffix == ".keras" else dense.save_weights(path)
        model = CifarVGG(weights=path, gate="independent", **SMALL)
        assert_open_is(model, dense)
        with pytest.raises(ValueError, match=r"layers that differ|Expected a .keras"):
            CifarVGG(weights=path, **{**SMALL, "classes": 7})

    def test_width_and_groups(self):
        model = CifarVGG(
            gate="independent", width=2, groups=32, groups_always_open=4, **SMALL
        )
        assert model.get_layer("block1").stages[0].filters == 128
        assert [b.gate.components for b in model.blocks] == [56, 56, 84, 28]

    def test_filters_of_the_first_stage(self, tmp_path):
        arguments = {**SMALL, "filters": 16}
        dense = CifarVGG(**arguments)
        widths = [
            layer.kernel.shape[-1] for layer in dense.layers if hasattr(layer, "kernel")
        ]
        assert widths == [16, 16, 32, 32, 64, 64, 64, 1024, SMALL["classes"]]
        dense.save(tmp_path / "dense.keras")
        model = CifarVGG(
            weights=tmp_path / "dense.keras", gate="independent", **arguments
        )
        assert [b.gate.components for b in model.blocks] == [30, 30, 45, 15]
        assert_open_is(model, dense)

    def test_dense_networks_have_no_groups_to_divide(self):
        assert CifarVGG(filters=3, **SMALL).get_layer("fc1").units == 3 * 64

    def test_input_tensor(self):
        raw = keras.Input((8, 8, 3))
        scaled = keras.layers.Rescaling(1 / 255.0)(raw)
        arguments = {"classes": 4, "classifier_activation": None}
        model = CifarVGG(input_tensor=scaled, gate="independent", **arguments)
        plain = CifarVGG(gate="independent", **SMALL)
        tfgate.copy_weights(plain, model)
        np.testing.assert_allclose(
            builders.predict(model, 255.0 * images(8)),
            builders.predict(plain, images(8)),
            rtol=1e-4,
            atol=1e-5,
        )


class TestGranularity:
    def test_filter_gating(self):
        gating = FilterGating(
            ("output",), (4, 8, 16, 256), groups_always_open=2, residual=False
        )
        model = CifarVGG(gate="independent", granularity=gating, **SMALL)
        sites = [block.sites for block in model.blocks]
        assert [[s.name for s in found] for found in sites] == [["output"]] * 4
        assert [found[0].count for found in sites] == [14] * 4

    def test_a_place_that_the_dense_layer_lacks(self):
        gating = FilterGating(("inner",), 4, groups_always_open=1, residual=False)
        model = CifarVGG(gate="independent", granularity=gating, **SMALL)
        assert [block.name for block in model.blocks] == ["block1", "block2", "block3"]

    @pytest.mark.parametrize("granularity", ["block", "bas", "cs-low", None])
    def test_blocks_have_no_shortcut(self, granularity):
        with pytest.raises(ValueError, match="without shortcuts a closed stage"):
            CifarVGG(gate="independent", granularity=granularity)

    @pytest.mark.parametrize(
        ("gating", "message"),
        [
            (FilterGating(("inner",), groups_always_open=1), "residual=False"),
            (FilterGating(("inner",), residual=False), "groups_always_open >= 1"),
            (
                FilterGating(("inner",), (4, 8), 1, residual=False),
                "group sizes for 4 stages",
            ),
        ],
    )
    def test_filter_gating_that_does_not_fit(self, gating, message):
        with pytest.raises(ValueError, match=message):
            CifarVGG(gate="independent", granularity=gating)

    def test_groups_beside_a_filter_gating(self):
        gating = FilterGating(("output",), 4, groups_always_open=1, residual=False)
        with pytest.raises(ValueError, match="beside a FilterGating"):
            CifarVGG(granularity=gating, groups=8)


class TestBadInput:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"groups_always_open": 0}, "groups_always_open >= 1.*got 0.*no shortcut"),
            ({"groups_always_open": 16}, "groups_always_open < 16.*got 16"),
            ({"groups": 12}, "groups to divide .*64.*got 12"),
            ({"groups": 1}, "groups >= 2"),
            ({"groups": 2.5}, "groups >= 2"),
            ({"width": 0}, "width >= 1"),
            ({"filters": 0}, "filters >= 1"),
            ({"filters": 24, "gate": "independent"}, "groups to divide .*24, 48, 96"),
            ({"gate": "static"}, "gate to be one of"),
            ({"gate": "stochastic_depth"}, "granularity='block'"),
            ({"pooling": "sum"}, "pooling to be one of"),
            ({"input_shape": (7, 8, 3)}, "at least 8 x 8, got"),
            ({"input_shape": (None, None, 3)}, "known height and width"),
            ({"input_shape": (8, 8)}, r"input_shape \(height, width, channels\)"),
            ({"weights": "imagenet"}, "none are published"),
            ({"weights": "nowhere.keras"}, "Expected a file of weights"),
            ({"initial_open_probability": 0.5}, "no arguments of gates"),
        ],
        ids=str,
    )
    def test_one_clear_line(self, arguments, message):
        with pytest.raises(ValueError, match=message) as error:
            CifarVGG(**arguments)
        assert "\n" not in str(error.value)

    def test_vgg16_needs_32_pixels(self):
        with pytest.raises(ValueError, match="at least 32 x 32"):
            VGG16(input_shape=(31, 64, 3))
