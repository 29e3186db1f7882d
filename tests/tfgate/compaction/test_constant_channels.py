"""Layers of dense blocks that never run leave with all that their zeros become."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tests.tfgate import filter_blocks
from tfgate.compaction.constant_channels import cut_constant_channels
from tfgate.costs import count_macs

L = keras.layers

OPEN, CLOSED = 0.9, 0.1


def norm():
    return L.BatchNormalization(epsilon=1e-3)


def layer_of(growth, name, size=3):
    return keras.Sequential(
        [
            norm(),
            L.ReLU(),
            L.Conv2D(5, 1, use_bias=False),
            norm(),
            L.ReLU(),
            L.Conv2D(growth, size, padding="same", use_bias=False),
        ],
        name=f"{name}_branch",
    )


def dense_block(x, layers, first="g0"):
    """A dense block of gated layers that append 1, 2, ... channels."""
    for index in range(layers):
        name = f"{first}_{index}"
        gate = tfgate.IndependentGate(name=name, seed=1)
        block = tfgate.GatedConcat(
            layer_of(index + 1, name), gate, name=f"{name}_block"
        )
        x, _ = block(x)
    return x


def finished(inputs, outputs, *probabilities):
    """A random model whose gates have these probabilities."""
    model = tfgate.GatedModel(inputs, outputs)
    builders.randomize(model)
    for gate, probability in zip(model.gates, probabilities, strict=True):
        builders.set_open_probability(gate, probability)
    return model


def densenet(*probabilities):
    """Two dense blocks with a transition between them, and a head."""
    half = len(probabilities) // 2
    inputs = keras.Input((8, 8, 3))
    x = L.Conv2D(4, 3, padding="same", name="stem")(inputs)
    x = dense_block(x, half, first="g0")
    x = L.ReLU()(norm()(x))
    x = L.AveragePooling2D(2)(L.Conv2D(6, 1, name="transition")(x))
    x = dense_block(x, len(probabilities) - half, first="g1")
    x = L.GlobalAveragePooling2D()(L.ReLU()(norm()(x)))
    return finished(inputs, L.Dense(2, name="head")(x), *probabilities)


def assert_equal_predictions(compacted, model, images=None):
    images = builders.make_images(6) if images is None else images
    expected = builders.predict(model, images)
    assert np.std(expected) > 1e-2
    np.testing.assert_allclose(
        builders.predict(compacted, images), expected, rtol=1e-5, atol=1e-5
    )


def own_layers(model):
    """Layers that are not of Keras."""
    return [
        layer.name
        for layer in model.layers
        if type(layer).__module__.split(".")[0] != "keras"
    ]


@pytest.mark.parametrize("opened", list(itertools.product([OPEN, CLOSED], repeat=4)))
def test_equals_the_thresholded_network(opened):
    model = densenet(*opened)
    compacted = tfgate.compact(model)
    assert_equal_predictions(compacted, model)
    assert own_layers(compacted) == []


def test_channels_are_gone_from_all_layers_behind():
    compacted = tfgate.compact(densenet(CLOSED, OPEN, OPEN, CLOSED))
    names = [layer.name for layer in compacted.layers]
    assert names.count("g0_1_block_concat") == names.count("g1_0_block_concat") == 1
    assert not {"g0_0_block_concat", "g1_1_block_concat", "g0_0_block_zeros"} & {*names}
    # 4 of the stem, 1 not appended, 2 appended; 6 of the transition, 1 appended.
    assert compacted.get_layer("transition").kernel.shape == (1, 1, 4 + 2, 6)
    assert compacted.get_layer("head").kernel.shape == (6 + 1, 2)


def test_what_is_cut_costs_nothing():
    """Counted by hand: two convolutions a layer, transition and head."""
    model = densenet(CLOSED, OPEN, OPEN, CLOSED)
    compacted = tfgate.compact(model)
    stem = 64 * 27 * 4
    first = 64 * (4 * 5 + 9 * 5 * 2)
    transition = 64 * 6 * 6
    second = 16 * (6 * 5 + 9 * 5 * 1)
    by_hand = stem + first + transition + second + 7 * 2
    assert count_macs(compacted, (None, 8, 8, 3)) == by_hand
    # Planned is what the decisions leave, before anything behind them gets smaller.
    assert by_hand < tfgate.plan_compaction(model).macs_after < model.costs.dense


def test_all_open_is_the_dense_network():
    model = densenet(*[OPEN] * 4)
    compacted = tfgate.compact(model)
    assert count_macs(compacted, (None, 8, 8, 3)) == model.costs.dense
    assert sum(type(layer) is L.Concatenate for layer in compacted.layers) == 4
    assert_equal_predictions(compacted, model)


def test_all_closed_is_the_rest_alone():
    model = densenet(*[CLOSED] * 4)
    compacted = tfgate.compact(model)
    assert not any(type(layer) is L.Concatenate for layer in compacted.layers)
    assert_equal_predictions(compacted, model)


def test_polarized_dependent_gates():
    x = inputs = keras.Input((8, 8, 3))
    for index in range(4):
        gate = tfgate.DependentGate(name=f"g{index}")
        x, _ = tfgate.GatedConcat(layer_of(2, f"g{index}"), gate)(x)
    x = L.GlobalAveragePooling2D()(L.ReLU()(norm()(x)))
    model = tfgate.GatedModel(inputs, L.Dense(2)(x))
    builders.randomize(model)
    for gate, lean in zip(model.gates, (20.0, -20.0, -20.0, 20.0), strict=True):
        gate.logits_dense.bias.assign([-lean, lean])
    images = builders.make_images(6)
    compacted = tfgate.compact(model, calibration=[images])
    assert_equal_predictions(compacted, model, images)


def test_stochastic_depth_is_scaled():
    x = inputs = keras.Input((8, 8, 3))
    for index, survival in enumerate((0.8, 0.4)):
        gate = tfgate.StochasticDepth(survival, name=f"g{index}")
        x, _ = tfgate.GatedConcat(layer_of(2, f"g{index}"), gate)(x)
    model = tfgate.GatedModel(inputs, L.GlobalAveragePooling2D()(x))
    builders.randomize(model)
    gate = model.gates[1]
    assert gate.survival_probability == 0.4
    for gate, probability in zip(model.gates, (OPEN, OPEN), strict=True):
        builders.set_open_probability(gate, probability)
    compacted = tfgate.compact(model)
    assert_equal_predictions(compacted, model)


class TestWhereChannelsComeBack:
    """Layers that need all of their channels, or whose padding would show."""

    def check(self, outputs, kept_back, probabilities=(CLOSED, OPEN, CLOSED)):
        inputs = keras.Input((8, 8, 3))
        x = outputs(dense_block(inputs, len(probabilities)))
        model = finished(inputs, x, *probabilities)
        compacted = tfgate.compact(model)
        assert_equal_predictions(compacted, model)
        assert own_layers(compacted) == kept_back

    def test_at_the_outputs(self):
        self.check(lambda x: x, ["g0_2_block_zeros_restore"])

    def test_at_several_outputs(self):
        inputs = keras.Input((8, 8, 3))
        x = dense_block(inputs, 2)
        outputs = {"one": x, "two": L.GlobalAveragePooling2D()(x)}
        model = finished(inputs, outputs, CLOSED, OPEN)
        images = builders.make_images(3)
        found, expected = tfgate.compact(model)(images), model(images)
        for name, output in found.items():
            np.testing.assert_allclose(output, expected[name], rtol=1e-5, atol=1e-6)

    def test_zeros_may_be_padded(self):
        self.check(lambda x: L.Conv2D(2, 3, padding="same")(x), [])

    def test_constants_may_not_be_padded(self):
        self.check(
            lambda x: L.Conv2D(2, 3, padding="same")(L.BatchNormalization(name="b")(x)),
            ["b_restore", "b_constant"],
        )

    def test_constants_without_padding(self):
        self.check(lambda x: L.Conv2D(2, 3)(L.BatchNormalization()(x)), [])

    @pytest.mark.parametrize("norm", [L.Identity, L.BatchNormalization])
    def test_not_for_flatten(self, norm):
        self.check(lambda x: L.Dense(2)(L.Flatten()(L.MaxPooling2D(4)(norm()(x)))), [])

    def test_before_a_layer_that_is_not_known(self):
        self.check(lambda x: L.GroupNormalization(1)(x), ["g0_2_block_zeros_restore"])

    def test_before_layers_of_several_inputs(self):
        self.check(
            lambda x: L.Add()([x, L.Conv2D(9, 1)(x)]), ["g0_2_block_zeros_restore"]
        )

    def test_once_for_two_layers(self):
        def twice(x):
            return L.Add()([L.Softmax()(x), L.LayerNormalization()(x)])

        self.check(twice, ["g0_2_block_zeros_restore"])

    def test_along_another_axis(self):
        self.check(
            lambda x: L.Concatenate(axis=1)([x, x]), ["g0_2_block_zeros_restore"]
        )

    def test_before_a_shared_layer(self):
        def share(x):
            shared = L.Conv2D(9, 1)
            return shared(shared(x))

        self.check(share, ["g0_2_block_zeros_restore"])

    def test_before_a_layer_that_is_called_in_another_way(self):
        self.check(
            lambda x: L.BatchNormalization()(x, training=False),
            ["g0_2_block_zeros_restore"],
        )

    def test_before_an_operation(self):
        self.check(lambda x: keras.ops.tanh(x), ["g0_2_block_zeros_restore"])

    def test_beside_residual_blocks(self):
        inputs = keras.Input((8, 8, 3))
        x = dense_block(inputs, 2)
        gate = tfgate.IndependentGate(name="r", seed=1)
        x, _ = tfgate.GatedResidual(L.Conv2D(6, 3, padding="same"), gate)(x)
        model = finished(inputs, x, CLOSED, OPEN, OPEN)
        assert_equal_predictions(tfgate.compact(model), model)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "places", [("inner",), ("output",), ("input",), ("input", "inner", "output")]
)
def test_filter_gates_inside_densely_connected_layers(places, seed):
    x = inputs = keras.Input((6, 6, 8))
    for name in ("a", "b", "c"):
        stages = [
            filter_blocks.stage(
                norm(), L.ReLU(), filter_blocks.convolution(6, 1), norm(), L.ReLU()
            ),
            filter_blocks.convolution(4),
        ]
        block = filter_blocks.make_block(
            stages, name, places=places, residual=False, activation=None
        )
        x = L.Concatenate(name=f"{name}_concat")([x, block(x)[0]])
    x = L.GlobalAveragePooling2D()(L.ReLU()(norm()(x)))
    model = tfgate.GatedModel(inputs, L.Dense(2, name="head")(x))
    builders.randomize(model)
    # With a seed of 0 the second block has nothing left.
    for index, gate in enumerate(model.gates):
        decisions = filter_blocks.random_decisions(gate.components, 10 * seed + index)
        filter_blocks.decide(gate, decisions * (seed > 0 or index != 1))
    compacted = tfgate.compact(model)
    assert_equal_predictions(compacted, model, filter_blocks.images())
    left = compacted.get_layer("head").kernel.shape[0]
    if "output" in places:
        opened = sum(
            int(block.sites[-1].open_filters(decision).sum())
            for block, decision in zip(
                model.blocks,
                (d.decisions for d in tfgate.plan_compaction(model).blocks),
                strict=True,
            )
        )
        assert left == 8 + opened
    elif seed == 0 and "inner" in places:
        assert left == 8 + 4 + 4


@pytest.mark.parametrize("seed", range(3))
def test_closed_filters_are_cut_out_of_the_next_block_of_a_chain(seed):
    blocks = [
        filter_blocks.make_block(
            filter_blocks.basic(), name, places=("inner", "output"), residual=False
        )
        for name in ("one", "two")
    ]
    model = filter_blocks.make_model(*blocks)
    for index, gate in enumerate(model.gates):
        decisions = filter_blocks.random_decisions(gate.components, 2 * seed + index)
        decisions[[0, -1]] = 1  # something is left at each place
        filter_blocks.decide(gate, decisions)
    compacted = tfgate.compact(model)
    assert_equal_predictions(compacted, model, filter_blocks.images())
    convolutions = [x for x in compacted.layers if isinstance(x, L.Conv2D)]
    opened = (
        blocks[0]
        .sites[-1]
        .open_filters(np.array(tfgate.plan_compaction(model).blocks[0].decisions))
    )
    assert convolutions[2].kernel.shape[2] == opened.sum() < 8


def test_selected_channels_stay_selected():
    x = inputs = keras.Input((4, 4, 3))
    x = tfgate.layers.SelectChannels([2, None, 0], name="source")(x)
    outputs = L.Conv2D(2, 1, name="conv")(x)
    model = keras.Model(inputs, outputs)
    builders.randomize(model)
    cut = cut_constant_channels(model, ["source"])
    images = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype("float32")
    assert cut.get_layer("source").channels == [2, 0]
    assert cut.get_layer("conv").kernel.shape == (1, 1, 2, 2)
    np.testing.assert_allclose(cut(images), model(images), rtol=1e-5, atol=1e-6)


def test_compacted_network_trains_and_saves(tmp_path):
    compacted = tfgate.compact(densenet(CLOSED, OPEN, OPEN, CLOSED))
    images, labels = builders.make_images(4), np.array([0, 1, 1, 0])
    compacted.compile("sgd", "mse")
    logs = compacted.fit(images, np.eye(2)[labels], verbose=0).history
    assert np.isfinite(logs["loss"]).all()
    compacted.save(tmp_path / "compacted.keras")
    loaded = keras.saving.load_model(tmp_path / "compacted.keras")
    np.testing.assert_array_equal(loaded(images), compacted(images))


def test_the_original_stays_as_it_was():
    model = densenet(CLOSED, OPEN, OPEN, CLOSED)
    images = builders.make_images(4)
    before = builders.predict(model, images)
    builders.randomize(tfgate.compact(model), seed=9)
    np.testing.assert_array_equal(builders.predict(model, images), before)


def test_mixed_precision_compacts_the_same_under_any_global_policy():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = densenet(CLOSED, OPEN, OPEN, CLOSED)
    finally:
        keras.config.set_dtype_policy("float32")
    compacted = tfgate.compact(model)
    policies = {layer.dtype_policy.name for layer in compacted.layers[1:]}
    assert policies == {"mixed_bfloat16"}
    images = builders.make_images(6)
    found, expected = (
        tf.cast(network(images), tf.float32) for network in (compacted, model)
    )
    # bfloat16 has 8 significant bits, and the sums have other terms.
    np.testing.assert_allclose(found, expected, atol=0.05)


def test_report_names_the_layers():
    printed = []
    tfgate.compact(densenet(CLOSED, OPEN, OPEN, CLOSED), print_fn=printed.append)
    lines = str(printed[0]).splitlines()
    assert lines[0] == "g0_0_block: branch removed (rate 0.000, 4,160 MACs)"
    assert lines[1] == "g0_1_block: gate removed (rate 1.000, 7,360 MACs)"
