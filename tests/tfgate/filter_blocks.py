"""Blocks of gated filters of many shapes, and small networks of them."""

import itertools

import keras
import numpy as np

import tfgate
from tests.tfgate import builders

L = keras.layers

EVERYWHERE = ("input", "inner", "output", "shortcut")


def convolution(filters, size=3, strides=1, **arguments):
    arguments = {"padding": "same", "use_bias": False, **arguments}
    return L.Conv2D(filters, size, strides, **arguments)


def norm():
    return L.BatchNormalization(momentum=0.9, epsilon=1e-5)


def stage(*layers):
    return keras.Sequential(list(layers))


def basic(filters=8, inner=6, strides=1):
    """Stages of a basic block: convolution, norm, ReLU; convolution, norm."""
    return [
        stage(convolution(inner, 3, strides), norm(), L.ReLU()),
        stage(convolution(filters), norm()),
    ]


def bottleneck(filters=8, inner=6, strides=1):
    """Stages of 1x1, 3x3 and 1x1 convolutions."""
    return [
        stage(convolution(inner, 1, strides), norm(), L.ReLU()),
        stage(convolution(inner), norm(), L.ReLU()),
        stage(convolution(filters, 1), norm()),
    ]


def paths(filters=8, inner=6, strides=1, groups=3):
    """Stages of a ResNeXt block: 1x1 and grouped 3x3 in one, then 1x1."""
    return [
        stage(
            *(convolution(inner, 1), norm(), L.ReLU()),
            *(convolution(inner, 3, strides, groups=groups), norm(), L.ReLU()),
        ),
        stage(convolution(filters, 1), norm()),
    ]


def preactivation(filters=8, inner=6, strides=1, padding="same"):
    """Each stage begins with norm and ReLU: closed filters become constants."""
    return [
        stage(norm(), L.ReLU(), convolution(inner, 3, strides, padding=padding)),
        stage(norm(), L.ReLU(), convolution(filters, 3, padding=padding)),
    ]


def preactivation_1x1(filters=8, inner=6, strides=1):
    """The same with 1x1 convolutions, where no padding shows."""
    return [
        stage(norm(), L.ReLU(), convolution(inner, 1, strides)),
        stage(norm(), L.ReLU(), convolution(filters, 1), norm()),
    ]


def projection(filters=8, strides=1):
    return stage(convolution(filters, 1, strides), norm())


def make_block(stages, name="block", gate=tfgate.IndependentGate, **arguments):
    """A block of gated filters whose gate is called `{name}_gate`."""
    return tfgate.GatedFilters(
        stages,
        lambda components: gate(components, name=f"{name}_gate", seed=3),
        name=name,
        **arguments,
    )


def make_model(*blocks, channels=8, size=6):
    """A random network of blocks, without noise, and with a head of two classes."""
    x = inputs = keras.Input((size, size, channels))
    for block in blocks:
        x = block(x)[0]
    x = L.Flatten()(x)  # all positions count, those at the border too
    model = tfgate.GatedModel(inputs, L.Dense(2, name="head")(x))
    builders.randomize(model)
    return model


def decide(gate, decisions):
    """Makes an independent gate decide so for every image."""
    half = np.where(np.asarray(decisions) > 0, 2.0, -2.0)
    gate.component_logits.assign(np.stack([-half, half], axis=1))


def images(count=4, channels=8, size=6, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(count, size, size, channels)).astype("float32")


def random_decisions(components, seed, rate=0.5):
    return (np.random.default_rng(seed).uniform(size=components) < rate).astype(int)


def places_of(stages, projected):
    """All choices of places for a block."""
    places = [p for p in EVERYWHERE if p != "shortcut" or projected]
    return [
        chosen
        for count in range(1, len(places) + 1)
        for chosen in itertools.combinations(places, count)
    ]
