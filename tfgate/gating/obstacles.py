"""What keeps the branch at an addition from being switched."""

import keras
from keras import layers

from tfgate import channels
from tfgate.gating.call_graph import Call
from tfgate.gating.call_graph import CallGraph
from tfgate.gating.paths import Path
from tfgate.typing import Tensor


class NotGateableError(ValueError):
    """Why the branch at an addition cannot be switched."""


def check_closed(graph: CallGraph, add: Call, shortcut: Path, branch: Path) -> None:
    """Checks that nothing inside the block is used outside of its own path."""
    for what, path in (("branch", branch), ("shortcut", shortcut)):
        own = {id(call) for call in (*path.calls, add)}
        for call in path.calls:
            for tensor in call.outputs:
                if graph.is_output(tensor):
                    raise NotGateableError(
                        f"Expected layer {call.name!r} in the {what} at addition "
                        f"{add.name!r} to be used there alone, got an output of the "
                        "model."
                    )
                for consumer in graph.consumers(tensor):
                    if id(consumer) not in own:
                        raise NotGateableError(
                            f"Expected layer {call.name!r} in the {what} at addition "
                            f"{add.name!r} to be used there alone, got "
                            f"{consumer.name!r}, which uses it too."
                        )


def check_layers(graph: CallGraph, add: Call, shortcut: Path, branch: Path) -> None:
    """Checks that the block's layers are its own, and of a kind that gates take."""
    if len(graph.calls_of(add.operation)) > 1:
        raise NotGateableError(
            f"Expected addition {add.name!r} to be called once, got "
            f"{len(graph.calls_of(add.operation))} calls of this layer."
        )
    for path in (branch, shortcut):
        own = {id(call) for call in path.calls}
        for call in path.calls:
            if any(id(other) not in own for other in graph.calls_of(call.operation)):
                raise NotGateableError(
                    f"Expected layer {call.name!r} of the block at addition "
                    f"{add.name!r} to be called there alone, got a layer that is "
                    "shared with another part of the network."
                )
            for leaf in channels.leaves(call.operation):
                weights = getattr(leaf, "weights", [])
                channels_first = getattr(leaf, "data_format", "") == "channels_first"
                if channels_first and weights:
                    raise NotGateableError(
                        f"Expected layer {leaf.name!r} of the block at addition "
                        f"{add.name!r} with data_format 'channels_last', which gates "
                        "take, got 'channels_first'."
                    )


def check_masks(graph: CallGraph, add: Call, tensors: tuple[Tensor, ...]) -> None:
    """Checks that no mask, such as that of padded steps, would get lost."""
    for tensor in tensors:
        if getattr(tensor, "_keras_mask", None) is not None:
            raise NotGateableError(
                f"Expected tensors without masks at addition {add.name!r}, got the "
                f"output of {graph.source_name(tensor)!r}, which has one; gated blocks "
                "do not pass masks on."
            )


def dtype_policy(
    graph: CallGraph, add: Call, shortcut: Path, branch: Path
) -> keras.DTypePolicy:
    """Returns the dtype policy in which a gated block computes what the original did.

    Raises:
        NotGateableError: no one policy does, because layers inside the block compute
            in different dtypes.
    """
    is_layer = isinstance(add.operation, layers.Layer)
    policy = (
        add.operation.dtype_policy
        if is_layer
        else keras.DTypePolicy(add.outputs[0].dtype)
    )
    dtype = policy.compute_dtype
    source = branch.source
    # The block casts its input once, for all that stands inside.
    inside = (*branch.calls, *shortcut.calls)
    takers = [call for call in graph.consumers(source) if call in inside]
    others = [call for call in takers if not _casts(call, dtype)]
    if source.dtype != dtype and others:
        raise NotGateableError(
            f"Expected layer {others[0].name!r} to compute in {dtype} as addition "
            f"{add.name!r} does, got an input of {source.dtype}; set its dtype."
        )
    for path in (shortcut, branch):
        if path.is_identity and is_layer:
            continue  # the addition casts it too
        if path.target.dtype != dtype:
            raise NotGateableError(
                f"Expected the inputs of addition {add.name!r} to be {dtype}, got "
                f"{path.target.dtype} from {graph.source_name(path.target)!r}."
            )
    return policy


def _casts(call: Call, dtype: str) -> bool:
    operation = call.operation
    if not isinstance(operation, layers.Layer) or isinstance(operation, keras.Model):
        return False
    return operation.autocast and operation.compute_dtype == dtype
