"""Carries weights from one network to another by layer name."""

import keras


def copy_weights(source: keras.Model, target: keras.Model) -> list[str]:
    """Copies the weights of equally named layers, nested ones included.

    Serves to start a gated network from its dense twin and the reverse. Gates have
    no counterpart in a dense network and stay as they are.

    Args:
        source: `keras.Model` to read from.
        target: `keras.Model` to write to.

    Returns:
        Names of the layers copied, in the target's order.

    Raises:
        ValueError: two layers of one name have weights of different shapes, or
            nothing matches; the target is unchanged then.
    """
    sources = {layer.name: layer for layer in _leaves(source) if layer.weights}
    pairs = [
        (sources[layer.name], layer)
        for layer in _leaves(target)
        if layer.weights and layer.name in sources
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
        taker.set_weights(giver.get_weights())
    return [taker.name for _, taker in pairs]


def _leaves(model: keras.Model) -> list[keras.Layer]:
    """Layers without sublayers, in the order in which they are found."""
    return [
        layer
        for layer in model._flatten_layers(include_self=False)
        if isinstance(layer, keras.Layer)
        and len(list(layer._flatten_layers(include_self=False))) == 0
    ]
