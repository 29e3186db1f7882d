"""Densely connected networks, with gates and without."""

import math
import os
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from tfgate.applications.dense_stages import DenseDesign
from tfgate.applications.dense_stages import convolution
from tfgate.applications.dense_stages import resolve_gating
from tfgate.applications.early_exits import EarlyExits
from tfgate.applications.early_exits import ExitPoints
from tfgate.applications.ends import finish
from tfgate.applications.ends import head
from tfgate.applications.ends import image_input
from tfgate.applications.filter_gating import FilterGating
from tfgate.applications.gate_factory import gate_factory
from tfgate.applications.pretrained import load_pretrained
from tfgate.blocks.sites import check_count
from tfgate.gates import Gate
from tfgate.typing import Activation
from tfgate.typing import Tensor

Shape = tuple[int, int, int]

# As in keras.applications.
_BN = {"epsilon": 1.001e-5}
_CIFAR_BN = {"momentum": 0.9, "epsilon": 1e-5}

# Filters of the 1x1 convolution of each layer, as a multiple of the growth.
_BOTTLENECK = 4
# So that the last halving has something to halve.
_LEAST_SIZE, _CIFAR_LEAST_SIZE = 32, 4


def DenseNet121(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: Shape | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Activation | None = "softmax",
    name: str = "densenet121",
    gate: str | type[Gate] | None = None,
    granularity: str | FilterGating = "block",
    width: float = 1.0,
    early_exit: bool | EarlyExits = False,
    **gate_arguments: Any,
) -> keras.Model:
    """DenseNet-121 (Huang et al. 2017), dense or gated.

    Four dense blocks of 6, 12, 24 and 16 layers with growth 32. Each layer is a
    component: what it would have appended are zeros while its gate is closed (PG 5).

    Args:
        include_top: whether to end with global pooling and the classifier.
        weights: None for random ones, `"imagenet"`, or the path of a `.keras` file or
            of `.h5` weights of the dense network.
        input_tensor: optional KerasTensor to build the network on.
        input_shape: `(height, width, channels)`, at least 32 by 32; None means
            (224, 224, 3) and, without the top, any size. Ignored with an input_tensor.
        pooling: without the top, `"avg"` or `"max"` over positions, or None.
        classes: number of classes.
        classifier_activation: activation of the last layer; None gives logits.
        name: name of the model.
        gate: None for the dense network, `"independent"`, `"dependent"`, a class of
            gates, or `"stochastic_depth"`, with probabilities that fall linearly with
            depth.
        granularity: what a gate switches: `"block"`, a whole layer, or `"bas"`, each
            filter of its 1x1 convolution. Or a `tfgate.applications.FilterGating` with
            some of the places `"input"`, what the layer reads of all before it,
            `"inner"`, the filters of its 1x1 convolution, and `"output"`, what it
            appends; or the name of one whose group sizes fit.
        width: factor on the filters of the 1x1 convolutions, 128 here, which is the
            number that a layer has inside. What it appends stays, and so does the size
            of all layers behind it.
        early_exit: whether to put an intermediate classifier and an exit gate at the
            end of each dense block but the last (PG 5): images leave where the gate
            closes. An `EarlyExits` says how they are made. With or without other gates;
            the gates `*_exit_gate` come last in the network's order.
        **gate_arguments: arguments of the gates' class, such as
            initial_open_probability, estimator, policy and seed; for
            `"stochastic_depth"`, survival_probability is that of the last layer.

    Returns:
        A plain `keras.Model` for `gate=None` without early exits, else a
        `tfgate.GatedModel`. Both have the layer names of
        `keras.applications.DenseNet121`.

    Raises:
        ValueError: an argument is not among its choices or out of its range, the
            granularity does not fit, or the weights do not.

    Reference:
        PG 5; TNN 3, where these layers are the components, too; Huang et al. 2017.

    Example:
    >>> model = DenseNet121(input_shape=(32, 32, 3), classes=5)
    >>> model.count_params() - 1025 * 5  # without the classifier
    7037504
    """
    return _imagenet_densenet(
        DenseNet121,
        keras.applications.DenseNet121,
        (6, 12, 24, 16),
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
        name,
        gate,
        granularity,
        width,
        early_exit,
        gate_arguments,
    )


