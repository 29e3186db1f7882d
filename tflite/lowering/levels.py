"""`tfgate.GatedFilters` of throttled networks in TFLite: a few widths, one runs.

At u only some filters of a block are open, always the same ones. The file has the block
in a few widths, its levels, each of which serves an interval of u: the filters that are
open somewhere in it, sliced out, with smaller convolutions. Conditions on u choose one.
Within a level a mask per filter closes what is closed at just this u, and scales the
rest, so every u gives what Keras gives.

A level costs what a dense network of its width costs, and its weights are its own: with
widths of 1/4, 2/4, 3/4 and 1 a convolution between two gated places takes 1.9 times the
bytes of the dense one. Components of their own behind conditions of their own would
share the weights, but their results have to be put together or added up, which is one
more pass over the memory for each.
"""

import keras
import numpy as np
import tensorflow as tf

import tfgate
from tfgate import channels
from tfgate import costs
from tfgate.blocks import Site
from tfgate.compaction.path import slice_path
from tfgate.compaction.slicing import NotFoldable
from tfgate.layers import ChannelBias
from tfgate.layers import SelectChannels
from tflite.lowering import dial as dials
from tflite.lowering.registry import register


class SiteMask(keras.layers.Layer):
    """Closes and scales the filters at a gated place.

    Args:
        openings: list with an `Opening` for each filter, None for one without a gate.
        module: their `tfgate.throttling.Module`.

    Call arguments:
        inputs: `[1, ..., filters]`.
        u: float32 scalar.
    """

    def __init__(self, openings, module, **kwargs):
        super().__init__(**kwargs)
        thresholds = [0.0 if o is None else o.threshold for o in openings]
        self._thresholds = np.array(thresholds, "float32")
        self._module = module

    def call(self, inputs, u):
        is_open = tf.cast(u >= self._thresholds, tf.float32)
        return inputs * (is_open * dials.scale(self._module, u))


class Chain(keras.layers.Layer):
    """Layers one after the other; `SiteMask`s among them also get u.

    Args:
        layers: list of layers.

    Attributes:
        macs: MACs of the built layers for one image.
    """

    def __init__(self, layers, **kwargs):
        super().__init__(**kwargs)
        self.chain = layers
        self.macs = 0

    def build(self, input_shape):
        shape = tuple(input_shape)
        for layer in self.chain:
            if not layer.built:
                layer.build(shape)
            if not isinstance(layer, SiteMask):
                if not channels.has_no_macs(layer):
                    self.macs += costs.count_macs(layer, shape)
                shape = tuple(layer.compute_output_shape(shape))
        self.built = True

    def call(self, inputs, u):
        x = inputs
        for layer in self.chain:
            x = layer(x, u) if isinstance(layer, SiteMask) else layer(x)
        return x


class Level(keras.layers.Layer):
    """A block in one width.

    Args:
        stages: `Chain` of the stages; None where nothing of them is left.
        shortcut: `Chain` of a gated shortcut; None for another one.
        bias: `tfgate.layers.ChannelBias` of closed filters' constants, or None.
        activation: function of the result.

    Call arguments:
        inputs: `[1, ..., channels]`.
        skip: what the stages' result is added to; None for nothing, or with a shortcut
            of the level's own.
        u: float32 scalar.
    """

    def __init__(self, stages, shortcut, bias, activation, **kwargs):
        super().__init__(**kwargs)
        self.stages = stages
        self.shortcut = shortcut
        self.bias = bias
        self.activation = activation

    @property
    def macs(self):
        """MACs of the built level for one image, without an ungated shortcut."""
        return sum(chain.macs for chain in (self.stages, self.shortcut) if chain)

    def build(self, input_shape, output_shape):
        for chain in (self.stages, self.shortcut):
            if chain is not None:
                chain.build(input_shape)
        if self.bias is not None:
            self.bias.build(output_shape)
        self.built = True

    def call(self, inputs, skip, u):
        if self.shortcut is not None:
            skip = self.shortcut(inputs, u)
        parts = [] if skip is None else [skip]
        if self.stages is not None:
            parts.append(self.stages(inputs, u))
        total = parts[0] if len(parts) == 1 else parts[0] + parts[1]
        return self.activation(total if self.bias is None else self.bias(total))


class SwitchedLevels(keras.layers.Layer):
    """Export-only twin of `tfgate.GatedFilters` that runs one of its levels.

    Args:
        levels: list of `Level`, from the narrowest to the widest.
        openings: list of `Opening`, one less: from where the next level runs.
        shortcut: copy of the block's own where no gate is on it, or None.
        residual: whether the result is added to the shortcut's, or to the input.
        output_shape: of the block.

    Call arguments:
        inputs: `[1, ..., channels]`.
        u: float32 scalar.
    """

    def __init__(self, levels, openings, shortcut, residual, output_shape, **kwargs):
        super().__init__(**kwargs)
        self.levels = levels
        self._openings = openings
        self.shortcut = shortcut
        self._residual = residual
        self._output_shape = (1, *output_shape[1:])

    @property
    def steps(self):
        """`tflite.lowering.dial.Steps` of the built layer."""
        return dials.Steps(self._openings, [level.macs for level in self.levels])

    def build(self, inputs_shape, u_shape):
        if self.shortcut is not None and not self.shortcut.built:
            self.shortcut.build(inputs_shape)
        for level in self.levels:
            level.build(inputs_shape, self._output_shape)
        self.built = True

    def call(self, inputs, u):
        skip = None
        if self._residual:
            skip = inputs if self.shortcut is None else self.shortcut(inputs)
        outputs = self._choose(0, len(self.levels) - 1, inputs, skip, u)
        outputs.set_shape(self._output_shape)
        return outputs

    def _choose(self, low, high, inputs, skip, u):
        if low == high:
            return self.levels[low](inputs, skip, u)
        middle = (low + high) // 2
        return tf.cond(
            self._openings[middle].symbol(u),
            lambda: self._choose(middle + 1, high, inputs, skip, u),
            lambda: self._choose(low, middle, inputs, skip, u),
        )


