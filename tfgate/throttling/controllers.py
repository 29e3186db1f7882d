"""Learned gating functions: small networks from u, and maybe the image, to gates."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tfgate.gates import mark_gate_parameters
from tfgate.throttling.gating import GatingFunction
from tfgate.throttling.modules import Module
from tfgate.typing import Config
from tfgate.typing import Shape
from tfgate.typing import Tensor
from tfgate.typing import TensorTree


class Controller(GatingFunction):
    """Base of the learned gating functions. A subclass implements `features`.

    Two fully connected layers with ReLU between them give the log odds l of every
    component, FC(hidden) -> ReLU -> FC(components). The two logits are (-l/2, l/2).
    Both layers start as those of PyTorch, which TNN used: uniform in +-1/sqrt(inputs),
    so that the bends of the hidden units lie all over the range of u. But the last bias
    is the log odds of the initial open probability.

    Decisions of components are independent, given the inputs: so all of a module may be
    closed. Its sum or concatenation is zero then, and so is its scale. A residual
    network goes on with its shortcuts; any other needs parts that are never gated
    (`groups_always_open`), as `tfgate.applications.CifarVGG` has them.

    Args:
        modules: the network's `tfgate.throttling.Module`s.
        hidden: number of hidden units, at least 1.
        initial_open_probability: about what P(open) is before training, in (0, 1).
        **kwargs: further arguments of `Gate`, such as `estimator`.

    Raises:
        ValueError: an argument is out of its range.
    """

    def __init__(
        self,
        modules: Sequence[Module],
        hidden: int = 32,
        initial_open_probability: float = 0.5,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            modules, initial_open_probability=initial_open_probability, **kwargs
        )
        if isinstance(hidden, bool) or not hidden >= 1 or hidden % 1 != 0:
            raise ValueError(f"Expected hidden >= 1, a whole number, got {hidden!r}.")
        self.hidden = int(hidden)
        closed, opened = self.initial_logits()
        self.hidden_dense = _dense(self.hidden, self.dtype_policy, "hidden")
        self.logits_dense = _dense(self.components, self.dtype_policy, "logits")
        self.logits_dense.bias_initializer = keras.initializers.Constant(
            opened - closed
        )

    def features(self, inputs: TensorTree) -> Tensor:
        """Returns what the first layer reads, `[batch, features]`, float32."""
        raise NotImplementedError

    def count_features(self, input_shape: Any) -> int:
        """Returns the number of features, for the shapes of the inputs."""
        raise NotImplementedError

    def build_logits(self, input_shape: Any) -> None:
        features = self.count_features(input_shape)
        limit = 1.0 / math.sqrt(features)
        self.hidden_dense.bias_initializer = keras.initializers.RandomUniform(
            -limit, limit
        )
        self.hidden_dense.build((None, features))
        self.logits_dense.build((None, self.hidden))
        for layer in (self.hidden_dense, self.logits_dense):
            mark_gate_parameters(layer.trainable_variables)

    def compute_logits(
        self, inputs: TensorTree, training: bool | None = None
    ) -> Tensor:
        hidden = ops.relu(self.hidden_dense(self.features(inputs)))
        half = 0.5 * self.logits_dense(hidden)
        return ops.stack([-half, half], axis=-1)

    def component_macs(self, start: int, count: int) -> int:
        """See `GatingFunction`; of the first layer each has an equal part, rounded.

        Raises:
            ValueError: the gating function is not built.
        """
        if not self.built:
            raise ValueError(
                f"Expected gating function {self.name!r} to be built before its MACs "
                "are counted."
            )
        first = math.prod(self.hidden_dense.kernel.shape)
        shares = [first * end // self.components for end in (start, start + count)]
        return shares[1] - shares[0] + count * self.hidden

    def get_config(self) -> Config:
        return {**super().get_config(), "hidden": self.hidden}


@keras.saving.register_keras_serializable(package="tfgate")
class BlindController(Controller):
    """A gating function that sees u alone: TNN's "blind" control network.

    u -> FC(1, 32) -> ReLU -> FC(32, components). It learns which components to run at
    each u, the same for all images. See `Controller` for the start, and for modules in
    which everything can close.

    Args:
        modules: the network's `tfgate.throttling.Module`s.
        hidden: number of hidden units, at least 1; TNN: 32.
        initial_open_probability: about what P(open) is before training, in (0, 1).
        **kwargs: further arguments of `Gate`. `estimator` is how it is trained:
            `BinaryConcrete(0.1, hard=False)`, or `tfgate.throttling.ScoreFunction`.

    Raises:
        ValueError: an argument is out of its range.

    Reference:
        TNN 4.2, A.1 ("Independent+Learner").

    Example:
    >>> gating = BlindController([Module("layer", "width", start=0, count=4)], seed=1)
    >>> outputs = gating(ops.array([0.0, 1.0]))
    >>> outputs["probability"].shape.as_list()
    [2, 4]
    """

    def features(self, inputs: Tensor) -> Tensor:
        return inputs[:, None]

    def count_features(self, input_shape: Shape) -> int:
        return 1


@keras.saving.register_keras_serializable(package="tfgate")
class ContextualController(Controller):
    """A gating function that sees u and the image.

    Its features are u and the global average of the input of the network's first gated
    block, `[batch, 1 + channels]`; then it goes on as `BlindController` does. So all
    decisions are made before the first gated block, and one image may get other
    components than the next. See `Controller` for the start, and for modules in which
    everything can close.

    Args:
        modules: the network's `tfgate.throttling.Module`s.
        hidden: number of hidden units, at least 1.
        initial_open_probability: about what P(open) is before training, in (0, 1).
        **kwargs: further arguments of `Gate`, see `BlindController`.

    Call arguments:
        inputs: list of u, `[batch]`, and the block's input, `[batch, ..., channels]`.
        training: as for `Gate`.

    Raises:
        ValueError: an argument is out of its range.

    Reference:
        TNN 3.1: g(x, u) may depend on x.

    Example:
    >>> modules = [Module("layer", "width", start=0, count=4)]
    >>> gating = ContextualController(modules, seed=1)
    >>> u, x = ops.array([0.0, 1.0]), ops.ones((2, 8, 8, 3))
    >>> gating([u, x])["probability"].shape.as_list()
    [2, 4]
    """

    takes_features = True

    def features(self, inputs: TensorTree) -> Tensor:
        u, x = inputs
        spatial_axes = tuple(range(1, len(x.shape) - 1))
        # Not ops.mean: its gradient divides at the full size of the inputs.
        area = ops.cast(math.prod(ops.shape(x)[1:-1]), "float32")
        pooled = ops.sum(ops.cast(x, "float32"), axis=spatial_axes) / area
        return ops.concatenate([u[:, None], pooled], axis=1)

    def count_features(self, input_shape: Sequence[Shape]) -> int:
        channels = input_shape[1][-1]
        assert channels is not None
        return 1 + channels


def _dense(units: int, dtype: Any, name: str) -> keras.layers.Dense:
    return keras.layers.Dense(
        units,
        kernel_initializer=keras.initializers.VarianceScaling(
            1.0 / 3.0, "fan_in", "uniform"
        ),
        dtype=dtype,
        name=name,
    )
