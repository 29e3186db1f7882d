"""Task losses image by image: their mean is the compiled loss."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgate.throttling.image_losses import check_task_loss
from tfgate.throttling.image_losses import image_losses

GENERATOR = np.random.default_rng(0)
SHARES = GENERATOR.dirichlet(np.ones(4), size=5).astype("float32")
OTHERS = GENERATOR.dirichlet(np.ones(4), size=5).astype("float32")
CLASSES = GENERATOR.integers(0, 4, size=5)
MAPS = GENERATOR.normal(size=(2, 5, 3, 3, 2)).astype("float32")


def squares(y, predictions):
    return tf.reduce_sum((y - predictions) ** 2, axis=-1)


def scalar(y, predictions):
    return tf.reduce_mean(y - predictions)


CASES = {
    "name": ("sparse_categorical_crossentropy", CLASSES, SHARES),
    "choice of Keras": ("crossentropy", CLASSES, SHARES),
    "object": (
        keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        OTHERS,
        SHARES,
    ),
    "function": (squares, OTHERS, SHARES),
    "labels of another rank": ("mse", OTHERS[:, 0], SHARES[:, :1]),
    "many values for an image": ("mae", MAPS[0], MAPS[1]),
}


def compiled(loss, y, predictions, sample_weight=None, loss_weights=None):
    """A model's compiled loss, called once, and its value."""
    inputs = keras.Input(predictions.shape[1:])
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    model.compile(loss=loss, loss_weights=loss_weights)
    value = model.compute_loss(None, y, tf.constant(predictions), sample_weight)
    return model._compile_loss, float(value)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_the_mean_is_the_compiled_loss(case, weighted):
    loss, y, predictions = CASES[case]
    sample_weight = None
    if weighted:
        sample_weight = tf.constant([0.0, 1.0, 2.0, 0.5, 1.0])
        if predictions.ndim > 2:
            sample_weight = tf.reshape(sample_weight, (5, 1, 1))
    y = tf.constant(y)
    compile_loss, value = compiled(loss, y, predictions, sample_weight, [0.5])
    found = image_losses(compile_loss, y, tf.constant(predictions), sample_weight)
    assert found.shape == (5,)
    assert found.dtype == tf.float32
    assert float(tf.reduce_mean(found)) == pytest.approx(value, rel=1e-5)
    if weighted:
        assert float(found[0]) == 0.0


def test_cross_entropy_in_numpy():
    compile_loss, _ = compiled("sparse_categorical_crossentropy", CLASSES, SHARES)
    found = image_losses(compile_loss, CLASSES, tf.constant(SHARES), None)
    expected = -np.log(SHARES[np.arange(5), CLASSES])
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_compiled_loss_stays_as_it_was():
    compile_loss, value = compiled("mse", OTHERS, SHARES)
    image_losses(compile_loss, OTHERS, tf.constant(SHARES), None)
    again = compile_loss(OTHERS, tf.constant(SHARES))
    assert float(again) == pytest.approx(value)


def test_a_loss_without_images():
    compile_loss, _ = compiled(scalar, OTHERS, SHARES)
    with pytest.raises(ValueError, match="value for each image.*got a scalar"):
        image_losses(compile_loss, OTHERS, tf.constant(SHARES), None)


@pytest.mark.parametrize(
    ("loss", "outputs", "message"),
    [
        (None, 1, "got 1 and 0"),
        (["mse", "mse"], 1, "got 1 and 2"),
        ("mse", 2, "got 2 and 1"),
        (keras.losses.MeanSquaredError(reduction="sum"), 1, "got 'sum'"),
        (
            keras.losses.MeanSquaredError(reduction="mean_with_sample_weight"),
            1,
            "got 'mean_with_sample_weight'",
        ),
        (keras.losses.MeanSquaredError(reduction=None), 1, "got None"),
    ],
)
def test_refused_losses(loss, outputs, message):
    with pytest.raises(ValueError, match=message):
        check_task_loss(loss, [SHARES] * outputs)


@pytest.mark.parametrize("loss", ["mse", keras.losses.MeanSquaredError(), scalar])
def test_accepted_losses(loss):
    assert check_task_loss(loss, SHARES) is None
