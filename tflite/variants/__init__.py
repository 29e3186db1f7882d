"""Which variants of a block of gated filters a file gets."""

from tflite.variants.draws import Draws
from tflite.variants.draws import near
from tflite.variants.network import BlockVariants
from tflite.variants.network import NetworkVariants
from tflite.variants.network import Prices
from tflite.variants.network import moved_mib
from tflite.variants.network import of_network
from tflite.variants.search import Choice
from tflite.variants.search import Work
from tflite.variants.search import find

__all__ = [
    "BlockVariants",
    "Choice",
    "Draws",
    "NetworkVariants",
    "Prices",
    "Work",
    "find",
    "moved_mib",
    "near",
    "of_network",
]
