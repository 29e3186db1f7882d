"""Which variants of a block of gated filters a file gets."""

from tflite.variants.network import BlockVariants
from tflite.variants.network import NetworkVariants
from tflite.variants.network import of_network
from tflite.variants.search import Choice
from tflite.variants.search import find

__all__ = ["BlockVariants", "Choice", "NetworkVariants", "find", "of_network"]
