"""Smaller numbers in the file: weights, and in int8 what flows between them.

| mode | weights | activations | what it needs |
|---|---|---|---|
| `none` | float32 | float32 | |
| `dynamic` | int8, from 1,024 elements on | float32, to int8 on the fly | |
| `float16` | float16 | float32 | |
| `int8` | int8 | int8 inside blocks, by fixed ranges | images, or training |

Gates stay in float32 unless asked otherwise: a gate is a comparison, and close to τ the
smallest error turns it.
"""

from tflite.quantization.settings import Quantization

# The rest loads TensorFlow, which a wrong flag need not wait for.
__all__ = ["Quantization"]
