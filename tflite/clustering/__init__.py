"""Clusters of filters that open together, found from recorded decisions."""

from tflite.clustering.search import Clustering
from tflite.clustering.search import find

__all__ = ["Clustering", "find"]
