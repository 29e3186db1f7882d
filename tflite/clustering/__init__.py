"""Clusters of filters that open together, found from recorded decisions."""

from tflite.clustering.search import Clustering
from tflite.clustering.search import find
from tflite.clustering.search import in_original_order

__all__ = ["Clustering", "find", "in_original_order"]
