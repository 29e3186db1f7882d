"""The graph of a functional model as a list of calls, nested models taken apart."""

import collections
import dataclasses
import inspect
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from tfgate.blocks import GatedBlock
from tfgate.typing import Tensor
from tfgate.typing import TensorTree

# What `x + y` writes into a graph; Keras gives its class no public name.
_AddOperation = type(
    ops.add(keras.KerasTensor((1,)), keras.KerasTensor((1,)))._keras_history.operation
)


@dataclasses.dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer or operation in a graph.

    Attributes:
        operation: the layer, or the `keras.Operation` such as that of `x + y`.
        args: positional arguments, a structure with KerasTensors in it.
        kwargs: keyword arguments, likewise.
        outputs: KerasTensors.
    """

    operation: keras.Operation
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: tuple[Tensor, ...]

    @property
    def name(self) -> str:
        """Name of the layer or operation."""
        return self.operation.name

    @property
    def inputs(self) -> list[Tensor]:
        """The KerasTensors among the arguments."""
        flat = keras.tree.flatten((self.args, self.kwargs))
        return [x for x in flat if isinstance(x, keras.KerasTensor)]

    @property
    def is_addition(self) -> bool:
        """Whether it adds tensors: `keras.layers.Add`, `keras.ops.add` or `+`."""
        kind = type(self.operation)
        return kind in (keras.layers.Add, _AddOperation) and len(self.inputs) > 1

    def run(self, values: dict[int, Tensor], operation: keras.Operation) -> None:
        """Calls an operation as this one was called.

        Args:
            values: id of a KerasTensor of this graph -> what stands for it; the
                results are added.
            operation: the operation itself, or a copy.
        """

        def fill_in(value: Any) -> Any:
            return values[id(value)] if isinstance(value, keras.KerasTensor) else value

        args, kwargs = keras.tree.map_structure(fill_in, (self.args, self.kwargs))
        results = keras.tree.flatten(operation(*args, **kwargs))
        for output, result in zip(self.outputs, results, strict=True):
            values[id(output)] = result


class CallGraph:
    """The calls between the inputs and outputs of a functional model.

    Nested functional and sequential models that add tensors somewhere inside stand as
    their own calls, as if the network had been built without nesting them. All others
    stay one call.

    Args:
        model: functional `keras.Model`, or a built `keras.Sequential`.

    Attributes:
        calls: every `Call`, each after those it depends on.
        inputs: KerasTensors in the structure of the model's inputs.
        outputs: KerasTensors in the structure of the model's outputs.

    Raises:
        ValueError: the model is not such a model, has gates already, or two of its
            layers would have one name without the nesting.
    """

    def __init__(self, model: keras.Model) -> None:
        _check(model)
        functional = isinstance(model, keras.Function)
        self.inputs: TensorTree = model.input if functional else model.inputs[0]
        outputs = model.output if functional else model.outputs[0]
        same: dict[int, Tensor] = {}
        self.calls = list(_unnested(model, same, _count_calls(model)))
        self.outputs: TensorTree = _replaced(outputs, same)
        self._consumers: dict[int, list[Call]] = {}
        for call in self.calls:
            for tensor in call.inputs:
                self._consumers.setdefault(id(tensor), []).append(call)
        self._outputs = {id(tensor) for tensor in keras.tree.flatten(self.outputs)}
        self._producers = {id(t): call for call in self.calls for t in call.outputs}
        # Immediate dominators: the nearest single tensor that all paths from the
        # inputs to a tensor go through.
        self._dominators: dict[int, Tensor | None] = {}
        self._depths: dict[int, int] = {}
        for tensor in keras.tree.flatten(self.inputs):
            self._set_dominator(tensor, None)
        for call in self.calls:
            common = self.common_source(call.inputs)
            for tensor in call.outputs:
                self._set_dominator(tensor, common)
        self._check_names()

    @property
    def unopened(self) -> list[str]:
        """Names of nested models that add tensors, but had to stay one call.

        They are called more than once, or on tensors of another dtype or rank than
        they were built for.
        """
        nested = [c.operation for c in self.calls if _is_graph(c.operation)]
        return sorted({model.name for model in nested if _adds(model)})

    def consumers(self, tensor: Tensor) -> list[Call]:
        """The calls that take a tensor."""
        return self._consumers.get(id(tensor), [])

    def is_output(self, tensor: Tensor) -> bool:
        """Whether a tensor is an output of the model."""
        return id(tensor) in self._outputs

    def calls_of(self, operation: keras.Operation) -> list[Call]:
        """The calls of one layer or operation."""
        return [call for call in self.calls if call.operation is operation]

    def source_name(self, tensor: Tensor) -> str:
        """Name of the layer that a tensor comes from."""
        producer = self._producers.get(id(tensor))
        if producer is not None:
            return producer.name
        return str(tensor._keras_history.operation.name)

    def common_source(self, tensors: Iterable[Tensor]) -> Tensor | None:
        """The nearest tensor that all paths to the given tensors go through.

        Returns:
            KerasTensor, one of the given tensors where the others come from it; None
            if there is no such tensor.
        """
        first, *others = tensors
        common: Tensor | None = first
        for other in others:
            common = self._nearest_common(common, other)
        return common

    def between(self, source: Tensor, target: Tensor) -> list[Call]:
        """The calls on the paths from a tensor to another, in the graph's order.

        Args:
            source: KerasTensor that all paths to the target go through.
            target: KerasTensor.
        """
        found: set[int] = set()
        waiting = [target]
        while waiting:
            tensor = waiting.pop()
            if tensor is source:
                continue
            call = self._producers[id(tensor)]
            if id(call) not in found:
                found.add(id(call))
                waiting.extend(call.inputs)
        return [call for call in self.calls if id(call) in found]

    def _set_dominator(self, tensor: Tensor, dominator: Tensor | None) -> None:
        self._dominators[id(tensor)] = dominator
        above = -1 if dominator is None else self._depths[id(dominator)]
        self._depths[id(tensor)] = above + 1

    def _nearest_common(self, a: Tensor | None, b: Tensor | None) -> Tensor | None:
        while a is not b:
            if a is None or b is None:
                return None
            if self._depths[id(a)] >= self._depths[id(b)]:
                a = self._dominators[id(a)]
            else:
                b = self._dominators[id(b)]
        return a

    def _check_names(self) -> None:
        operations: dict[str, keras.Operation] = {}
        for call in self.calls:
            other = operations.setdefault(call.name, call.operation)
            if other is not call.operation:
                raise ValueError(
                    "Expected layers of distinct names where a nested model is taken "
                    f"apart to gate its blocks, got two named {call.name!r}; rename "
                    "one."
                )


def _unnested(
    model: keras.Model,
    same: dict[int, Tensor],
    calls: collections.Counter[int],
    training: bool | None = None,
) -> Iterator[Call]:
    """Yields the calls of a model.

    Args:
        model: whose graph to walk.
        same: id of a KerasTensor -> the one that it is without nesting; filled in.
        calls: id of an operation -> number of its calls in the whole network.
        training: what the model was called with.
    """
    for node in _ordered_nodes(model):
        operation = node.operation
        if node.is_input:
            continue
        args, kwargs = _replaced((node.arguments.args, _kwargs(node)), same)
        if calls[id(operation)] == 1 and _can_be_unnested(node):
            given = keras.tree.flatten(args[0])
            same.update(zip(map(id, operation.inputs), given, strict=True))
            inner = training if training is not None else kwargs.get("training")
            yield from _unnested(operation, same, calls, inner)
            results = _replaced(list(operation.outputs), same)
            same.update(zip(map(id, node.outputs), results, strict=True))
            continue
        if training is not None and _takes_training(operation):
            kwargs = {**kwargs, "training": training}
        yield Call(operation, tuple(args), kwargs, tuple(node.outputs))


def _ordered_nodes(model: keras.Model) -> list[Any]:
    """The nodes of Keras' graph from inputs to outputs, each after its parents."""

    def producer(tensor: Tensor) -> Any:
        operation, index, _ = tensor._keras_history
        return operation._inbound_nodes[index]

    begins = {id(producer(tensor)) for tensor in model.inputs}
    done: set[int] = set()
    ordered: list[Any] = []
    waiting = [producer(tensor) for tensor in reversed(model.outputs)]
    while waiting:  # a stack of its own: deep networks pass Python's recursion limit
        node = waiting[-1]
        parents = [] if id(node) in begins else node.parent_nodes
        missing = [parent for parent in parents if id(parent) not in done]
        if missing and id(node) not in done:
            waiting.extend(reversed(missing))
            continue
        waiting.pop()
        if id(node) not in done:
            done.add(id(node))
            ordered.append(node)
    return ordered