@register(tfgate.GatedFilters, "levels")
def lower_levels(block, x, context):
    """Puts the block in a few widths behind conditions on u."""
    openings = _level_openings(block, context)
    levels = [
        _level(block, context, opening, f"{block.name}_level{number}")
        for number, opening in enumerate([*openings, None])
    ]
    gated_shortcut = any(isinstance(e, Site) for e in block.shortcut_path())
    twin = SwitchedLevels(
        levels,
        openings,
        None if gated_shortcut else context.rewriter.copy(block.shortcut),
        block.residual and not gated_shortcut,
        _output_shape(block),
        name=block.name,
    )
    output = twin(x, context.dial.u)
    context.dial.steps.append(twin.steps)
    return output


def _level_openings(block, context):
    """Where each level but the first begins: `Opening`s, ascending."""
    site = max(block.sites, key=lambda site: site.groups)
    fewest = min(site.filters for site in block.sites)
    count = max(1, min(context.levels, fewest // context.min_group, site.groups))
    own = context.dial.openings(block.gate)[site.components]
    own.sort(key=lambda opening: opening.threshold)
    always = site.groups_always_open
    # Level j holds the first j / count of the parts; the next begins with the next.
    widths = [round(site.groups * j / count) - always for j in range(1, count)]
    first = [0] if not any(s.groups_always_open for s in block.sites) else []
    return [own[width] for width in [*first, *widths] if 0 <= width < len(own)]


def _level(block, context, end, name):
    """The block as it is below where the next level begins; None: to the end."""
    dial, rewriter = context.dial, context.rewriter
    openings = dial.openings(block.gate)
    decisions = np.array([_may_be_open(opening, end) for opening in openings], int)
    inputs = dial.input_openings(block)
    given = None
    if inputs is not None:
        given = [c for c, o in enumerate(inputs) if o is None or _may_be_open(o, end)]
        # Where all is closed, zeros are read: something has to be.
        given = None if len(given) in (0, len(inputs)) else given

    def at_site(site, kept):
        own = [None] * site.groups_always_open + openings[site.components]
        module = dial.module(block.gate, site.components.start)
        filters = [own[channel // site.filters_per_gate] for channel in kept]
        return SiteMask(filters, module, name=f"{name}_{site.name}_mask")

    shortcut = None
    if any(isinstance(element, Site) for element in block.shortcut_path()):
        shortcut = slice_path(
            block, block.shortcut_path(), decisions, needed=True, at_site=at_site
        )
    alone = not block.residual or (shortcut is not None and shortcut.is_empty)
    try:
        path = slice_path(block, block.path(), decisions, alone, given, at_site)
    except NotFoldable:
        given = None
        path = slice_path(block, block.path(), decisions, alone, at_site=at_site)
    bias = None
    constants = path.constants + (0.0 if shortcut is None else shortcut.constants)
    if constants.any():
        bias = rewriter.adopt(ChannelBias(name=f"{name}_constant"), [constants])
    return Level(
        _chain(rewriter, path, given, f"{name}_path"),
        None if shortcut is None else _chain(rewriter, shortcut, None, f"{name}_0"),
        bias,
        block.activation,
        name=name,
    )


def _output_shape(block):
    shape = block.built_shape
    for stage in block.stages:
        shape = stage.compute_output_shape(shape)
    return shape


def _may_be_open(opening, end):
    """Whether something can be open below where the next level begins."""
    return end is None or opening.threshold < end.threshold


def _chain(rewriter, path, given, name):
    if path.is_empty:
        return None
    layers = [rewriter.adopt(new.layer, new.weights) for new in path.layers]
    if given is not None:
        layers.insert(0, Pick(given, name=f"{name}_pick"))
    if len(path.kept) < len(path.constants):
        layers.append(Restore(path.kept, len(path.constants), name=f"{name}_restore"))
    return Chain(layers, name=name)


class Pick(keras.layers.Layer):
    """Some channels of the last axis, a slice where they are the first ones.

    Args:
        channels: their numbers, ascending.
    """

    def __init__(self, channels, **kwargs):
        super().__init__(**kwargs)
        self._channels = list(channels)

    def call(self, inputs):
        count = len(self._channels)
        if self._channels == list(range(count)):
            return inputs[..., :count]
        return tf.gather(inputs, self._channels, axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], len(self._channels))


class Restore(keras.layers.Layer):
    """Puts channels back among zeros; padding where they are the first ones.

    Args:
        channels: their numbers.
        count: number of channels of the result.
    """

    def __init__(self, channels, count, **kwargs):
        super().__init__(**kwargs)
        self._channels = list(channels)
        self._count = count
        positions = {channel: index for index, channel in enumerate(self._channels)}
        self._select = SelectChannels([positions.get(c) for c in range(count)])

    def build(self, input_shape):
        self._select.build(input_shape)
        self.built = True

    def call(self, inputs):
        given = len(self._channels)
        if self._channels != list(range(given)):
            return self._select(inputs)
        zeros = [[0, 0]] * (len(inputs.shape) - 1) + [[0, self._count - given]]
        return tf.pad(inputs, zeros)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self._count)
