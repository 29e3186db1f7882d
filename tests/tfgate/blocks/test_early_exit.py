"""EarlyExit: a classifier and a gate on the way."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders


def make_classifier():
    return keras.Sequential(
        [
            keras.layers.BatchNormalization(),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, dtype="float32"),
        ]
    )


def make_block(**arguments):
    gate = tfgate.DependentGate(seed=1, name="leave_exit_gate")
    return tfgate.EarlyExit(make_classifier(), gate, name="leave", **arguments)


def images(count=5):
    return builders.make_images(count)


def test_gives_what_classifier_and_gate_give():
    block = make_block()
    output, gate = block(images())
    np.testing.assert_array_equal(output, block.classifier(images()))
    expected = block.gate(images())
    assert set(gate) == set(expected)
    for name in gate:
        np.testing.assert_array_equal(gate[name], expected[name])


@pytest.mark.parametrize("training", [True, False])
def test_training_reaches_the_classifier(training):
    block = make_block()
    block(images())
    norm = block.classifier.layers[0]
    before = norm.moving_mean.numpy()
    block(images(), training=training)
    assert np.array_equal(norm.moving_mean.numpy(), before) is not training


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_symbolic_outputs_have_the_shapes_and_types_of_the_real_ones(precision):
    keras.config.set_dtype_policy(precision)
    try:
        block = make_block()
        output, gate = block(keras.Input((8, 8, 3)))
        real, real_gate = block(images())
    finally:
        keras.config.set_dtype_policy("float32")
    assert (output.shape, output.dtype) == ((None, 3), "float32")
    assert (tuple(real.shape), real.dtype) == ((5, 3), tf.float32)
    assert {n: (g.shape, g.dtype) for n, g in gate.items()} == {
        name: ((None, 1), "float32") for name in real_gate
    }


def test_counts():
    block = make_block()
    block(keras.Input((8, 8, 3)))
    assert block.products() == ()
    assert block.classifier_macs() == 3 * 3
    assert block.gate_macs() == 3 * 16 + 16 * 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"classifier": "dense"},
            "classifier to be a Keras layer, got 'dense'",
        ),
        ({"gate": None}, "Expected gate to be a tfgate Gate, got None"),
        ({"gate": tfgate.IndependentGate(2)}, "1 component for an early exit, got 2"),
        ({"gate": tfgate.StochasticDepth(0.5)}, "StochasticDepth, which averages"),
        ({"loss_weight": -0.1}, r"loss_weight >= 0, got -0\.1"),
        ({"loss_weight": float("nan")}, "loss_weight >= 0, got nan"),
    ],
)
def test_bad_arguments(change, message):
    arguments = {"classifier": make_classifier(), "gate": tfgate.IndependentGate()}
    with pytest.raises(ValueError, match=message):
        tfgate.EarlyExit(**(arguments | change))


def test_serialization():
    block = make_block(loss_weight=0.25)
    block(images())
    builders.randomize(block)
    config = keras.saving.serialize_keras_object(block)
    assert config["registered_name"] == "tfgate>EarlyExit"
    copy = keras.saving.deserialize_keras_object(config)
    copy(images())
    copy.set_weights(block.get_weights())
    expected, expected_gate = block(images(), training=False)
    output, gate = copy(images(), training=False)
    np.testing.assert_array_equal(output, expected)
    np.testing.assert_array_equal(gate["logits"], expected_gate["logits"])
    assert (copy.name, copy.loss_weight) == ("leave", 0.25)
