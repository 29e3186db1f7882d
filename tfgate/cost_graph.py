"""What the gates of a network switch, across the borders of its blocks."""

import collections

import keras
import numpy as np

from tfgate import channels
from tfgate.blocks import EarlyExit
from tfgate.blocks import GatedBlock
from tfgate.blocks import GatedFilters
from tfgate.blocks import GatedResidual
from tfgate.costs import Factor
from tfgate.costs import ModelCosts
from tfgate.costs import Product
from tfgate.costs import count_macs
from tfgate.exit_graph import ExitGraph
from tfgate.open_channels import OpenChannels
from tfgate.open_channels import Opened
from tfgate.open_channels import read_chain


def count_costs(core: keras.Model, exits: ExitGraph) -> ModelCosts:
    """Counts the MACs of a network and of what its gates switch.

    Behind early exits everything, the gates included, runs for the images that
    continue; an exit's classifier runs for those that leave there, so it is no part of
    the dense network.

    Args:
        core: functional `keras.Model` with gated blocks.
        exits: its early exits.

    Returns:
        `tfgate.costs.ModelCosts`.
    """
    blocks = [layer for layer in core.layers if isinstance(layer, GatedBlock)]
    gate = {block.gate.name: block.gate_macs() for block in blocks}
    everything = count_macs(core)
    found = _products_by_layer(core)
    products = [p for layer in found.values() for p in layer]
    dense = everything - sum(gate.values())
    if exits.exits:
        classifiers = [leave.classifier_macs() for leave in exits.exits]
        products = _behind_exits(core, exits, classifiers, found)
        dense -= sum(classifiers)
    return ModelCosts(dense, gate, tuple(products))


def count_products(core: keras.Model) -> tuple[Product, ...]:
    """Finds what the gates of a network switch, in MACs for one image.

    What early exits switch is left out, see `count_costs`: of their blocks there is
    only what the classifiers read of gated filters.

    Besides what each block says of itself: where a block without a shortcut ends in
    gated filters, the layers that read them cost in proportion to those that are open.
    The filters are followed through layers that treat each channel by itself, such as
    batch norm, activations, pooling and depthwise convolutions, through `Flatten` and
    `Concatenate`, into plain layers and into other blocks. What else stands in their
    way, such as an addition, a layer that is called twice, or a nested model, reads all
    of them. Gates always count whole, though they read these filters too.

    A convolution between gated filters of two blocks is a product of two gates' open
    shares. Where the filters are gated again on their way (the place `"input"`, or
    behind a depthwise convolution), the later place counts alone: an upper bound.

    Args:
        core: functional `keras.Model` with gated blocks.

    Returns:
        Tuple of `tfgate.costs.Product`, in network order.
    """
    return tuple(p for found in _products_by_layer(core).values() for p in found)


def _products_by_layer(core: keras.Model) -> dict[str, list[Product]]:
    products: dict[str, list[Product]] = {}
    open_after: dict[int, Opened] = {}  # by the id of a KerasTensor
    for layer in core.layers:
        nodes = layer._inbound_nodes
        if len(nodes) != 1:
            continue
        inputs = nodes[0].input_tensors
        opened = tuple(open_after.get(id(tensor), ()) for tensor in inputs)
        found, after = _cross(layer, [tuple(t.shape) for t in inputs], opened)
        products[layer.name] = found
        if after:
            open_after[id(nodes[0].output_tensors[0])] = after
    return products


def _behind_exits(
    core: keras.Model,
    exits: ExitGraph,
    classifiers: list[int],
    found: dict[str, list[Product]],
) -> list[Product]:
    """Multiplies what lies behind exits by the decisions to continue there."""
    go_on = [Factor(leave.gate.name, np.ones(1)) for leave in exits.exits]
    stages = exits.stages()
    products: list[Product] = []
    rest = collections.Counter(_macs_by_stage(core, exits))
    classified = [found.pop(leave.name) for leave in exits.exits]
    for name, own in found.items():
        stage = stages.get(name, 0)
        for product in own:
            factors = (*go_on[:stage], *product.factors)
            products.append(Product(product.macs, factors))
            rest[stage] -= product.macs
    for number, macs in enumerate(classifiers):
        rest[number] -= macs
        parts = [(product.macs, product.factors) for product in classified[number]]
        parts.append((macs - sum(part for part, _ in parts), ()))
        for part, factors in parts:
            # Of the images that come to this exit, those that do not continue.
            come, stay = go_on[:number], go_on[: number + 1]
            products.append(Product(-part, (*stay, *factors)))
            if come or factors:
                products.append(Product(part, (*come, *factors)))
    for stage in range(1, len(exits.sources)):
        products.append(Product(rest[stage], tuple(go_on[:stage])))
    return products


def _macs_by_stage(core: keras.Model, exits: ExitGraph) -> dict[int, int]:
    """Number of each stage -> its MACs with everything open, the gates included."""
    so_far = [
        count_macs(keras.Model(core.input, list(tensors))) for tensors in exits.sources
    ]
    differences = np.diff(so_far, prepend=0)
    return {stage: int(macs) for stage, macs in enumerate(differences)}


def _cross(
    layer: keras.Layer, shapes: list[tuple[int | None, ...]], opened: tuple[Opened, ...]
) -> tuple[list[Product], Opened]:
    """Returns what gates switch in a layer, and the channels of its output."""
    if isinstance(layer, GatedFilters):
        return list(layer.products(opened[0])), layer.open_outputs(opened[0])
    if isinstance(layer, GatedResidual):
        return _cross_residual(layer, opened[0]), ()
    if isinstance(layer, EarlyExit):
        return read_chain(channels.leaves(layer.classifier), shapes[0], opened[0])
    if isinstance(layer, GatedBlock):
        return list(layer.products()), ()
    if not any(opened):
        return [], ()
    if type(layer) is keras.layers.Concatenate:
        return [], _concatenated(layer, shapes, opened)
    if len(opened) > 1:
        return [], ()
    return read_chain(channels.leaves(layer), shapes[0], opened[0])


def _cross_residual(block: GatedResidual, opened: Opened) -> list[Product]:
    """Splits the MACs of a branch: its first convolution reads the input."""
    (whole,) = block.products()
    if not opened:
        return [whole]
    shape = block.built_shape
    first, _ = read_chain(
        channels.leaves(block.branch), shape, opened, factors=whole.factors
    )
    rest = whole.macs - sum(product.macs for product in first)
    shortcut: list[Product] = []
    if block.shortcut is not None:
        shortcut, _ = read_chain(channels.leaves(block.shortcut), shape, opened)
    return [Product(rest, whole.factors), *first, *shortcut]


def _concatenated(
    layer: keras.layers.Concatenate,
    shapes: list[tuple[int | None, ...]],
    opened: tuple[Opened, ...],
) -> Opened:
    if layer.axis not in (-1, len(shapes[0]) - 1):
        return ()
    parts: list[OpenChannels] = []
    for shape, part in zip(shapes, opened, strict=True):
        if shape[-1] is None:
            return ()
        parts += part or (OpenChannels(shape[-1]),)
    return tuple(parts)
