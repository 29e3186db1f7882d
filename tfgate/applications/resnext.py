"""ResNeXt, residual networks of many paths, dense and gated."""

import os
from typing import Any

import keras

from tfgate.applications.cifar_resnet import blocks_per_stage
from tfgate.applications.early_exits import EarlyExits
from tfgate.applications.filter_gating import FilterGating
from tfgate.applications.residual_network import IMAGENET_FILTERS
from tfgate.applications.residual_network import ResidualNetwork
from tfgate.blocks.sites import check_count
from tfgate.gates import Gate
from tfgate.typing import Activation

_CARDINALITY = 32
_STAGES = (1, 2, 4)  # how many times as wide as the first, for CIFAR


def ResNeXt50(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Activation | None = "softmax",
    name: str = "resnext50",
    gate: str | type[Gate] | None = None,
    granularity: str | FilterGating = "block",
    width: int = 1,
    zero_init_residual: bool = False,
    early_exit: bool | EarlyExits = False,
    **gate_arguments: Any,
) -> keras.Model:
    """ResNeXt-50 32x4d (Xie et al. 2017), dense or gated.

    Each block is 32 paths of a 1x1, a 3x3 and a 1x1 convolution that are added up: a
    grouped 3x3 convolution between two of 1x1. Layers are named as in
    `keras.applications.ResNet50`; convolutions have no bias, and the 3x3 ones halve the
    size, with zeros on all four sides, as in torchvision, whose weights
    `tools/torch_weights.py` converts.

    Args:
        include_top: see `tfgate.applications.ResNet50`.
        weights: None for random ones, or the path of a `.keras` file or of `.h5`
            weights of the dense network.
        input_tensor: see `tfgate.applications.ResNet50`.
        input_shape: see `tfgate.applications.ResNet50`.
        pooling: see `tfgate.applications.ResNet50`.
        classes: number of classes.
        classifier_activation: see `tfgate.applications.ResNet50`.
        name: name of the model.
        gate: see `tfgate.applications.ResNet50`.
        granularity: what a gate switches: `"block"`, a whole residual branch;
            `"groups"`, each of the 32 paths of a block, with its share of all three
            convolutions; a name in `tfgate.applications.PRESETS` or a
            `tfgate.applications.FilterGating`, whose inner groups hold whole paths, a
            multiple of 4, 8, 16 and 32 filters in the four stages, so `"cs-low"` fits.
        width: factor on the filters of each path, at least 1: 2 makes 32x8d.
        zero_init_residual: see `tfgate.applications.ResNet50`.
        early_exit: see `tfgate.applications.ResNet50`.
        **gate_arguments: see `tfgate.applications.ResNet50`.

    Returns:
        A plain `keras.Model` for `gate=None` without early exits, else a
        `tfgate.GatedModel`. Both have the same layer names, so `tfgate.copy_weights`
        carries weights over.

    Raises:
        ValueError: an argument is not among its choices, the granularity does not fit
            the network, or the weights do not; there are no published weights.

    Reference:
        TNN 3.3 (ResNeXt-W); Xie et al. 2017.

    Example:
    >>> model = ResNeXt50(input_shape=(32, 32, 3), gate="independent",
    ...                   granularity="groups")
    >>> len(model.gates), {gate.components for gate in model.gates}
    (16, {32})
    """
    check_count(width, "width", 1)
    network = ResidualNetwork(
        name=name,
        blocks=(3, 4, 6, 3),
        filters=IMAGENET_FILTERS,
        inner=tuple(2 * width * filters for filters in IMAGENET_FILTERS),
        cifar=False,
        stem_filters=64,
        block="bottleneck",
        cardinality=_CARDINALITY,
        zero_init_residual=zero_init_residual,
    )
    return network.build(
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
        gate,
        granularity,
        gate_arguments,
        early_exit,
    )


def CifarResNeXt(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: Activation | None = "softmax",
    name: str | None = None,
    gate: str | type[Gate] | None = None,
    granularity: str | FilterGating = "block",
    width: int = 1,
    depth: int = 29,
    cardinality: int = 8,
    group_width: int = 64,
    filters: int = 64,
    zero_init_residual: bool = False,
    early_exit: bool | EarlyExits = False,
    **gate_arguments: Any,
) -> keras.Model:
    """The CIFAR ResNeXt of Xie et al. 2017, section 5.3, dense or gated.

    A 3x3 convolution of `filters` filters, 64 as published, and three stages of
    (depth - 2) / 9 blocks, each of `cardinality` paths, that give 256, 512 and 1024
    channels: 4, 8 and 16 for each filter of the first convolution. ResNeXt-29 8x64d has
    34.4 M parameters, 16x64d 68.1 M.

    Args:
        include_top: see `tfgate.applications.ResNet50`.
        weights: None for random ones, or the path of a `.keras` file or of `.h5`
            weights of the dense network.
        input_tensor: see `tfgate.applications.ResNet50`.
        input_shape: `(height, width, channels)`; None means (32, 32, 3) and, without
            the top, any size. Ignored with an input_tensor.
        pooling: see `tfgate.applications.ResNet50`.
        classes: number of classes.
        classifier_activation: see `tfgate.applications.ResNet50`.
        name: name of the model; None means `cifar_resnext{depth}`.
        gate: see `tfgate.applications.ResNet50`.
        granularity: as in `ResNeXt50`; `"groups"` gates each path of a block.
        width: factor on the filters of each path, at least 1.
        depth: 9 n + 2, such as 29.
        cardinality: number of paths, at least 2; TNN gates 16.
        group_width: filters of each path in the first stage; twice and four times as
            many in the others.
        filters: of the first convolution, at least 1. What the blocks give follows it;
            cardinality and group_width alone say how wide they are inside.
        zero_init_residual: see `tfgate.applications.ResNet50`.
        early_exit: see `tfgate.applications.ResNet50`.
        **gate_arguments: see `tfgate.applications.ResNet50`.

    Returns:
        A plain `keras.Model` for `gate=None` without early exits, else a
        `tfgate.GatedModel`. Both have the same layer names, so `tfgate.copy_weights`
        carries weights over.

    Raises:
        ValueError: as `ResNeXt50`, or depth, cardinality, group_width or filters is out
            of its range.

    Reference:
        TNN 4.1; Xie et al. 2017.

    Example:
    >>> model = CifarResNeXt(depth=11, cardinality=16, group_width=4,
    ...                      gate="dependent", granularity="groups")
    >>> [gate.components for gate in model.gates]
    [16, 16, 16]
    """
    blocks = blocks_per_stage(depth, "bottleneck")
    check_count(width, "width", 1)
    check_count(cardinality, "cardinality", 2)
    check_count(group_width, "group_width", 1)
    check_count(filters, "filters", 1)
    network = ResidualNetwork(
        name=name or f"cifar_resnext{depth}",
        blocks=(blocks,) * 3,
        filters=tuple(filters * factor for factor in _STAGES),
        inner=tuple(cardinality * group_width * width * factor for factor in _STAGES),
        cifar=True,
        stem_filters=filters,
        block="bottleneck",
        cardinality=cardinality,
        zero_init_residual=zero_init_residual,
    )
    return network.build(
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
        gate,
        granularity,
        gate_arguments,
        early_exit,
    )
