"""Convolutions and dense layers whose input and weights are rounded as in int8."""

import keras
import tensorflow as tf

from tflite.quantization.fake_quant import FakeQuant

LAYERS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)

# TFLite computes these at the end of a convolution, before it rounds.
_FUSED = tuple(map(keras.activations.get, ("linear", "relu", "relu6")))


@keras.saving.register_keras_serializable(package="tflite")
class FakeQuantized(keras.layers.Layer):
    """A layer with weights as it will compute in int8, trainable.

    Input and kernel are fake-quantized, the kernel symmetrically from its largest
    value: one scale for each output channel of a convolution, one for all of a dense
    layer, as TFLite has them. The bias is left alone; TFLite stores it in int32. The
    output gets a range where an activation follows that TFLite does not fuse;
    everywhere else that is for who uses the layer, because a batch norm may stand
    between, see `tflite.quantization.insertion`.

    Args:
        layer: an instance of `LAYERS`.
        activation: what to apply to the layer's quantized output; for layers of other
            activations than none, ReLU and ReLU6 `wrap` takes it out of the layer.

    Call arguments:
        inputs: as the layer's.
    """

    def __init__(self, layer, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.layer = layer
        self.input_range = FakeQuant(name="input_range")
        self.activation = keras.activations.get(activation)
        self.output_range = None if activation is None else FakeQuant(name="range")

    @classmethod
    def wrap(cls, layer):
        """A copy of a layer, without its weights, that is fake-quantized."""
        config = layer.get_config()
        activation = None
        if layer.activation not in _FUSED:
            activation, config["activation"] = config["activation"], "linear"
        return cls(type(layer).from_config(config), activation, name=layer.name)

    def build(self, input_shape):
        # Layers that were read from a file are built already.
        for layer in (self.layer, self.input_range, self.output_range):
            if layer is not None and not layer.built:
                layer.build(input_shape)
        self.built = True

    def call(self, inputs):
        kernel = self.layer.kernel
        rounded = _rounded(self.layer, tf.convert_to_tensor(kernel))
        inputs = self.input_range(inputs)
        with keras.StatelessScope(state_mapping=[(kernel, rounded)]):
            outputs = self.layer(inputs)
        if self.output_range is None:
            return outputs
        return self.activation(self.output_range(outputs))

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def get_config(self):
        has_activation = self.output_range is not None
        return {
            **super().get_config(),
            "layer": keras.saving.serialize_keras_object(self.layer),
            "activation": keras.activations.serialize(self.activation)
            if has_activation
            else None,
        }

    @classmethod
    def from_config(cls, config):
        layer = keras.saving.deserialize_keras_object(config["layer"])
        return cls(**{**config, "layer": layer})


def _rounded(layer, kernel):
    if isinstance(layer, keras.layers.Dense):
        high = tf.stop_gradient(tf.reduce_max(tf.abs(kernel)))
        return tf.quantization.fake_quant_with_min_max_vars(
            kernel, -high, high, narrow_range=True
        )
    shape = kernel.shape
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        # TFLite's last axis has all output channels.
        kernel = tf.reshape(kernel, (shape[0], shape[1], -1))
    axes = list(range(len(kernel.shape) - 1))
    high = tf.stop_gradient(tf.reduce_max(tf.abs(kernel), axes))
    rounded = tf.quantization.fake_quant_with_min_max_vars_per_channel(
        kernel, -high, high, narrow_range=True
    )
    return tf.reshape(rounded, shape)
