"""MobileNetV2: equal to keras.applications, and what its gates leave of it."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tests.tfgate import filter_blocks
from tests.tfgate.chains import Chain
from tests.tfgate.chains import random_decisions
from tfgate.applications import FilterGating
from tfgate.applications import MobileNetV2
from tfgate.costs import count_macs
from tfgate.weights import leaves

L = keras.layers
ARGUMENTS = {"input_shape": (32, 32, 3), "classes": 5, "classifier_activation": None}
SMALL = {**ARGUMENTS, "width": 0.35}
IDENTITY = (2, 4, 5, 7, 8, 9, 11, 12, 14, 15)


def images(size=32, count=3):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, size, size, 3)).astype("float32")


def layers_with_weights(model):
    return [
        layer.name
        for layer in leaves(model)
        if layer.weights and not isinstance(layer, tfgate.Gate)
    ]


def published(alpha, size=32):
    model = keras.applications.MobileNetV2(
        weights=None, alpha=alpha, **{**ARGUMENTS, "input_shape": (size, size, 3)}
    )
    builders.randomize(model)
    return model


@pytest.fixture(scope="module")
def source():
    keras.utils.set_random_seed(1)
    return published(0.35)


@pytest.fixture(scope="module")
def blocks(source):
    """Gates on blocks, with the published network's weights."""
    model = MobileNetV2(gate="independent", **SMALL)
    tfgate.copy_weights(source, model)
    return model


@pytest.fixture(scope="module")
def filters(source):
    """Gates on expansion filters, with the published network's weights."""
    model = MobileNetV2(
        gate="independent", granularity="expansion", filters_per_gate=4, **SMALL
    )
    tfgate.copy_weights(source, model)
    return model


class TestEqualsKerasApplications:
    @pytest.mark.parametrize(("width", "size"), [(0.35, 75), (1.0, 32), (1.4, 32)])
    def test_dense(self, width, size):
        source = published(width, size)
        model = MobileNetV2(
            width=width, **{**ARGUMENTS, "input_shape": (size, size, 3)}
        )
        assert layers_with_weights(model) == layers_with_weights(source)
        tfgate.copy_weights(source, model)
        expected = builders.predict(source, images(size))
        assert expected.std() > 0.1
        np.testing.assert_allclose(
            builders.predict(model, images(size)), expected, rtol=1e-5, atol=1e-5
        )

    @pytest.mark.parametrize("kind", ["blocks", "filters"])
    def test_open(self, request, source, kind):
        model = request.getfixturevalue(kind)
        assert layers_with_weights(model) == layers_with_weights(source)
        with tfgate.use_policy(model, tfgate.AlwaysOpen()):
            np.testing.assert_allclose(
                builders.predict(model, images()),
                builders.predict(source, images()),
                rtol=1e-5,
                atol=1e-5,
            )

    def test_names_of_all_layers(self, source):
        model = MobileNetV2(**SMALL)
        names = [layer.name for layer in source.layers]
        pooled = [n for n in names if n.startswith("global_average_pooling2d")]
        expected = ["avg_pool" if n in pooled else n for n in names]
        assert [layer.name for layer in model.layers][1:] == expected[1:]
        assert not isinstance(model, tfgate.GatedModel)

    def test_any_size_without_the_top(self):
        model = MobileNetV2(include_top=False, width=0.35, pooling="max")
        assert model.input_shape == (None, None, None, 3)
        assert model.output_shape == (None, 1280)

    @pytest.mark.parametrize(
        ("size", "wanted"), [(32, None), (96, (96, 96, 3))], ids=str
    )
    def test_imagenet_weights(self, source, monkeypatch, size, wanted):
        asked = {}

        def stored(**arguments):
            asked.update(arguments)
            return source

        monkeypatch.setattr(keras.applications, "MobileNetV2", stored)
        arguments = {**SMALL, "input_shape": (size, size, 3)}
        model = MobileNetV2(weights="imagenet", **arguments)
        assert asked == {
            "weights": "imagenet",
            "alpha": 0.35,
            "include_top": True,
            "classes": 5,
            "input_shape": wanted,
        }
        for layer in layers_with_weights(source):
            pairs = zip(
                source.get_layer(layer).get_weights(),
                model.get_layer(layer).get_weights(),
                strict=True,
            )
            assert all(np.array_equal(*pair) for pair in pairs)

    def test_weights_of_another_width(self, source, tmp_path):
        source.save(tmp_path / "w.keras")
        with pytest.raises(ValueError, match="layers that differ: Conv1 expected"):
            MobileNetV2(weights=tmp_path / "w.keras", **ARGUMENTS)


