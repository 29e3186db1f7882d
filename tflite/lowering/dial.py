"""The control u in an export graph: what it opens, and how that is scaled."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

import tfgate
from tfgate import throttling

# Layers that leave a channel of zeros as it is.
_KEEP_ZEROS = (
    keras.layers.AveragePooling2D,
    keras.layers.Dropout,
    keras.layers.Flatten,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.MaxPooling2D,
    keras.layers.ReLU,
)
_KEEP_ZERO_ACTIVATIONS = tuple(map(keras.activations.get, ("linear", "relu", "relu6")))


@dataclasses.dataclass(frozen=True)
class Opening:
    """From which u on something is open: where u >= threshold, in float32.

    Attributes:
        threshold: number in [0, 1], exact in float32.
    """

    threshold: float

    def holds(self, u):
        """Whether it is open at u, a number: as the file and Keras compute it."""
        return bool(np.float32(u) >= np.float32(self.threshold))

    def symbol(self, u):
        """The same of a float32 tensor."""
        return u >= np.float32(self.threshold)


class Dial:
    """What a throttled network's gating function does by its rule, as numbers.

    Args:
        model: a `tfgate.ThrottledModel` with gating of one of
            `CLASSES`.

    Attributes:
        u: KerasTensor, a scalar: the control in the new graph, once it is there.
        steps: list of `Steps`, of the blocks that the file computes in part.
        CLASSES: gating functions whose order is fixed.
    """

    CLASSES = (throttling.Nested, throttling.Independent)

    def __init__(self, model):
        self.u = None
        self.steps = []
        self._gating = model.gating
        self._modules = model.modules
        self._starts = {block.gate.name: block.gate.start for block in model.blocks}
        self._zeros = _sources_of_channels(model, self._starts)

    def openings(self, gate):
        """`Opening` of each component of a gate, a list."""
        start = self._starts[gate.name]
        return [self.opening(start + c) for c in range(gate.components)]

    def opening(self, component):
        """`Opening` of a component, by its number among those of the network."""
        return Opening(float(self._gating.thresholds[component]))

    def input_openings(self, block):
        """For each channel of a block's input what opens it, or None for always.

        Returns:
            List of `Opening` or None; None where nothing is known of the input.
        """
        found = self._zeros.get(block.name)
        if found is None:
            return None
        return [None if number < 0 else self.opening(number) for number in found]

    def module(self, gate, component=0):
        """The `Module` of a gate's component."""
        number = self._starts[gate.name] + component
        return next(m for m in self._modules if m.start <= number < m.stop)

    def executed_macs(self, dense, u):
        """MACs that the file executes at u.

        Args:
            dense: MACs of the dense network.
            u: number in [0, 1].
        """
        return dense - sum(steps.saved(u) for steps in self.steps)


@dataclasses.dataclass(frozen=True)
class Steps:
    """MACs of a part of the file, which rise with u.

    Attributes:
        openings: list of `Opening`, ascending: where the next number begins to hold.
        macs: list of MACs, one more than openings.
    """

    openings: list
    macs: list

    def saved(self, u):
        """What is saved at u, compared with everything open."""
        return self.macs[-1] - self.macs[sum(o.holds(u) for o in self.openings)]


class Clamp(keras.layers.Layer):
    """The input u, `[1]`, as a scalar in [0, 1], clamped as Keras clamps it."""

    def call(self, u):
        return tf.reshape(tf.minimum(tf.maximum(u, 0.0), 1.0), ())


class Decided(keras.layers.Layer):
    """Decisions of all components: float32 `[1, n]`.

    Args:
        openings: list of `Opening`.
    """

    def __init__(self, openings, **kwargs):
        super().__init__(**kwargs)
        self._thresholds = np.array([[o.threshold for o in openings]], "float32")

    def call(self, u):
        return tf.cast(u >= self._thresholds, tf.float32)


def scale(module, u):
    """Scale of what is open in a module, n / ||g||_1: a float32 scalar.

    Args:
        module: `tfgate.throttling.Module`; 1 along the depth.
        u: float32 scalar in [0, 1].
    """
    if module.axis == "depth":
        return tf.ones_like(u)
    reached = tf.cast(u >= module.thresholds, tf.float32)
    opened = tf.reduce_sum(reached) + np.float32(module.always_open)
    # With nothing open the scale multiplies zeros.
    return np.float32(module.size) / tf.maximum(opened, np.float32(1.0))


def _sources_of_channels(model, starts):
    """What the channels of each block's input come from.

    Returns:
        Block name -> int array `[channels]`: the number of the component that opens a
        channel, which is zero while it is closed, or -1. Only of blocks whose input
        comes from gated filters, through layers that leave zeros alone.
    """
    after, found = {}, {}
    for layer in model.core.layers:
        nodes = layer._inbound_nodes
        if len(nodes) != 1 or not nodes[0].input_tensors:
            continue
        tensor = nodes[0].input_tensors[0]
        before = after.get(id(tensor))
        if isinstance(layer, tfgate.GatedBlock):
            if before is not None:
                found[layer.name] = before
            here = _filters_at_the_end(layer, starts)
        else:
            here = None if before is None else _passed_on(layer, tensor, before)
        if here is not None:
            after[id(nodes[0].output_tensors[0])] = here
    return found


def _filters_at_the_end(block, starts):
    plain = isinstance(block, tfgate.GatedFilters) and not block.residual
    if not plain or block.activation not in _KEEP_ZERO_ACTIVATIONS:
        return None
    last = block.path()[-1]
    if getattr(last, "place", None) != "output":
        return None
    numbers = starts[block.gate.name] + np.arange(block.gate.components)
    return _per_filter(last, numbers)


def _per_filter(site, numbers):
    """Number of the component of each filter at a gated place; -1 for none."""
    gated = np.repeat(numbers[site.components], site.filters_per_gate)
    return np.concatenate([np.full(site.filters_always_open, -1), gated])


def _passed_on(layer, tensor, before):
    if type(layer) not in _KEEP_ZEROS:
        return None
    if type(layer) is keras.layers.Flatten:
        positions = int(np.prod(tensor.shape[1:-1]))
        return np.tile(before, positions)
    return before
