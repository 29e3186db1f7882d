"""The trained network: loaded, checked, and described for the file's metadata."""

import keras
import numpy as np

import tfgate
from tfgate.weights import assign_weights
from tflite import files
from tflite.errors import InputError
from tflite.quantization.fake_quant import FakeQuant
from tflite.quantization.fake_quantized import FakeQuantized

# Layers of networks from `tflite.finetune`, which tfgate does not know.
_FINE_TUNED = {"FakeQuant": FakeQuant, "FakeQuantized": FakeQuantized}

_HALF_PRECISION = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16")


def load(path):
    """Loads a `.keras` file.

    Args:
        path: path of the file.

    Returns:
        `tfgate.GatedModel` or another `keras.Model`.

    Raises:
        InputError: the file does not exist, is damaged, or has unknown classes.
    """
    path = files.keras_archive(path, "--model")
    try:
        return keras.saving.load_model(path, compile=False, custom_objects=_FINE_TUNED)
    # A damaged archive fails in many ways: zipfile, json, h5py, Keras, ...
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise InputError(
            f"Expected --model to be a network that Keras and tfgate can load, got "
            f"{str(path)!r}: {reason}"
        ) from error


def check(model):
    """Checks that a model can be exported: one input of a fixed size, one output.

    Raises:
        InputError: it cannot.
    """
    if not isinstance(model, keras.Model):
        raise InputError(f"Expected a keras.Model, got {model!r}.")
    try:
        inputs = keras.tree.flatten(model.input)
        outputs = keras.tree.flatten(symbolic_outputs(model))
    except (AttributeError, ValueError):
        raise InputError(
            f"Expected a functional model, got {model.name!r} of class "
            f"{type(model).__name__}, whose input is not known."
        ) from None
    if isinstance(model, tfgate.ThrottledModel):
        inputs = inputs[:1]  # u may be one in the file, too
    if len(inputs) != 1 or len(outputs) != 1:
        raise InputError(
            f"Expected a model with one input and one output, got {len(inputs)} and "
            f"{len(outputs)}."
        )
    if None in inputs[0].shape[1:]:
        raise InputError(
            f"Expected a model with a fixed input size, got {tuple(inputs[0].shape)}."
        )


def symbolic_outputs(model):
    """The model's predictions, as a KerasTensor or a structure of them."""
    if isinstance(model, tfgate.GatedModel):
        return model.core.output["predictions"]
    return model.output


def input_shape(model):
    """Shape of the model's input with a batch of one."""
    return (1, *keras.tree.flatten(model.input)[0].shape[1:])


def output_shape(model):
    """Shape of the model's predictions with a batch of one."""
    return (1, *keras.tree.flatten(symbolic_outputs(model))[0].shape[1:])


def in_float32(model):
    """Returns the model with all layers computing in float32.

    Mixed precision serves training on accelerators; the weights are float32 anyway,
    and TFLite would convert back and forth at every layer.

    Args:
        model: `keras.Model`.

    Returns:
        The model itself where it computes in float32 already, else a copy.
    """
    layers = model._flatten_layers(include_self=False)
    if all(layer.compute_dtype == "float32" for layer in layers):
        return model
    config = _without_half_precision(keras.saving.serialize_keras_object(model))
    copy = keras.saving.deserialize_keras_object(config)
    assign_weights(copy, model.get_weights())
    return copy


def normalization(model):
    """Describes how the model normalizes its input.

    Returns:
        Dict `{"in_graph": bool, "mean": [...] or None, "std": [...] or None}`: the
        network sees (image - mean) / std. in_graph is True where the model starts
        with a Keras Normalization or Rescaling, which then expect 0..255.
    """
    network = model.core if isinstance(model, tfgate.GatedModel) else model
    first = next(
        (x for x in network.layers if not isinstance(x, keras.layers.InputLayer)), None
    )
    if isinstance(first, keras.layers.Normalization) and not first.invert:
        mean, variance = first.mean, first.variance
        std = np.maximum(np.sqrt(keras.ops.convert_to_numpy(variance)), 1e-7)
        mean = keras.ops.convert_to_numpy(mean)
    elif isinstance(first, keras.layers.Rescaling):
        std = 1.0 / np.asarray(first.scale, "float64")
        mean = -np.asarray(first.offset) * std
    else:
        return {"in_graph": False, "mean": None, "std": None}
    return {"in_graph": True, "mean": _numbers(mean), "std": _numbers(std)}


def _numbers(values):
    return [float(value) for value in np.ravel(values)]


def _without_half_precision(config):
    """Returns a Keras config in which every layer's dtype policy has float32."""
    if isinstance(config, list | tuple):
        return [_without_half_precision(entry) for entry in config]
    if not isinstance(config, dict):
        return config
    return {
        key: "float32"
        if key == "dtype" and _policy_name(value) in _HALF_PRECISION
        else _without_half_precision(value)
        for key, value in config.items()
    }


def _policy_name(dtype):
    return dtype["config"].get("name") if isinstance(dtype, dict) else dtype
