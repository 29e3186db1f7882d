"""SGD and Adam with coupled weight decay, clipping and averages, against NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tfgate.gates import mark_gate_parameters
from tfgate.optimizers import SGD
from tfgate.optimizers import Adam
from tfgate.optimizers import LossScaleOptimizer
from tfgate.optimizers import averaged_weights
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


def numpy_adam(decay, epsilon=1e-8):
    """The decay joins the gradient, so the moments are of both together."""
    weight, mean, square = START.astype("float64"), np.zeros(3), np.zeros(3)
    for step, gradient in enumerate(GRADIENTS, start=1):
        total = gradient + decay * weight
        mean = 0.9 * mean + 0.1 * total
        square = 0.999 * square + 0.001 * total**2
        scaled = np.sqrt(square / (1 - 0.999**step)) + epsilon
        weight = weight - LEARNING_RATE * mean / (1 - 0.9**step) / scaled
    return weight


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    ("decay", "gate_decay"), [(0.0, 0.0), (0.2, 0.5), (0.0, 0.5), (0.2, None)]
)
def test_adam_against_numpy(decay, gate_decay, compiled):
    ordinary, gate = make_variables()
    optimizer = Adam(LEARNING_RATE, weight_decay=decay, gate_weight_decay=gate_decay)
    run_steps(optimizer, (ordinary, gate), compiled)
    np.testing.assert_allclose(ordinary.numpy(), numpy_adam(decay), rtol=1e-4)
    own = decay if gate_decay is None else gate_decay
    np.testing.assert_allclose(gate.numpy(), numpy_adam(own), rtol=1e-4)
    assert optimizer.weight_decay is None  # Keras' decoupled one


@pytest.mark.parametrize("kind", [SGD, Adam])
@pytest.mark.parametrize("gate_decay", [None, 0.0, 0.3])
def test_serialization(kind, gate_decay):
    own = {"momentum": 0.8, "nesterov": True} if kind is SGD else {"beta_1": 0.8}
    optimizer = kind(0.05, **own, weight_decay=0.1, gate_weight_decay=gate_decay)
    config = keras.saving.serialize_keras_object(optimizer)
    assert config["registered_name"] == f"tfgate>{kind.__name__}"
    copy = keras.saving.deserialize_keras_object(config)
    assert copy.get_config() == optimizer.get_config()
    variables, copied = make_variables(), make_variables()
    run_steps(optimizer, variables, compiled=False)
    run_steps(copy, copied, compiled=False)
    for variable, other in zip(variables, copied, strict=True):
        np.testing.assert_array_equal(variable.numpy(), other.numpy())


def strategy_of(make_strategy, replicas):
    return tf.distribute.get_strategy() if replicas == 1 else make_strategy(replicas)


def replica_steps(strategy, optimizer, variables, parts):
    """Applies gradients `[step, replica, ...]`, each of them to all variables."""

    @tf.function(autograph=False)
    def step(gradient):
        strategy.run(
            lambda own: optimizer.apply_gradients([(own, v) for v in variables]),
            args=(gradient,),
        )

    for gradients in parts:
        step(
            strategy.experimental_distribute_values_from_function(
                lambda context, gradients=gradients: tf.constant(
                    gradients[context.replica_id_in_sync_group]
                )
            )
        )


def shares(replicas, seed=0):
    """GRADIENTS as sums of very different gradients of the replicas."""
    noise = np.random.default_rng(seed).normal(size=(4, replicas, 3)) * 5.0
    noise -= noise.mean(axis=1, keepdims=True)
    return (GRADIENTS[:, None] / replicas + noise).astype("float32")


def copies(strategy, variable):
    """A variable's values on all replicas."""
    return [v.numpy() for v in strategy.experimental_local_results(variable.value)]


