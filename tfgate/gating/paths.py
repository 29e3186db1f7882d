"""Paths through a graph: what leads from one tensor to another."""

import dataclasses

import keras
from keras import layers

from tfgate import channels
from tfgate.costs import count_macs
from tfgate.gating.call_graph import Call
from tfgate.typing import Tensor

_LINEAR = keras.activations.linear
_PROJECTIONS = (
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.AveragePooling3D,
    layers.BatchNormalization,
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv3D,
    layers.Cropping1D,
    layers.Cropping2D,
    layers.Cropping3D,
    layers.Dense,
    layers.DepthwiseConv1D,
    layers.DepthwiseConv2D,
    layers.GroupNormalization,
    layers.Identity,
    layers.LayerNormalization,
    layers.MaxPooling1D,
    layers.MaxPooling2D,
    layers.MaxPooling3D,
    layers.SeparableConv1D,
    layers.SeparableConv2D,
    layers.UpSampling1D,
    layers.UpSampling2D,
    layers.UpSampling3D,
    layers.ZeroPadding1D,
    layers.ZeroPadding2D,
    layers.ZeroPadding3D,
)


@dataclasses.dataclass(frozen=True, eq=False)
class Path:
    """Calls from one tensor of a graph to another; none for the identity."""

    source: Tensor
    target: Tensor
    calls: tuple[Call, ...]

    @property
    def is_identity(self) -> bool:
        """Whether the path ends where it starts."""
        return self.source is self.target

    @property
    def is_chain(self) -> bool:
        """Whether it is distinct layers one after the other, each of one tensor."""
        if len({id(call.operation) for call in self.calls}) < len(self.calls):
            return False
        tensor = self.source
        for call in self.calls:
            alone = len(call.args) == 1 and call.args[0] is tensor
            is_layer = isinstance(call.operation, layers.Layer)
            if not (alone and is_layer and not call.kwargs and len(call.outputs) == 1):
                return False
            tensor = call.outputs[0]
        return tensor is self.target

    @property
    def is_projection(self) -> bool:
        """Whether it is a chain of linear layers, normalization and pooling."""
        return self.is_chain and all(
            _is_projection(leaf)
            for call in self.calls
            for leaf in channels.leaves(call.operation)
        )

    @property
    def names(self) -> str:
        """Names of the layers, for messages."""
        return f"[{', '.join(call.name for call in self.calls)}]"

    def macs(self) -> int | None:
        """MACs for one image; None where they cannot be counted."""
        try:
            return count_macs(_Callable(self), self.source.shape)
        except ValueError:  # an open size, or a loop
            return None


def _is_projection(layer: keras.Operation) -> bool:
    return type(layer) in _PROJECTIONS and (
        getattr(layer, "activation", _LINEAR) in (None, _LINEAR)
    )


class _Callable:
    """A path as something to call, for `count_macs`, without any node in the graph."""

    def __init__(self, path: Path) -> None:
        self.name = path.names
        self.compute_dtype = path.source.dtype
        self._path = path

    def __call__(self, x: Tensor, training: bool = False) -> Tensor:
        values = {id(self._path.source): x}
        for call in self._path.calls:
            call.run(values, call.operation)
        return values[id(self._path.target)]
