"""GatedFilters: what is computed when filters are open and when they are closed."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tests.tfgate import filter_blocks

STAGES = [
    filter_blocks.basic,
    filter_blocks.bottleneck,
    filter_blocks.preactivation,
]
EVERYWHERE = filter_blocks.EVERYWHERE


def as_numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def masked_by_hand(block, x, decisions):
    """The block's formula, stage by stage, with masks made from the layout."""
    masks = {(s.place, s.stage): s.open_filters(decisions) for s in block.sites}

    def mask(tensor, key):
        tensor = as_numpy(tensor)
        return tensor * masks[key][:, None, None] if key in masks else tensor

    shortcut = x if block.shortcut is None else block.shortcut(x, training=False)
    h = mask(x, ("input", 0))
    for index, each in enumerate(block.stages):
        place = "output" if index == len(block.stages) - 1 else "inner"
        h = mask(each(h, training=False), (place, index))
    kept = mask(shortcut, ("shortcut", -1)) if block.residual else 0.0
    return as_numpy(block.activation(kept + h))


def image_gated(stages, **arguments):
    """A random block that decides image by image, without noise."""
    block = tfgate.GatedFilters(
        stages,
        lambda count: builders.LinearGate(
            count, estimator=builders.MedianEstimator(), seed=2
        ),
        **arguments,
    )
    block(filter_blocks.images())
    builders.randomize(block)
    return block


