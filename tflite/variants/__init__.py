"""Which variants of a block of gated filters a file gets."""

from tflite.variants.network import BlockVariants
from tflite.variants.network import NetworkVariants
from tflite.variants.network import Prices
from tflite.variants.network import moved_mib
from tflite.variants.network import of_network
from tflite.variants.search import Choice
from tflite.variants.search import find

__all__ = [
    "BlockVariants",
    "Choice",
    "NetworkVariants",
    "Prices",
    "find",
    "moved_mib",
    "of_network",
]
