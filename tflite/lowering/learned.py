"""A learned gating function in an export graph: one network decides for all blocks.

u, and for a contextual one the mean of the first gated block's input, go through two
layers to the log odds of all components, one vector. Every block takes its part: of the
log odds, which are compared with the threshold, and of the weights, decisions times
n / ||g||_1 of their modules, by which filters are multiplied. Whatever can be is
computed once for the network: it is the number of operations that costs.
"""

import keras
import numpy as np
import tensorflow as tf

from tfgate import throttling
from tflite.errors import InputError
from tflite.lowering import gates

CLASSES = (throttling.BlindController, throttling.ContextualController)


class Learned:
    """What a throttled network's learned gating function tells the blocks of a file.

    Args:
        model: a `tfgate.ThrottledModel`.
        threshold: `LogOddsThreshold`.

    Attributes:
        u: KerasTensor, a scalar: the control in the new graph, once it is there.
        log_odds: KerasTensor `[components]` of the whole network, after `decide`.

    Raises:
        InputError: the gating function is of another class.
    """

    def __init__(self, model, threshold):
        gating = model.gating
        if type(gating) not in CLASSES:
            names = ", ".join(cls.__name__ for cls in CLASSES)
            raise InputError(
                "Expected a network with nested or independent gating, or a learned "
                f"one of class {names}, got {type(gating).__name__}; use "
                "--lowering=dense, or throttle it with gating='nested'."
            )
        self.u = None
        self.log_odds = None
        self._gating = gating
        self._threshold = threshold
        self._modules = model.modules
        self._layers = [
            tuple(keras.ops.convert_to_numpy(weight) for weight in layer.weights)
            for layer in (gating.hidden_dense, gating.logits_dense)
        ]
        self._made = {}

    def decide(self, inputs):
        """Puts the gating function into the new graph.

        Args:
            inputs: what it is called on there: a KerasTensor, or a list whose second
                one is the input of the network's first gated block.

        Returns:
            What stands for its outputs, which no block reads.
        """
        layer = ControllerLogOdds(*self._layers, name=f"{self._gating.name}_log_odds")
        features = inputs[1:] if self._gating.takes_features else ()
        self.log_odds = layer(self.u, *features)
        return dict.fromkeys(self._gating.outputs, self.log_odds)

    def scalar(self, gate):
        """Log odds of a gate's one component: a KerasTensor, a scalar."""
        scalars = self._once("scalars", lambda: Unstacked(name="log_odds"))
        return scalars[gate.start]

    def vector(self, gate):
        """Log odds of a gate's components: KerasTensor `[components]`."""
        part = Picked(_numbers(gate), name=f"{gate.name}_part")
        return part(self.log_odds)

    def weights(self, gate):
        """What a block multiplies its filters by.

        Returns:
            KerasTensor `[components + places]`: of each component the decision times
            its scale, and for each gated place, in the order of the components, the
            scale, which filters without a gate have.
        """
        numbers = [*_numbers(gate)]
        numbers += [
            self._gating.components + index
            for index, module in enumerate(self._modules)
            if gate.start <= module.start < gate.start + gate.components
        ]
        return Picked(numbers, name=f"{gate.name}_weights")(self._weights())

    def scale(self, gate):
        """Scale of the module that a gate's first component is in: a scalar."""
        index = next(
            i for i, m in enumerate(self._modules) if m.start <= gate.start < m.stop
        )
        number = self._gating.components + index
        if number not in self._made:
            layer = Picked([number], scalar=True, name=f"scale_{index}")
            self._made[number] = layer(self._weights())
        return self._made[number]

    def decisions(self):
        """Decisions of all components: KerasTensor `[1, components]`, of 0 and 1."""
        return AllDecisions(self._threshold, name="decisions")(self.log_odds)

    def intervals(self, tau):
        """What a blind controller decides at each u.

        Its log odds are linear in u between the bends of the hidden units, so where
        they cross the threshold is known.

        Args:
            tau: the threshold, in (0, 1).

        Returns:
            `(begins, decisions)`: float32 `[intervals]`, ascending from 0, and float32
            `[intervals, components]`, what is decided from that u on; None for a
            controller that looks at images.
        """
        if self._gating.takes_features:
            return None
        (kernel, bias), last = [
            tuple(np.asarray(array, "float64") for array in pair)
            for pair in self._layers
        ]
        limit = np.log(tau) - np.log1p(-tau)

        def above(us):
            hidden = np.maximum(np.outer(us, kernel[0]) + bias, 0.0)
            return hidden @ last[0] + last[1] - limit

        sloped = kernel[0] != 0.0
        bends = -bias[sloped] / kernel[0][sloped]
        points = np.unique([0.0, *bends[(bends > 0.0) & (bends < 1.0)], 1.0])
        values = above(points)
        piece, component = np.nonzero((values[1:] > 0.0) != (values[:-1] > 0.0))
        left, right = values[piece, component], values[piece + 1, component]
        share = left / (left - right)
        crossings = points[piece] + share * (points[piece + 1] - points[piece])
        begins = np.unique(np.float32([0.0, *crossings]))
        ends = np.append(begins[1:], np.float32(1.0))
        middles = (begins.astype("float64") + ends) / 2.0
        return begins, (above(middles) > 0.0).astype("float32")

    def _weights(self):
        return self._once(
            "weights", lambda: Weights(self._modules, self._threshold, name="weights")
        )

    def _once(self, name, make):
        """What a layer makes of the log odds, which several blocks read."""
        if name not in self._made:
            self._made[name] = make()(self.log_odds)
        return self._made[name]


