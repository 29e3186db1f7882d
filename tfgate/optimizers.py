"""SGD and Adam with the papers' weight decay, and what surrounds them in training.

Several replicas take the steps of one: clipping and loss scaling look at the gradients
of the global batch.
"""

import contextlib
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgate import distribution
from tfgate.gates import is_gate_parameter
from tfgate.model import GatedModel
from tfgate.typing import Config
from tfgate.typing import Tensor


class _CoupledDecay(keras.optimizers.Optimizer):
    """What `SGD` and `Adam` share; the first says what that is.

    Args:
        weight_decay: decay of all trainable variables, at least 0.
        gate_weight_decay: decay of the gates' parameters, at least 0; None means the
            same as weight_decay.
        **kwargs: arguments of the optimizer of Keras that comes behind this class.

    Raises:
        ValueError: a decay is negative.
    """

    def __init__(
        self,
        *,
        weight_decay: float,
        gate_weight_decay: float | None,
        **kwargs: Any,
    ) -> None:
        for key, value in (
            ("weight_decay", weight_decay),
            ("gate_weight_decay", gate_weight_decay),
        ):
            if value is not None and value < 0.0:
                raise ValueError(f"Expected {key} >= 0, got {value!r}.")
        # weight_decay=None: Keras must not add its decoupled decay.
        super().__init__(weight_decay=None, **kwargs)
        self.l2 = float(weight_decay)
        self.gate_l2 = (
            self.l2 if gate_weight_decay is None else float(gate_weight_decay)
        )

    def build(self, variables: Sequence[keras.Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        if self.use_ema:
            with tf.init_scope():  # Keras starts them as zeros, which nobody can use.
                for variable, average in _averages(self):
                    average.assign(variable.value)

    def _clip_gradients(self, grads: list[Tensor]) -> list[Tensor]:
        return grads  # These are one replica's own.

    def _all_reduce_sum_gradients(
        self, grads_and_vars: Sequence[tuple[Tensor, Tensor]]
    ) -> list[tuple[Tensor, Tensor]]:
        reduced = super()._all_reduce_sum_gradients(grads_and_vars)
        clipped = super()._clip_gradients([gradient for gradient, _ in reduced])
        variables = [variable for _, variable in reduced]
        return list(zip(clipped, variables, strict=True))

    def update_step(
        self, gradient: Tensor, variable: Tensor, learning_rate: Tensor
    ) -> None:
        # Keras hands over the backend's variable; the mark is on the Keras variable.
        marked = self._trainable_variables[self._get_variable_index(variable)]
        decay = self.gate_l2 if is_gate_parameter(marked) else self.l2
        if decay:
            gradient = gradient + decay * keras.ops.cast(variable, gradient.dtype)
        super().update_step(gradient, variable, learning_rate)

    def get_config(self) -> Config:
        config = super().get_config()
        config.update(weight_decay=self.l2, gate_weight_decay=self.gate_l2)
        return config


@keras.saving.register_keras_serializable(package="tfgate")
class SGD(_CoupledDecay, keras.optimizers.SGD):
    """Stochastic gradient descent whose weight decay is the L2 penalty of the papers.

    The gradient of each variable w gets `decay * w` added before momentum, as in the
    programs of PG, AIG, BAS and CS. (Keras' own `weight_decay` is decoupled: it
    bypasses momentum, so the same number decays about ten times less at momentum
    0.9.) Gate parameters have a decay of their own.

    Gradients are clipped after they have been summed over the replicas, so
    `global_clipnorm` limits the norm of the gradient of the global batch, whatever the
    number of replicas; so do `clipnorm` and `clipvalue` with that of each variable.
    (Keras clips what each replica has.) What is clipped is the gradient of the loss:
    a `loss_scale_factor`, or `LossScaleOptimizer`, is taken off before, and the weight
    decay joins after, unclipped. The papers do not clip.

    With `use_ema` the optimizer keeps exponential moving averages of the trainable
    variables; see `averaged_weights`. They start as the variables are when the
    optimizer is built, and are the variables after the first step.

    Args:
        learning_rate: number or schedule.
        momentum: in [0, 1).
        nesterov: whether to use Nesterov momentum.
        weight_decay: decay of all trainable variables, at least 0.
        gate_weight_decay: decay of the gates' parameters, at least 0; None means the
            same as weight_decay. See the function `gate_weight_decay`.
        **kwargs: arguments of `keras.optimizers.SGD`, such as `global_clipnorm`,
            `use_ema` and `ema_momentum`.

    Raises:
        ValueError: a decay is negative.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.1,
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        gate_weight_decay: float | None = None,
        name: str = "SGD",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            momentum=momentum,
            nesterov=nesterov,
            weight_decay=weight_decay,
            gate_weight_decay=gate_weight_decay,
            name=name,
            **kwargs,
        )


@keras.saving.register_keras_serializable(package="tfgate")
class Adam(_CoupledDecay, keras.optimizers.Adam):
    """Adam with the weight decay, the clipping and the averages of `SGD`.

    The decay joins the gradient, and so the moments, as in PyTorch's `Adam`, with which
    TNN trains. (The decoupled one is AdamW's.)

    Args:
        learning_rate: number or schedule.
        beta_1: decay of the first moment, in [0, 1).
        beta_2: decay of the second moment, in [0, 1).
        epsilon: added to the root of the second moment. 1e-8 is PyTorch's; Keras' own
            default is 1e-7.
        weight_decay: as for `SGD`.
        gate_weight_decay: as for `SGD`.
        **kwargs: arguments of `keras.optimizers.Adam`, such as `global_clipnorm`,
            `use_ema` and `ema_momentum`.

    Raises:
        ValueError: a decay is negative.

    Reference:
        Kingma and Ba 2015; TNN A.1 (second phase), A.2.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        gate_weight_decay: float | None = None,
        name: str = "Adam",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            weight_decay=weight_decay,
            gate_weight_decay=gate_weight_decay,
            name=name,
            **kwargs,
        )


@keras.saving.register_keras_serializable(package="tfgate")
class LossScaleOptimizer(keras.optimizers.LossScaleOptimizer):
    """Dynamic loss scaling for float16, with one scale for all replicas.

    A step in which any replica has a gradient that is not finite is skipped by all of
    them, and the scale is halved. Keras' class asks the first replica alone, before the
    gradients are summed: another one's overflow would get into the weights.

    Wrapped around `SGD`, gradients are unscaled before they are clipped and before
    weight decay joins them; `iterations`, which schedules follow, and the moving
    averages leave out skipped steps.

    Args:
        inner_optimizer: the optimizer that takes the steps.
        **kwargs: arguments of `keras.optimizers.LossScaleOptimizer`.

    Reference:
        Micikevicius et al. 2018 (mixed precision training).

    Example:
    >>> import tfgate
    >>> optimizer = tfgate.optimizers.LossScaleOptimizer(tfgate.optimizers.SGD(0.1))
    >>> weight = keras.Variable([1.0])
    >>> optimizer.build([weight])
    >>> optimizer.apply([keras.ops.array([float("inf")])], [weight])
    >>> float(weight[0]), int(optimizer.iterations), float(optimizer.dynamic_scale)
    (1.0, 0, 16384.0)
    """

    def check_finite(self, grads: Sequence[Tensor]) -> Tensor:
        return distribution.on_all_replicas(super().check_finite(grads))


@contextlib.contextmanager
def averaged_weights(model: keras.Model) -> Iterator[None]:
    """Gives a model the moving averages of its weights within a `with` statement.

    Afterwards it has its weights again, bit by bit. Batch norm statistics are no
    weights: they stay those of the weights that were trained.

    Args:
        model: compiled with an optimizer that has `use_ema=True`, such as
            `SGD(use_ema=True, ema_momentum=0.9999)`, and has been built; it may be
            inside a `LossScaleOptimizer`.

    Raises:
        ValueError: the optimizer keeps no averages.

    Example:
    >>> import tfgate
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile(tfgate.optimizers.SGD(0.1, use_ema=True), "mse")
    >>> x, y = keras.ops.ones((4, 1)), keras.ops.zeros((4, 1))
    >>> for _ in range(3):
    ...     losses = model.train_on_batch(x, y)
    >>> with tfgate.optimizers.averaged_weights(model):
    ...     averaged = model.evaluate(x, y, verbose=0)
    >>> averaged > model.evaluate(x, y, verbose=0)
    True
    """
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if not (optimizer.use_ema and optimizer.built):
        raise ValueError(
            "Expected a built optimizer with use_ema=True, got "
            f"{type(optimizer).__name__} with use_ema={optimizer.use_ema}, "
            f"built={optimizer.built}."
        )
    _exchange(optimizer)
    try:
        yield
    finally:
        _exchange(optimizer)


def _exchange(optimizer: keras.optimizers.Optimizer) -> None:
    """Exchanges weights and averages on every replica, without rounding."""

    def exchange(variable: Tensor, average: Tensor) -> None:
        before = tf.identity(variable)
        variable.assign(average)
        average.assign(before)

    for variable, average in _averages(optimizer):
        optimizer._distribution_strategy.extended.update(
            variable.value, exchange, args=(average.value,)
        )


def _averages(
    optimizer: keras.optimizers.Optimizer,
) -> list[tuple[keras.Variable, keras.Variable]]:
    pairs = zip(
        optimizer._trainable_variables,
        optimizer._model_variables_moving_average,
        strict=True,
    )
    return [(variable, average) for variable, average in pairs if average is not None]


def gate_weight_decay(model: GatedModel, weight_decay: float) -> float:
    """The weight decay of gate parameters: 20 / |G| times the network's.

    |G| is the number of components, each of which counts as a gate.

    Args:
        model: a `tfgate.GatedModel`.
        weight_decay: decay of the other parameters, at least 0.

    Returns:
        float.

    Raises:
        ValueError: the model has no gates.

    Reference:
        CS 3.2 and 4.1: gates' decay pulls probabilities to 0.5 in proportion to their
        number; 1e-4 suits 10 to 20 gates.
    """
    if not isinstance(model, GatedModel):
        raise ValueError(f"Expected a model with gates, got {model.name!r} without.")
    components = sum(gate.components for gate in model.gates)
    return 20.0 / components * weight_decay