class TestBlocks:
    def test_gates_where_a_shortcut_is(self, blocks):
        assert blocks.gate_names == [f"block_{i}_gate" for i in IDENTITY]
        assert all(isinstance(b, tfgate.GatedResidual) for b in blocks.blocks)

    def test_all_closed_is_the_rest_alone(self, source, blocks):
        """The published network, with the last batch norm of these blocks at zero."""
        closed = keras.models.clone_model(source)
        closed.set_weights(source.get_weights())
        for number in IDENTITY:
            norm = closed.get_layer(f"block_{number}_project_BN")
            norm.gamma.assign(np.zeros(norm.gamma.shape))
            norm.beta.assign(np.zeros(norm.beta.shape))
        with tfgate.use_policy(blocks, tfgate.Threshold(1.0 - 1e-6)):
            found = builders.predict(blocks, images())
        np.testing.assert_allclose(
            found, builders.predict(closed, images()), rtol=1e-5, atol=1e-5
        )

    def test_macs(self, source, blocks):
        assert blocks.costs.dense == count_macs(source, source.input_shape)
        for number, (components,) in zip(
            IDENTITY, blocks.costs.components.values(), strict=True
        ):
            expand = source.get_layer(f"block_{number}_expand")
            height, width = expand.output.shape[1:3]
            inputs, outputs = expand.kernel.shape[-2:]
            # Expansion, 3x3 of each channel, projection.
            assert components == height * width * outputs * (inputs + 9 + inputs)
        switched = sum(float(c[0]) for c in blocks.costs.components.values())
        assert blocks.costs.all_closed == blocks.costs.all_open - switched

    def test_compacted(self, blocks):
        for index, gate in enumerate(blocks.gates):
            builders.set_open_probability(gate, 0.9 if index % 3 else 0.1)
        compacted = tfgate.compact(blocks)
        names = layers_with_weights(compacted)
        assert "block_4_expand" in names
        assert not any(name.startswith("block_2_") for name in names)
        np.testing.assert_allclose(
            builders.predict(compacted, images()),
            builders.predict(blocks, images()),
            rtol=1e-5,
            atol=1e-5,
        )

    def test_stochastic_depth_counts_the_gated_blocks(self):
        model = MobileNetV2(gate="stochastic_depth", survival_probability=0.5, **SMALL)
        found = [gate.survival_probability for gate in model.gates]
        np.testing.assert_allclose(found, 1.0 - 0.5 * np.arange(1, 11) / 10)


def sliced_macs(model, source, decisions):
    """MACs of convolutions made anew for the open expansion filters."""
    total = 0
    kernels = (L.Conv2D, L.DepthwiseConv2D)
    opened = {
        block.name: int(block.sites[0].open_filters(decisions[block.gate.name]).sum())
        for block in model.blocks
    }
    for layer in source.layers:
        if isinstance(layer, L.Dense):
            total += int(np.prod(layer.kernel.shape))
        if not isinstance(layer, kernels):
            continue
        block, _, part = layer.name.rpartition("_")
        inputs, outputs = layer.input.shape[-1], layer.output.shape[-1]
        if block in opened:
            inputs = inputs if part == "expand" else opened[block]
            outputs = outputs if part == "project" else opened[block]
        if not inputs or not outputs:
            continue
        size = {} if isinstance(layer, L.DepthwiseConv2D) else {"filters": outputs}
        copy = type(layer).from_config({**layer.get_config(), **size})
        shape = (1, *layer.input.shape[1:3], inputs)
        copy.build(shape)
        total += count_macs(copy, shape)
    return total