class ControllerLogOdds(keras.layers.Layer):
    """Log odds of all components of a network, by a `tfgate.throttling.Controller`.

    Args:
        hidden: kernel `[features, hidden]` and bias of the first layer.
        last: kernel `[hidden, components]` and bias of the second one.

    Call arguments:
        u: float32 scalar.
        inputs: `[1, ..., channels]`, whose means are the other features; None for none.

    Returns:
        float32 `[components]`.
    """

    def __init__(self, hidden, last, **kwargs):
        super().__init__(**kwargs)
        self._hidden, self._last = hidden, last

    def call(self, u, inputs=None):
        kernel, bias = self._hidden
        hidden = tf.reshape(u * kernel[0] + bias, (1, 1, 1, -1))
        if inputs is not None:
            spatial_axes = tuple(range(1, len(inputs.shape) - 1))
            pooled = tf.reduce_mean(inputs, spatial_axes, keepdims=True)
            pooled = tf.reshape(pooled, (1, 1, 1, -1))
            # A sum of two, not one layer of both side by side: int8 files could not
            # keep a mean in float32 that is joined to something.
            hidden = gates.pointwise(pooled, kernel[1:], None) + hidden
        hidden = tf.nn.relu(hidden)
        return tf.reshape(gates.pointwise(hidden, *self._last), (-1,))


class Weights(keras.layers.Layer):
    """Decisions times their scales, and the scales of all modules.

    Args:
        modules: the network's `tfgate.throttling.Module`s.
        threshold: `LogOddsThreshold`.

    Call arguments:
        log_odds: float32 `[components]`.

    Returns:
        float32 `[components + modules]`. A scale is n / ||g||_1, 0 where everything of
        the module is closed, and 1 along the depth, as `GatingFunction.scale` has it.
    """

    def __init__(self, modules, threshold, **kwargs):
        super().__init__(**kwargs)
        self._threshold = threshold
        count, widest = modules[-1].stop, max(module.count for module in modules)
        # Behind the last component stands a 0, with which short rows are filled.
        self._members = np.full((len(modules), widest), count, "int32")
        for row, module in zip(self._members, modules, strict=True):
            row[: module.count] = np.arange(module.start, module.stop)
        self._sizes = np.array([module.size for module in modules], "float32")
        self._always = np.array([module.always_open for module in modules], "float32")
        self._depth = np.array([module.axis == "depth" for module in modules])
        counts = [module.count for module in modules]
        self._modules = np.repeat(np.arange(len(modules), dtype="int32"), counts)

    def call(self, log_odds):
        decisions = tf.cast(self._threshold.symbol(log_odds), tf.float32)
        scales = self._scales(decisions)
        own = scales
        if len(self._sizes) > 1:
            own = tf.gather(scales, self._modules)
        return tf.concat([decisions * own, scales], axis=0)

    def _scales(self, decisions):
        members = tf.gather(tf.concat([decisions, [0.0]], axis=0), self._members)
        opened = tf.reduce_sum(members, axis=1)
        if self._always.any():
            opened = opened + self._always
        # Whole numbers, so the second factor is 0 or 1.
        some = tf.minimum(opened, 1.0)
        scales = self._sizes / tf.maximum(opened, 1.0) * some
        if self._depth.any():
            along = self._depth.astype("float32")
            scales = scales * (1.0 - along) + along
        return scales


class Picked(keras.layers.Layer):
    """Some numbers of a vector, `[count]`.

    Args:
        numbers: where they stand.
        scalar: whether the one number becomes a scalar.
    """

    def __init__(self, numbers, scalar=False, **kwargs):
        super().__init__(**kwargs)
        self._numbers = np.array(numbers, "int32")
        self._scalar = scalar

    def call(self, inputs):
        first, count = int(self._numbers[0]), len(self._numbers)
        if self._scalar:
            return inputs[first]
        if count == inputs.shape[0]:
            return inputs
        if np.array_equal(self._numbers, np.arange(first, first + count)):
            return inputs[first : first + count]
        return tf.gather(inputs, self._numbers)


class Unstacked(keras.layers.Layer):
    """The numbers of a vector as a list of scalars."""

    def call(self, inputs):
        return tf.unstack(inputs)


class AllDecisions(keras.layers.Layer):
    """Decisions of all components: float32 `[1, components]`.

    Args:
        threshold: `LogOddsThreshold`.

    Call arguments:
        log_odds: float32 `[components]`.
    """

    def __init__(self, threshold, **kwargs):
        super().__init__(**kwargs)
        self._threshold = threshold

    def call(self, log_odds):
        is_open = self._threshold.symbol(log_odds)
        return tf.cast(is_open, tf.float32)[None]


def _numbers(gate):
    return range(gate.start, gate.start + gate.components)
