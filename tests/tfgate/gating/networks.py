"""Small functional networks of stock layers, as users write them."""

import keras
import numpy as np
from keras import layers

from tests.tfgate.builders import randomize

SHAPE = (8, 8, 4)


def conv(name, filters=4, size=3, strides=1, **arguments):
    return layers.Conv2D(filters, size, strides, padding="same", name=name, **arguments)


def residual(x, name, filters=4, strides=1, squeeze=False, activation=True):
    """Two convolutions beside the identity or a projection; layers are `NAME_...`.

    Args:
        x: KerasTensor.
        name: begins the names of the layers.
        filters: number of output channels.
        strides: of the first convolution.
        squeeze: whether a squeeze-and-excite multiplies the branch.
        activation: whether a ReLU follows the addition.
    """
    shortcut = x
    if strides > 1 or filters != x.shape[-1]:
        shortcut = conv(f"{name}_0_conv", filters, 1, strides)(x)
        shortcut = layers.BatchNormalization(name=f"{name}_0_bn")(shortcut)
    y = conv(f"{name}_1_conv", filters, 3, strides)(x)
    y = layers.BatchNormalization(name=f"{name}_1_bn")(y)
    y = layers.ReLU(name=f"{name}_1_relu")(y)
    y = conv(f"{name}_2_conv", filters)(y)
    if squeeze:
        weight = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_pool")(y)
        weight = conv(f"{name}_excite", filters, 1, activation="sigmoid")(weight)
        y = layers.Multiply(name=f"{name}_multiply")([y, weight])
    y = layers.Add(name=f"{name}_add")([shortcut, y])
    return layers.ReLU(name=f"{name}_out")(y) if activation else y


def network(name="net", **first):
    """Three blocks, `a`, `b` and `c`; the second is a projection.

    Args:
        name: name of the model.
        **first: arguments of the first block.
    """
    inputs = keras.Input(SHAPE, name=f"{name}_images")
    x = conv("stem")(inputs)
    x = residual(x, "a", **first)
    x = residual(x, "b", filters=6, strides=2)
    x = residual(x, "c", filters=6)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, layers.Dense(3, name="head")(x), name=name)


def randomized(model, seed=0):
    """Random weights and batch norm statistics; returns the model."""
    randomize(model, seed)
    return model


def images(count=5, shape=SHAPE, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(count, *shape)).astype("float32")


def outputs(model, x):
    """What a model gives, as a flat list of NumPy arrays."""
    flat = keras.tree.flatten(model(x, training=False))
    return [keras.ops.convert_to_numpy(keras.ops.cast(y, "float32")) for y in flat]


def assert_same(model, other, x):
    """Asserts that two models give the same numbers, to the last bit."""
    for one, two in zip(outputs(model, x), outputs(other, x), strict=True):
        assert np.abs(one).max() > 0.0
        np.testing.assert_array_equal(one, two)
