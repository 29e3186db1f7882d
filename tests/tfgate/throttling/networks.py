"""Small gated networks of every kind that `tfgate.throttle` takes, and their images."""

import keras
import numpy as np

import tfgate
from tests.tfgate import builders

L = keras.layers
SIZE = 8
CLASSES = 3


def vgg():
    """Chains of gated filters; the first group of each layer is always open."""
    return tfgate.applications.CifarVGG(**_arguments(), groups=4)


def resnext():
    """Sums over paths."""
    return tfgate.applications.CifarResNeXt(
        **_arguments(), granularity="groups", depth=11, cardinality=4, group_width=4
    )


def resnet():
    """Residual blocks, two a stage, switched as a whole."""
    return tfgate.applications.CifarResNet(14, **_arguments())


def densenet():
    """Dense blocks of two layers."""
    return tfgate.applications.CifarDenseNet(**_arguments(), depth=16, growth=4)


def of_a_user():
    """A network of somebody else's, gated by `tfgate.gate_model`."""
    x = inputs = keras.Input((SIZE, SIZE, 3))
    x = L.Conv2D(6, 3, padding="same")(x)
    for index in range(3):
        y = L.Conv2D(6, 3, padding="same", name=f"conv{index}")(x)
        y = L.BatchNormalization(name=f"norm{index}")(y)
        x = L.ReLU()(L.Add(name=f"add{index}")([x, y]))
    x = L.GlobalAveragePooling2D()(x)
    outputs = L.Dense(CLASSES, activation="softmax", name="head")(x)
    return tfgate.gate_model(keras.Model(inputs, outputs), gate="independent")


EVERY = [vgg, resnext, resnet, densenet, of_a_user]


def _arguments():
    return {
        "input_shape": (SIZE, SIZE, 3),
        "classes": CLASSES,
        "gate": "independent",
        "seed": 5,
    }


def gated(make):
    """A gated network with random weights and statistics."""
    model = make()
    builders.randomize(model)
    return model


def tiny(**arguments):
    """A throttled `builders.tiny_model` of three residual blocks, the quickest one."""
    model = builders.tiny_model()
    builders.randomize(model)
    return tfgate.throttle(model, seed=3, **arguments)


def images(count=4, seed=0):
    return builders.make_images(count, seed)


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def gates(model, inputs, name, training=False):
    """One output of all gates side by side, `[batch, components]`."""
    found = model.core(inputs, training=training)["gates"]
    return np.concatenate([array(found[gate][name]) for gate in found], axis=1)


def normalised(modules, decisions):
    """Decisions times n / ||g||_1, in float64, by the words of the paper.

    Returns:
        (masks, scales): `[batch, components]` each; an always open part of a module
        has its scale as its mask.
    """
    scales = np.ones(decisions.shape)
    for module in modules:
        if module.axis == "depth":
            continue
        own = decisions[:, module.start : module.start + module.count]
        norm = own.sum(axis=1) + module.always_open
        scale = np.where(norm > 0, module.size / np.maximum(norm, 1.0), 0.0)
        scales[:, module.start : module.start + module.count] = scale[:, None]
    return decisions * scales, scales
