"""The loop on one device is `fit`; on several it trains as on one."""

import time

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tests.trainers.builders import toy_dataset
from trainers.common import parts
from trainers.common.loop import Loop
from trainers.common.strategy import Distribution

BATCH = 8
EXAMPLES = 35  # four batches of 8 and one of 3: with 4 replicas one has no image
STEPS = 5
EPOCHS = 2  # ten steps
GATE_LOSSES = {
    "rates": [
        tfgate.PerBatch(0.3, coefficient=2.0),
        tfgate.PerGate([0.9, 0.2], coefficient=2.0),
        tfgate.Macs(0.85, coefficient=10.0),
        tfgate.PerBatch(tfgate.VariableTarget(0.1, STEPS), coefficient=3.0),
    ],
    "probabilities": [
        tfgate.BatchShaping(coefficient=4.0),
        tfgate.L0(0.5),
        tfgate.Polarization(2.0),
    ],
}


def averaged_clipped_and_scaled():
    """An optimizer that needs the gradients of the global batch."""
    optimizer = tfgate.optimizers.SGD(
        0.05,
        momentum=0.9,
        weight_decay=1e-3,
        global_clipnorm=0.5,
        use_ema=True,
        ema_momentum=0.75,
    )
    return tfgate.optimizers.LossScaleOptimizer(optimizer, initial_scale=256.0)


# Name -> arguments of `trained`, for two processes.
NETWORKS = {
    "dense": {},
    **{name: {"gate_losses": losses} for name, losses in GATE_LOSSES.items()},
    "averaged": {
        "gate_losses": GATE_LOSSES["rates"],
        "make_optimizer": averaged_clipped_and_scaled,
    },
}


def network(gate_losses=None, loss=None, estimator=None, optimizer=None):
    """Convolutions, synchronized batch norm and pooling; gates without noise."""
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Conv2D(4, 3, padding="same")(x)
    x = keras.layers.BatchNormalization(synchronized=True, momentum=0.8)(x)
    x = keras.layers.MaxPooling2D()(x)
    for name in "ab":
        branch = keras.Sequential(
            [
                keras.layers.DepthwiseConv2D(3, padding="same"),
                keras.layers.Conv2D(4, 1),
                keras.layers.BatchNormalization(synchronized=True, momentum=0.8),
            ]
        )
        if gate_losses is None:
            branch.build((None, 4, 4, 4))
            x = keras.layers.ReLU()(keras.layers.Add()([x, branch(x)]))
            continue
        gate = builders.LinearGate(
            name=name, seed=7, estimator=estimator or builders.MedianEstimator()
        )
        x, _ = tfgate.GatedResidual(branch, gate)(x)
    outputs = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x))
    regular = {} if gate_losses is None else {"gate_losses": gate_losses}
    model = (keras.Model if gate_losses is None else tfgate.GatedModel)(inputs, outputs)
    model.compile(
        optimizer or tfgate.optimizers.SGD(0.05, momentum=0.9, weight_decay=1e-3),
        loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
        **regular,
    )
    return model


def trained(strategy, **arguments):
    """Weights and metrics after ten steps in the loop, in one process."""
    return trained_by(Distribution(strategy), **arguments)


def trained_by(distribution, make_optimizer=None, **arguments):
    """Weights and metrics after ten steps in the loop."""
    dataset = toy_dataset(EXAMPLES)
    with distribution.strategy.scope():
        keras.utils.set_random_seed(3)
        optimizer = make_optimizer and make_optimizer()
        model = network(optimizer=optimizer, **arguments)
        model.optimizer.build(model.trainable_variables)
    loop = Loop(model, distribution)
    loop.build((tf.zeros((1, 8, 8, 3)), tf.zeros((1,), tf.int32)))
    loop.begin()
    history = []
    for epoch in range(EPOCHS):
        batches = parts.training(dataset, epoch, BATCH, distribution)
        history.append(loop.train(batches, epoch, STEPS))
        tested = loop.evaluate(*parts.evaluation(dataset.test, 20, 6, distribution))
        history.append(tested)
    loop.end(history[-1])
    return [weight.numpy() for weight in model.weights], history


def assert_same(weights, history, expected_weights, expected_history):
    for logs, expected in zip(history, expected_history, strict=True):
        assert logs == pytest.approx(expected, rel=1e-4, abs=1e-5)
    for weight, expected in zip(weights, expected_weights, strict=True):
        np.testing.assert_allclose(weight, expected, atol=1e-5)


