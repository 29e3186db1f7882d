"""Channels that became constants are cut out of a whole network.

A layer of a dense block that never runs leaves zeros, which go through concatenations
to all layers behind it. A batch norm makes constants of them, and the next convolution
adds the same number at every position: that goes into its bias, and the channels are
gone.
"""

import dataclasses
import math
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from tfgate import channels
from tfgate.compaction import slicing
from tfgate.compaction.slicing import NewLayer
from tfgate.compaction.slicing import NotFoldable
from tfgate.layers import ChannelBias
from tfgate.layers import SelectChannels
from tfgate.typing import Tensor
from tfgate.weights import assign_weights


def cut_constant_channels(model: keras.Model, sources: Collection[str]) -> keras.Model:
    """Returns a smaller network that computes the same.

    Channels are followed through batch norms, activations, pooling, concatenations and
    `Flatten` up to the convolutions and dense layers that read them. Before any other
    layer, and where padding would show, they are put back.

    Args:
        model: functional `keras.Model`.
        sources: names of its `tfgate.layers.SelectChannels` whose zeros are cut out.

    Returns:
        A new functional model; its layers have copies of the weights.
    """
    # An end restores its tensor, and is not there in the new network.
    ends = [keras.layers.Identity() for _ in keras.tree.flatten(model.output)]
    outputs = [
        end(tensor)
        for end, tensor in zip(ends, keras.tree.flatten(model.output), strict=True)
    ]
    outputs = keras.tree.pack_sequence_as(model.output, outputs)
    cutter = _ChannelCutter(sources, ends)
    cut = keras.models.clone_model(
        keras.Model(model.input, outputs),
        clone_function=lambda layer: layer,
        call_function=cutter.call,
    )
    cut = keras.Model(cut.input, cut.output, name=model.name)
    cutter.finish()
    return cut


@dataclasses.dataclass(frozen=True)
class _Partial:
    """A tensor of the new network that lacks some channels.

    Attributes:
        tensor: the channels that are left; where none are, any tensor with the same
            axes before the channels.
        kept: their numbers, ascending.
        constants: float64 `[all channels]`, the values of the others; 0 for those kept.
        source: the layer of the old network whose output it is.
    """

    tensor: Tensor
    kept: list[int]
    constants: np.ndarray
    source: keras.Layer


