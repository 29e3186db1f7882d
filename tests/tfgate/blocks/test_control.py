"""Gated blocks of throttled networks, called with the outputs of a gating function."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import filter_blocks
from tfgate.throttling import Module
from tfgate.throttling import Nested
from tfgate.throttling import SlicedGate

L = keras.layers
US = [0.0, 0.25, 0.5, 0.75, 1.0]


def as_numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def images(count=5):
    return tf.constant(filter_blocks.images(count))


def residual(gate):
    return tfgate.GatedResidual(L.Conv2D(8, 3, padding="same"), gate, name="block")


def concat(gate):
    return tfgate.GatedConcat(L.Conv2D(2, 3, padding="same"), gate, name="block")


def filters(gate):
    return tfgate.GatedFilters(
        filter_blocks.basic(),
        gate,
        filters_per_gate=2,
        groups_always_open=1,
        name="block",
    )


# With the number of components of the block's gate.
BLOCKS = [(residual, 1), (concat, 1), (filters, 2)]
EVERY_BLOCK = pytest.mark.parametrize(("make", "components"), BLOCKS)


def control(components, u=US):
    """Of a network with components before and behind those of the block."""
    modules = [
        Module("before", "width", 0, 3),
        Module("block", "width", 3, components, always_open=1),
        Module("behind", "width", 3 + components, 2),
    ]
    return Nested(modules)(keras.ops.array(u, "float32"))


def throttled(make, components):
    block = make(SlicedGate(components, 3, name="gate"))
    block(images(), control(components))
    return block


@EVERY_BLOCK
class TestEveryBlock:
    def test_takes_its_part_of_the_control(self, make, components):
        block, outputs = throttled(make, components), control(components)
        _, gate = block(images(), outputs)
        assert sorted(gate) == sorted(outputs)
        for name, part in gate.items():
            everything = as_numpy(outputs[name])
            np.testing.assert_array_equal(part, everything[:, 3 : 3 + components])

    def test_full_width_is_the_block_with_open_gates(self, make, components):
        block = throttled(make, components)
        twin = make(tfgate.IndependentGate(components, policy=tfgate.AlwaysOpen()))
        twin(images())
        own = [w for w in twin.weights if "independent_gate" not in w.path]
        data = [w for w in block.weights if "/gate/" not in w.path]
        for target, source in zip(own, data, strict=True):
            target.assign(source)
        opened, _ = block(images(), control(components, [1.0] * 5))
        expected, _ = twin(images(), training=False)
        np.testing.assert_array_equal(opened, expected)

    @pytest.mark.parametrize("training", [False, True])
    def test_gradient_reaches_decision_and_scale(self, make, components, training):
        """By finite differences: both are factors of the branch."""
        block = throttled(make, components)
        for layer in block._flatten_layers():
            if isinstance(layer, L.BatchNormalization):
                layer.trainable = False
        block.activation = keras.activations.linear
        outputs = dict(control(components, [0.75] * 5))
        upstream = np.random.default_rng(1).normal(
            size=block(images(), outputs)[0].shape
        )

        def total(changed):
            y, _ = block(images(), {**outputs, **changed}, training=training)
            return tf.reduce_sum(tf.cast(y, tf.float64) * upstream)

        for name in ("decision", "scale"):
            value = outputs[name]
            with tf.GradientTape() as tape:
                tape.watch(value)
                loss = total({name: value})
            gradient = as_numpy(tape.gradient(loss, value))[:, 3 : 3 + components]
            step = np.zeros(value.shape, "float32")
            step[2, 3] = 0.5
            change = total({name: value + step}) - total({name: value - step})
            assert abs(float(change)) > 1e-3
            assert gradient[2, 0] == pytest.approx(float(change), rel=1e-3)

    def test_symbolic_outputs(self, make, components):
        block = make(SlicedGate(components, 3, name="gate"))
        symbolic = control(components)
        symbolic = {name: keras.Input(t.shape[1:]) for name, t in symbolic.items()}
        output, gate = block(keras.Input((6, 6, 8)), symbolic)
        real, real_gate = block(images(), control(components))
        assert output.shape == (None, *real.shape[1:])
        assert {name: tuple(o.shape[1:]) for name, o in gate.items()} == {
            name: tuple(o.shape[1:]) for name, o in real_gate.items()
        }

    def test_half_precision_leaves_the_gate_outputs_alone(
        self, make, components, mixed_bfloat16
    ):
        """bfloat16 has 8 bits, too few for logits, and for u."""
        block, outputs = throttled(make, components), control(components, [0.3] * 5)
        output, gate = block(images(), outputs)
        assert output.dtype == tf.bfloat16
        for name, part in gate.items():
            assert part.dtype == tf.float32
            everything = as_numpy(outputs[name])
            np.testing.assert_array_equal(part, everything[:, 3 : 3 + components])

    def test_gate_that_takes_control_needs_it(self, make, components):
        block = throttled(make, components)
        with pytest.raises(ValueError, match="'block', whose gate .* called with the"):
            block(images())

    def test_gate_of_its_own_refuses_control(self, make, components):
        block = make(tfgate.IndependentGate(components))
        block(images())
        with pytest.raises(ValueError, match="'block', whose gate .* called without"):
            block(images(), control(components))

    def test_serialization(self, make, components):
        block = throttled(make, components)
        config = keras.saving.serialize_keras_object(block)
        copy = keras.saving.deserialize_keras_object(config)
        copy(images(), control(components))
        copy.set_weights(block.get_weights())
        for own, other in zip(
            block(images(), control(components)),
            copy(images(), control(components)),
            strict=True,
        ):
            tf.nest.map_structure(np.testing.assert_array_equal, own, other)


def test_always_open_groups_are_scaled_with_the_others():
    """Three groups of which the first has no gate, by eq. 2 and 3."""
    block = throttled(filters, 2)
    _, gate = block(images(), control(2))
    first, second = block.stages
    f = as_numpy(first(images(), training=False))
    masks = np.array(
        # k = max(1, floor(4 u)) of 3 groups, each times 3 / k.
        [[3, 0, 0], [3, 0, 0], [1.5, 1.5, 0], [1, 1, 1], [1, 1, 1]],
        "float32",
    )
    h = f * np.repeat(masks, 2, axis=1)[:, None, None]
    expected = np.maximum(as_numpy(images()) + second(h, training=False), 0.0)
    output, _ = block(images(), control(2), training=False)
    np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(gate["scale"][:, 0], masks[:, 0])
