"""Small layers of compacted networks."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgate.layers import ChannelBias
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
    with pytest.raises(ValueError, match="channels < 3.*got 4"):
        SelectChannels([0, 4])(np.ones((1, 3)))


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
