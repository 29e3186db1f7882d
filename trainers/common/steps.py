"""What a replica does with its part of a batch."""

import keras
import tensorflow as tf

import tfgate
from tfgate import distribution


def train_step(model):
    """The training step of a model, for `strategy.run`.

    The loss is the mean over the images of the global batch, whatever their number on
    each replica.

    Args:
        model: a compiled `tfgate.GatedModel` or `keras.Model`.

    Returns:
        A function from `(images, labels)` to a dict of metrics.
    """
    if isinstance(model, tfgate.GatedModel) or distribution.num_replicas() == 1:
        return model.train_step

    def step(data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        size = tf.shape(y)[0]
        with tf.GradientTape() as tape:
            predictions = distribution.first_rows(model(x, training=True), size)
            loss = model.compute_loss(x, y, predictions, sample_weight, training=True)
            _track(model, loss, size)
            weight = distribution.global_batch_weight(size)
            loss = model.optimizer.scale_loss(loss * tf.cast(weight, loss.dtype))
        variables = model.trainable_variables
        gradients = tape.gradient(loss, variables)
        model.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return model.compute_metrics(x, y, predictions, sample_weight)

    return step


def test_step(model):
    """The evaluation step of a model, for `strategy.run`; see `train_step`."""
    if isinstance(model, tfgate.GatedModel) or distribution.num_replicas() == 1:
        return model.test_step

    def step(data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        size = tf.shape(y)[0]
        predictions = distribution.first_rows(model(x, training=False), size)
        loss = model.compute_loss(x, y, predictions, sample_weight, training=False)
        _track(model, loss, size)
        return model.compute_metrics(x, y, predictions, sample_weight)

    return step


def _track(model, loss, size):
    # Keras has divided the loss by the number of replicas.
    loss = loss * distribution.num_replicas()
    model._loss_tracker.update_state(loss, sample_weight=size)
