"""Rounds a tensor to 256 levels of a range, as int8 will."""

import contextlib

import keras
import numpy as np
import tensorflow as tf

_MOMENTUM = 0.99


@keras.saving.register_keras_serializable(package="tflite")
class FakeQuant(keras.layers.Layer):
    """Fake quantization of an activation: float32 in and out, 256 different values.

    The range is a weight, `[low, high]`. It always holds 0, and is [0, 0] until it is
    calibrated. The gradient is that of the identity within the range, and zero outside
    (straight-through). The TFLite converter makes the scale and the zero point of an
    int8 tensor of it.

    Call arguments:
        inputs: tensor of any shape.

    Attributes:
        mode: `"quantize"`; `"observe"`, which widens the range to what it sees and
            gives that unchanged; or `"follow"`, which moves the range slowly to that of
            each batch and quantizes. See `observed` and `followed`.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.mode = "quantize"

    def build(self, input_shape):
        self.range = self.add_weight(
            name="fake_quant_range", shape=(2,), initializer="zeros", trainable=False
        )

    def call(self, inputs):
        if self.mode != "quantize":
            low = tf.minimum(tf.reduce_min(inputs), 0.0)
            high = tf.maximum(tf.reduce_max(inputs), 0.0)
            before = tf.convert_to_tensor(self.range)
            if self.mode == "observe":
                after = [tf.minimum(low, before[0]), tf.maximum(high, before[1])]
            else:
                batch = tf.stop_gradient(tf.stack([low, high]))
                after = _MOMENTUM * before + (1 - _MOMENTUM) * batch
            self.range.assign(after)
            if self.mode == "observe":
                return inputs
        low, high = tf.unstack(tf.convert_to_tensor(self.range))
        return tf.quantization.fake_quant_with_min_max_vars(inputs, low, high)

    def compute_output_shape(self, input_shape):
        return input_shape

    @property
    def is_calibrated(self):
        """Whether the range is known, or at least anything but zeros was seen."""
        return bool(np.any(keras.ops.convert_to_numpy(self.range)))


def fake_quants(model):
    """All `FakeQuant` layers of a model or layer, nested ones included: a list."""
    layers = model._flatten_layers(include_self=True)
    return [layer for layer in layers if isinstance(layer, FakeQuant)]


@contextlib.contextmanager
def observed(model):
    """Widens the ranges in a model to all that is computed within the `with` block."""
    with _mode(model, "observe"):
        yield


@contextlib.contextmanager
def followed(model):
    """Moves the ranges in a model along with the batches within the `with` block."""
    with _mode(model, "follow"):
        yield


@contextlib.contextmanager
def _mode(model, mode):
    layers = fake_quants(model)
    try:
        for layer in layers:
            layer.mode = mode
        yield
    finally:
        for layer in layers:
            layer.mode = "quantize"