class TestClipping:
    NORM = 2.0  # of the two variables' gradients together: two of four are longer
    DECAY = 0.2

    def expected(self):
        weight, velocity = START.astype("float64"), np.zeros(3)
        for gradient in GRADIENTS:
            norm = np.sqrt(2.0 * np.sum(gradient**2))
            gradient = gradient * min(1.0, self.NORM / norm) + self.DECAY * weight
            velocity = 0.9 * velocity - LEARNING_RATE * gradient
            weight = weight + velocity
        return weight

    def test_the_norm_divides_the_gradients(self):
        norms = np.sqrt(2.0 * np.sum(GRADIENTS**2, axis=1))
        assert 0 < np.sum(norms > self.NORM) < 4

    @pytest.mark.parametrize("scaled", [False, True], ids=["", "scaled"])
    @pytest.mark.parametrize("replicas", [1, 2, 4])
    def test_is_of_the_sum_over_replicas(self, make_strategy, replicas, scaled):
        """Each replica's own gradients are longer: the noise cancels in the sum.

        Weight decay joins after clipping, loss scaling is taken off before.
        """
        strategy = strategy_of(make_strategy, replicas)
        with strategy.scope():
            variables = make_variables()
            optimizer = SGD(
                LEARNING_RATE, weight_decay=self.DECAY, global_clipnorm=self.NORM
            )
            if scaled:
                optimizer = LossScaleOptimizer(optimizer, initial_scale=1024.0)
            optimizer.build(list(variables))
        parts = shares(replicas) * (1024.0 if scaled else 1.0)
        replica_steps(strategy, optimizer, variables, parts)
        for variable in variables:
            for copy in copies(strategy, variable):
                np.testing.assert_allclose(copy, self.expected(), rtol=1e-4, atol=1e-5)

    @pytest.mark.parametrize(
        ("arguments", "limit"),
        [
            ({"clipvalue": 0.5}, lambda g: np.clip(g, -0.5, 0.5)),
            (
                {"clipnorm": 1.0},
                lambda g: g / np.maximum(1.0, np.linalg.norm(g, axis=1, keepdims=True)),
            ),
        ],
        ids=["clipvalue", "clipnorm"],
    )
    def test_so_are_the_other_ways_to_clip(self, make_strategy, arguments, limit):
        strategy = make_strategy(2)
        with strategy.scope():
            variables = make_variables()
            optimizer = SGD(LEARNING_RATE, momentum=0.0, **arguments)
            optimizer.build(list(variables))
        replica_steps(strategy, optimizer, variables, shares(2))
        expected = START - LEARNING_RATE * np.sum(limit(GRADIENTS), axis=0)
        np.testing.assert_allclose(variables[0].numpy(), expected, rtol=1e-4)

    def test_a_gradient_that_is_not_finite_does_not_vanish(self):
        variables = make_variables()
        optimizer = SGD(LEARNING_RATE, global_clipnorm=1.0)
        optimizer.build(list(variables))
        bad = tf.constant([np.inf, 1.0, 1.0])
        optimizer.apply_gradients([(bad, variables[0]), (GRADIENTS[0], variables[1])])
        assert not np.isfinite(variables[1].numpy()).any()


