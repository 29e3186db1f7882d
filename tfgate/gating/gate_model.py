"""Puts gates into a network that knows nothing of them."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

import keras

from tfgate.applications.gate_factory import MakeGate
from tfgate.applications.gate_factory import gate_factory
from tfgate.blocks import GatedResidual
from tfgate.gates import Gate
from tfgate.gating.call_graph import CallGraph
from tfgate.gating.layer_copies import LayerCopies
from tfgate.gating.paths import Path
from tfgate.gating.residual_blocks import FoundBlock
from tfgate.gating.residual_blocks import ResidualBlock
from tfgate.gating.residual_blocks import describe
from tfgate.gating.residual_blocks import examine
from tfgate.gating.residual_blocks import folded_activation
from tfgate.model import GatedModel
from tfgate.typing import Tensor
from tfgate.typing import TensorTree

Where = Iterable[str] | Callable[[ResidualBlock], bool]

# What additions are called after the name of their block, in keras.applications.
_ENDINGS = ("_add", "_out")
# Names that a block's parts have in the gated network, or after compaction.
_PARTS = ("", "_gate", "_branch", "_shortcut", "_scale", "_add", "_out")


def gate_model(
    model: keras.Model,
    where: Where | None = None,
    gate: str | type[Gate] = "dependent",
    name: str | None = None,
    **gate_arguments: Any,
) -> GatedModel:
    """Gates the residual blocks of a functional model that is not of this library.

    Each chosen block becomes a `tfgate.GatedResidual`, whose branch and shortcut are
    made of copies of the block's own layers, with their names, configurations, weights
    and trainable flags. With open gates the result computes what the model computes;
    what stands outside of the blocks is copied unchanged. The model itself stays as it
    was and shares no variable with the result; its optimizer and losses are not taken
    over: call `compile`.

    A block is named as its addition, without the ending `_add` or `_out`, and its gate
    like the block with `_gate`: the names that `tfgate.applications` use. An
    activation which alone takes the sum becomes the block's activation. Nested models
    with residual blocks inside are taken apart, so that their layers stand in the
    network itself, as a `GatedModel` needs it.

    Args:
        model: functional `keras.Model`, or a built `keras.Sequential`.
        where: which of the blocks that `find_residual_blocks` lists. None takes all of
            them, and of nested ones the innermost; names of additions, the attribute
            `add`; or a function from a `ResidualBlock` to a bool.
        gate: `"dependent"`, `"independent"`, `"stochastic_depth"`, or a class of gates
            called as `gate(1, name=..., **gate_arguments)`.
        name: name of the result; None takes the model's.
        **gate_arguments: arguments of the gates, such as `seed` or
            `initial_open_probability`.

    Returns:
        A `tfgate.GatedModel`, not compiled.

    Raises:
        ValueError: the model is not functional or has gates already; where names an
            addition that is not there or cannot be gated, blocks inside each other,
            or leaves none; gate is not one of its choices.

    Example:
    >>> import tfgate
    >>> inputs = keras.Input((8, 8, 4))
    >>> x = keras.layers.Conv2D(4, 3, padding="same", name="conv")(inputs)
    >>> x = keras.layers.Add(name="first_add")([inputs, x])
    >>> plain = keras.Model(inputs, keras.layers.ReLU()(x))
    >>> gated = gate_model(plain, gate="independent")
    >>> gated.gate_names, gated.costs.dense
    (['first_gate'], 9216)
    """
    if gate is None:
        raise ValueError(
            "Expected gate to be 'dependent', 'independent', 'stochastic_depth' or a "
            "class of gates, got None."
        )
    graph = CallGraph(model)
    blocks = _choose(graph, model, where)
    make_gate = gate_factory(gate, None, len(blocks), gate_arguments)
    assert make_gate is not None
    copies = LayerCopies()
    named = dict(zip(_block_names(graph, blocks), blocks, strict=True))
    inputs, outputs = _rebuild(graph, named, make_gate, copies)
    gated = GatedModel(inputs, outputs, name=name or model.name)
    copies.finish()
    return gated


def _rebuild(
    graph: CallGraph,
    blocks: Mapping[str, FoundBlock],
    make_gate: MakeGate,
    copies: LayerCopies,
) -> tuple[TensorTree, TensorTree]:
    """Builds the graph anew, of copies; returns its inputs and outputs."""
    values: dict[int, Tensor] = {}
    for tensor in keras.tree.flatten(graph.inputs):
        values[id(tensor)] = copies.of(tensor._keras_history.operation).output
    at = {id(block.add): name for name, block in blocks.items()}
    replaced = {id(call) for block in blocks.values() for call in block.calls}
    for call in graph.calls:
        if id(call) in at:
            name = at[id(call)]
            block = blocks[name]
            gated_block = _gated_block(block, name, make_gate, copies)
            x = values[id(block.branch.source)]
            values[id(block.output)] = gated_block(x)[0]
        elif id(call) not in replaced:
            call.run(values, copies.of(call.operation))
    structures = (graph.inputs, graph.outputs)
    inputs, outputs = keras.tree.map_structure(lambda t: values[id(t)], structures)
    return inputs, outputs


def _choose(
    graph: CallGraph, model: keras.Model, where: Where | None
) -> list[FoundBlock]:
    blocks, obstacles = examine(graph)
    if not blocks:
        reasons = [*obstacles.values()] or ["There is no addition of tensors in it."]
        reasons += [
            f"The nested model {name!r} is not looked into: it is called more than "
            "once, or on tensors of another dtype or rank than it was built for."
            for name in graph.unopened
        ]
        raise ValueError(
            f"Expected model {model.name!r} to have residual blocks that can be gated, "
            f"got none. {' '.join(reasons)}"
        )
    if where is None:
        return [block for block in blocks if not block.inner]
    if callable(where):
        chosen = [block for block in blocks if where(describe(graph, block))]
    else:
        wanted = [where] if isinstance(where, str) else list(where)
        _check_wanted(wanted, blocks, obstacles)
        chosen = [block for block in blocks if block.add.name in wanted]
    if not chosen:
        raise ValueError(
            f"Expected where to choose some of {[b.add.name for b in blocks]}, got "
            f"none by {where!r}."
        )
    for block in chosen:
        for inner in block.inner:
            if inner in chosen:
                raise ValueError(
                    "Expected where to choose blocks that are not inside each other, "
                    f"got {inner.add.name!r} inside the branch at {block.add.name!r}."
                )
    return chosen


def _check_wanted(
    wanted: list[str], blocks: list[FoundBlock], obstacles: dict[str, str]
) -> None:
    known = [block.add.name for block in blocks]
    for name in wanted:
        if name in obstacles:
            raise ValueError(f"Expected where to name blocks. {obstacles[name]}")
        if name not in known:
            raise ValueError(
                f"Expected where to be names of additions among {known}, got {name!r}."
            )


def _block_names(graph: CallGraph, blocks: list[FoundBlock]) -> list[str]:
    """Names for the gated blocks, apart from those of the layers that stay."""
    inside = {id(call) for block in blocks for call in block.calls}
    taken = {call.name for call in graph.calls if id(call) not in inside}
    taken |= {graph.source_name(t) for t in keras.tree.flatten(graph.inputs)}
    names = []
    for block in blocks:
        name = block.add.name
        for ending in _ENDINGS:
            if block.add.name != ending:
                name = name.removesuffix(ending)
        candidates = [name, block.add.name, f"{block.add.name}_block"]
        free = [c for c in candidates if not taken & {c + part for part in _PARTS}]
        if not free:
            raise ValueError(
                f"Expected one of the names {candidates} to be free for the block at "
                f"addition {block.add.name!r}, with the endings {_PARTS}, got a "
                "network with layers of such names."
            )
        taken |= {free[0] + part for part in _PARTS}
        names.append(free[0])
    return names


def _gated_block(
    block: FoundBlock, name: str, make_gate: MakeGate, copies: LayerCopies
) -> GatedResidual:
    shortcut = None
    if not block.shortcut.is_identity:
        shortcut = _sub_network(block.shortcut, f"{name}_shortcut", block.dtype, copies)
    activation = None
    if block.activation is not None:
        activation = folded_activation(block.activation.operation)
    return GatedResidual(
        _sub_network(block.branch, f"{name}_branch", block.dtype, copies),
        make_gate(1, f"{name}_gate"),
        shortcut=shortcut,
        activation=activation,
        name=name,
        dtype=block.dtype,
    )


def _sub_network(
    path: Path, name: str, dtype: keras.DTypePolicy, copies: LayerCopies
) -> keras.Model:
    """A path as a model of copies: a Sequential, which compaction takes apart, if can.

    Any other graph becomes a functional model, which stays one layer.
    """
    if path.is_chain:
        return keras.Sequential([copies.of(c.operation) for c in path.calls], name=name)
    source = path.source
    is_float = keras.backend.is_float_dtype(source.dtype)
    x = keras.Input(
        batch_shape=source.shape,
        # What the block hands on: it casts floats to its own dtype.
        dtype=dtype.compute_dtype if is_float else source.dtype,
        name=f"{name}_input",
    )
    values = {id(source): x}
    for call in path.calls:
        call.run(values, copies.of(call.operation))
    return keras.Model(x, values[id(path.target)], name=name)