def DenseNet169(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: Shape | None = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Activation | None = "softmax",
    name: str = "densenet169",
    gate: str | type[Gate] | None = None,
    granularity: str | FilterGating = "block",
    width: float = 1.0,
    early_exit: bool | EarlyExits = False,
    **gate_arguments: Any,
) -> keras.Model:
    """DenseNet-169 (Huang et al. 2017), dense or gated.

    Four dense blocks of 6, 12, 32 and 32 layers with growth 32.

    Args:
        include_top: see `DenseNet121`.
        weights: see `DenseNet121`.
        input_tensor: see `DenseNet121`.
        input_shape: see `DenseNet121`.
        pooling: see `DenseNet121`.
        classes: see `DenseNet121`.
        classifier_activation: see `DenseNet121`.
        name: name of the model.
        gate: see `DenseNet121`.
        granularity: see `DenseNet121`.
        width: see `DenseNet121`.
        early_exit: see `DenseNet121`.
        **gate_arguments: see `DenseNet121`.

    Returns:
        A plain `keras.Model` for `gate=None` without early exits, else a
        `tfgate.GatedModel`. Both have the layer names of
        `keras.applications.DenseNet169`.

    Raises:
        ValueError: as `DenseNet121`.

    Reference:
        PG 5; TNN 4.2; Huang et al. 2017.

    Example:
    >>> model = DenseNet169(input_shape=(32, 32, 3), classes=5)
    >>> model.count_params() - 1665 * 5  # without the classifier
    12642880
    """
    return _imagenet_densenet(
        DenseNet169,
        keras.applications.DenseNet169,
        (6, 12, 32, 32),
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
        name,
        gate,
        granularity,
        width,
        early_exit,
        gate_arguments,
    )


def CifarDenseNet(
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    input_tensor: keras.KerasTensor | None = None,
    input_shape: Shape | None = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: Activation | None = "softmax",
    name: str | None = None,
    gate: str | type[Gate] | None = None,
    granularity: str | FilterGating = "block",
    width: float = 1.0,
    depth: int = 100,
    growth: int = 12,
    compression: float = 0.5,
    early_exit: bool | EarlyExits = False,
    **gate_arguments: Any,
) -> keras.Model:
    """The CIFAR DenseNet-BC of Huang et al. 2017, section 4, dense or gated.

    Three dense blocks of (depth - 4) / 6 layers, 16 by default, behind a convolution
    of twice the growth. DenseNet-BC 100 has 0.77 M parameters; the paper rounds to 0.8.

    Args:
        include_top: see `DenseNet121`.
        weights: None for random ones, or the path of a `.keras` file or of `.h5`
            weights of the dense network.
        input_tensor: see `DenseNet121`.
        input_shape: `(height, width, channels)`, at least 4 by 4; None means
            (32, 32, 3) and, without the top, any size. Ignored with an input_tensor.
        pooling: see `DenseNet121`.
        classes: number of classes.
        classifier_activation: see `DenseNet121`.
        name: name of the model; None means `cifar_densenet{depth}`.
        gate: see `DenseNet121`.
        granularity: see `DenseNet121`.
        width: factor on the filters of the 1x1 convolutions, four times the growth.
        depth: 6 n + 4: 40 or 100, or 190 and 250 in the paper.
        growth: number of channels that each layer appends.
        compression: share of the channels that is left between dense blocks, in
            (0, 1].
        early_exit: see `DenseNet121`.
        **gate_arguments: see `DenseNet121`.

    Returns:
        A plain `keras.Model` for `gate=None` without early exits, else a
        `tfgate.GatedModel`. Both have the same layer names, so `tfgate.copy_weights`
        carries weights over.

    Raises:
        ValueError: as `DenseNet121`; there are no published weights.

    Reference:
        PG 5; TNN 4.1; Huang et al. 2017.

    Example:
    >>> model = CifarDenseNet()
    >>> sum(int(keras.ops.size(w)) for w in model.trainable_weights)
    769162
    >>> gated = CifarDenseNet(depth=22, gate="dependent")
    >>> gated.gate_names[:2], len(gated.gates)
    (['conv2_block1_gate', 'conv2_block2_gate'], 9)
    """
    blocks = (_layers_per_block(depth),) * 3
    check_count(growth, "growth", 1)
    if not _is_number(compression) or not 0.0 < compression <= 1.0:
        raise ValueError(f"Expected compression in (0, 1], got {compression!r}.")
    gating = resolve_gating(granularity, len(blocks))
    exits = ExitPoints(
        early_exit, include_top, classes, classifier_activation, gate_arguments
    )
    gate_arguments = exits.rest(gate, gate_arguments)
    design = DenseDesign(
        gate_factory(gate, gating, sum(blocks), gate_arguments),
        gating,
        growth,
        _bottleneck(growth, width),
        compression,
        _CIFAR_BN,
    )

    def reference(source: str | None) -> keras.Model:
        if source is not None:
            raise ValueError(
                f"Expected weights to be None or a path, got {source!r}: none are "
                "published for CifarDenseNet."
            )
        return CifarDenseNet(
            include_top,
            input_shape=tuple(inputs.shape[1:]),
            classes=classes,
            width=width,
            depth=depth,
            growth=growth,
            compression=compression,
        )

    inputs = image_input(input_shape, input_tensor, (32, 32, 3), include_top)
    _check_size(inputs, _CIFAR_LEAST_SIZE)
    x = convolution(2 * growth, 3, padding="same", name="conv1_conv")(inputs)
    x = _features(design, x, blocks, exits)
    outputs = head(x, include_top, pooling, classes, classifier_activation)
    name = name or f"cifar_densenet{depth}"
    gated = gate is not None or exits.exist
    model = finish(inputs, exits.select(outputs), input_tensor, gated, name)
    load_pretrained(model, weights, reference, include_top)
    return model