def freeze_norms(block):
    """Statistics of the batch would differ from call to call."""
    for layer in block._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "places", filter_blocks.places_of(None, projected=True), ids=str
)
def test_places_against_masks(places, training):
    block = image_gated(
        filter_blocks.bottleneck(),
        places=places,
        filters_per_gate=2,
        groups_always_open=1,
        shortcut=filter_blocks.projection(),
        activation="gelu",
    )
    freeze_norms(block)
    x = filter_blocks.images(16)
    output, gate = block(x, training=training)
    decisions = as_numpy(gate["decision"])
    assert 0.0 < decisions.mean() < 1.0 and len(np.unique(decisions, axis=0)) > 1
    np.testing.assert_allclose(
        output, masked_by_hand(block, x, decisions), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("make", STAGES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("residual", [True, False])
def test_all_open_is_the_dense_block(make, residual):
    block = image_gated(make(), places=("input", "inner", "output"), residual=residual)
    block.gate.policy = tfgate.AlwaysOpen()
    x = filter_blocks.images()
    h = x
    for each in block.stages:
        h = each(h, training=False)
    expected = np.maximum(as_numpy(h) + (x if residual else 0.0), 0.0)
    output, gate = block(x)
    assert as_numpy(gate["decision"]).min() == 1.0
    np.testing.assert_allclose(output, expected, rtol=1e-6, atol=1e-6)


class TestAllClosed:
    @staticmethod
    def close(stages, **arguments):
        block = filter_blocks.make_block(stages, **arguments)
        block(filter_blocks.images())
        builders.randomize(block)
        filter_blocks.decide(block.gate, np.zeros(block.gate.components))
        return block

    @pytest.mark.parametrize("make", STAGES, ids=lambda make: make.__name__)
    def test_output_leaves_the_shortcut_alone(self, make):
        block = self.close(make(), places=("output",), activation=None)
        x = filter_blocks.images()
        np.testing.assert_array_equal(block(x)[0], x)

    def test_output_without_shortcut_leaves_nothing(self):
        stages = filter_blocks.basic(filters=4)
        block = self.close(stages, places=("output",), residual=False)
        output, _ = block(filter_blocks.images())
        np.testing.assert_array_equal(output, np.zeros((4, 6, 6, 4)))

    def test_shortcut_leaves_the_stages_alone(self):
        block = self.close(
            filter_blocks.basic(),
            places=("shortcut",),
            shortcut=filter_blocks.projection(),
            activation=None,
        )
        x = h = filter_blocks.images()
        for each in block.stages:
            h = each(h, training=False)
        np.testing.assert_array_equal(block(x)[0], h)

    def test_inner_leaves_a_constant_per_channel(self):
        """What the last batch norm makes of zeros."""
        block = self.close(filter_blocks.basic(), places=("inner",), activation=None)
        gamma, beta, mean, variance = block.stages[-1].layers[-1].get_weights()
        constant = beta - gamma * mean / np.sqrt(variance + 1e-5)
        x = filter_blocks.images()
        np.testing.assert_allclose(block(x)[0], x + constant, rtol=1e-5, atol=1e-6)
        assert np.abs(constant).min() > 0.0

    def test_groups_always_open_stay(self):
        block = self.close(
            filter_blocks.basic(),
            places=("output",),
            filters_per_gate=2,
            groups_always_open=1,
            activation=None,
        )
        x = filter_blocks.images()
        changed = np.abs(as_numpy(block(x)[0]) - x).max(axis=(0, 1, 2))
        assert (changed[:2] > 0.1).all() and not changed[2:].any()


class TestLayout:
    def test_of_all_places(self):
        block = filter_blocks.make_block(
            filter_blocks.bottleneck(filters=12, inner=6),
            places=("shortcut", "output", "inner", "input"),
            filters_per_gate={"input": 4, "inner": 2, "output": 3, "shortcut": 6},
            groups_always_open={"input": 1, "inner": 0, "output": 2, "shortcut": 0},
            shortcut=filter_blocks.projection(12),
        )
        block(keras.Input((6, 6, 8)))
        assert block.places == EVERYWHERE
        assert [
            (s.name, s.stage, s.filters, s.filters_always_open, s.components)
            for s in block.sites
        ] == [
            ("input", 0, 8, 4, slice(0, 1)),
            ("inner1", 0, 6, 0, slice(1, 4)),
            ("inner2", 1, 6, 0, slice(4, 7)),
            ("output", 2, 12, 6, slice(7, 9)),
            ("shortcut", -1, 12, 0, slice(9, 11)),
        ]
        assert block.gate.components == 11

    def test_components_of_a_given_gate_must_fit(self):
        stages = filter_blocks.basic(inner=6)
        gate = tfgate.IndependentGate(5)
        block = tfgate.GatedFilters(stages, gate, name="wrong")
        with pytest.raises(ValueError, match="6 components for block 'wrong'.*got 5"):
            block(keras.Input((6, 6, 8)))

    def test_a_given_gate(self):
        gate = tfgate.DependentGate(3)
        stages = filter_blocks.basic(inner=6)
        block = tfgate.GatedFilters(stages, gate, filters_per_gate=2)
        _, outputs = block(filter_blocks.images())
        assert block.gate is gate
        assert {n: tuple(o.shape) for n, o in outputs.items()} == dict.fromkeys(
            ("logits", "probability", "decision"), (4, 3)
        )


@pytest.mark.parametrize("make", STAGES, ids=lambda make: make.__name__)
def test_every_trainable_weight_gets_a_gradient(make):
    block = tfgate.GatedFilters(
        make(strides=2),
        lambda count: tfgate.DependentGate(count, initial_open_probability=0.5, seed=1),
        places=EVERYWHERE,
        filters_per_gate=2,
        shortcut=filter_blocks.projection(strides=2),
        activation="gelu",
    )
    x = filter_blocks.images(32)
    block(x)
    builders.randomize(block)
    with tf.GradientTape() as tape:
        output, _ = block(x, training=True)
        loss = tf.reduce_mean(tf.square(output - 1.0))
    gradients = tape.gradient(loss, block.trainable_variables)
    without = [
        variable.path
        for variable, gradient in zip(block.trainable_variables, gradients, strict=True)
        if gradient is None or not np.abs(as_numpy(gradient)).max() > 0.0
    ]
    assert without == []


def test_gradient_of_a_group_is_the_sum_over_its_filters():
    block = image_gated(
        filter_blocks.basic(), places=("output",), filters_per_gate=4, activation=None
    )
    freeze_norms(block)
    x = filter_blocks.images(8)
    upstream = np.random.default_rng(1).normal(size=x.shape).astype("float32")
    with tf.GradientTape() as tape:
        output, gate = block(x, training=True)
        total = tf.reduce_sum(output * upstream)
    kernel_gradient = tape.gradient(total, block.gate.kernel.value)
    h = x
    for each in block.stages:
        h = each(h)
    per_filter = (upstream * as_numpy(h)).sum(axis=(1, 2))
    towards_open = per_filter.reshape(8, 2, 4).sum(axis=2)
    p = as_numpy(gate["probability"])
    slope = towards_open * p * (1.0 - p)
    expected = np.stack([-slope, slope], axis=2).reshape(8, 4)
    np.testing.assert_allclose(
        kernel_gradient, x.mean(axis=(1, 2)).T @ expected, rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize(
    ("stages", "inputs"),
    [
        ([keras.layers.Dense(6, "relu"), keras.layers.Dense(4)], np.ones((3, 4))),
        (
            [keras.layers.Conv1D(6, 3, padding="same"), keras.layers.Conv1D(4, 1)],
            np.ones((3, 5, 4)),
        ),
        (
            [keras.layers.Conv3D(6, 1), keras.layers.Conv3D(4, 3, padding="same")],
            np.ones((3, 2, 3, 4, 4)),
        ),
    ],
    ids=["vector", "sequence", "volume"],
)
def test_any_number_of_axes(stages, inputs):
    block = filter_blocks.make_block(stages, activation=None)
    block(inputs)
    decisions = np.array([1, 0, 0, 1, 1, 0])
    filter_blocks.decide(block.gate, decisions)
    expected = inputs + as_numpy(stages[1](as_numpy(stages[0](inputs)) * decisions))
    np.testing.assert_allclose(block(inputs)[0], expected, rtol=1e-5)


def test_symbolic_outputs_have_the_shapes_of_the_real_ones():
    block = filter_blocks.make_block(
        filter_blocks.bottleneck(12, strides=2),
        shortcut=filter_blocks.projection(12, strides=2),
    )
    output, gate = block(keras.Input((6, 6, 8)))
    real, real_gate = block(filter_blocks.images())
    assert output.shape == (None, *real.shape[1:]) == (None, 3, 3, 12)
    assert {name: o.shape for name, o in gate.items()} == {
        name: (None, *o.shape[1:]) for name, o in real_gate.items()
    }


def test_mixed_precision(mixed_bfloat16):
    block = image_gated(
        filter_blocks.basic(), places=("input", "inner", "output"), filters_per_gate=2
    )
    x = filter_blocks.images()
    output, gate = block(x)
    assert output.dtype == tf.bfloat16
    assert {o.dtype for o in gate.values()} == {tf.float32}
    h = tf.cast(x, tf.bfloat16)
    assert block.compute_output_spec(keras.Input((6, 6, 8)))[0].dtype == "bfloat16"
    closed = as_numpy(gate["decision"])[:, 7:] == 0.0
    unchanged = np.repeat(closed, 2, axis=1)
    kept = as_numpy(tf.cast(tf.nn.relu(h), tf.float32)).transpose(0, 3, 1, 2)
    got = as_numpy(tf.cast(output, tf.float32)).transpose(0, 3, 1, 2)
    assert 0 < unchanged.sum() < unchanged.size
    np.testing.assert_array_equal(got[unchanged], kept[unchanged])


class TestSerialization:
    @pytest.mark.parametrize("make", STAGES, ids=lambda make: make.__name__)
    def test_round_trip(self, make):
        block = image_gated(
            make(strides=2),
            places=EVERYWHERE,
            filters_per_gate={"input": 4, "inner": 2, "output": 1, "shortcut": 8},
            groups_always_open={"input": 1, "inner": 2, "output": 3, "shortcut": 0},
            shortcut=filter_blocks.projection(strides=2),
            activation="gelu",
            name="block",
        )
        config = keras.saving.serialize_keras_object(block)
        assert config["registered_name"] == "tfgate>GatedFilters"
        copy = keras.saving.deserialize_keras_object(config)
        x = filter_blocks.images(16)
        copy(x)
        copy.set_weights(block.get_weights())
        expected, expected_gate = block(x)
        output, gate = copy(x)
        np.testing.assert_array_equal(output, expected)
        np.testing.assert_array_equal(gate["decision"], expected_gate["decision"])
        assert (copy.name, copy.sites) == ("block", block.sites)
        assert copy.get_config() == block.get_config()

    def test_without_shortcut(self):
        block = image_gated(filter_blocks.basic(), residual=False, activation=None)
        copy = tfgate.GatedFilters.from_config(block.get_config())
        assert copy.shortcut is None and copy.residual is False

    def test_saved_model_predicts_the_same_bits(self, tmp_path):
        names = ("one", "two")
        model = filter_blocks.make_model(
            *(
                filter_blocks.make_block(
                    filter_blocks.basic(),
                    name=name,
                    gate=tfgate.DependentGate,
                    places=("input", "inner", "output"),
                    filters_per_gate=2,
                )
                for name in names
            )
        )
        model.policy = tfgate.Threshold(0.4)
        x = filter_blocks.images(16)
        opened = np.concatenate(list(builders.decisions(model, x).values()), axis=1)
        assert 0.0 < opened.mean() < 1.0
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(
            builders.predict(loaded, x), builders.predict(model, x)
        )
        assert loaded.costs.all_closed == model.costs.all_closed

    def test_of_a_block_without_its_gate_yet(self):
        block = filter_blocks.make_block(filter_blocks.basic(), name="early")
        with pytest.raises(ValueError, match="'early' to be built before it is saved"):
            block.get_config()


def test_trains_with_macs():
    model = filter_blocks.make_model(
        filter_blocks.make_block(filter_blocks.basic(), gate=tfgate.DependentGate)
    )
    builders.compile_plainly(model, loss="mse", gate_losses=[tfgate.Macs(0.5)])
    before = model.get_weights()
    logs = model.fit(filter_blocks.images(), np.ones((4, 2)), verbose=0).history
    assert 0.0 <= logs["activation_rate"][0] <= 1.0
    assert model.costs.all_closed <= logs["executed_macs"][0] <= model.costs.all_open
    assert any(
        not np.array_equal(a, b)
        for a, b in zip(before, model.get_weights(), strict=True)
    )


class TestRefused:
    @pytest.mark.parametrize("gate", [None, "dependent", keras.layers.Dense(6)])
    def test_something_else_than_a_gate(self, gate):
        with pytest.raises(ValueError, match="gate to be a tfgate Gate, or a function"):
            tfgate.GatedFilters(filter_blocks.basic(), gate)

    def test_a_function_that_makes_something_else(self):
        block = tfgate.GatedFilters(filter_blocks.basic(), keras.layers.Dense)
        with pytest.raises(ValueError, match="gate with 6 components.*got <Dense"):
            block(keras.Input((6, 6, 8)))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"stages": []}, "at least one stage, got none"),
            ({"places": ("middle",)}, r"places to be some of .*got \('middle',\)"),
            ({"places": ("shortcut",)}, "shortcut layer for the place 'shortcut'"),
            (
                {"stages": [keras.layers.Conv2D(8, 1)]},
                "two stages for the place 'inner', got 1",
            ),
            (
                {"residual": False, "shortcut": keras.layers.Conv2D(8, 1)},
                "shortcut=None with residual=False, got <Conv2D",
            ),
            ({"filters_per_gate": 0}, "filters_per_gate >= 1, a whole number, got 0"),
            ({"groups_always_open": -1}, "groups_always_open >= 0.*got -1"),
        ],
    )
    def test_arguments(self, arguments, message):
        arguments = {"stages": filter_blocks.basic(), **arguments}
        with pytest.raises(ValueError, match=message):
            tfgate.GatedFilters(gate=tfgate.IndependentGate, **arguments)

    def test_groups_that_do_not_divide_the_filters(self):
        block = filter_blocks.make_block(
            filter_blocks.basic(inner=6), filters_per_gate=4
        )
        with pytest.raises(
            ValueError,
            match="filters_per_gate to divide the 6.*'inner'.*'block', got 4",
        ):
            block(keras.Input((6, 6, 8)))

    @pytest.mark.parametrize("shortcut", [None, filter_blocks.projection])
    def test_stages_and_shortcut_of_different_shapes(self, shortcut):
        block = filter_blocks.make_block(
            filter_blocks.basic(filters=9), shortcut=shortcut and shortcut(8)
        )
        with pytest.raises(ValueError, match=r"stages and shortcut.*'block'.*6, 6, 9"):
            block(keras.Input((6, 6, 8)))
