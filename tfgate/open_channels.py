"""Which channels of a tensor the gates before it leave open.

Where a chain of layers runs from gated filters to a convolution, that convolution does
not read the closed ones: its MACs are in proportion to those that are open. A closed
filter is zero at its place; if a batch norm or bias on the way makes a constant of it,
it counts as not read all the same, since compaction folds constants into what follows.
"""

import dataclasses
from collections.abc import Iterable
from collections.abc import Sequence

import keras

from tfgate import channels
from tfgate.costs import Factor
from tfgate.costs import Product
from tfgate.costs import count_macs
from tfgate.typing import Shape


@dataclasses.dataclass(frozen=True, eq=False)
class OpenChannels:
    """Channels of a tensor that open in proportion to one gate's filters.

    A tensor is described by a tuple of these; the order of its channels does not
    matter, and an empty tuple stands for a tensor of which nothing is known: all of it
    is read.

    Attributes:
        channels: how many they are with every component open.
        factor: the filters that they come from; None for channels that are always
            open.
    """

    channels: int
    factor: Factor | None = None


Opened = tuple[OpenChannels, ...]


def reading(macs: int, opened: Opened, factors: Sequence[Factor] = ()) -> list[Product]:
    """MACs of a layer that reads a tensor, in proportion to its open channels.

    Args:
        macs: MACs of the layer for one image with everything open.
        opened: the channels of the tensor.
        factors: at most one `Factor` to which the MACs are in proportion besides.

    Returns:
        List of `Product`, one for each gate whose channels are read; the part that
        always runs is left out.

    Example:
    >>> import numpy as np
    >>> half = OpenChannels(8, Factor("g", np.ones(8)))
    >>> [p.macs for p in reading(600, (half, OpenChannels(4)))]
    [400]
    """
    total = sum(part.channels for part in opened)
    products, rest = [], macs
    for part in opened:
        if part.factor is not None:
            # The products of a layer are as many for every channel: no remainder.
            share = macs * part.channels // total
            products.append(Product(share, (part.factor, *factors)))
            rest -= share
    if factors and rest:
        products.append(Product(rest, tuple(factors)))
    return products


def read_chain(
    layers: Iterable[keras.Layer],
    shape: Shape,
    opened: Opened,
    factors: Sequence[Factor] = (),
) -> tuple[list[Product], Opened]:
    """Follows a chain of layers up to the first that mixes channels.

    Args:
        layers: built layers, none of them a Sequential.
        shape: input shape of the first.
        opened: the channels of its input.
        factors: see `reading`.

    Returns:
        `(products, opened)`: the MACs of the layers that see closed channels, and the
        channels of the last one's output.
    """
    products: list[Product] = []
    for layer in layers:
        if not opened:
            break
        kind = channels.kind(layer)
        if kind in (channels.Kind.KEEPS, channels.Kind.MIXES):
            if not channels.has_no_macs(layer):
                products += reading(count_macs(layer, shape), opened, factors)
        if kind is not channels.Kind.KEEPS:
            opened = _flattened(layer, shape, opened)
        if opened:
            shape = tuple(layer.compute_output_shape(shape))
    return products, opened


def _flattened(layer: keras.Layer, shape: Shape, opened: Opened) -> Opened:
    """Channels behind `Flatten`: each comes once for every position."""
    if type(layer) is not keras.layers.Flatten or layer.data_format != "channels_last":
        return ()
    positions = 1
    for size in shape[1:-1]:
        if size is None:
            return ()
        positions *= size
    return tuple(OpenChannels(p.channels * positions, p.factor) for p in opened)
