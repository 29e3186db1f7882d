"""Gated versions of the standard networks, named as in keras.applications."""

from tfgate.applications.resnet import CifarResNet

__all__ = ["CifarResNet"]