def _count_calls(model: keras.Model) -> collections.Counter[int]:
    """Counts the calls of every operation, those in nested models included."""
    calls: collections.Counter[int] = collections.Counter()
    for node in _ordered_nodes(model):
        calls[id(node.operation)] += 1
        if _is_graph(node.operation):
            calls.update(_count_calls(node.operation))
    return calls


def _can_be_unnested(node: Any) -> bool:
    """Whether a node is the call of a model that adds tensors inside."""
    model = node.operation
    if not _is_graph(model) or not _adds(model):
        return False
    given = keras.tree.flatten(node.arguments.args)
    # A nested model converts its inputs to the dtypes and ranks of its own.
    as_built = len(given) == len(model.inputs) and all(
        isinstance(x, keras.KerasTensor)
        and x.dtype == own.dtype
        and len(x.shape) == len(own.shape)
        for x, own in zip(given, model.inputs, strict=True)
    )
    return as_built and set(_kwargs(node)) <= {"training"}


def _kwargs(node: Any) -> dict[str, Any]:
    """Keyword arguments of a node, without the mask None, which Keras adds itself."""
    kwargs = node.arguments.kwargs
    return {k: v for k, v in kwargs.items() if k != "mask" or v is not None}


def _is_graph(operation: object) -> bool:
    """Whether an operation is a model that computes what its graph says."""
    if not isinstance(operation, keras.Function | keras.Sequential):
        return False
    if not isinstance(operation, keras.Model):
        return False
    try:
        operation.inputs  # noqa: B018 - a Sequential that is not built has none
    except AttributeError:
        return False
    # A subclass with a call of its own computes something else.
    return type(operation).call.__module__.partition(".")[0] == "keras"


def _adds(model: keras.Model) -> bool:
    for node in _ordered_nodes(model):
        if type(node.operation) in (keras.layers.Add, _AddOperation):
            return True
        if _is_graph(node.operation) and _adds(node.operation):
            return True
    return False


def _takes_training(operation: keras.Operation) -> bool:
    return "training" in inspect.signature(operation.call).parameters


def _replaced(structure: Any, same: dict[int, Tensor]) -> Any:
    def replace(value: Any) -> Any:
        return same.get(id(value), value)

    return keras.tree.map_structure(replace, structure)


def _check(model: keras.Model) -> None:
    if not isinstance(model, keras.Model):
        raise ValueError(f"Expected model to be a keras.Model, got {model!r}.")
    for layer in model._flatten_layers():
        if isinstance(layer, GatedBlock):
            raise ValueError(
                "Expected model to be a network without gates, got "
                f"{model.name!r} with the gated block {layer.name!r}."
            )
    if not _is_graph(model):
        raise ValueError(
            "Expected model to be a functional keras.Model or a built Sequential, "
            f"whose graph is known, got {model.name!r} of class "
            f"{type(model).__name__}."
        )
