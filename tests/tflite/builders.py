"""A small gated network on 32x32 images, whose gates decide image by image."""

import keras
import numpy as np

import tfgate
from tests.tfgate.builders import randomize
from tests.tfgate.builders import set_open_probability

NAMES = ("first", "second", "third")
CLASSES = 10


def network(gate=tfgate.DependentGate, block=tfgate.GatedResidual, **gate_arguments):
    """Three residual blocks of 8 filters behind a normalization of 0..255.

    The second block halves the size, with a projection as shortcut.

    Args:
        gate: class of the gates; None builds the dense twin.
        block: class of the blocks.
        **gate_arguments: passed to every gate.
    """
    gate_arguments.setdefault("seed", 7)
    inputs = keras.Input((32, 32, 3), name="image")
    x = keras.layers.Normalization(mean=[90.0, 100.0, 110.0], variance=[3600.0] * 3)(
        inputs
    )
    x = _convolution("stem", 4, 3)(x)
    x = keras.layers.ReLU()(x)
    for index, name in enumerate(NAMES):
        strides = 2 if index == 1 else 1
        branch = keras.Sequential(
            [
                _convolution(f"{name}_1", strides),
                keras.layers.BatchNormalization(name=f"{name}_bn"),
                keras.layers.ReLU(name=f"{name}_relu"),
                _convolution(f"{name}_2"),
            ],
            name=f"{name}_branch",
        )
        shortcut = _convolution(f"{name}_0", 2, 1) if strides == 2 else None
        if gate is None:
            skip = x if shortcut is None else shortcut(x)
            x = keras.layers.ReLU()(keras.layers.Add()([skip, branch(x)]))
        else:
            x, _ = block(
                branch,
                gate(name=f"{name}_gate", **gate_arguments),
                shortcut=shortcut,
                name=name,
            )(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    outputs = keras.layers.Dense(CLASSES, name="predictions")(x)
    model_class = keras.Model if gate is None else tfgate.GatedModel
    return model_class(inputs, outputs, name="tiny")


def dependent(images, **arguments):
    """A network of random weights whose gates open for half of the images."""
    model = network(**arguments)
    randomize(model)
    spread_decisions(model, images)
    return model


def independent():
    """A network of random weights; first and third block are open, the second not."""
    model = network(tfgate.IndependentGate)
    randomize(model)
    for gate, probability in zip(model.gates, (0.9, 0.2, 0.7), strict=True):
        set_open_probability(gate, probability)
    return model


def dense():
    """A network of random weights without gates."""
    model = network(None)
    randomize(model)
    return model


def spread_decisions(model, images, scale=2.0):
    """Makes every dependent gate's log odds vary around 0 over the images.

    Args:
        model: `tfgate.GatedModel` with dependent gates.
        images: `[images, height, width, channels]`.
        scale: standard deviation of the log odds.
    """
    for gate in model.gates:
        log_odds = _log_odds(model, gate, images)
        last = gate.logits_dense
        last.kernel.assign(last.kernel * (scale / np.std(log_odds)))
        # Between two images, so that no decision hangs on a rounding error.
        ordered = np.sort(_log_odds(model, gate, images))
        middle = len(ordered) // 2
        widest = middle - 2 + np.argmax(np.diff(ordered[middle - 2 : middle + 3]))
        boundary = (ordered[widest] + ordered[widest + 1]) / 2
        last.bias.assign(last.bias - np.array([0.0, boundary], "float32"))


def poison(block):
    """Makes everything that a block's branch computes NaN."""
    for layer in block.branch.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.kernel.assign(np.full(layer.kernel.shape, np.nan))


def _log_odds(model, gate, images):
    gates = model.core(images, training=False)["gates"]
    return keras.ops.convert_to_numpy(gates[gate.name]["logits"])[:, 0]


def _convolution(name, strides=1, size=3):
    return keras.layers.Conv2D(
        8, size, strides, padding="same", use_bias=False, name=name
    )
