"""ExitGate: the gate of convolutions of PG S2.4."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tfgate.costs import count_macs
from tfgate.gates import is_gate_parameter

L = keras.layers


def make_images(size, channels=3, count=4):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, *size, channels)).astype("float32")


def stock_layers(gate, inputs):
    """The same computation of stock layers, with the gate's weights."""
    x = inputs
    for convolution, norm in zip(gate.convolutions, gate.norms, strict=True):
        for layer in (convolution, norm):
            copy = type(layer).from_config(layer.get_config())
            copy.build(x.shape)
            copy.set_weights(layer.get_weights())
            x = copy(x)
        x = L.ReLU()(x)
    if min(inputs.shape[1:3]) >= 4:
        x = L.Flatten()(L.AveragePooling2D(4)(x))
    else:
        x = L.GlobalAveragePooling2D()(x)
    return x @ gate.logits_dense.kernel.value + gate.logits_dense.bias.value


@pytest.mark.parametrize(
    ("size", "features"),
    [((8, 8), 4 * 6), ((4, 4), 6), ((9, 6), 2 * 6), ((3, 8), 6), ((1, 1), 6)],
)
def test_against_stock_layers(size, features):
    gate = tfgate.ExitGate(filters=6, seed=1)
    images = make_images(size)
    gate(images)
    builders.randomize(gate)
    assert gate.logits_dense.kernel.shape == (features, 2)
    logits = stock_layers(gate, images).numpy()
    expected = (logits[:, 1] - logits[:, 0])[:, None]
    assert expected.std() > 1e-3
    np.testing.assert_allclose(gate(images)["logits"], expected, rtol=1e-4, atol=1e-4)


def test_macs():
    gate = tfgate.ExitGate()
    gate.build((None, 8, 12, 5))
    expected = 8 * 12 * 9 * (5 * 128 + 128 * 128) + 2 * 3 * 128 * 2
    assert count_macs(gate, (None, 8, 12, 5)) == expected


@pytest.mark.parametrize("probability", [0.3, 0.87])
def test_starts_near_the_initial_probability(probability):
    gate = tfgate.ExitGate(initial_open_probability=probability, filters=32, seed=1)
    opened = gate(make_images((16, 16), count=32), training=True)["probability"]
    np.testing.assert_allclose(opened, probability, atol=0.05)


def test_all_weights_are_marked_and_trained():
    gate = tfgate.ExitGate(filters=4, seed=1)
    images = make_images((8, 8))
    gate(images)
    builders.randomize(gate)
    assert len(gate.trainable_variables) == 8
    assert all(is_gate_parameter(v) for v in gate.trainable_variables)
    variables = [v.value for v in gate.trainable_variables]
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(gate(images, training=True)["probability"])
    for gradient in tape.gradient(total, variables):
        assert np.abs(gradient).max() > 0.0


def test_serialization():
    gate = tfgate.ExitGate(filters=4, initial_open_probability=0.6, seed=2, name="g")
    config = keras.saving.serialize_keras_object(gate)
    assert config["registered_name"] == "tfgate>ExitGate"
    copy = keras.saving.deserialize_keras_object(config)
    assert copy.get_config() == gate.get_config()
    assert (copy.filters, copy.initial_open_probability) == (4, 0.6)


def test_computes_in_float32(mixed_bfloat16):
    gate = tfgate.ExitGate(filters=4)
    outputs = gate(tf.cast(make_images((8, 8)), tf.bfloat16))
    assert {o.dtype for o in outputs.values()} == {tf.float32}
    assert {v.dtype for v in gate.trainable_variables} == {"float32"}


@pytest.mark.parametrize("shape", [(None, 8, 3), (None, None, 8, 3), (None, 4)])
def test_input_of_another_shape(shape):
    with pytest.raises(ValueError, match="'leave'.*fixed sizes, got"):
        tfgate.ExitGate(name="leave").build(shape)


def test_too_few_filters():
    with pytest.raises(ValueError, match="filters >= 1, got 0"):
        tfgate.ExitGate(filters=0)
