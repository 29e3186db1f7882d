"""How each kind of gated block becomes TFLite: one file per kind.

Importing this package registers the lowerings of all kinds.
"""

from tflite.lowering import buckets
from tflite.lowering import concat
from tflite.lowering import early_exit
from tflite.lowering import filters
from tflite.lowering import levels
from tflite.lowering import residual
from tflite.lowering.context import Context
from tflite.lowering.dial import Clamp
from tflite.lowering.dial import Decided
from tflite.lowering.dial import Dial
from tflite.lowering.learned import Learned
from tflite.lowering.registry import candidates
from tflite.lowering.registry import find
from tflite.lowering.registry import register
from tflite.lowering.threshold import LogOddsThreshold

__all__ = [
    "Clamp",
    "Context",
    "Decided",
    "Dial",
    "Learned",
    "LogOddsThreshold",
    "buckets",
    "candidates",
    "concat",
    "early_exit",
    "filters",
    "find",
    "levels",
    "register",
    "residual",
]