def _imagenet_densenet(
    own: Callable[..., keras.Model],
    published: Callable[..., keras.Model],
    blocks: Sequence[int],
    include_top: bool,
    weights: str | os.PathLike[str] | None,
    input_tensor: keras.KerasTensor | None,
    input_shape: Shape | None,
    pooling: str | None,
    classes: int,
    classifier_activation: Activation | None,
    name: str,
    gate: str | type[Gate] | None,
    granularity: str | FilterGating,
    width: float,
    early_exit: bool | EarlyExits,
    gate_arguments: Mapping[str, Any],
) -> keras.Model:
    gating = resolve_gating(granularity, len(blocks))
    exits = ExitPoints(
        early_exit, include_top, classes, classifier_activation, gate_arguments
    )
    gate_arguments = exits.rest(gate, gate_arguments)
    growth = 32
    design = DenseDesign(
        gate_factory(gate, gating, sum(blocks), gate_arguments),
        gating,
        growth,
        _bottleneck(growth, width),
        compression=0.5,
        norm=_BN,
    )

    def reference(source: str | None) -> keras.Model:
        if source is not None:  # the size of the images makes no difference to weights
            return published(include_top, weights=source, classes=classes)
        shape = tuple(inputs.shape[1:])
        return own(include_top, input_shape=shape, classes=classes, width=width)

    inputs = image_input(input_shape, input_tensor, (224, 224, 3), include_top)
    _check_size(inputs, _LEAST_SIZE)
    x = _features(design, _stem(inputs), blocks, exits)
    outputs = head(x, include_top, pooling, classes, classifier_activation)
    gated = gate is not None or exits.exist
    model = finish(inputs, exits.select(outputs), input_tensor, gated, name)
    load_pretrained(model, weights, reference, include_top)
    return model


def _stem(x: Tensor) -> Tensor:
    """A quarter of the size: convolution of stride 2 and pooling."""
    for layer in (
        layers.ZeroPadding2D(3, name="conv1_pad"),
        convolution(64, 7, 2, name="conv1_conv"),
        layers.BatchNormalization(name="conv1_bn", **_BN),
        layers.Activation("relu", name="conv1_relu"),
        layers.ZeroPadding2D(1, name="pool1_pad"),
        layers.MaxPooling2D(3, 2, name="pool1"),
    ):
        x = layer(x)
    return x


def _features(
    design: DenseDesign, x: Tensor, blocks: Sequence[int], exits: ExitPoints
) -> Tensor:
    """Dense blocks with a transition, and perhaps an exit, between any two."""
    for stage, count in enumerate(blocks):
        if stage:
            exits.add(x, f"conv{stage + 1}_exit")
            x = design.transition(x, stage - 1)
        x = design.stage(x, stage, count)
    return design.end(x)


def _layers_per_block(depth: int) -> int:
    check_count(depth, "depth", 10)
    if (depth - 4) % 6:
        raise ValueError(f"Expected depth to be 6 n + 4, got {depth!r}.")
    return (depth - 4) // 6


def _bottleneck(growth: int, width: float) -> int:
    if not _is_number(width) or round(width * _BOTTLENECK * growth) < 1:
        raise ValueError(
            "Expected width > 0, and large enough to leave a filter of the "
            f"{_BOTTLENECK * growth} in each layer, got {width!r}."
        )
    return round(width * _BOTTLENECK * growth)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


def _check_size(inputs: Tensor, least: int) -> None:
    sides = inputs.shape[1:-1]
    if any(side is not None and side < least for side in sides):
        raise ValueError(
            f"Expected images of at least {least} x {least} pixels, got input_shape "
            f"{tuple(inputs.shape[1:])}."
        )
