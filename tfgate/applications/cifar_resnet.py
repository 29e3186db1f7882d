"""The residual networks for CIFAR, dense and gated."""

import os
from typing import Any

import keras

from tfgate.applications.early_exits import EarlyExits
from tfgate.applications.ends import check_choice
from tfgate.applications.filter_gating import FilterGating
from tfgate.applications.residual_network import ResidualNetwork
from tfgate.applications.residual_stages import BLOCKS
from tfgate.blocks.sites import check_count
from tfgate.gates import Gate
from tfgate.typing import Activation


def CifarResNet(
    depth: int = 20,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    input_tensor: keras.KerasTensor | None = None,
    classes: int = 10,
    classifier_activation: Activation | None = "softmax",
    gate: str | type[Gate] | None = None,
    granularity: str | FilterGating = "block",
    zero_init_residual: bool = False,
    name: str | None = None,
    block: str = "basic",
    shortcut: str = "identity",
    width: int = 1,
    include_top: bool = True,
    weights: str | os.PathLike[str] | None = None,
    pooling: str | None = None,
    early_exit: bool | EarlyExits = False,
    **gate_arguments: Any,
) -> keras.Model:
    """The CIFAR ResNet of He et al. 2016, section 4.2, dense or gated.

    Three stages of (depth - 2) / 6 basic blocks with 16, 32 and 64 filters. Shortcuts
    have no parameters: where the size changes they take every second pixel and pad
    the new channels with zeros (option A), so ResNet-20 has 0.27 M parameters.

    Args:
        depth: 6 n + 2, such as 20, 32, 56 or 110; with bottlenecks 9 n + 2, such as
            29, 56, 110 or 164.
        input_shape: `(height, width, channels)`; ignored with an input_tensor.
        input_tensor: optional KerasTensor to build the network on, for example the
            output of a `keras.layers.Normalization`.
        classes: number of classes.
        classifier_activation: activation of the last layer; None gives logits.
        gate: None for the dense network, `"independent"`, `"dependent"`, a class of
            gates, or `"stochastic_depth"`, with probabilities that fall linearly with
            depth.
        granularity: what a gate switches: `"block"`, a whole residual branch; or groups
            of filters at some places of each block, a
            `tfgate.applications.FilterGating` or the name of one: `"bas"`, a gate for
            each inner filter, `"cs-cifar-8"`, `"-4"`, `"-2"` or `"-1"`, that many
            filters a gate at all places. (`"cs-low"` and `"cs-medium"` are for the four
            stages of ImageNet networks.)
        zero_init_residual: whether the last batch norm of each branch starts with a
            scale of zero (Goyal et al. 2017, 5.1), so that every block starts as its
            shortcut and adds no noise before it has learned anything.
        name: name of the model.
        block: `"basic"`, or `"bottleneck"`: convolutions of 1x1, 3x3 and 1x1, the last
            with four times the filters.
        shortcut: where the size changes, `"identity"` (option A) or `"projection"`, a
            1x1 convolution and batch norm (option B).
        width: factor on the filters between the convolutions of each block, at least 1:
            10 and 20 in BAS 5.1.
        include_top: whether to end with the mean over positions and the classifier.
        weights: None for random ones, or the path of a `.keras` file or of `.h5`
            weights of the dense network.
        pooling: without the top, `"avg"` or `"max"` over positions, or None.
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
        `tfgate.GatedModel`. Both have the same layer names, so `tfgate.copy_weights`
        carries weights over.

    Raises:
        ValueError: an argument is not among its choices, or the granularity does not
            fit the network: group sizes that do not divide its filters or are for
            another number of stages, or a place that it lacks; or the weights do not
            fit.

    Example:
    >>> model = CifarResNet(depth=20)
    >>> sum(int(keras.ops.size(w)) for w in model.trainable_weights)
    269722
    >>> gated = CifarResNet(depth=20, gate="dependent", granularity="bas")
    >>> [gate.components for gate in gated.gates]
    [16, 16, 16, 32, 32, 32, 64, 64, 64]
    """
    check_choice("block", block, BLOCKS)
    blocks = blocks_per_stage(depth, block)
    check_count(width, "width", 1)
    filters = (16, 32, 64)
    network = ResidualNetwork(
        name=name or f"cifar_resnet{depth}",
        blocks=(blocks,) * 3,
        filters=filters,
        inner=tuple(width * count for count in filters),
        cifar=True,
        stem_filters=16,
        block=block,
        shortcut=shortcut,
        stride_on="1x1",
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


def blocks_per_stage(depth: int, block: str) -> int:
    """Returns the blocks in each of three stages, or raises ValueError."""
    layers_of_three = {"basic": 6, "bottleneck": 9}[block]
    check_count(depth, "depth", layers_of_three + 2)
    if (depth - 2) % layers_of_three:
        raise ValueError(
            f"Expected depth to be {layers_of_three} n + 2 with block={block!r}, got "
            f"{depth!r}."
        )
    return (depth - 2) // layers_of_three
