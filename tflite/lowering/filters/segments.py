"""A path through a block of gated filters, cut where its layers mix channels.

Between two such layers every channel, or every group of a grouped convolution, goes its
own way, so what is closed at a gated place is not needed anywhere in its segment.
"""

import dataclasses
import functools

import keras

from tfgate import channels
from tfgate import costs
from tfgate.blocks import Site


@dataclasses.dataclass(frozen=True)
class Segment:
    """Layers that keep channels or groups apart, and gated places.

    Attributes:
        elements: tuple of layers and `Site`s, in order.
        shapes: shape before each element, and at the end.
    """

    elements: tuple
    shapes: tuple

    @property
    def site(self):
        """The gated place that says what runs: the last one; None without any.

        A filter that is closed at one place is closed at the last of them, too, so
        this leaves nothing running in vain but what is open there and closed before.
        """
        sites = [e for e in self.elements if isinstance(e, Site)]
        return sites[-1] if sites else None

    @property
    def width(self):
        """Number of channels at the end."""
        return self.shapes[-1][-1]


@dataclasses.dataclass(frozen=True)
class Mixing:
    """A layer that makes each of its output channels of all its input channels.

    Attributes:
        layer: a convolution or dense layer, or one that is not known.
        norm: the batch norm behind it that can be folded into it, or None.
        input_shape: of the layer.
        output_shape: of the layer.
    """

    layer: keras.Layer
    norm: keras.Layer | None
    input_shape: tuple
    output_shape: tuple

    @property
    def is_known(self):
        """Whether some of its inputs and outputs can be left out."""
        return channels.kind(self.layer) is channels.Kind.MIXES

    @functools.cached_property
    def macs(self):
        """MACs of the whole layer for one image."""
        return count_macs(self.layer, self.input_shape)


def split(path, shape):
    """Cuts a path at the layers that mix channels.

    Args:
        path: layers, Sequentials and `Site`s, as `GatedFilters.path` gives them.
        shape: of its input.

    Returns:
        `(segments, mixings)`: one segment more, before and behind each of the mixing
        layers. A batch norm right behind a mixing layer without an activation is part
        of it.
    """
    elements = []
    for element in path:
        elements += [element] if isinstance(element, Site) else channels.leaves(element)
    segments, mixings = [], []
    inside, shapes = [], [tuple(shape)]
    for index, element in enumerate(elements):
        before = shapes[-1]
        if isinstance(element, Site):
            after = before
        else:
            after = tuple(element.compute_output_shape(before))
        if isinstance(element, Site) or _keeps_apart(element):
            if inside or not mixings or mixings[-1].norm is not element:
                inside.append(element)
                shapes.append(after)
            continue
        segments.append(Segment(tuple(inside), tuple(shapes)))
        norm = elements[index + 1] if index + 1 < len(elements) else None
        if not _folds(element, norm):
            norm = None
        mixings.append(Mixing(element, norm, before, after))
        inside, shapes = [], [after]
    segments.append(Segment(tuple(inside), tuple(shapes)))
    return segments, mixings


def count_macs(layer, shape):
    """MACs of a layer for one image."""
    return 0 if channels.has_no_macs(layer) else costs.count_macs(layer, shape)


def _keeps_apart(layer):
    return channels.kind(layer) in (channels.Kind.KEEPS, channels.Kind.GROUPS)


def _folds(layer, norm):
    return (
        channels.kind(layer) is channels.Kind.MIXES
        and layer.activation is keras.activations.linear
        and type(norm) is keras.layers.BatchNormalization
        and channels.kind(norm) is channels.Kind.KEEPS
    )