class TestExpansion:
    def test_gates_in_every_block_that_expands(self, filters):
        assert filters.gate_names == [f"block_{i}_gate" for i in range(1, 17)]
        for number, block in enumerate(filters.blocks, start=1):
            (site,) = block.sites
            assert (site.name, site.filters_per_gate) == ("inner1", 4)
            assert block.residual == (number in IDENTITY)
            assert site.groups_always_open == (0 if block.residual else 1)

    @pytest.mark.parametrize("rate", [0.5, 0.2, 0.0])
    def test_macs_equal_sliced_layers(self, source, filters, rate):
        decisions = random_decisions(filters, seed=1, rate=rate)
        expected = sliced_macs(filters, source, decisions) + filters.costs.gate_total
        assert filters.costs.count(decisions) == expected

    @pytest.mark.parametrize("rate", [0.5, 0.0])
    def test_compacted(self, filters, rate):
        decisions = random_decisions(filters, seed=2, rate=rate)
        for gate in filters.gates:
            filter_blocks.decide(gate, decisions[gate.name])
        expected = builders.predict(filters, images())
        compacted = tfgate.compact(filters)
        np.testing.assert_allclose(
            builders.predict(compacted, images()), expected, rtol=1e-5, atol=1e-5
        )
        depthwise = compacted.get_layer("block_1_depthwise")
        (site,) = filters.blocks[0].sites
        opened = int(site.open_filters(decisions["block_1_gate"]).sum())
        assert depthwise.kernel.shape == (3, 3, opened, 1)
        macs = filters.costs.count(decisions) - filters.costs.gate_total
        assert count_macs(compacted, compacted.input_shape) == macs

    def test_closed_shortcut_blocks_give_their_shortcut(self, filters):
        block = filters.get_layer("block_2")
        filter_blocks.decide(block.gate, np.zeros(block.gate.components))
        x = np.random.default_rng(1).normal(size=(2, *block.built_shape[1:]))
        x = x.astype("float32")
        # A projection of zeros is what its batch norm makes of them.
        projection = block.stages[1](np.zeros((2, *block.built_shape[1:-1], 48)))
        np.testing.assert_allclose(block(x)[0], x + projection, rtol=1e-5, atol=1e-5)

    def test_over_capacitated(self):
        """PG S1.3: 1.4 times as wide, to be pruned back; groups divide at any width."""
        model = MobileNetV2(
            gate="independent",
            granularity="expansion",
            filters_per_gate=48,
            **{**ARGUMENTS, "width": 1.4},
        )
        filters = [block.sites[0].filters for block in model.blocks]
        assert filters[:6] == [144, 192, 192, 288, 288, 288]
        assert filters[-1] == 1344
        at_one = keras.applications.MobileNetV2(weights=None, **ARGUMENTS)
        assert model.costs.dense > 1.5 * count_macs(at_one, at_one.input_shape)
        assert model.costs.all_closed < 0.5 * model.costs.dense


class TestOtherFilterGatings:
    def test_bas_is_one_filter_a_gate(self):
        model = MobileNetV2(gate="independent", granularity="bas", **SMALL)
        assert [g.components for g in model.gates][:3] == [47, 48, 47]

    def test_sizes_for_six_stages(self):
        sizes = (2, 4, 8, 16, 24, 48)
        model = MobileNetV2(
            gate="independent", granularity="expansion", filters_per_gate=sizes, **SMALL
        )
        found = [block.sites[0].filters_per_gate for block in model.blocks]
        assert found == [2] * 2 + [4] * 3 + [8] * 4 + [16] * 3 + [24] * 3 + [48]

    def test_outputs_meet_the_next_expansion(self):
        """Without shortcuts the projection's filters are read by the next block."""
        gating = FilterGating(("inner", "output"), 4, residual=False)
        model = MobileNetV2(
            include_top=False,
            input_shape=(32, 32, 3),
            gate="independent",
            granularity=gating,
            width=0.35,
        )
        assert not any(block.residual for block in model.blocks)
        assert all(s.groups_always_open == 1 for b in model.blocks for s in b.sites)
        decisions = random_decisions(model, seed=1)
        expected = Chain(model, decisions).macs() + model.costs.gate_total
        assert model.costs.count(decisions) == expected

    def test_preset_for_four_stages(self):
        with pytest.raises(ValueError, match="group sizes for 6 stages"):
            MobileNetV2(gate="independent", granularity="cs-low", **SMALL)

    def test_no_projections(self):
        gating = FilterGating(("inner", "shortcut"))
        with pytest.raises(ValueError, match="got 'shortcut'"):
            MobileNetV2(gate="independent", granularity=gating, **SMALL)


@pytest.mark.parametrize(
    ("gate", "granularity"), [("dependent", "block"), ("independent", "expansion")]
)
def test_saved_and_loaded(gate, granularity, tmp_path):
    model = MobileNetV2(gate=gate, granularity=granularity, **SMALL)
    builders.randomize(model)
    expected = builders.predict(model, images())
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(builders.predict(loaded, images()), expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 0}, "width > 0, got 0"),
        ({"width": "1.0"}, "width > 0, got '1.0'"),
        ({"granularity": "filters"}, "granularity to be one of .*'expansion'"),
        ({"granularity": None}, "granularity to be one of"),
        ({"filters_per_gate": 8}, "with granularity='expansion' alone, got 8"),
        (
            {"granularity": "expansion", "filters_per_gate": 0},
            "filters_per_gate >= 1",
        ),
        (
            {"granularity": "expansion", "filters_per_gate": 7, "gate": "dependent"},
            "filters_per_gate to divide the 48 filters",
        ),
        (
            {"granularity": "expansion", "gate": "stochastic_depth"},
            "granularity='block'",
        ),
        ({"weights": "nowhere"}, "Expected a file of weights"),
        ({"pooling": "sum"}, "pooling to be one of"),
    ],
    ids=str,
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        MobileNetV2(**{**SMALL, **arguments})
