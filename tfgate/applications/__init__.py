"""Gated versions of the standard networks, named as in keras.applications."""

from tfgate.applications.filter_gating import PRESETS
from tfgate.applications.filter_gating import FilterGating
from tfgate.applications.resnet import CifarResNet

__all__ = ["PRESETS", "CifarResNet", "FilterGating"]
