"""GatedConcat: what is appended when the gate is open and when it is closed."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders

NEW = 3


def images(count=6, channels=4):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, 8, 8, channels)).astype("float32")


def sequential_branch():
    return keras.Sequential(
        [
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Conv2D(5, 1),
            keras.layers.Conv2D(NEW, 3, padding="same"),
        ]
    )


def functional_branch():
    inputs = keras.Input((8, 8, 4))
    left = keras.layers.Conv2D(NEW, 3, padding="same")(inputs)
    right = keras.layers.Conv2D(NEW, 1)(inputs)
    return keras.Model(inputs, keras.layers.Add()([left, right]))


def single_layer_branch():
    return keras.layers.Conv2D(NEW, 3, padding="same")


BRANCHES = [sequential_branch, functional_branch, single_layer_branch]


def make_block(branch=single_layer_branch, probability=0.9, **arguments):
    gate = tfgate.IndependentGate(initial_open_probability=probability, seed=1)
    return tfgate.GatedConcat(branch(), gate, **arguments)


def image_gated_block(**arguments):
    """Opens for some images and closes for others, without noise."""
    gate = builders.LinearGate(estimator=builders.MedianEstimator(), seed=2, name="g")
    return tfgate.GatedConcat(single_layer_branch(), gate, **arguments)


@pytest.mark.parametrize("branch", BRANCHES, ids=lambda b: b.__name__)
def test_open_appends_the_branch_and_closed_appends_zeros(branch):
    block = make_block(branch)
    inputs = images()
    block(inputs)
    builders.randomize(block)
    added = np.asarray(block.branch(inputs, training=False))
    assert np.abs(added).max() > 0.1

    builders.set_open_probability(block.gate, 0.9)
    output, gate = block(inputs, training=False)
    np.testing.assert_array_equal(gate["decision"], np.ones((6, 1)))
    np.testing.assert_array_equal(output[..., :4], inputs)
    np.testing.assert_allclose(output[..., 4:], added, rtol=1e-5, atol=1e-6)

    builders.set_open_probability(block.gate, 0.1)
    output, gate = block(inputs, training=False)
    np.testing.assert_array_equal(gate["decision"], np.zeros((6, 1)))
    np.testing.assert_array_equal(output, np.pad(inputs, [(0, 0)] * 3 + [(0, NEW)]))


@pytest.mark.parametrize("training", [True, False])
def test_each_image_has_its_own_decision(training):
    block = image_gated_block()
    inputs = images(32)
    output, gate = block(inputs, training=training)
    opened = np.asarray(gate["decision"])[:, 0] == 1.0
    assert 0 < opened.sum() < 32
    np.testing.assert_array_equal(output[..., :4], inputs)
    appended = np.asarray(output[..., 4:])
    expected = np.asarray(block.branch(inputs))
    np.testing.assert_allclose(appended[opened], expected[opened], rtol=1e-5, atol=1e-6)
    assert not appended[~opened].any()


@pytest.mark.parametrize("training", [True, False])
def test_training_reaches_the_branch(training):
    block = make_block(sequential_branch)
    block(images())
    norm = block.branch.layers[0]
    before = norm.moving_mean.numpy()
    block(images(), training=training)
    assert np.array_equal(norm.moving_mean.numpy(), before) is not training


def test_gradient_of_branch_and_gate():
    """d/dW from open images only; d/dz is upstream times branch, summed."""
    block = image_gated_block()
    inputs = images(16)
    output, _ = block(inputs)
    upstream = np.random.default_rng(1).normal(size=output.shape).astype("float32")
    weights = [block.branch.bias.value, block.gate.kernel.value]
    with tf.GradientTape() as tape:
        output, gate = block(inputs, training=True)
        total = tf.reduce_sum(output * upstream)
    bias_gradient, kernel_gradient = tape.gradient(total, weights)
    decision = np.asarray(gate["decision"])
    assert 0.0 < decision.mean() < 1.0
    appended = upstream[..., 4:]
    np.testing.assert_allclose(
        bias_gradient,
        np.sum(appended * decision[:, :, None, None], axis=(0, 1, 2)),
        rtol=1e-4,
        atol=1e-5,
    )
    towards_open = np.sum(appended * block.branch(inputs), axis=(1, 2, 3))[:, None]
    probability = np.asarray(gate["probability"])
    slope = towards_open * probability * (1.0 - probability)
    pooled = inputs.mean(axis=(1, 2))
    np.testing.assert_allclose(
        kernel_gradient, pooled.T @ np.hstack([-slope, slope]), rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize(
    ("branch", "inputs"),
    [
        (keras.layers.Dense, np.ones((3, 4), "float32")),
        (
            lambda units: keras.layers.Conv1D(units, 3, padding="same"),
            np.ones((3, 5, 4), "float32"),
        ),
        (
            lambda units: keras.layers.Conv3D(units, 3, padding="same"),
            np.ones((3, 2, 3, 4, 4), "float32"),
        ),
    ],
    ids=["vector", "sequence", "volume"],
)
def test_any_number_of_axes(branch, inputs):
    gate = tfgate.DependentGate(initial_open_probability=0.9)
    block = tfgate.GatedConcat(branch(2), gate)
    output, gate_outputs = block(inputs)
    expected = np.concatenate([inputs, block.branch(inputs)], axis=-1)
    np.testing.assert_allclose(output, expected, rtol=1e-5)
    assert tuple(gate_outputs["decision"].shape) == (3, 1)


@pytest.mark.parametrize("size", [8, None])
def test_symbolic_outputs_have_the_shapes_of_the_real_ones(size):
    block = make_block()
    output, gate = block(keras.Input((size, size, 4)))
    real, real_gate = block(images())
    assert output.shape == (None, size, size, 7)
    assert tuple(real.shape) == (6, 8, 8, 7)
    assert {name: o.shape for name, o in gate.items()} == {
        name: (None, 1) for name in real_gate
    }


@pytest.mark.parametrize("training", [True, False])
def test_stochastic_depth_is_scaled_at_inference_only(training):
    gate = tfgate.StochasticDepth(0.4, seed=1)
    block = tfgate.GatedConcat(single_layer_branch(), gate)
    output, gate = block(images(32), training=training)
    decision = np.asarray(gate["decision"])[:, :, None, None]
    factor = decision if training else 0.4
    np.testing.assert_allclose(
        output[..., 4:], factor * np.asarray(block.branch(images(32))), atol=1e-6
    )
    assert training == (0.0 < decision.mean() < 1.0)


@pytest.mark.parametrize(
    "branch",
    [
        lambda: keras.layers.Conv2D(6, 3, 2, padding="same"),
        lambda: keras.layers.Conv2D(4, 3),
        keras.layers.GlobalAveragePooling2D,
    ],
    ids=["strides", "padding", "axes"],
)
def test_branch_of_another_shape(branch):
    block = make_block(branch, name="mismatched")
    with pytest.raises(ValueError, match=r"branch.*'mismatched'.*got \(.*\(None, 8, 8"):
        block(keras.Input((8, 8, 4)))


def test_gate_of_several_components_is_refused():
    with pytest.raises(ValueError, match="1 component.*got 2"):
        tfgate.GatedConcat(single_layer_branch(), tfgate.IndependentGate(2))


@pytest.mark.parametrize("gate", [None, "independent", keras.layers.Dense(1)])
def test_something_else_than_a_gate_is_refused(gate):
    with pytest.raises(ValueError, match="Expected gate to be a tfgate Gate"):
        tfgate.GatedConcat(single_layer_branch(), gate)


@pytest.mark.parametrize("branch", [None, "conv", np.tanh])
def test_something_else_than_a_branch_is_refused(branch):
    with pytest.raises(ValueError, match="Expected branch to be a Keras layer, got"):
        tfgate.GatedConcat(branch, tfgate.IndependentGate())


@pytest.mark.parametrize("gate_class", [tfgate.IndependentGate, tfgate.DependentGate])
def test_mixed_precision(gate_class, mixed_bfloat16):
    block = tfgate.GatedConcat(sequential_branch(), gate_class(seed=1))
    symbolic, _ = block(keras.Input((8, 8, 4)))
    output, gate = block(images(), training=False)
    assert output.dtype == tf.bfloat16
    assert symbolic.dtype == "bfloat16"
    assert {o.dtype for o in gate.values()} == {tf.float32}
    exact = np.asarray(tf.cast(block.branch(images(), training=False), tf.float32))
    # bfloat16 has 8 significant bits.
    np.testing.assert_allclose(
        tf.cast(output, tf.float32),
        np.concatenate([images(), exact], axis=-1),
        rtol=2.0**-7,
    )


def test_a_branch_of_another_precision_is_cast(mixed_bfloat16):
    branch = keras.layers.Conv2D(NEW, 1, dtype="float32")
    block = tfgate.GatedConcat(branch, tfgate.IndependentGate(seed=1))
    assert block(images())[0].dtype == tf.bfloat16


class TestCosts:
    def test_one_product_of_the_whole_branch(self):
        block = make_block(sequential_branch)
        block(keras.Input((8, 8, 4)))
        (product,) = block.products()
        assert product.macs == 8 * 8 * 4 * 5 + 8 * 8 * 3 * 3 * 5 * NEW
        (factor,) = product.factors
        assert (factor.gate, list(factor.weights)) == (block.gate.name, [1.0])
        assert factor.always == 0.0

    def test_macs_of_a_dependent_gate(self):
        gate = tfgate.DependentGate(hidden=16)
        block = tfgate.GatedConcat(single_layer_branch(), gate)
        block(keras.Input((8, 8, 4)))
        assert block.gate_macs() == 4 * 16 + 16 * 2


@pytest.mark.parametrize("branch", BRANCHES, ids=lambda b: b.__name__)
def test_serialization(branch):
    block = make_block(branch, name="block")
    block(images())
    builders.randomize(block)
    config = keras.saving.serialize_keras_object(block)
    assert config["registered_name"] == "tfgate>GatedConcat"
    copy = keras.saving.deserialize_keras_object(config)
    copy(images())
    copy.set_weights(block.get_weights())
    expected, expected_gate = block(images(), training=False)
    output, gate = copy(images(), training=False)
    np.testing.assert_array_equal(output, expected)
    np.testing.assert_array_equal(gate["logits"], expected_gate["logits"])
    assert copy.name == "block"
    assert copy.gate.get_config() == block.gate.get_config()
