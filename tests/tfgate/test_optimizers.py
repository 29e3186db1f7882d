"""SGD with coupled weight decay, against NumPy, and the decay of gates."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tfgate.gates import mark_gate_parameters
from tfgate.optimizers import SGD
from tfgate.optimizers import gate_weight_decay

START = np.array([1.0, -2.0, 3.0], "float32")
GRADIENTS = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
LEARNING_RATE = 0.1


def make_variables():
    """An ordinary variable and one of a gate, of the same values."""
    ordinary = keras.Variable(START, name="ordinary")
    gate = keras.Variable(START, name="gate")
    mark_gate_parameters([gate])
    return ordinary, gate


def numpy_sgd(decay, momentum, nesterov):
    """`v = m v - lr (g + decay w)`, `w += v`, or the Nesterov form."""
    weight, velocity = START.astype("float64"), np.zeros(3)
    for gradient in GRADIENTS:
        step = LEARNING_RATE * (gradient + decay * weight)
        velocity = momentum * velocity - step
        weight = weight + (momentum * velocity - step if nesterov else velocity)
    return weight


def run_steps(optimizer, variables, compiled):
    def step(gradient):
        optimizer.apply_gradients([(gradient, variable) for variable in variables])

    optimizer.build(list(variables))
    run = tf.function(step, autograph=False) if compiled else step
    for gradient in GRADIENTS:
        run(tf.constant(gradient))


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize(
    ("decay", "gate_decay"),
    [(0.0, 0.0), (0.2, 0.5), (0.2, 0.0), (0.0, 0.5), (0.2, None)],
)
def test_steps_against_numpy(decay, gate_decay, momentum, nesterov, compiled):
    ordinary, gate = make_variables()
    optimizer = SGD(
        LEARNING_RATE,
        momentum=momentum,
        nesterov=nesterov,
        weight_decay=decay,
        gate_weight_decay=gate_decay,
    )
    run_steps(optimizer, (ordinary, gate), compiled)
    expected = numpy_sgd(decay, momentum, nesterov)
    np.testing.assert_allclose(ordinary.numpy(), expected, rtol=1e-5, atol=1e-6)
    gate_decay = decay if gate_decay is None else gate_decay
    expected = numpy_sgd(gate_decay, momentum, nesterov)
    np.testing.assert_allclose(gate.numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("replicas", [2, 4])
def test_replicas_decay_once(make_strategy, replicas):
    """Keras sums the gradients of replicas; the decay must not be summed with them."""
    strategy = make_strategy(replicas)
    with strategy.scope():
        ordinary, gate = make_variables()
        optimizer = SGD(LEARNING_RATE, weight_decay=0.2, gate_weight_decay=0.5)
        optimizer.build([ordinary, gate])

    @tf.function(autograph=False)
    def step(gradient):
        strategy.run(
            lambda: optimizer.apply_gradients(
                [(gradient / replicas, variable) for variable in (ordinary, gate)]
            )
        )

    for gradient in GRADIENTS:
        step(tf.constant(gradient))
    np.testing.assert_allclose(
        ordinary.numpy(), numpy_sgd(0.2, 0.9, False), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(
        gate.numpy(), numpy_sgd(0.5, 0.9, False), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("gate_class", [tfgate.IndependentGate, tfgate.DependentGate])
def test_fit_decays_the_parameters_of_gates_alone(gate_class):
    """Without a gradient, learning rate 1: each step leaves (1 - decay) of a weight."""
    model = builders.tiny_model(gate=gate_class)
    builders.randomize(model)
    before = {w.path: w.numpy() for w in model.trainable_weights}
    model.compile(
        SGD(1.0, momentum=0.0, weight_decay=0.0, gate_weight_decay=0.25),
        "sparse_categorical_crossentropy",
        loss_weights=0.0,
    )
    model.fit(builders.make_images(4), builders.make_labels(4), batch_size=2, verbose=0)
    gate_weights = {w.path for gate in model.gates for w in gate.trainable_weights}
    assert len(gate_weights) == (3 if gate_class is tfgate.IndependentGate else 15)
    for weight in model.trainable_weights:
        kept = 0.75**2 if weight.path in gate_weights else 1.0
        np.testing.assert_allclose(
            weight.numpy(), kept * before[weight.path], rtol=1e-5, err_msg=weight.path
        )


def test_loss_scaling_leaves_the_decay_unscaled():
    variables = make_variables()
    inner = SGD(LEARNING_RATE, weight_decay=0.2, gate_weight_decay=0.5)
    optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=8.0)
    optimizer.build(list(variables))
    for gradient in GRADIENTS:
        scaled = optimizer.scale_loss(tf.constant(gradient))
        optimizer.apply_gradients([(scaled, variable) for variable in variables])
    for variable, decay in zip(variables, (0.2, 0.5), strict=True):
        expected = numpy_sgd(decay, 0.9, False)
        np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_learning_rate_schedule():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], [0.5, 0.25])
    ordinary, gate = make_variables()
    optimizer = SGD(schedule, momentum=0.0, weight_decay=0.2, gate_weight_decay=0.4)
    run_steps(optimizer, (ordinary, gate), compiled=False)
    for variable, decay in ((ordinary, 0.2), (gate, 0.4)):
        expected = START.astype("float64")
        for gradient, rate in zip(GRADIENTS, [0.5, 0.5, 0.25, 0.25], strict=True):
            expected = expected - rate * (gradient + decay * expected)
        np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-5)


def test_keras_decoupled_decay_is_off():
    assert SGD(weight_decay=0.1).weight_decay is None


@pytest.mark.parametrize("argument", ["weight_decay", "gate_weight_decay"])
def test_negative_decay(argument):
    with pytest.raises(ValueError, match=argument):
        SGD(**{argument: -1e-4})


@pytest.mark.parametrize("gate_decay", [None, 0.0, 0.3])
def test_serialization(gate_decay):
    optimizer = SGD(
        0.05, 0.8, nesterov=True, weight_decay=0.1, gate_weight_decay=gate_decay
    )
    config = keras.saving.serialize_keras_object(optimizer)
    assert config["registered_name"] == "tfgate>SGD"
    copy = keras.saving.deserialize_keras_object(config)
    assert copy.get_config() == optimizer.get_config()
    variables, copied = make_variables(), make_variables()
    run_steps(optimizer, variables, compiled=False)
    run_steps(copy, copied, compiled=False)
    for variable, other in zip(variables, copied, strict=True):
        np.testing.assert_array_equal(variable.numpy(), other.numpy())


class TestGateWeightDecay:
    @pytest.mark.parametrize("count", [1, 3])
    def test_is_20_over_the_number_of_gates(self, count):
        model = builders.tiny_model(names=[f"g{index}" for index in range(count)])
        assert gate_weight_decay(model, 1e-4) == pytest.approx(20.0 / count * 1e-4)

    def test_model_without_gates(self):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        with pytest.raises(ValueError, match="model with gates"):
            gate_weight_decay(model, 1e-4)
