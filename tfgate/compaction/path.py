"""A path through a block of gated filters, made of smaller layers."""

import dataclasses
from collections.abc import Callable
from collections.abc import Sequence

import keras
import numpy as np

from tfgate import channels
from tfgate.blocks import GatedFilters
from tfgate.blocks import Site
from tfgate.compaction import slicing
from tfgate.compaction.slicing import NewLayer
from tfgate.compaction.slicing import NotFoldable
from tfgate.layers import SelectChannels

Path = Sequence[keras.Layer | Site]

# From a gated place and the channels that are left there to a layer, or None.
AtSite = Callable[[Site, list[int]], keras.Layer | None]


@dataclasses.dataclass(frozen=True)
class SlicedPath:
    """A path of smaller layers.

    Attributes:
        layers: the new layers, in order.
        kept: the channels of the path's output that the new layers give, in order.
        constants: float64 `[channels]`, the values of the others; 0 for those kept.
    """

    layers: list[NewLayer]
    kept: list[int]
    constants: np.ndarray

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the path is left but constants."""
        return not self.kept


def slice_path(
    block: GatedFilters,
    path: Path,
    decisions: np.ndarray,
    needed: bool = False,
    given: Sequence[int] | None = None,
    at_site: AtSite | None = None,
) -> SlicedPath:
    """Slices a path; keeps closed filters as zeros where that is the only exact way.

    Args:
        block: the block.
        path: its stages or its shortcut.
        decisions: `[components]`.
        needed: whether the result may not be constants alone.
        given: the channels of the block's input that the path gets, in order; the
            others are zero. None means all.
        at_site: function `(site, channels) -> layer`, called where the path crosses a
            gated place with the channels that are left of the tensor there; the layer,
            or None, stands behind it. It has no weights, and keeps the shape.
    """
    for restore in (False, True):
        slicer = _PathSlicer(block, path, decisions, restore, given, at_site)
        try:
            sliced = slicer.run()
        except NotFoldable:
            if restore:
                raise
            continue
        if restore or not (needed and sliced.is_empty):
            return sliced
    raise AssertionError


class _PathSlicer:
    """Walks along a path and knows which channels are left of the tensor there.

    Every channel is either kept, so that the new layers compute it, or has a constant
    value. A closed filter is a constant zero; a batch norm makes another constant of
    it; the next convolution adds what it makes of the constants to its own bias. At
    the border of a padded convolution that would be wrong. There a closed filter stays
    as a carrier: the last batch norm before gives 1 for it, and its kernel is that of
    all constants together. A grouped convolution loses whole groups, and carries
    nothing.

    Args:
        block: the block.
        path: its stages or its shortcut: layers, Sequentials and gated places.
        decisions: `[components]` of the block's gate.
        restore: whether closed filters come back, as zeros, right behind their place:
            then nothing is constant, and all that follows is as it was.
        given, at_site: see `slice_path`.

    Raises:
        NotFoldable: from `run`, where constants can't be carried on.
    """

    def __init__(
        self,
        block: GatedFilters,
        path: Path,
        decisions: np.ndarray,
        restore: bool,
        given: Sequence[int] | None,
        at_site: AtSite | None,
    ) -> None:
        self._block = block
        self._restore = restore
        self._at_site = at_site
        self._elements: list[keras.Layer | Site] = []
        self._open: dict[Site, np.ndarray] = {}  # filters, bool
        self._shapes = [tuple(block.built_shape)]  # before each element, and at the end
        for element in path:
            if isinstance(element, Site):
                self._elements.append(element)
                self._open[element] = element.open_filters(decisions).astype(bool)
                self._shapes.append(self._shapes[-1])
                continue
            for leaf in channels.leaves(element):
                self._elements.append(leaf)
                self._shapes.append(tuple(leaf.compute_output_shape(self._shapes[-1])))
        self._layers: list[NewLayer] = []
        self._kept = list(range(self._channels(0)) if given is None else given)
        self._constants = np.zeros(self._channels(0))
        self._carrier: int | None = None
        self._carried = 0.0  # the carrier's value
        self._mean_shift: np.ndarray | None = None

    def run(self) -> SlicedPath:
        """Slices the path."""
        for index, element in enumerate(self._elements):
            if isinstance(element, Site):
                self._cross_site(index, element)
            elif channels.kind(element) is channels.Kind.MIXES:
                self._cross_mixing(index, element)
            elif channels.kind(element) is channels.Kind.GROUPS:
                self._cross_groups(index, element)
            elif channels.kind(element) is channels.Kind.KEEPS:
                self._cross_keeping(index, element)
            else:
                self._cross_unknown(index, element)
        return SlicedPath(self._layers, self._kept, self._constants)

    # --- One element

    def _cross_site(self, index: int, site: Site) -> None:
        opened = self._open[site]
        if self._at_site is not None and self._constants[opened].any():
            raise NotFoldable  # the layer behind the place changes them, too
        carrier = self._carrier_at(index)
        if self._carrier is not None or carrier not in (None, *self._kept):
            raise NotFoldable  # one at a time, and only where something is left
        if self._restore:
            places = [
                self._kept.index(c) if is_open else None
                for c, is_open in enumerate(opened)
            ]
            self._select(places, site.name)
            self._keep_all(index)
            self._stand_at(site)
            return
        kept = [c for c in self._kept if opened[c] or c == carrier]
        self._select([self._kept.index(channel) for channel in kept], site.name)
        self._kept, self._carrier = kept, carrier
        self._constants = np.where(opened, self._constants, 0.0)
        self._stand_at(site)

    def _cross_mixing(self, index: int, layer: keras.Layer) -> None:
        outputs, carrier_channel = self._demanded(index), self._carrier
        self._carrier = None
        if not outputs:  # closed for good: whatever came before is of no use
            self._layers.clear()
            self._kept, self._constants = [], np.zeros(self._channels(index + 1))
            return
        if not self._kept:
            self._constants = slicing.mixed_constants(layer, self._constants)
            return
        bias, carrier = None, None
        if self._constants.any():
            summed = slicing.summed_kernel(layer, self._constants)[..., outputs]
            if carrier_channel is not None:
                if not self._carried:  # an activation closed it after all
                    raise NotFoldable
                carrier = (carrier_channel, summed / self._carried)
            elif slicing.pads(layer):
                raise NotFoldable
            else:
                bias = summed.reshape(-1, len(outputs)).sum(axis=0)
        if bias is not None and self._followed_by_norm(index, layer):
            bias, self._mean_shift = None, bias
        new = slicing.slice_mixing(layer, self._kept, outputs, bias, carrier)
        self._layers.append(new)
        self._kept = outputs
        self._constants = np.zeros(self._channels(index + 1))

    def _cross_groups(self, index: int, layer: keras.Layer) -> None:
        if self._carrier is not None:
            raise NotFoldable
        inputs, outputs = channels.group_sizes(layer)
        kept = np.isin(np.arange(self._channels(index)), self._kept)
        kept = kept.reshape(layer.groups, inputs)
        given = kept.all(axis=1)
        if (kept.any(axis=1) & ~given).any():
            raise NotFoldable  # a group is computed as a whole
        needed = np.isin(np.arange(self._channels(index + 1)), self._demanded(index))
        demanded = needed.reshape(layer.groups, outputs).any(axis=1)
        running = np.flatnonzero(given & demanded).tolist()
        constants = slicing.grouped_constants(layer, self._constants)
        read = _members(running, inputs)
        self._select([self._kept.index(channel) for channel in read], layer.name)
        if running:
            self._layers.append(slicing.slice_groups(layer, running))
        self._kept = _members(running, outputs)
        # Of what nothing behind needs, no value is known, nor of what is kept.
        self._constants = np.where(np.repeat(given, outputs), 0.0, constants)

    def _cross_keeping(self, index: int, layer: keras.Layer) -> None:
        shape = self._shapes[index]
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        # Of what nothing behind needs, the value does not matter: padding may show.
        gone = np.zeros(len(self._constants), bool)
        gone[self._demanded(index)] = True
        gone[[c for c in self._kept if c != self._carrier]] = False
        constants = np.zeros(len(gone))
        if gone.any():
            after = slicing.constants_after(layer, self._constants, shape)
            constants = np.where(gone, after, 0.0)
        if self._carrier is not None:
            carried = np.full(len(constants), self._carried)
            if not is_norm:
                carried = slicing.constants_after(layer, carried, shape)
            self._carried = 1.0 if is_norm else carried[self._carrier]
        if self._kept:
            self._layers.append(
                slicing.slice_norm(layer, self._kept, self._mean_shift, self._carrier)
                if is_norm
                else slicing.slice_layer(layer, self._kept)
            )
        self._mean_shift = None
        self._constants = constants

    def _cross_unknown(self, index: int, layer: keras.Layer) -> None:
        if len(self._kept) < len(self._constants) or self._carrier is not None:
            raise NotFoldable
        self._layers.append(slicing.copy_layer(layer))
        self._keep_all(index + 1)

    # --- What lies ahead

    def _demanded(self, index: int) -> list[int]:
        """Output channels of the layer at an index that anything behind it needs."""
        everything = list(range(self._channels(index + 1)))
        crossed: list[keras.Layer] = []
        for ahead in range(index + 1, len(self._elements)):
            element = self._elements[ahead]
            if isinstance(element, Site):
                needed = np.flatnonzero(self._open[element]).tolist()
                carrier = self._carrier_at(ahead)
                if carrier is not None:
                    needed = sorted([*needed, carrier])
                if not needed and self._restore:
                    needed = [0]  # zeros have to be made of something
                return _traced_back(needed, crossed)
            kind = channels.kind(element)
            if kind is channels.Kind.GROUPS:
                crossed.append(element)
            elif kind is not channels.Kind.KEEPS:
                return everything
        return everything

    def _carrier_at(self, index: int) -> int | None:
        """The closed filter at a gated place that must stay, to carry constants."""
        site = self._elements[index]
        assert isinstance(site, Site)
        opened = self._open[site]
        if self._restore or opened.all():
            return None
        constants, lit, grouped = np.zeros(len(opened)), False, False
        for ahead in range(index + 1, len(self._elements)):
            element, shape = self._elements[ahead], self._shapes[ahead]
            if isinstance(element, Site):
                constants = np.where(self._open[element], constants, 0.0)
                continue
            kind = channels.kind(element)
            if kind is channels.Kind.UNKNOWN:
                raise NotFoldable
            closed = np.where(opened, 0.0, constants)
            if kind is channels.Kind.MIXES:
                if not (closed.any() and slicing.pads(element)):
                    return None
                if grouped or not lit:
                    raise NotFoldable
                return int(np.argmax(np.abs(closed)))
            if kind is channels.Kind.GROUPS:
                constants = slicing.grouped_constants(element, closed)
                inputs, outputs = channels.group_sizes(element)
                opened, grouped = np.repeat(opened[::inputs], outputs), True
                continue
            constants = slicing.constants_after(element, closed, shape)
            lit = lit or isinstance(element, keras.layers.BatchNormalization)
        return None

    def _followed_by_norm(self, index: int, layer: keras.Layer) -> bool:
        """Whether a batch norm can take over what would be the layer's bias."""
        following = self._elements[index + 1 : index + 2]
        return (
            not layer.use_bias
            and layer.activation is keras.activations.linear
            and bool(following)
            and isinstance(following[0], keras.layers.BatchNormalization)
            and channels.kind(following[0]) is channels.Kind.KEEPS
        )

    # --- State

    def _channels(self, index: int) -> int:
        """Number of channels before the element at an index."""
        count = self._shapes[index][-1]
        assert count is not None
        return count

    def _keep_all(self, index: int) -> None:
        self._kept = list(range(self._channels(index)))
        self._constants = np.zeros(len(self._kept))

    def _stand_at(self, site: Site) -> None:
        if self._at_site is not None and self._kept:
            layer = self._at_site(site, self._kept)
            if layer is not None:
                self._layers.append(NewLayer(layer, []))

    def _select(self, picked: Sequence[int | None], place: str) -> None:
        if picked == list(range(len(self._kept))):
            return
        if not picked:
            self._layers.clear()
            return
        name = f"{self._block.name}_{place}_select"
        layer = SelectChannels(picked, name=name, dtype=self._block.dtype_policy)
        self._layers.append(NewLayer(layer, []))


def _members(groups: Sequence[int], size: int) -> list[int]:
    """The channels of groups of a size, in order."""
    return [group * size + offset for group in groups for offset in range(size)]


def _traced_back(needed: list[int], crossed: Sequence[keras.Layer]) -> list[int]:
    """The channels that grouped convolutions, the last one first, make others of."""
    for layer in reversed(crossed):
        inputs, outputs = channels.group_sizes(layer)
        needed = _members(sorted({channel // outputs for channel in needed}), inputs)
    return needed
