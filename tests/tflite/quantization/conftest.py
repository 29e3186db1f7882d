"""A network whose gates and head have enough weights to be quantized."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate.builders import randomize
from tests.tflite import builders
from tflite import convert

CHANNELS = 72
SIZE = 8


def wide_network():
    """Two gated blocks of 72 filters on images of 8x8, random weights."""
    x = inputs = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Rescaling(1 / 64, offset=-2.0)(x)
    x = keras.layers.Conv2D(CHANNELS, 3, padding="same", name="stem")(x)
    x = keras.layers.ReLU(name="stem_relu")(x)
    for name in ("first", "second"):
        branch = [
            keras.layers.Conv2D(CHANNELS, 3, padding="same", name=f"{name}_1"),
            keras.layers.BatchNormalization(name=f"{name}_1_bn"),
            keras.layers.ReLU(name=f"{name}_relu"),
            keras.layers.Conv2D(CHANNELS, 3, padding="same", name=f"{name}_2"),
            keras.layers.BatchNormalization(name=f"{name}_2_bn"),
        ]
        x, _ = tfgate.GatedResidual(
            keras.Sequential(branch, name=f"{name}_branch"),
            tfgate.DependentGate(name=f"{name}_gate", seed=7),
            name=name,
        )(x)
    x = keras.layers.AveragePooling2D(2)(x)
    x = keras.layers.Flatten()(x)
    outputs = keras.layers.Dense(10, name="predictions")(x)
    model = tfgate.GatedModel(inputs, outputs, name="wide")
    randomize(model)
    builders.spread_decisions(model, wide_images())
    return model


def wide_images(samples=40):
    """Float32 `[40, 8, 8, 3]` in 0..255, each with a brightness of its own."""
    generator = np.random.default_rng(3)
    brightness = generator.uniform(60, 200, (samples, 1, 1, 3))
    noise = generator.normal(size=(samples, SIZE, SIZE, 3)) * 40
    return np.clip(brightness + noise, 0, 255).astype("float32")


@pytest.fixture(scope="session")
def wide():
    """The network."""
    return wide_network()


@pytest.fixture(scope="session")
def wide_files(wide, tmp_path_factory):
    """Function from convert's arguments to a file of it, converted once."""
    directory, made = tmp_path_factory.mktemp("wide"), {}

    def get(**arguments):
        key = tuple(sorted(arguments.items()))
        if key not in made:
            path = directory / f"{len(made)}.tflite"
            if arguments.get("quantize") == "int8":
                arguments |= {"calibration": wide_images()}
            arguments = {"gate_outputs": True} | arguments
            convert.convert(wide, path, **arguments)
            made[key] = path
        return made[key]

    return get
