"""Small layers of compacted networks."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgate.layers import ChannelBias
from tfgate.layers import GroupedConv2D
from tfgate.layers import SelectChannels


@pytest.mark.parametrize(
    "channels", [[2, 0], [0, 1, 2], [None, 1, None, 0], [None]], ids=str
)
@pytest.mark.parametrize("shape", [(2, 3), (2, 4, 3), (2, 4, 5, 3)], ids=len)
def test_selection_against_numpy(channels, shape):
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    zeros = np.zeros(shape[:-1], "float32")
    expected = np.stack([zeros if c is None else x[..., c] for c in channels], axis=-1)
    layer = SelectChannels(channels)
    np.testing.assert_array_equal(layer(x), expected)
    assert layer(keras.Input(shape[1:])).shape == (None, *expected.shape[1:])


def test_gradient_goes_to_the_selected_channels():
    x = tf.ones((2, 3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(SelectChannels([2, None, 2])(x) * [1.0, 10.0, 100.0])
    np.testing.assert_array_equal(tape.gradient(total, x), [[0.0, 0.0, 101.0]] * 2)


@pytest.mark.parametrize("channels", [[], [-1], [0, -2, None]], ids=str)
def test_no_channels(channels):
    with pytest.raises(ValueError, match="channels to be numbers >= 0 or None"):
        SelectChannels(channels)


def test_channels_that_the_input_lacks():
    with pytest.raises(ValueError, match=r"channels < 3.*got \[0, 4\]"):
        SelectChannels([0, 4])(np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"channels < 0.*got \[None\]"):
        SelectChannels([None]).build((1, 0))


def test_bias():
    layer = ChannelBias()
    layer(np.ones((1, 2)))
    layer.bias.assign([1.0, -2.0])
    np.testing.assert_array_equal(layer(np.ones((1, 2, 2))), [[[2.0, -1.0]] * 2])


@pytest.mark.parametrize("layer", [SelectChannels([1, None]), ChannelBias()])
def test_serialization(layer, mixed_bfloat16):
    x = np.ones((1, 4, 2))
    layer = type(layer)(**{**layer.get_config(), "dtype": layer.dtype_policy})
    copy = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    assert copy.get_config() == layer.get_config()
    np.testing.assert_array_equal(copy(x), layer(x))


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_grouped_convolution_is_that_of_keras(groups, strides, padding):
    arguments = {"filters": 8, "kernel_size": 3, "padding": padding}
    arguments |= {"groups": groups, "strides": strides, "activation": "tanh"}
    layers = [GroupedConv2D(**arguments), keras.layers.Conv2D(**arguments)]
    x = np.random.default_rng(0).normal(size=(2, 7, 6, 4)).astype("float32")
    x = tf.constant(x)
    for layer in layers:
        layer.build(x.shape)
    layers[0].set_weights(layers[1].get_weights())
    found = []
    for layer in layers:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            total = tf.reduce_sum(y * y)
        sources = [x, *(v.value for v in layer.trainable_variables)]
        found.append([y, *tape.gradient(total, sources)])
    for own, expected in zip(*found, strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-4, atol=1e-5)


def test_grouped_convolution_in_half_precision_and_saved(tmp_path):
    inputs = keras.Input((5, 5, 4))
    layer = GroupedConv2D(8, 3, groups=2, dtype="mixed_bfloat16")
    model = keras.Model(inputs, layer(inputs))
    x = np.ones((1, 5, 5, 4), "float32")
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(model(x))
    gradient = tape.gradient(total, layer.kernel.value)
    assert total.dtype == tf.bfloat16 and gradient.dtype == tf.float32
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(
        tf.cast(loaded(x), "float32"), tf.cast(model(x), "float32")
    )


def test_grouped_convolution_leaves_dilation_and_other_layouts_to_keras():
    x = tf.ones((1, 9, 9, 4))
    dilated = GroupedConv2D(4, 3, groups=2, dilation_rate=2, kernel_initializer="ones")
    np.testing.assert_allclose(dilated(x), np.full((1, 5, 5, 4), 18.0))
