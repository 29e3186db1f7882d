"""Finds the residual blocks of a functional model."""

import dataclasses

import keras
from keras import layers

from tfgate.gating.call_graph import Call
from tfgate.gating.call_graph import CallGraph
from tfgate.gating.obstacles import NotGateableError
from tfgate.gating.obstacles import check_closed
from tfgate.gating.obstacles import check_layers
from tfgate.gating.obstacles import check_masks
from tfgate.gating.obstacles import dtype_policy
from tfgate.gating.paths import Path
from tfgate.typing import Activation
from tfgate.typing import Tensor


@dataclasses.dataclass(frozen=True)
class ResidualBlock:
    """A block of a network that a gate can switch: what `find_residual_blocks` tells.

    Attributes:
        add: name of the layer, or of the operation `+`, that adds branch and shortcut.
        input: name of the layer whose output the block starts from.
        branch: names of the layers that a gate would switch, in network order.
        shortcut: names of the layers that always run; none for the identity.
        activation: name of the layer that follows the addition and becomes part of
            the gated block, or None.
        branch_macs: MACs of the branch for one image; None where the size of the
            images is open, or the branch has a loop.
        shortcut_macs: MACs of the shortcut, likewise.
        inner: names of the additions of the blocks inside the branch, which cannot
            be gated together with this one.
    """

    add: str
    input: str
    branch: tuple[str, ...]
    shortcut: tuple[str, ...]
    activation: str | None
    branch_macs: int | None
    shortcut_macs: int | None
    inner: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False)
class FoundBlock:
    """A residual block in a graph.

    Attributes:
        add: the call that adds.
        branch: the path to be switched.
        shortcut: the path beside it.
        activation: the call after the addition that becomes part of the block.
        dtype: dtype policy in which the block adds.
        inner: the blocks inside the branch.
    """

    add: Call
    branch: Path
    shortcut: Path
    activation: Call | None
    dtype: keras.DTypePolicy
    inner: tuple["FoundBlock", ...] = ()

    @property
    def output(self) -> Tensor:
        """KerasTensor that the block results in."""
        return (self.activation or self.add).outputs[0]

    @property
    def calls(self) -> list[Call]:
        """All calls that the block consists of."""
        last = [self.add] if self.activation is None else [self.add, self.activation]
        return [*self.branch.calls, *self.shortcut.calls, *last]


def find_residual_blocks(model: keras.Model) -> tuple[ResidualBlock, ...]:
    """Lists the residual blocks of a functional model that gates can switch.

    A residual block is an addition of two tensors that come from one tensor, the
    block's input: the shortcut leads there through nothing, or through a chain of
    convolutions without activation, normalization, pooling, padding and the like; the
    branch is whatever stands on the other side. Where both are such chains, the one
    with fewer MACs is the shortcut. Nothing inside is used outside. Nested models are
    looked into where they are called once.

    Args:
        model: functional `keras.Model`, or a built `keras.Sequential`.

    Returns:
        Tuple of `ResidualBlock`, in network order. `find_ungateable_adds` tells of the
        other additions why they are not among them.

    Raises:
        ValueError: the model is of another kind, or has gates already.

    Example:
    >>> inputs = keras.Input((8, 8, 4))
    >>> x = layers.Conv2D(4, 3, padding="same", name="conv")(inputs)
    >>> model = keras.Model(inputs, layers.Add(name="add")([inputs, x]))
    >>> block, = find_residual_blocks(model)
    >>> block.add, block.branch, block.shortcut, block.branch_macs
    ('add', ('conv',), (), 9216)
    """
    graph = CallGraph(model)
    return tuple(describe(graph, block) for block in examine(graph)[0])


def find_ungateable_adds(model: keras.Model) -> dict[str, str]:
    """Lists the additions of a functional model that are not gateable blocks.

    Args:
        model: as for `find_residual_blocks`.

    Returns:
        Dict: name of the addition -> why not, a sentence that names the layer, what
        was expected and what was found.

    Raises:
        ValueError: as for `find_residual_blocks`.
    """
    return examine(CallGraph(model))[1]


def examine(graph: CallGraph) -> tuple[list[FoundBlock], dict[str, str]]:
    """Examines all additions of a graph.

    Returns:
        `(blocks, obstacles)`: the gateable blocks in network order, and of the other
        additions name -> why not.
    """
    blocks: list[FoundBlock] = []
    obstacles: dict[str, str] = {}
    for call in graph.calls:
        if not call.is_addition:
            continue
        try:
            found = _examine_addition(graph, call)
        except NotGateableError as error:
            obstacles[call.name] = str(error)
            continue
        inside = {id(inner) for inner in found.branch.calls}
        inner = tuple(block for block in blocks if id(block.add) in inside)
        blocks.append(dataclasses.replace(found, inner=inner))
    return blocks, obstacles