class TestAverages:
    MOMENTUM = 0.75

    def optimizer(self, scaled):
        optimizer = SGD(LEARNING_RATE, use_ema=True, ema_momentum=self.MOMENTUM)
        if not scaled:
            return optimizer
        return LossScaleOptimizer(optimizer, initial_scale=1.0)

    def model(self):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        model.compile(self.optimizer(scaled=False), "mse")
        model.optimizer.build(model.trainable_variables)
        return model

    @pytest.mark.parametrize("scaled", [False, True], ids=["", "scaled"])
    @pytest.mark.parametrize("replicas", [1, 2])
    def test_are_the_same_on_all_replicas(self, make_strategy, replicas, scaled):
        strategy = strategy_of(make_strategy, replicas)
        with strategy.scope():
            variables = make_variables()
            optimizer = self.optimizer(scaled)
            optimizer.build(list(variables))
        weight, velocity = START.astype("float64"), np.zeros(3)
        average = None
        for gradient in GRADIENTS:
            velocity = 0.9 * velocity - LEARNING_RATE * gradient
            weight = weight + velocity
            if average is None:
                average = weight
            average = self.MOMENTUM * average + (1.0 - self.MOMENTUM) * weight
        replica_steps(strategy, optimizer, variables, shares(replicas))
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        for variable in inner._model_variables_moving_average:
            found = copies(strategy, variable)
            np.testing.assert_allclose(found[0], average, rtol=1e-4)
            assert all(np.array_equal(found[0], copy) for copy in found)

    def test_begin_as_the_weights(self):
        model = self.model()
        before = model.get_weights()
        with averaged_weights(model):
            assert all(map(np.array_equal, model.get_weights(), before))

    @pytest.mark.parametrize("replicas", [1, 2])
    def test_are_exchanged_to_the_last_bit(self, make_strategy, replicas):
        strategy = strategy_of(make_strategy, replicas)
        with strategy.scope():
            model = self.model()
        weights = model.trainable_variables
        averages = model.optimizer._model_variables_moving_average
        generator = np.random.default_rng(0)
        # Sums of numbers of such different size would be rounded.
        for variable in weights:
            variable.assign(generator.normal(size=variable.shape) * 1e6)
        for variable in averages:
            variable.assign(generator.normal(size=variable.shape))
        before = [[copies(strategy, v) for v in vs] for vs in (weights, averages)]
        with pytest.raises(KeyError), averaged_weights(model):
            inside = [[copies(strategy, v) for v in vs] for vs in (averages, weights)]
            raise KeyError
        after = [[copies(strategy, v) for v in vs] for vs in (weights, averages)]
        for found in (inside, after):
            keras.tree.map_structure(np.testing.assert_array_equal, found, before)

    def test_an_optimizer_without(self):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        model.compile(SGD(0.1), "mse")
        model.optimizer.build(model.trainable_variables)
        with pytest.raises(ValueError, match="SGD with use_ema=False"):
            averaged_weights(model).__enter__()


class TestLossScaling:
    @pytest.mark.parametrize("replicas", [1, 2])
    def test_an_overflow_anywhere_is_skipped_everywhere(self, make_strategy, replicas):
        strategy = strategy_of(make_strategy, replicas)
        with strategy.scope():
            variables = make_variables()
            optimizer = LossScaleOptimizer(
                SGD(LEARNING_RATE, use_ema=True), initial_scale=8.0
            )
            optimizer.build(list(variables))
        parts = np.ones((2, replicas, 3), "float32")
        parts[:, -1, 1] = np.inf  # of the last replica alone
        replica_steps(strategy, optimizer, variables, parts)
        for variable in variables:
            for copy in copies(strategy, variable):
                np.testing.assert_array_equal(copy, START)
        assert copies(strategy, optimizer.dynamic_scale) == [2.0] * replicas
        assert int(optimizer.iterations.numpy()) == 0

        replica_steps(strategy, optimizer, variables, 2.0 * shares(replicas))
        expected = numpy_sgd(0.0, 0.9, False)
        np.testing.assert_allclose(variables[0].numpy(), expected, rtol=1e-4)
        assert int(optimizer.iterations.numpy()) == 4

    def test_serialization(self):
        optimizer = LossScaleOptimizer(
            SGD(0.1, global_clipnorm=1.0, use_ema=True, ema_momentum=0.5),
            initial_scale=4.0,
        )
        config = keras.saving.serialize_keras_object(optimizer)
        assert config["registered_name"] == "tfgate>LossScaleOptimizer"
        copy = keras.saving.deserialize_keras_object(config)
        assert copy.get_config() == optimizer.get_config()
        assert type(copy.inner_optimizer) is SGD


class TestGateWeightDecay:
    @pytest.mark.parametrize("count", [1, 3])
    def test_is_20_over_the_number_of_gates(self, count):
        model = builders.tiny_model(names=[f"g{index}" for index in range(count)])
        assert gate_weight_decay(model, 1e-4) == pytest.approx(20.0 / count * 1e-4)

    def test_model_without_gates(self):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        with pytest.raises(ValueError, match="model with gates"):
            gate_weight_decay(model, 1e-4)
