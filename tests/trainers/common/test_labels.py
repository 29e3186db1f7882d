"""Labels as numbers and as shares train and measure the same."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.trainers.builders import toy_dataset
from tests.trainers.builders import toy_settings
from tests.trainers.common import test_loop
from trainers.common import labels
from trainers.common import parts
from trainers.common.loop import Loop
from trainers.common.strategy import Distribution

BATCH = 8


def one_hot(dataset):
    """The same data set with one-hot labels for training."""

    def train(*arguments, **keywords):
        return dataset.train(*arguments, **keywords).map(
            lambda x, y: (x, tf.one_hot(y, len(dataset.labels)))
        )

    return dataclasses.replace(dataset, train=train, one_hot=True)


def with_classes(count, **values):
    names = tuple(map(str, range(count)))
    return dataclasses.replace(toy_dataset(), labels=names, **values)


def test_the_loss_of_smoothed_labels_is_the_closed_form():
    settings = toy_settings(dataset="imagenet2012", label_smoothing=0.1)
    loss = labels.loss(settings, with_classes(4, one_hot=True))
    logits = np.array([[1.0, 2.0, 0.5, -1.0]])
    numbers = np.array([[0.0, 1.0, 0.0, 0.0]])
    probabilities = np.exp(logits) / np.exp(logits).sum()
    shares = 0.9 * numbers + 0.1 / 4
    expected = -(shares * np.log(probabilities)).sum()
    assert float(loss(numbers, logits)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("mixed", [False, True])
def test_top5_counts_the_five_highest(mixed):
    dataset = with_classes(7, one_hot=mixed)
    numbers = np.array([0, 1, 2, 6])
    scores = np.tile(np.arange(7.0, dtype="float32"), (4, 1))  # 0 and 1 come last
    metric = labels.metrics(dataset)[1]
    assert metric.name == "top5_accuracy"
    metric.update_state(tf.one_hot(numbers, 7) if mixed else numbers, scores)
    assert float(metric.result()) == 0.5


def test_few_classes_have_no_top5():
    assert labels.metrics(with_classes(5)) == ["accuracy"] == labels.metrics()
    assert len(labels.metrics(with_classes(6))) == 2


def test_test_labels_are_those_of_the_loss():
    dataset = toy_dataset()
    assert labels.for_evaluation(dataset.test, dataset) is dataset.test
    changed = one_hot(dataset)
    _, shares = next(iter(labels.for_evaluation(changed.test, changed)(20)))
    _, numbers = next(iter(dataset.test(20)))
    assert shares.dtype == tf.float32 and shares.shape == (20, 2)
    np.testing.assert_array_equal(np.argmax(shares, 1), numbers)


def trained(dataset, strategy, gate_losses):
    """Weights after ten steps, the last of each epoch with fewer images."""
    distribution = Distribution(strategy)
    with strategy.scope():
        keras.utils.set_random_seed(3)
        loss = labels.loss(toy_settings(), dataset)
        model = test_loop.network(gate_losses, loss)
        model.optimizer.build(model.trainable_variables)
    loop = Loop(model, distribution)
    example = tf.zeros((1, 2)) if dataset.one_hot else tf.zeros((1,), tf.int32)
    loop.build((tf.zeros((1, 8, 8, 3)), example))
    loop.begin()
    logs = []
    for epoch in range(2):
        batches = parts.training(dataset, epoch, BATCH, distribution)
        logs.append(loop.train(batches, epoch, steps=5))
        test = labels.for_evaluation(dataset.test, dataset)
        logs.append(loop.evaluate(*parts.evaluation(test, 20, 6, distribution)))
    return [weight.numpy() for weight in model.weights], logs


@pytest.mark.parametrize("gated", [False, True], ids=["dense", "gated"])
def test_one_hot_labels_train_as_numbers_do(make_strategy, gated):
    """35 images in batches of 8: in the last one of 4 replicas has no image."""
    gate_losses = test_loop.GATE_LOSSES["rates"] if gated else None
    dataset = toy_dataset(35)
    expected = trained(dataset, tf.distribute.get_strategy(), gate_losses)
    changed = one_hot(dataset)
    for strategy in (tf.distribute.get_strategy(), make_strategy(4)):
        test_loop.assert_same(*trained(changed, strategy, gate_losses), *expected)
