"""Which parts of a network lie behind which early exits."""

import dataclasses
from collections.abc import Iterable
from typing import Any
from typing import Self

import keras

from tfgate.blocks import EarlyExit
from tfgate.blocks import ExitSelection
from tfgate.typing import Tensor
from tfgate.typing import TensorTree


@dataclasses.dataclass(frozen=True, eq=False)
class ExitGraph:
    """The early exits of a network, and the layers behind them.

    A stage is what runs between two exits. Stage 0 runs for every image; stage k for
    the images that continue at the first k exits. A layer is in the first stage that
    needs it: for the exit at its end, or, of the last stage, for the last answer.
    What other outputs of the network need is in stage 0.

    Attributes:
        exits: the `tfgate.EarlyExit`s, in the order in which images come to them.
        answers: KerasTensors, the answer of each exit and the last one.
        sources: for each stage, the KerasTensors that must be known at its end.
        selection: the `tfgate.ExitSelection`; None without exits.
    """

    exits: tuple[EarlyExit, ...]
    answers: tuple[Tensor, ...]
    sources: tuple[tuple[Tensor, ...], ...]
    selection: ExitSelection | None

    @classmethod
    def read(cls, operations: Iterable[Any], outputs: TensorTree) -> Self:
        """Finds the exits of a functional network.

        Args:
            operations: its layers and other operations, each after all that it reads.
            outputs: KerasTensors, its predictions.

        Raises:
            ValueError: an exit's decision does not go to the one `ExitSelection` that
                there must be.
        """
        found = list(operations)
        exits = [layer for layer in found if isinstance(layer, EarlyExit)]
        selections = [layer for layer in found if isinstance(layer, ExitSelection)]
        if not exits and not selections:
            return cls((), (), (), None)
        calls = [node for layer in selections for node in layer._inbound_nodes]
        if len(calls) != 1:
            raise ValueError(
                "Expected one tfgate.ExitSelection, called once, between the early "
                f"exits {[leave.name for leave in exits]} and the predictions, got "
                f"{len(calls)} calls."
            )
        answers, decisions = _arguments(calls[0])
        selected = [tensor._keras_history.operation for tensor in decisions]
        if sorted(map(id, selected)) != sorted(map(id, exits)) or any(
            leave.gate_outputs["decision"] is not tensor
            for leave, tensor in zip(selected, decisions, strict=True)
        ):
            raise ValueError(
                f"Expected {selections[0].name!r} to get the decisions of the early "
                f"exits {[leave.name for leave in exits]}, once each, got those of "
                f"{[layer.name for layer in selected]}."
            )
        always = _besides(selections[0], found, outputs)
        sources: list[tuple[Tensor, ...]] = []
        for answer, decision in zip(answers, (*decisions, None), strict=True):
            before = sources[-1] if sources else always
            own = (answer,) if decision is None else (answer, decision)
            sources.append((*before, *own))
        return cls(tuple(selected), tuple(answers), tuple(sources), selections[0])

    def stages(self) -> dict[str, int]:
        """Layer name -> number of its stage, of all layers that any stage needs."""
        found: dict[str, int] = {}
        for stage, tensors in enumerate(self.sources):
            for layer in _ancestors(tensors, None):
                found.setdefault(layer.name, stage)
        return found


def _arguments(node: "keras.Node") -> tuple[list[Tensor], list[Tensor]]:
    arguments = dict(zip(("answers", "decisions"), node.arguments.args, strict=False))
    arguments |= node.arguments.kwargs
    return list(arguments["answers"]), list(arguments["decisions"])


def _besides(
    selection: keras.Layer, operations: Iterable[Any], outputs: TensorTree
) -> tuple[Tensor, ...]:
    """What outputs are computed from besides the selected answer."""
    behind = {id(selection)}
    for layer in operations:
        inputs = [
            tensor for node in layer._inbound_nodes for tensor in node.input_tensors
        ]
        if any(id(tensor._keras_history.operation) in behind for tensor in inputs):
            behind.add(id(layer))
    return tuple(
        tensor
        for layer in _ancestors(keras.tree.flatten(outputs), selection)
        if id(layer) not in behind and not isinstance(layer, keras.layers.InputLayer)
        for node in layer._inbound_nodes
        for tensor in node.output_tensors
    )


def _ancestors(tensors: Iterable[Tensor], stop: keras.Layer | None) -> list[Any]:
    """Operations that tensors are computed from, except what lies before `stop`."""
    found: dict[int, Any] = {}
    waiting = list(tensors)
    while waiting:
        layer = waiting.pop()._keras_history.operation
        if id(layer) in found:
            continue
        found[id(layer)] = layer
        if layer is not stop:
            for node in layer._inbound_nodes:
                waiting += node.input_tensors
    return list(found.values())