class _ChannelCutter:
    """Builds the new network, called layer by layer in the order of the old one."""

    def __init__(self, sources: Collection[str], ends: Sequence[keras.Layer]) -> None:
        self._sources = frozenset(sources)
        self._ends = {id(end) for end in ends}
        self._made: list[NewLayer] = []
        self._copies: dict[int, keras.Layer] = {}
        self._restored: dict[int, tuple[_Partial, Tensor]] = {}

    def call(self, layer: Any, *args: Any, **kwargs: Any) -> Any:
        """Applies what becomes of a layer to tensors and `_Partial`s."""
        if id(layer) in self._ends:
            return self._whole(args[0])
        if isinstance(layer, SelectChannels) and layer.name in self._sources:
            return self._select(layer, args[0])
        given = keras.tree.flatten((args, kwargs))
        if any(isinstance(tensor, _Partial) for tensor in given):
            try:
                return self._fold(layer, args, kwargs)
            except NotFoldable:
                args, kwargs = keras.tree.map_structure(self._whole, (args, kwargs))
        return self._copy(layer)(*args, **kwargs)

    def finish(self) -> None:
        """Sets the weights; call it when the new layers are built."""
        for new in self._made:
            assign_weights(new.layer, new.weights)

    # --- One layer

    def _select(self, layer: SelectChannels, x: Tensor | _Partial) -> _Partial:
        """Selects nothing where zeros are all that the layer adds."""
        given = x if isinstance(x, _Partial) else _complete(x, layer)
        positions = [
            given.kept.index(channel) if channel in given.kept else None
            for channel in layer.channels
        ]
        kept = [i for i, position in enumerate(positions) if position is not None]
        picked = [position for position in positions if position is not None]
        constants = np.array(
            [0.0 if c is None else given.constants[c] for c in layer.channels]
        )
        tensor = given.tensor
        if picked and picked != list(range(len(given.kept))):
            select = SelectChannels(picked, name=layer.name, dtype=layer.dtype_policy)
            tensor = self._adopt(NewLayer(select, []))(tensor)
        return _Partial(tensor, kept, constants, layer)

    def _fold(
        self, layer: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Tensor | _Partial:
        if len(getattr(layer, "_inbound_nodes", ())) != 1:
            raise NotFoldable  # other calls need the layer as it is
        if len(args) != 1 or any(value is not None for value in kwargs.values()):
            raise NotFoldable  # such as training=True, with which nothing is constant
        if type(layer) is keras.layers.Concatenate:
            return self._concatenate(layer, args[0])
        if not isinstance(layer, keras.Layer) or not isinstance(args[0], _Partial):
            raise NotFoldable
        if type(layer) is keras.layers.Flatten:
            return self._flatten(layer, args[0])
        kind = channels.kind(layer)
        if kind is channels.Kind.KEEPS:
            return self._cross_keeping(layer, args[0])
        if kind is channels.Kind.MIXES:
            return self._cross_mixing(layer, args[0])
        raise NotFoldable

    def _concatenate(
        self, layer: keras.Layer, inputs: Sequence[Tensor | _Partial]
    ) -> _Partial:
        parts = [x if isinstance(x, _Partial) else _complete(x, layer) for x in inputs]
        if layer.axis not in (-1, len(parts[0].tensor.shape) - 1):
            raise NotFoldable
        kept: list[int] = []
        for part, start in zip(parts, _starts(parts), strict=True):
            kept += [start + channel for channel in part.kept]
        tensors = [part.tensor for part in parts if part.kept]
        tensor = tensors[0] if tensors else parts[0].tensor
        if len(tensors) > 1:
            tensor = self._adopt(slicing.copy_layer(layer))(tensors)
        constants = np.concatenate([part.constants for part in parts])
        return _Partial(tensor, kept, constants, layer)

    def _flatten(self, layer: keras.Layer, x: _Partial) -> _Partial:
        positions = x.tensor.shape[1:-1]
        if not x.kept or None in positions or layer.data_format != "channels_last":
            raise NotFoldable
        count, size = math.prod(positions), len(x.constants)
        kept = [size * index + channel for index in range(count) for channel in x.kept]
        tensor = self._adopt(slicing.copy_layer(layer))(x.tensor)
        return _Partial(tensor, kept, np.tile(x.constants, count), layer)

    def _cross_keeping(self, layer: keras.Layer, x: _Partial) -> _Partial:
        constants = slicing.constants_after(layer, x.constants, x.tensor.shape)
        if not x.kept:
            _check_positions(layer, x)
            return _Partial(x.tensor, [], constants, layer)
        new = (
            slicing.slice_norm(layer, x.kept)
            if isinstance(layer, keras.layers.BatchNormalization)
            else slicing.slice_layer(layer, x.kept)
        )
        constants = constants.copy()
        constants[x.kept] = 0.0
        return _Partial(self._adopt(new)(x.tensor), x.kept, constants, layer)

    def _cross_mixing(self, layer: keras.Layer, x: _Partial) -> Tensor | _Partial:
        if not x.kept:
            _check_positions(layer, x)
            constants = slicing.mixed_constants(layer, x.constants)
            return _Partial(x.tensor, [], constants, layer)
        bias = None
        if x.constants.any():
            if slicing.pads(layer):
                raise NotFoldable
            summed = slicing.summed_kernel(layer, x.constants)
            bias = summed.reshape(-1, summed.shape[-1]).sum(axis=0)
        outputs = range(layer.kernel.shape[-1])
        return self._adopt(slicing.slice_mixing(layer, x.kept, outputs, bias))(x.tensor)

    # --- Whole tensors and layers

    def _whole(self, x: Any) -> Any:
        """Puts the channels back that a tensor lacks."""
        if not isinstance(x, _Partial):
            return x
        if id(x) not in self._restored:
            self._restored[id(x)] = (x, self._restore(x))
        return self._restored[id(x)][1]

    def _restore(self, x: _Partial) -> Tensor:
        name, dtype = x.source.name, x.source.dtype_policy
        positions = {channel: index for index, channel in enumerate(x.kept)}
        tensor = x.tensor
        if len(x.kept) < len(x.constants):
            picked = [positions.get(channel) for channel in range(len(x.constants))]
            select = SelectChannels(picked, name=f"{name}_restore", dtype=dtype)
            tensor = self._adopt(NewLayer(select, []))(tensor)
        if x.constants.any():
            bias = ChannelBias(name=f"{name}_constant", dtype=dtype)
            tensor = self._adopt(NewLayer(bias, [x.constants]))(tensor)
        return tensor

    def _copy(self, layer: Any) -> Any:
        if not isinstance(layer, keras.Layer):
            return layer
        if id(layer) not in self._copies:
            self._copies[id(layer)] = self._adopt(slicing.copy_layer(layer))
        return self._copies[id(layer)]

    def _adopt(self, new: NewLayer) -> keras.Layer:
        self._made.append(new)
        return new.layer


def _complete(x: Tensor, source: keras.Layer) -> _Partial:
    return _Partial(x, list(range(x.shape[-1])), np.zeros(x.shape[-1]), source)


def _starts(parts: Sequence[_Partial]) -> list[int]:
    """Number of the first channel of each part among those of all."""
    sizes = [len(part.constants) for part in parts]
    return [sum(sizes[:index]) for index in range(len(sizes))]


def _check_positions(layer: keras.Layer, x: _Partial) -> None:
    """Raises NotFoldable if a layer changes the axes before the channels."""
    given = (*x.tensor.shape[:-1], len(x.constants))
    if tuple(layer.compute_output_shape(given))[1:-1] != given[1:-1]:
        raise NotFoldable
