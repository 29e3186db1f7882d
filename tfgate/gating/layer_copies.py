"""Copies of layers that keep their configuration, weights and trainable flags."""

import keras

from tfgate.weights import assign_weights


class LayerCopies:
    """Copies the layers of a model, each once.

    The copies get their weights in `finish`, when the network made of them is built.
    """

    def __init__(self) -> None:
        self._copies: dict[int, tuple[keras.Operation, keras.Operation]] = {}

    def of(self, operation: keras.Operation) -> keras.Operation:
        """Returns the copy of a layer or operation, the same one every time."""
        if id(operation) not in self._copies:
            copy = operation.__class__.from_config(operation.get_config())
            self._copies[id(operation)] = (operation, copy)
        return self._copies[id(operation)][1]

    def finish(self) -> None:
        """Copies weights and trainable flags; the copies must be built."""
        for operation, copy in self._copies.values():
            if isinstance(operation, keras.layers.Layer):
                _copy_state(operation, copy)


def _copy_state(layer: keras.Layer, copy: keras.Layer) -> None:
    assign_weights(copy, layer.get_weights())
    pairs = zip(layer._flatten_layers(), copy._flatten_layers(), strict=True)
    for source, target in pairs:
        # Outer layers come first: setting a flag sets those of all sublayers.
        if target.trainable != source.trainable:
            target.trainable = source.trainable
