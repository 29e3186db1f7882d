"""SGD with the weight decay of the papers: coupled, and scaled for gates."""

from typing import Any

import keras

from tfgate.gates import is_gate_parameter
from tfgate.model import GatedModel
from tfgate.typing import Config
from tfgate.typing import Tensor


@keras.saving.register_keras_serializable(package="tfgate")
class SGD(keras.optimizers.SGD):
    """Stochastic gradient descent whose weight decay is the L2 penalty of the papers.

    The gradient of each variable w gets `decay * w` added before momentum, as in the
    programs of PG, AIG, BAS and CS. (Keras' own `weight_decay` is decoupled: it
    bypasses momentum, so the same number decays about ten times less at momentum
    0.9.) Gate parameters have a decay of their own.

    Args:
        learning_rate: number or schedule.
        momentum: in [0, 1).
        nesterov: whether to use Nesterov momentum.
        weight_decay: decay of all trainable variables, at least 0.
        gate_weight_decay: decay of the gates' parameters, at least 0; None means the
            same as weight_decay. See the function `gate_weight_decay`.
        **kwargs: arguments of `keras.optimizers.SGD`.

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
        for key, value in (
            ("weight_decay", weight_decay),
            ("gate_weight_decay", gate_weight_decay),
        ):
            if value is not None and value < 0.0:
                raise ValueError(f"Expected {key} >= 0, got {value!r}.")
        # weight_decay=None: Keras must not add its decoupled decay.
        super().__init__(
            learning_rate=learning_rate,
            momentum=momentum,
            nesterov=nesterov,
            weight_decay=None,
            name=name,
            **kwargs,
        )
        self.l2 = float(weight_decay)
        self.gate_l2 = (
            self.l2 if gate_weight_decay is None else float(gate_weight_decay)
        )

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
