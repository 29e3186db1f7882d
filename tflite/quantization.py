"""Smaller numbers in the file: how the TFLite converter quantizes the weights."""

import tensorflow as tf


def configure(converter, mode):
    """Sets a converter up.

    - `none`: float32.
    - `dynamic`: weights of large layers in int8, activations in float32 and quantized
      on the fly. Gates may decide otherwise where their log odds are close to τ.
    - `float16`: weights stored in float16, computed in float32.

    Args:
        converter: `tf.lite.TFLiteConverter`.
        mode: one of `tflite.metadata.QUANTIZATIONS`.
    """
    if mode != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if mode == "float16":
        converter.target_spec.supported_types = [tf.float16]
