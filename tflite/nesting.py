"""Early exits in the export graph: what follows an exit goes into its IF.

The graph is first built flat, as if every image went through all of it. Then, from the
last exit to the first, what lies behind an exit becomes a model of its own, between the
tensors that are known before the exit and the selected answer. So the IF of the second
exit stands inside the open branch of the first.
"""

import keras
import tensorflow as tf

from tflite.errors import InputError
from tflite.lowering.early_exit import ConditionalExit
from tflite.lowering.early_exit import MaskedExit


class Selected(keras.layers.Layer):
    """Marks the selected answer in a flat graph: here the last one."""

    def call(self, inputs):
        return inputs


class InOrder(keras.layers.Layer):
    """Joins decisions, and puts them into the order of the network.

    Args:
        columns: list of the place of each, in the order in which they come.

    Call arguments:
        parts: list of `[1, n]` tensors.

    Returns:
        `[1, sum of n]`.
    """

    def __init__(self, columns, **kwargs):
        super().__init__(**kwargs)
        self._sources = [columns.index(place) for place in sorted(columns)]

    def call(self, parts):
        joined = parts[0] if len(parts) == 1 else tf.concat(parts, axis=1)
        if self._sources == sorted(self._sources):
            return joined
        return tf.gather(joined, self._sources, axis=1)


def nest(leaves, marker, predictions, inputs, told):
    """Puts what lies behind each exit into its IF.

    Args:
        leaves: list of `tflite.lowering.early_exit.Leave`, in the order in which images
            come to them, at least one.
        marker: KerasTensor, what a `Selected` gave for the selection.
        predictions: KerasTensor, computed of it.
        inputs: KerasTensors, list, of the network.
        told: for each stage, which is what lies between two exits, the pair of a
            KerasTensor with its decisions, `[1, n]`, and the list of their columns in
            network order; None for a stage without.

    Returns:
        `(predictions, decisions)`, KerasTensors; decisions is None where no stage tells
        any.

    Raises:
        InputError: the predictions are not computed of the selection alone.
    """
    (last,) = _parents(marker)
    parts, columns = _joined(told[-1], [], [])
    selected = last
    for number in reversed(range(len(leaves))):
        leave = leaves[number]
        if leave.lowering == "if":
            known = [*inputs, *_before(leaves[: number + 1])]
            outputs = [selected]
            if parts:
                name = f"{leave.name}_decisions"
                outputs.append(InOrder(list(range(len(columns))), name=name)(parts))
            carried = _border(outputs, known)
            rest = keras.Model(carried, outputs, name=f"{leave.name}_rest")
            exit_layer = ConditionalExit(
                rest, leave.classifier, leave.condition, name=leave.name
            )
            selected, *parts = exit_layer(leave.scalar, leave.inputs, carried)
        elif leave.lowering == "masked":
            masked = MaskedExit(leave.condition, name=leave.name)
            selected = masked(leave.scalar, leave.answer, selected)
        elif leave.lowering == "closed":
            selected, parts, columns = leave.answer, [], []
        parts, columns = _joined(told[number], parts, columns)
    decisions = InOrder(columns, name="decisions")(parts) if parts else None
    return _end(marker, predictions, selected), decisions


def _joined(stage, parts, columns):
    """A stage's decisions, and those behind it."""
    if stage is None:
        return parts, columns
    decisions, own = stage
    return [decisions, *parts], [*own, *columns]


def _end(marker, predictions, selected):
    """What the network does with the selected answer."""
    if predictions is marker:
        return selected
    if any(tensor is not marker for tensor in _border([predictions], [marker])):
        raise InputError(
            "Expected a network with early exits whose predictions are computed of "
            "their selection alone, got one that reads something else besides."
        )
    return keras.Model(marker, predictions, name="after_selection")(selected)


def _before(leaves):
    """All tensors that are known when the last of these exits is reached."""
    waiting = [t for leave in leaves for t in (leave.inputs, leave.scalar)]
    waiting = [tensor for tensor in waiting if tensor is not None]
    found = {}
    while waiting:
        tensor = waiting.pop()
        if id(tensor) not in found:
            found[id(tensor)] = tensor
            waiting += _parents(tensor)
    return list(found.values())


def _border(outputs, known):
    """The tensors, known or inputs, from which outputs can be computed; a list."""
    known = {id(tensor) for tensor in known}
    waiting, seen, border = list(outputs), set(), []
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        parents = _parents(tensor)
        if id(tensor) in known or not parents:
            border.append(tensor)
        else:
            waiting += parents
    return border


def _parents(tensor):
    """What a KerasTensor is computed from."""
    operation, node, _ = tensor._keras_history
    return operation._inbound_nodes[node].input_tensors
