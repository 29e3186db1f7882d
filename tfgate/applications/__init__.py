"""Gated versions of the standard networks, named as in keras.applications."""

from tfgate.applications.cifar_resnet import CifarResNet
from tfgate.applications.densenet import CifarDenseNet
from tfgate.applications.densenet import DenseNet121
from tfgate.applications.densenet import DenseNet169
from tfgate.applications.early_exits import EarlyExits
from tfgate.applications.filter_gating import PRESETS
from tfgate.applications.filter_gating import FilterGating
from tfgate.applications.mobilenet_v2 import MobileNetV2
from tfgate.applications.resnet import ResNet18
from tfgate.applications.resnet import ResNet34
from tfgate.applications.resnet import ResNet50
from tfgate.applications.resnet import ResNet101
from tfgate.applications.resnet import ResNet152
from tfgate.applications.resnext import CifarResNeXt
from tfgate.applications.resnext import ResNeXt50
from tfgate.applications.vgg import VGG16
from tfgate.applications.vgg import CifarVGG

__all__ = [
    "CifarDenseNet",
    "CifarResNeXt",
    "CifarResNet",
    "CifarVGG",
    "DenseNet121",
    "DenseNet169",
    "EarlyExits",
    "FilterGating",
    "MobileNetV2",
    "PRESETS",
    "ResNeXt50",
    "ResNet101",
    "ResNet152",
    "ResNet18",
    "ResNet34",
    "ResNet50",
    "VGG16",
]
