import keras
import numpy as np
import pytest

import tfgate
from tflite import source


def starting_with(layer):
    inputs = keras.Input((8, 8, 3))
    x = inputs if layer is None else layer(inputs)
    return keras.Model(inputs, keras.layers.Conv2D(2, 1)(x))


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Normalization(mean=[10.0, 20.0, 30.0], variance=[4.0, 9.0, 16.0]),
        keras.layers.Normalization(mean=120.0, variance=3600.0),
        keras.layers.Rescaling(1 / 127.5, offset=-1.0),
        keras.layers.Rescaling(1 / 255),
    ],
)
def test_normalization_says_what_the_first_layer_does(layer):
    described = source.normalization(starting_with(layer))
    assert described["in_graph"] is True
    images = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype("float32")
    expected = keras.ops.convert_to_numpy(layer(images))
    normalized = (images - described["mean"]) / described["std"]
    np.testing.assert_allclose(normalized, expected, atol=1e-4)


def test_networks_without_normalization():
    expected = {"in_graph": False, "mean": None, "std": None}
    assert source.normalization(starting_with(None)) == expected


def test_gated_networks_are_described_alike():
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    model = tfgate.applications.CifarResNet(20, input_tensor=x, gate="independent")
    described = source.normalization(model)
    assert described == {"in_graph": True, "mean": [0.0], "std": [255.0]}


def test_float32_models_are_not_copied():
    model = starting_with(None)
    assert source.in_float32(model) is model
