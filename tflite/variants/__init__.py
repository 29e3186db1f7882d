"""Which variants of a block of gated filters a file gets."""

from tflite.variants.choices import BlockVariants
from tflite.variants.choices import PartVariants
from tflite.variants.choices import Prices
from tflite.variants.draws import Draws
from tflite.variants.draws import near
from tflite.variants.network import NetworkVariants
from tflite.variants.network import of_network
from tflite.variants.search import Choice
from tflite.variants.search import Work
from tflite.variants.search import find
from tflite.variants.whole import moved_mib

__all__ = [
    "BlockVariants",
    "Choice",
    "Draws",
    "NetworkVariants",
    "PartVariants",
    "Prices",
    "Work",
    "find",
    "moved_mib",
    "near",
    "of_network",
]
