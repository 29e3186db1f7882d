"""GatedResidual: what is computed when the gate is open and when it is closed."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders


def images(count=6, channels=4):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, 8, 8, channels)).astype("float32")


def sequential_branch():
    return keras.Sequential(
        [
            keras.layers.Conv2D(4, 3, padding="same"),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Conv2D(4, 1),
        ]
    )


def functional_branch():
    inputs = keras.Input((8, 8, 4))
    left = keras.layers.Conv2D(4, 3, padding="same")(inputs)
    right = keras.layers.DepthwiseConv2D(3, padding="same")(inputs)
    return keras.Model(inputs, keras.layers.Add()([left, right]))


def single_layer_branch():
    return keras.layers.Conv2D(4, 3, padding="same")


def projection():
    return keras.layers.Conv2D(4, 1)


def sequential_projection():
    return keras.Sequential([projection(), keras.layers.BatchNormalization()])


BRANCHES = [sequential_branch, functional_branch, single_layer_branch]
SHORTCUTS = [None, projection, sequential_projection]
ACTIVATIONS = [
    "relu",
    None,
    "gelu",
    pytest.param(keras.activations.tanh, id="function"),
]


def make_block(branch=single_layer_branch, shortcut=None, probability=0.9, **arguments):
    gate = tfgate.IndependentGate(initial_open_probability=probability, seed=1)
    return tfgate.GatedResidual(
        branch(), gate, shortcut=shortcut and shortcut(), **arguments
    )


def image_gated_block(**arguments):
    """Opens for some images and closes for others, without noise."""
    gate = builders.LinearGate(estimator=builders.MedianEstimator(), seed=2, name="g")
    return tfgate.GatedResidual(single_layer_branch(), gate, **arguments)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shortcut", SHORTCUTS, ids=lambda s: s and s.__name__)
@pytest.mark.parametrize("branch", BRANCHES, ids=lambda b: b.__name__)
def test_open_is_the_sum_and_closed_is_the_shortcut(branch, shortcut, activation):
    block = make_block(branch, shortcut, activation=activation)
    inputs = images()
    block(inputs)
    builders.randomize(block)
    activate = keras.activations.get(activation)
    kept = inputs if shortcut is None else block.shortcut(inputs, training=False)
    added = block.branch(inputs, training=False)

    builders.set_open_probability(block.gate, 0.9)
    output, gate = block(inputs, training=False)
    np.testing.assert_array_equal(gate["decision"], np.ones((6, 1)))
    np.testing.assert_allclose(output, activate(kept + added), rtol=1e-5, atol=1e-6)

    builders.set_open_probability(block.gate, 0.1)
    output, gate = block(inputs, training=False)
    np.testing.assert_array_equal(gate["decision"], np.zeros((6, 1)))
    np.testing.assert_array_equal(output, activate(kept))
    assert np.abs(np.asarray(added)).max() > 0.1


@pytest.mark.parametrize("training", [True, False])
def test_each_image_has_its_own_decision(training):
    block = image_gated_block(activation=None)
    inputs = images(32)
    output, gate = block(inputs, training=training)
    opened = np.asarray(gate["decision"])[:, 0] == 1.0
    assert 0 < opened.sum() < 32
    both = inputs + np.asarray(block.branch(inputs))
    np.testing.assert_allclose(
        np.asarray(output)[opened], both[opened], rtol=1e-5, atol=1e-6
    )
    np.testing.assert_array_equal(np.asarray(output)[~opened], inputs[~opened])


@pytest.mark.parametrize("training", [True, False])
def test_training_reaches_branch_and_shortcut(training):
    block = make_block(sequential_branch, sequential_projection)
    block(images())
    norms = [block.branch.layers[1], block.shortcut.layers[1]]
    before = [norm.moving_mean.numpy() for norm in norms]
    block(images(), training=training)
    for norm, old in zip(norms, before, strict=True):
        assert np.array_equal(norm.moving_mean.numpy(), old) is not training


def test_gradient_of_branch_and_gate():
    """d/dW from open images only; d/dz is upstream times branch, summed."""
    block = image_gated_block(activation=None)
    inputs = images(16)
    block(inputs)
    upstream = np.random.default_rng(1).normal(size=inputs.shape).astype("float32")
    weights = [block.branch.bias.value, block.gate.kernel.value]
    with tf.GradientTape() as tape:
        output, gate = block(inputs, training=True)
        total = tf.reduce_sum(output * upstream)
    bias_gradient, kernel_gradient = tape.gradient(total, weights)
    decision = np.asarray(gate["decision"])
    assert 0.0 < decision.mean() < 1.0
    np.testing.assert_allclose(
        bias_gradient,
        np.sum(upstream * decision[:, :, None, None], axis=(0, 1, 2)),
        rtol=1e-4,
        atol=1e-5,
    )
    towards_open = np.sum(upstream * block.branch(inputs), axis=(1, 2, 3))[:, None]
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
    block = tfgate.GatedResidual(branch(4), gate, activation=None)
    output, gate_outputs = block(inputs)
    np.testing.assert_allclose(
        output, inputs + np.asarray(block.branch(inputs)), rtol=1e-5
    )
    assert tuple(gate_outputs["decision"].shape) == (3, 1)


def test_symbolic_outputs_have_the_shapes_of_the_real_ones():
    block = make_block(lambda: keras.layers.Conv2D(6, 3, 2), projection_to_six)
    output, gate = block(keras.Input((8, 8, 4)))
    real, real_gate = block(images())
    assert output.shape == (None, *real.shape[1:]) == (None, 3, 3, 6)
    assert {name: o.shape for name, o in gate.items()} == {
        name: (None, 1) for name in real_gate
    }


def projection_to_six():
    return keras.layers.Conv2D(6, 3, 2)


@pytest.mark.parametrize(
    ("branch", "shortcut"),
    [
        (lambda: keras.layers.Conv2D(6, 3, padding="same"), None),
        (lambda: keras.layers.Conv2D(4, 3, 2, padding="same"), None),
        (lambda: keras.layers.Conv2D(4, 3), projection),
        (single_layer_branch, projection_to_six),
    ],
    ids=["channels", "strides", "padding", "shortcut"],
)
def test_branch_and_shortcut_of_different_shapes(branch, shortcut):
    block = make_block(branch, shortcut, name="mismatched")
    with pytest.raises(ValueError, match=r"branch and shortcut.*mismatched.*got \("):
        block(keras.Input((8, 8, 4)))


def test_gate_of_several_components_is_refused():
    with pytest.raises(ValueError, match="1 component"):
        tfgate.GatedResidual(single_layer_branch(), tfgate.IndependentGate(2))


@pytest.mark.parametrize("gate", [None, "independent", keras.layers.Dense(1)])
def test_something_else_than_a_gate_is_refused(gate):
    with pytest.raises(ValueError, match="Expected gate to be a tfgate Gate"):
        tfgate.GatedResidual(single_layer_branch(), gate)


@pytest.mark.parametrize("gate_class", [tfgate.IndependentGate, tfgate.DependentGate])
def test_mixed_precision(gate_class, mixed_bfloat16):
    block = tfgate.GatedResidual(sequential_branch(), gate_class(seed=1))
    symbolic, _ = block(keras.Input((8, 8, 4)))
    output, gate = block(images(), training=False)
    assert output.dtype == tf.bfloat16
    assert symbolic.dtype == "bfloat16"
    assert {o.dtype for o in gate.values()} == {tf.float32}
    exact = block.branch(images(), training=False)
    exact = np.maximum(images() + np.asarray(tf.cast(exact, tf.float32)), 0.0)
    # bfloat16 has 8 significant bits.
    np.testing.assert_allclose(
        tf.cast(output, tf.float32), exact, rtol=2.0**-6, atol=2.0**-6
    )


class TestCosts:
    def test_one_product_of_the_whole_branch(self):
        block = make_block(sequential_branch)
        block(keras.Input((8, 8, 4)))
        (product,) = block.products()
        assert product.macs == 8 * 8 * 3 * 3 * 4 * 4 + 8 * 8 * 4 * 4
        (factor,) = product.factors
        assert (factor.gate, list(factor.weights)) == (block.gate.name, [1.0])
        assert factor.always == 0.0

    def test_macs_of_a_dependent_gate(self):
        gate = tfgate.DependentGate(hidden=16)
        block = tfgate.GatedResidual(single_layer_branch(), gate)
        block(keras.Input((8, 8, 4)))
        assert block.gate_macs() == 4 * 16 + 16 * 2

    def test_an_independent_gate_costs_nothing(self):
        block = make_block()
        block(keras.Input((8, 8, 4)))
        assert block.gate_macs() == 0

    def test_base_class_leaves_the_count_to_subclasses(self):
        with pytest.raises(NotImplementedError):
            tfgate.GatedBlock().products()


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shortcut", SHORTCUTS, ids=lambda s: s and s.__name__)
@pytest.mark.parametrize("branch", BRANCHES, ids=lambda b: b.__name__)
def test_serialization(branch, shortcut, activation):
    block = make_block(branch, shortcut, activation=activation, name="block")
    block(images())
    builders.randomize(block)
    config = keras.saving.serialize_keras_object(block)
    assert config["registered_name"] == "tfgate>GatedResidual"
    copy = keras.saving.deserialize_keras_object(config)
    copy(images())
    copy.set_weights(block.get_weights())
    expected, expected_gate = block(images(), training=False)
    output, gate = copy(images(), training=False)
    np.testing.assert_array_equal(output, expected)
    np.testing.assert_array_equal(gate["logits"], expected_gate["logits"])
    assert copy.name == "block"
    assert copy.gate.get_config() == block.gate.get_config()


def test_symbolic_gate_outputs_need_exactly_one_call():
    block = make_block(name="twice")
    with pytest.raises(ValueError, match=r"'twice' to be called once, got 0"):
        _ = block.gate_outputs
    x, gate = block(keras.Input((8, 8, 4)))
    assert {k: v is gate[k] for k, v in block.gate_outputs.items()} == {
        "logits": True,
        "probability": True,
        "decision": True,
    }
    block(x)
    with pytest.raises(ValueError, match=r"'twice' to be called once, got 2"):
        _ = block.gate_outputs
