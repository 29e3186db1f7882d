"""Carries weights from one network to another by layer name."""

from collections.abc import Sequence

import keras
from numpy.typing import ArrayLike

from tfgate.gates import Gate


def copy_weights(source: keras.Model, target: keras.Model) -> list[str]:
    """Copies the weights of equally named layers, nested ones included.

    Serves to start a gated network from its dense twin and the reverse. Gates are
    carried over whole, to gates of the same class and name; without such a
    counterpart they stay as they are. Policies stay.

    Args:
        source: `keras.Model` to read from.
        target: `keras.Model` to write to.

    Returns:
        Names of the layers copied, in the target's order.

    Raises:
        ValueError: two layers of one name have weights of different shapes, or
            nothing matches; the target is unchanged then.
    """
    sources = {layer.name: layer for layer in leaves(source) if layer.weights}
    pairs = [
        (sources[layer.name], layer)
        for layer in leaves(target)
        if layer.weights
        and layer.name in sources
        and _gate_class(layer) is _gate_class(sources[layer.name])
    ]
    if not pairs:
        raise ValueError(
            f"Expected models with layers of the same names, got {source.name!r} and "
            f"{target.name!r} without any."
        )
    for giver, taker in pairs:
        shapes = [[tuple(w.shape) for w in layer.weights] for layer in (giver, taker)]
        if shapes[0] != shapes[1]:
            raise ValueError(
                f"Expected weights of one shape in layer {taker.name!r}, got "
                f"{shapes[0]} in the source and {shapes[1]} in the target."
            )
    for giver, taker in pairs:
        assign_weights(taker, giver.get_weights())
        if isinstance(taker, Gate):
            taker.policy.prepare(taker)
    return [taker.name for _, taker in pairs]


def assign_weights(layer: keras.Layer, weights: Sequence[ArrayLike]) -> None:
    """Sets the weights of a layer or model, as `layer.set_weights` should.

    An adapted `keras.layers.Normalization` computes with constants made of its weights;
    `set_weights` leaves these as they are.

    Args:
        layer: a built layer or model.
        weights: what `get_weights` of an equal one returned.
    """
    layer.set_weights(weights)
    for sublayer in layer._flatten_layers():
        if isinstance(sublayer, keras.layers.Normalization):
            sublayer.finalize_state()


def leaves(layer: keras.Layer) -> list[keras.Layer]:
    """Layers without sublayers, and gates, in the order in which they were made."""
    sublayers = list(layer._flatten_layers(recursive=False, include_self=False))
    if isinstance(layer, Gate) or not sublayers:
        return [layer]
    return [leaf for sublayer in sublayers for leaf in leaves(sublayer)]


def _gate_class(layer: keras.Layer) -> type[Gate] | None:
    return type(layer) if isinstance(layer, Gate) else None
