"""From a SavedModel to a flatbuffer, quantized as told."""

import tensorflow as tf

from tflite.quantization import edge_quantizer
from tflite.quantization import gates
from tflite.quantization import tflite_2_16


def convert(make_converter, quantization):
    """Converts and quantizes.

    - `dynamic`: weights of at least 1,024 elements in int8. For the runtime `latest`
      the TFLite converter writes them, for `2.16` ai-edge-quantizer.
    - `float16`: weights stored in float16, computed in float32.
    - `int8`: convolutions and dense layers between the fake-quantization operations of
      the graph; it has to have them (`tflite.quantization.FakeQuantized`).

    Args:
        make_converter: function without arguments that returns a new
            `tf.lite.TFLiteConverter` of the network.
        quantization: `Quantization`.

    Returns:
        Bytes of the flatbuffer.

    Raises:
        InputError: the file would have operations that the runtime does not know, or
            a package is missing.
        ConverterError: the network has operations that TFLite has not.
    """
    content = _convert(make_converter, quantization)
    if quantization.runtime == "2.16":
        tflite_2_16.check(content)
    return content


def _convert(make_converter, quantization):
    def plain():
        return make_converter().convert()

    if quantization.mode == "none":
        return plain()
    if quantization.mode == "dynamic" and quantization.runtime == "2.16":
        return edge_quantizer.quantize(
            plain(), quantize_gates=quantization.quantize_gates
        )
    converter = make_converter()
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantization.mode == "float16":
        converter.target_spec.supported_types = [tf.float16]
    content = converter.convert()
    if quantization.mode == "dynamic" and not quantization.quantize_gates:
        return gates.restore_weights(content, plain)
    if quantization.mode == "int8":
        return gates.restore_means(content)
    return content