def describe(graph: CallGraph, block: FoundBlock) -> ResidualBlock:
    """Describes a block by the names of its layers."""
    return ResidualBlock(
        add=block.add.name,
        input=graph.source_name(block.branch.source),
        branch=tuple(call.name for call in block.branch.calls),
        shortcut=tuple(call.name for call in block.shortcut.calls),
        activation=None if block.activation is None else block.activation.name,
        branch_macs=block.branch.macs(),
        shortcut_macs=block.shortcut.macs(),
        inner=tuple(inner.add.name for inner in block.inner),
    )


def folded_activation(layer: keras.Operation) -> Activation | None:
    """The function of a layer that is an activation alone, or None if it is not one."""
    if type(layer) is layers.Activation:
        return layer.activation if layer.activity_regularizer is None else None
    if type(layer) is layers.ReLU and layer.activity_regularizer is None:
        bounds = (layer.max_value, layer.negative_slope, layer.threshold)
        functions = {
            (None, 0.0, 0.0): keras.activations.relu,
            (6.0, 0.0, 0.0): keras.activations.relu6,
        }
        return functions.get(bounds)
    return None


def _examine_addition(graph: CallGraph, add: Call) -> FoundBlock:
    tensors = add.inputs
    if len(tensors) != 2:
        raise NotGateableError(
            f"Expected addition {add.name!r} to have 2 inputs, got {len(tensors)}."
        )
    shapes = [tuple(tensor.shape) for tensor in tensors]
    if shapes[0][1:] != shapes[1][1:]:
        raise NotGateableError(
            f"Expected addition {add.name!r} of tensors of one shape, got {shapes}."
        )
    source = graph.common_source(tensors)
    if source is None:
        raise NotGateableError(
            f"Expected the inputs of addition {add.name!r} to come from one tensor, "
            "got tensors that come from different inputs of the model."
        )
    paths = [Path(source, t, tuple(graph.between(source, t))) for t in tensors]
    shortcut, branch = _shortcut_and_branch(add, paths)
    check_closed(graph, add, shortcut, branch)
    check_layers(graph, add, shortcut, branch)
    check_masks(graph, add, (source, *tensors))
    dtype = dtype_policy(graph, add, shortcut, branch)
    activation = _activation_after(graph, add, dtype)
    return FoundBlock(add, branch, shortcut, activation, dtype)


def _shortcut_and_branch(add: Call, paths: list[Path]) -> tuple[Path, Path]:
    first, second = paths
    if first.is_identity and second.is_identity:
        raise NotGateableError(
            f"Expected addition {add.name!r} to have a branch with layers, got the "
            "same tensor twice."
        )
    for shortcut, branch in ((first, second), (second, first)):
        if shortcut.is_identity:
            return shortcut, branch
    projections = [path for path in paths if path.is_projection]
    if not projections:
        raise NotGateableError(
            f"Expected a shortcut at addition {add.name!r} that is the identity or a "
            "chain of convolutions, normalization, pooling and padding, got "
            f"{' and '.join(path.names for path in paths)}."
        )
    if len(projections) == 1:
        (shortcut,) = projections
        return shortcut, second if shortcut is first else first
    macs = [path.macs() for path in paths]
    if macs[0] is None or macs[1] is None or macs[0] == macs[1]:
        raise NotGateableError(
            f"Expected a shortcut at addition {add.name!r} with fewer MACs than the "
            f"branch, got {macs[0]} and {macs[1]} MACs of "
            f"{' and '.join(path.names for path in paths)}."
        )
    return (first, second) if macs[0] < macs[1] else (second, first)


def _activation_after(
    graph: CallGraph, add: Call, dtype: keras.DTypePolicy
) -> Call | None:
    """The activation that alone takes the sum and can be part of the block."""
    (total,) = add.outputs
    consumers = graph.consumers(total)
    if len(consumers) != 1 or graph.is_output(total):
        return None
    (call,) = consumers
    if folded_activation(call.operation) is None or call.kwargs:
        return None
    if len(graph.calls_of(call.operation)) > 1:
        return None
    same_dtype = call.operation.compute_dtype == dtype.compute_dtype
    return call if same_dtype else None
