"""Clusters of filters that open together, found from recorded decisions."""

from tflite.clustering.network import NetworkClusters
from tflite.clustering.network import of_network
from tflite.clustering.search import Clustering
from tflite.clustering.search import find

__all__ = ["Clustering", "NetworkClusters", "find", "of_network"]
