"""The residual networks for ImageNet, dense and gated."""

import os
from collections.abc import Callable
from typing import Any

import keras

from tfgate.applications.early_exits import EarlyExits
from tfgate.applications.filter_gating import FilterGating
from tfgate.applications.residual_network import IMAGENET_FILTERS
from tfgate.applications.residual_network import ResidualNetwork
from tfgate.blocks.sites import check_count
from tfgate.gates import Gate
from tfgate.typing import Activation


def ResNet18(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Activation | None = "softmax",
    name: str = "resnet18",
    gate: str | type[Gate] | None = None,
    granularity: str | FilterGating = "block",
    width: int = 1,
    zero_init_residual: bool = False,
    early_exit: bool | EarlyExits = False,
    **gate_arguments: Any,
) -> keras.Model:
    """ResNet-18 (He et al. 2016), of basic blocks, dense or gated.

    keras.applications has no such network: layers are named as in its ResNet50,
    convolutions have no bias, and weights come from torchvision's
    (`tools/torch_weights.py`).

    Args:
        include_top: see `ResNet50`.
        weights: None for random ones, or the path of a `.keras` file or of `.h5`
            weights of the dense network.
        input_tensor: see `ResNet50`.
        input_shape: see `ResNet50`.
        pooling: see `ResNet50`.
        classes: number of classes.
        classifier_activation: see `ResNet50`.
        name: name of the model.
        gate: see `ResNet50`.
        granularity: see `ResNet50`.
        width: see `ResNet50`.
        zero_init_residual: see `ResNet50`.
        early_exit: see `ResNet50`.
        **gate_arguments: see `ResNet50`.

    Returns:
        A plain `keras.Model` for `gate=None` without early exits, else a
        `tfgate.GatedModel`. Both have the same layer names.

    Raises:
        ValueError: as `ResNet50`; there are no published weights.

    Reference:
        CS 4; BAS 4.2; He et al. 2016.

    Example:
    >>> model = ResNet18(input_shape=(64, 64, 3))
    >>> sum(int(keras.ops.size(w)) for w in model.trainable_weights)
    11689512
    """
    network = _basic(
        name,
        (2, 2, 2, 2),
        width,
        zero_init_residual,
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


def ResNet34(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Activation | None = "softmax",
    name: str = "resnet34",
    gate: str | type[Gate] | None = None,
    granularity: str | FilterGating = "block",
    width: int = 1,
    zero_init_residual: bool = False,
    early_exit: bool | EarlyExits = False,
    **gate_arguments: Any,
) -> keras.Model:
    """ResNet-34 (He et al. 2016), dense or gated.

    Arguments, result and errors are those of `ResNet18`.

    Example:
    >>> model = ResNet34(input_shape=(64, 64, 3), gate="independent")
    >>> len(model.gates)
    16
    """
    network = _basic(
        name,
        (3, 4, 6, 3),
        width,
        zero_init_residual,
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


def ResNet50(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Activation | None = "softmax",
    name: str = "resnet50",
    gate: str | type[Gate] | None = None,
    granularity: str | FilterGating = "block",
    width: int = 1,
    stride_on: str = "1x1",
    zero_init_residual: bool = False,
    early_exit: bool | EarlyExits = False,
    **gate_arguments: Any,
) -> keras.Model:
    """ResNet-50 (He et al. 2016), dense or gated.

    Args:
        include_top: whether to end with global pooling and the classifier.
        weights: None for random ones, `"imagenet"`, or the path of a `.keras` file or
            of `.h5` weights of the dense network.
        input_tensor: optional KerasTensor to build the network on.
        input_shape: `(height, width, channels)`; None means (224, 224, 3) and, without
            the top, any size. Ignored with an input_tensor.
        pooling: without the top, `"avg"` or `"max"` over positions, or None.
        classes: number of classes.
        classifier_activation: activation of the last layer; None gives logits.
        name: name of the model.
        gate: None for the dense network, `"independent"`, `"dependent"`, a class of
            gates, or `"stochastic_depth"`, with probabilities that fall linearly with
            depth.
        granularity: what a gate switches: `"block"`, a whole residual branch; or groups
            of filters at some places of each block, a
            `tfgate.applications.FilterGating` or the name of one: `"bas"`, a gate for
            each inner filter, `"cs-low"` and `"cs-medium"`, all places in groups of
            sizes that grow with the stage, `"cs-cifar-8"`, `"-4"`, `"-2"` or `"-1"`,
            groups of one size.
        width: factor on the filters between the convolutions of each block, at least 1.
        stride_on: which convolution of a block halves the size: the first, `"1x1"`, as
            in keras.applications, whose weights need it; or the second, `"3x3"`, as in
            torchvision and the programs of PG, AIG, CS and BAS, with zeros on all four
            sides, which weights converted by `tools/torch_weights.py` need. The two
            have weights of the same shapes.
        zero_init_residual: whether the last batch norm of each branch starts with a
            scale of zero (Goyal et al. 2017, 5.1), so that every block starts as its
            shortcut.
        early_exit: whether to put an intermediate classifier and an exit gate at the
            end of each stage but the last (PG 5): images leave where the gate closes.
            An `EarlyExits` says how they are made. With or without other gates; the
            gates `*_exit_gate` come last in the network's order. PG saw ResNets degrade
            with intermediate classifiers.
        **gate_arguments: arguments of the gates' class, such as
            initial_open_probability, estimator, policy and seed; those left out are the
            granularity's or the class's own. For `"stochastic_depth"`,
            survival_probability is that of the last block.

    Returns:
        A plain `keras.Model` for `gate=None` without early exits, else a
        `tfgate.GatedModel`. Both have the layer names of `keras.applications.ResNet50`,
        so its weights fit.

    Raises:
        ValueError: an argument is not among its choices, the granularity does not fit
            the network, or the weights do not.

    Reference:
        PG 4.2; CS 4; BAS 4.2; He et al. 2016.

    Example:
    >>> model = ResNet50(input_shape=(64, 64, 3), gate="independent")
    >>> len(model.gates), model.gate_names[0]
    (16, 'conv2_block1_gate')
    """
    network = _bottlenecks(
        name,
        (3, 4, 6, 3),
        width,
        zero_init_residual,
        stride_on,
        keras.applications.ResNet50,
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


def ResNet101(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Activation | None = "softmax",
    name: str = "resnet101",
    gate: str | type[Gate] | None = None,
    granularity: str | FilterGating = "block",
    width: int = 1,
    stride_on: str = "1x1",
    zero_init_residual: bool = False,
    early_exit: bool | EarlyExits = False,
    **gate_arguments: Any,
) -> keras.Model:
    """ResNet-101 (He et al. 2016), dense or gated.

    Arguments, result and errors are those of `ResNet50`.

    Example:
    >>> model = ResNet101(input_shape=(64, 64, 3), gate="independent")
    >>> len(model.gates)
    33
    """
    network = _bottlenecks(
        name,
        (3, 4, 23, 3),
        width,
        zero_init_residual,
        stride_on,
        keras.applications.ResNet101,
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


def ResNet152(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: tuple[int | None, int | None, int] | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Activation | None = "softmax",
    name: str = "resnet152",
    gate: str | type[Gate] | None = None,
    granularity: str | FilterGating = "block",
    width: int = 1,
    stride_on: str = "1x1",
    zero_init_residual: bool = False,
    early_exit: bool | EarlyExits = False,
    **gate_arguments: Any,
) -> keras.Model:
    """ResNet-152 (He et al. 2016), dense or gated.

    Arguments, result and errors are those of `ResNet50`.

    Example:
    >>> model = ResNet152(input_shape=(64, 64, 3), gate="independent")
    >>> len(model.gates)
    50
    """
    network = _bottlenecks(
        name,
        (3, 8, 36, 3),
        width,
        zero_init_residual,
        stride_on,
        keras.applications.ResNet152,
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


def _basic(
    name: str, blocks: tuple[int, ...], width: int, zero_init_residual: bool
) -> ResidualNetwork:
    return ResidualNetwork(
        name=name,
        blocks=blocks,
        filters=IMAGENET_FILTERS,
        inner=_inner(width),
        cifar=False,
        stem_filters=64,
        block="basic",
        zero_init_residual=zero_init_residual,
    )


def _bottlenecks(
    name: str,
    blocks: tuple[int, ...],
    width: int,
    zero_init_residual: bool,
    stride_on: str,
    published: Callable[..., keras.Model],
) -> ResidualNetwork:
    return ResidualNetwork(
        name=name,
        blocks=blocks,
        filters=IMAGENET_FILTERS,
        inner=_inner(width),
        cifar=False,
        stem_filters=64,
        block="bottleneck",
        stride_on=stride_on,
        use_bias=True,
        zero_init_residual=zero_init_residual,
        published=published,
    )


def _inner(width: int) -> tuple[int, ...]:
    check_count(width, "width", 1)
    return tuple(width * filters for filters in IMAGENET_FILTERS)
