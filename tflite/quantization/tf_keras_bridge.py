"""Brings plain Keras 3 networks to tf_keras, the Keras 2 that tfmot still asks for.

Neither reads the other's files. The functional graph is walked node by node: each stock
layer is built again in tf_keras, of the arguments that both sides know, and gets the
weights. Nested models are flattened. There is no way back.
"""

import inspect

import keras
import numpy as np
import tensorflow as tf
import tf_keras

import tfgate
from tfgate.layers import ChannelBias
from tfgate.layers import GroupedConv2D
from tfgate.layers import SelectChannels
from tflite.errors import InputError

_STATISTICS = ("mean", "variance")
# What says how weights begin or are trained, in words that tf_keras does not know. The
# weights are copied, and fine-tuning has its own rules.
_LEFT_OUT = ("initializer", "regularizer", "constraint", "dtype", "trainable")


def to_tf_keras(model):
    """Builds a network in tf_keras, with the same weights.

    Args:
        model: a functional `keras.Model` with one input and one output, without gates,
            of stock layers and `tfgate.layers`.

    Returns:
        A `tf_keras.Model`, new at each call, as tfmot needs it. Its outputs are equal
        to 1e-5.

    Raises:
        InputError: the model has gates, or a layer that tf_keras has not.
    """
    if isinstance(model, tfgate.GatedModel):
        raise InputError(
            f"Expected a plain network, got {model.name!r} with gates: make one with "
            "tfgate.compact, or use --qat."
        )
    if not hasattr(model, "_nodes_by_depth"):
        raise InputError(
            f"Expected a functional network, got {model.name!r} of class "
            f"{type(model).__name__}."
        )
    (given,) = keras.tree.flatten(model.input)
    inputs = tf_keras.Input(given.shape[1:], name="images")
    layers = {}
    outputs = _walk(model, inputs, layers)
    bridged = tf_keras.Model(inputs, outputs, name=model.name)
    for old, new in layers.values():
        # Statistics are arguments of the twin already.
        if not isinstance(old, keras.layers.Normalization):
            new.set_weights(old.get_weights())
    return bridged


class ChannelSelection(tf_keras.layers.Layer):
    """`tfgate.layers.SelectChannels` in tf_keras; the same argument."""

    def __init__(self, channels, **kwargs):
        super().__init__(**kwargs)
        self.channels = list(channels)

    def call(self, inputs):
        zero = inputs.shape[-1]
        if None in self.channels:
            axes = len(inputs.shape)
            inputs = tf.pad(inputs, [[0, 0]] * (axes - 1) + [[0, 1]])
        picked = [zero if channel is None else channel for channel in self.channels]
        return tf.gather(inputs, picked, axis=-1)

    def get_config(self):
        return {**super().get_config(), "channels": self.channels}


class ChannelAddition(tf_keras.layers.Layer):
    """`tfgate.layers.ChannelBias` in tf_keras."""

    def build(self, input_shape):
        self.bias = self.add_weight(
            name="bias", shape=(input_shape[-1],), initializer="zeros"
        )

    def call(self, inputs):
        return inputs + self.bias


_CLASSES = {
    GroupedConv2D: tf_keras.layers.Conv2D,
    SelectChannels: ChannelSelection,
    ChannelBias: ChannelAddition,
}
CUSTOM_OBJECTS = {cls.__name__: cls for cls in (ChannelSelection, ChannelAddition)}


def _walk(model, inputs, layers):
    """Calls a functional model's layers in tf_keras, in order.

    Args:
        model: functional model, possibly a nested one.
        inputs: what stands for its one input in tf_keras.
        layers: dict, gets id of a layer -> (the layer, its twin).

    Returns:
        What stands for its one output.
    """
    (given,), (wanted,) = map(keras.tree.flatten, (model.input, model.output))
    known = {id(given): inputs}
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if isinstance(node.operation, keras.layers.InputLayer):
                continue
            arguments = keras.tree.map_structure(
                lambda tensor: known[id(tensor)], node.arguments.args[0]
            )
            outputs = _call(node.operation, arguments, layers)
            (output,) = node.output_tensors
            known[id(output)] = outputs
    return known[id(wanted)]


def _call(layer, inputs, layers):
    if isinstance(layer, keras.Sequential):
        layer = layer._functional
    if hasattr(layer, "_nodes_by_depth"):
        return _walk(layer, inputs, layers)
    if id(layer) not in layers:
        layers[id(layer)] = (layer, _twin(layer))
    return layers[id(layer)][1](inputs)


def _twin(layer):
    cls = _CLASSES.get(type(layer))
    if cls is None:
        cls = getattr(tf_keras.layers, type(layer).__name__, None)
        stock = type(layer) is getattr(keras.layers, type(layer).__name__, None)
        if cls is None or not stock:
            raise InputError(
                "Expected layers that tf_keras has, too, got "
                f"{getattr(layer, 'name', layer)!r} of class {type(layer).__name__}."
            )
    config = layer.get_config()
    accepted = [*inspect.signature(cls.__init__).parameters, "name"]
    arguments = {
        key: value
        for key, value in config.items()
        if key in accepted and not key.endswith(_LEFT_OUT)
    }
    if isinstance(layer, keras.layers.Normalization):
        arguments |= {key: np.array(getattr(layer, key)) for key in _STATISTICS}
    for key, value in arguments.items():
        if key == "activation" and isinstance(value, dict):
            raise InputError(
                f"Expected a stock activation of layer {layer.name!r}, got {value}."
            )
    return cls(**arguments)