@pytest.mark.parametrize("gated", [False, True], ids=["dense", "gated"])
def test_on_one_device_it_is_fit_to_the_last_bit(gated):
    arguments = {}
    if gated:
        arguments = {
            "gate_losses": GATE_LOSSES["rates"],
            "estimator": tfgate.estimators.GumbelSoftmax(),
        }
    weights, history = trained(tf.distribute.get_strategy(), **arguments)
    dataset = toy_dataset(EXAMPLES)
    keras.utils.set_random_seed(3)
    model = network(**arguments)
    expected = []
    for epoch in range(EPOCHS):
        logs = model.fit(
            dataset.train(epoch, BATCH),
            initial_epoch=epoch,
            epochs=epoch + 1,
            shuffle=False,
            verbose=0,
        )
        expected.append({name: value[0] for name, value in logs.history.items()})
        expected.append(model.evaluate(dataset.test(6), verbose=0, return_dict=True))
    assert history == expected
    for weight, other in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, other)


def test_a_smaller_last_batch_compiles_nothing_anew(make_strategy):
    for strategy in (tf.distribute.get_strategy(), make_strategy(2)):
        distribution = Distribution(strategy)
        dataset = toy_dataset(EXAMPLES)
        with strategy.scope():
            model = network()
            model.optimizer.build(model.trainable_variables)
        loop = Loop(model, distribution)
        loop.build((tf.zeros((1, 8, 8, 3)), tf.zeros((1,), tf.int32)))
        for epoch in range(2):
            batches = parts.training(dataset, epoch, BATCH, distribution)
            loop.train(batches, epoch, STEPS)
            loop.evaluate(*parts.evaluation(dataset.test, 20, 6, distribution))
        for function in (loop._train_function, loop._test_function):
            assert function.experimental_get_tracing_count() == 1


def test_evaluates_the_averages_and_ends_with_them():
    dataset, distribution = (
        toy_dataset(EXAMPLES),
        Distribution(tf.distribute.get_strategy()),
    )
    model = network(optimizer=averaged_clipped_and_scaled())
    model.optimizer.build(model.trainable_variables)
    loop = Loop(model, distribution)
    loop.begin()
    logs = loop.train(parts.training(dataset, 0, BATCH, distribution), 0, STEPS)
    trained = model.get_weights()
    tested = loop.evaluate(*parts.evaluation(dataset.test, 20, 6, distribution))
    assert all(map(np.array_equal, model.get_weights(), trained))
    raw = model.evaluate(dataset.test(6), verbose=0, return_dict=True)
    assert abs(tested["loss"] - raw["loss"]) > 1e-4
    loop.end(logs)
    averaged = model.evaluate(dataset.test(6), verbose=0, return_dict=True)
    assert averaged == tested


def test_the_times_of_the_steps_are_taken():
    dataset, distribution = (
        toy_dataset(EXAMPLES),
        Distribution(tf.distribute.get_strategy()),
    )
    model = network()
    loop = Loop(model, distribution)

    def slow(images, labels):
        return tf.numpy_function(_sleep, [images], tf.float32), labels

    batches = parts.training(dataset, 0, BATCH, distribution)
    loop.train(batches, 0, STEPS)
    spec = batches.element_spec[0]
    late = batches.map(slow).map(lambda x, y: (tf.ensure_shape(x, spec.shape), y))
    loop.train(late, 1, STEPS)
    assert 0.5 < loop.times.input_wait <= 1.0 and loop._times.input_bound


def _sleep(images):
    time.sleep(0.2)
    return images


def test_replicas_average_clip_and_scale_as_one_device(make_strategy):
    arguments = NETWORKS["averaged"]
    expected = trained(tf.distribute.get_strategy(), **arguments)
    assert_same(*trained(make_strategy(2), **arguments), *expected)


@pytest.mark.parametrize("gate_losses", [None, *GATE_LOSSES])
def test_replicas_train_as_one_device(make_strategy, gate_losses):
    """Batches of 8 and of 3, for 2 and 4 replicas: one of 4 has no image of its own.

    All losses of the epochs and of the evaluations are the same, and after 10 steps
    all weights, the statistics of batch norm among them.
    """
    arguments = {"gate_losses": GATE_LOSSES.get(gate_losses)}
    weights, history = trained(tf.distribute.get_strategy(), **arguments)
    if gate_losses:
        assert 0.1 < history[-2]["activation_rate"] < 0.9
        assert history[-2]["gate_loss"] > 0.05
    for replicas in (2, 4):
        found = trained(make_strategy(replicas), **arguments)
        assert_same(*found, weights, history)
