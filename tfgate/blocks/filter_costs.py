"""What the gates of filters switch, in MACs."""

import math
from collections.abc import Sequence

import keras
import numpy as np

from tfgate import channels
from tfgate import costs
from tfgate.blocks.sites import Site
from tfgate.gates import Gate
from tfgate.open_channels import OpenChannels
from tfgate.open_channels import Opened
from tfgate.open_channels import reading
from tfgate.typing import Shape

Elements = Sequence[keras.Layer | Site]


def products(
    paths: Sequence[Elements], shape: Shape, gate: Gate, opened: Opened = ()
) -> tuple[costs.Product, ...]:
    """Finds what a gate of filters switches.

    A closed filter is neither computed nor read by the layers from its place up to the
    nearest ones that mix channels, and by those in proportion. Layers that
    `tfgate.channels` does not know count as if they mixed them.

    Args:
        paths: chains of layers and gated places that all begin at the block's input.
        shape: the block's input shape.
        gate: the gate of all places.
        opened: the channels of the block's input that earlier gates leave open.

    Returns:
        Tuple of `tfgate.costs.Product`; every place is in at least one of them.
    """
    found = [p for path in paths for p in _of_path(path, shape, gate, opened)]
    # A place that saves nothing still has components to be counted.
    own = [f for p in found for f in p.factors if f.gate == gate.name]
    counted = sum((factor.weights for factor in own), _no_weights(gate))
    sites = [e for path in paths for e in path if isinstance(e, Site)]
    found += [
        costs.Product(0, (_factor(site, gate),))
        for site in sites
        if not counted[site.components].all()
    ]
    return tuple(found)


def open_outputs(path: Elements, shape: Shape, gate: Gate, opened: Opened) -> Opened:
    """Finds the channels at the end of a path that gates leave open.

    Args:
        path: chain of layers and gated places.
        shape: input shape of the path.
        gate: the gate of all places.
        opened: the channels of the path's input.
    """
    elements = flatten(path)
    site = _nearest_site(elements[::-1])
    if site is None:
        return opened if _is_kept(elements) else ()
    for element in elements:
        if not isinstance(element, Site):
            shape = tuple(element.compute_output_shape(shape))
    count = shape[-1]
    assert count is not None
    return (OpenChannels(count, _factor(site, gate)),)


def flatten(path: Elements) -> list[keras.Layer | Site]:
    """Takes the Sequentials on a path apart."""
    elements: list[keras.Layer | Site] = []
    for element in path:
        elements += [element] if isinstance(element, Site) else channels.leaves(element)
    return elements


def reached(elements: Elements) -> list[keras.Layer]:
    """The first layers, up to one that mixes channels or another gated place."""
    layers: list[keras.Layer] = []
    for element in elements:
        if isinstance(element, Site) or not _keeps_apart(element):
            break
        layers.append(element)
    return layers


def _of_path(
    path: Elements, shape: Shape, gate: Gate, opened: Opened
) -> list[costs.Product]:
    elements, found = flatten(path), []
    for index, element in enumerate(elements):
        if isinstance(element, Site):
            continue
        if not channels.has_no_macs(element):
            before = _nearest_site(elements[:index][::-1])
            after = _nearest_site(elements[index + 1 :])
            macs = costs.count_macs(element, shape)
            known = opened if _is_kept(elements[:index]) else ()
            if macs:
                found += _of_layer(element, macs, before, after, gate, known)
        shape = tuple(element.compute_output_shape(shape))
    return found


def _of_layer(
    layer: keras.Layer,
    macs: int,
    before: Site | None,
    after: Site | None,
    gate: Gate,
    opened: Opened,
) -> list[costs.Product]:
    sites = [site for site in (before, after) if site is not None]
    kind = channels.kind(layer)
    if kind is channels.Kind.GROUPS and before is not None and after is not None:
        return _of_groups(macs, before, after, gate)
    if kind is channels.Kind.KEEPS:
        # The same filters before and after: closed at one is enough.
        sites = sites[-1:]
    factors = tuple(_factor(site, gate) for site in sites)
    if opened and (
        kind is channels.Kind.MIXES or (kind is channels.Kind.KEEPS and not sites)
    ):
        return reading(macs, opened, factors)
    if not factors:
        return []
    computes = kind is channels.Kind.MIXES and after is not None
    return [costs.Product(macs, factors, factors[-1] if computes else None)]


def _of_groups(macs: int, before: Site, after: Site, gate: Gate) -> list[costs.Product]:
    """A group of a convolution runs where it is open on both sides.

    The shares of the two places would not do: they may have other groups open.
    """
    count = math.lcm(before.groups, after.groups)
    found = []
    for part in range(count):
        factors = []
        for site in (before, after):
            component = part * site.groups // count - site.groups_always_open
            if component >= 0:
                weights = _no_weights(gate)
                weights[site.start + component] = 1.0
                factors.append(costs.Factor(gate.name, weights))
        if factors:
            found.append(costs.Product(macs // count, tuple(factors)))
    return found


def _factor(site: Site, gate: Gate) -> costs.Factor:
    weights = _no_weights(gate)
    weights[site.components] = site.filters_per_gate
    return costs.Factor(gate.name, weights, float(site.filters_always_open))


def _no_weights(gate: Gate) -> np.ndarray:
    return np.zeros(gate.components)


def _nearest_site(elements: Elements) -> Site | None:
    """The first gated place, unless a layer comes first that mixes channels."""
    for element in elements:
        if isinstance(element, Site):
            return element
        if not _keeps_apart(element):
            return None
    return None


def _is_kept(elements: Elements) -> bool:
    """Whether these are layers that leave every channel as it is, and no places."""
    return all(
        not isinstance(element, Site) and channels.kind(element) is channels.Kind.KEEPS
        for element in elements
    )


def _keeps_apart(layer: keras.Layer) -> bool:
    return channels.kind(layer) in (channels.Kind.KEEPS, channels.Kind.GROUPS)
