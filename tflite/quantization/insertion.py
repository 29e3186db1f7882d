"""Puts fake quantization into a trained network, where int8 is to compute.

Convolutions and dense layers become `FakeQuantized`, and what comes out of a chain of
convolution, batch norm and ReLU, which TFLite joins to one operation, gets a range:
from the next convolution, or else from a `FakeQuant` behind the chain. So the branch of
a residual block is int8 from its first convolution to its last.

What flows between blocks stays float32. With int8 there, the operands of an IF are
float32 all the same, so every branch begins and ends with a conversion either way; and
sums of residuals would be rounded block after block, in front of the next gate. Gates
are left alone: they compare log odds in float32.
"""

import collections

import keras
import numpy as np

import tfgate
from tfgate.weights import assign_weights
from tflite.errors import InputError
from tflite.quantization.fake_quant import FakeQuant
from tflite.quantization.fake_quant import fake_quants
from tflite.quantization.fake_quantized import LAYERS
from tflite.quantization.fake_quantized import FakeQuantized

_BLOCKS = (tfgate.GatedResidual, tfgate.GatedConcat)
_RELUS = tuple(map(keras.activations.get, ("relu", "relu6")))


def insert(model):
    """Returns a copy of a model with fake quantization, not calibrated.

    Args:
        model: a `tfgate.GatedModel` whose blocks are residual branches or densely
            connected layers, or a functional `keras.Model`.

    Returns:
        A model of the same class, with copies of the weights.

    Raises:
        InputError: the model has other gated blocks.
    """
    if isinstance(model, tfgate.GatedModel):
        config = model.get_config()
        core = _functional(model.core)
        config["core"] = keras.saving.serialize_keras_object(core)
        copy = type(model).from_config(config)
    else:
        copy = _container(model)
    _copy_weights(model, copy)
    return copy


def _copy_weights(model, copy):
    ranges = {id(layer.range) for layer in fake_quants(copy)}
    pairs = list(
        zip(
            model.weights,
            (weight for weight in copy.weights if id(weight) not in ranges),
            strict=True,
        )
    )
    values = {id(new): old for old, new in pairs}
    for old, new in pairs:
        if (old.name, old.shape) != (new.name, new.shape):
            raise InputError(
                f"Expected a network whose copy has its weights, got {old.path!r} "
                f"where the copy has {new.path!r}."
            )
    # By assign_weights, which knows of layers that compute with constants of theirs.
    zeros = np.zeros(2, "float32")
    assign_weights(copy, [values.get(id(w), zeros) for w in copy.weights])


def _container(layer):
    """A copy of a layer or model with fake quantization, without weights."""
    if isinstance(layer, LAYERS):
        # On its own, as a branch: its output has no other range.
        return keras.Sequential(
            [FakeQuantized.wrap(layer), FakeQuant(name=f"{layer.name}_range")],
            name=f"{layer.name}_quantized",
        )
    if isinstance(layer, keras.Sequential):
        return _sequential(layer)
    if hasattr(layer, "_nodes_by_depth"):
        return _functional(layer)
    return type(layer).from_config(layer.get_config())


def _sequential(model):
    following = dict(zip(map(id, model.layers), model.layers[1:], strict=False))
    ends = _ends(model.layers, lambda layer: following.get(id(layer)))
    layers = []
    for layer in model.layers:
        layers.append(_layer(layer))
        if layer.name in ends:
            layers.append(FakeQuant(name=f"{layer.name}_range"))
    copy = keras.Sequential(layers, name=model.name)
    if model.built:
        copy.build(model.input_shape)
    return copy


def _functional(model):
    consumers = _consumers(model)
    ends = _ends(model.layers, lambda layer: consumers.get(id(layer)))

    def call(layer, *args, **kwargs):
        outputs = layer(*args, **kwargs)
        if layer.name in ends:
            return FakeQuant(name=f"{layer.name}_range")(outputs)
        return outputs

    return keras.models.clone_model(
        model,
        input_tensors=keras.tree.map_structure(_input, model.input),
        clone_function=_layer,
        call_function=call,
    )


def _input(tensor):
    # Keras' own clones forget that an input, such as u, may be missing.
    return keras.Input(
        batch_shape=tensor.shape,
        dtype=tensor.dtype,
        name=tensor.name,
        optional=tensor._keras_history.operation.optional,
    )


def _layer(layer):
    """A copy of a layer in a model, without weights."""
    if isinstance(layer, keras.layers.InputLayer) or not isinstance(layer, keras.Layer):
        return layer
    if isinstance(layer, LAYERS):
        return FakeQuantized.wrap(layer)
    if isinstance(layer, tfgate.GatedBlock):
        return _block(layer)
    return _container(layer)


def _block(block):
    if type(block) not in _BLOCKS:
        names = " or ".join(cls.__name__ for cls in _BLOCKS)
        raise InputError(
            f"Expected gated blocks of class {names} for int8, got {block.name!r} of "
            f"class {type(block).__name__}; use --quantize=dynamic, or make a plain "
            "network of it with tfgate.compact."
        )
    config = block.get_config()
    for name in block.layer_arguments:
        layer = getattr(block, name)
        if layer is not None:
            copy = type(layer).from_config(layer.get_config())
            config[name] = copy if name == "gate" else _container(layer)
    return type(block)(**config)


def _consumers(model):
    """Id of a layer -> the layer that alone reads its only output."""
    nodes = [node for depth in model._nodes_by_depth.values() for node in depth]
    readers = {}
    for node in nodes:
        for tensor in node.input_tensors:
            readers.setdefault(id(tensor), []).append(node.operation)
    for tensor in keras.tree.flatten(model.output):
        readers.setdefault(id(tensor), []).append(None)
    calls = collections.Counter(id(node.operation) for node in nodes)
    found = {}
    for node in nodes:
        here = readers.get(id(node.output_tensors[0]), [])
        alone = len(here) == len(node.output_tensors) == calls[id(node.operation)] == 1
        if alone:
            found[id(node.operation)] = here[0]
    return found


def _ends(layers, following):
    """Names of the layers behind which a range is missing.

    Args:
        layers: list of layers.
        following: function from a layer to the one that alone reads its output.
    """
    names = set()
    for layer in layers:
        if isinstance(layer, LAYERS):
            end = _end(layer, following)
            if not isinstance(following(end), LAYERS):
                names.add(end.name)
    return names


def _end(layer, following):
    """The last layer of what TFLite joins to one operation."""
    if layer.activation is not keras.activations.linear:
        return layer
    if isinstance(following(layer), keras.layers.BatchNormalization):
        layer = following(layer)
    after = following(layer)
    return after if _is_relu(after) else layer


def _is_relu(layer):
    if isinstance(layer, keras.layers.ReLU):
        plain = not layer.negative_slope and not layer.threshold
        return plain and layer.max_value in (None, 6)
    return isinstance(layer, keras.layers.Activation) and layer.activation in _RELUS
