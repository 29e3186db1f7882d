"""Gate losses: what the decisions should look like.

A gate loss maps the outputs of all gates to a scalar that is added to the task loss,
`L = L_C + coefficient * L_gates`. Every mean over the batch is that of the global
batch, over all replicas.
"""

import numbers
from collections.abc import Mapping
from typing import Any
from typing import Self

import keras
from keras import ops

from tfgate import schedules
from tfgate.costs import ModelCosts
from tfgate.distribution import global_batch_mean
from tfgate.schedules import Schedule
from tfgate.typing import Config
from tfgate.typing import GatesOutputs
from tfgate.typing import Tensor

# AIG's target rates for the 16 blocks of ResNet-50; None stands for the rate t. The
# text of CS 2.1 lists 15 numbers, one t short: the third stage has six blocks.
AIG_RESNET50 = (1, 1, 0.8, 1, None, None, None, 1, *(None,) * 5, 1, 0.7, 1)


class GateLoss:
    """Base of the gate losses.

    A subclass implements `call(gates, costs, step)` and extends `get_config()`; it
    must be registered as Keras serializable. Whatever may be a schedule it reads with
    `tfgate.schedules.at(number, step)`.

    Args:
        coefficient: weight of this loss beside the task loss, at least 0, a number or
            a `tfgate.schedules.Schedule`.

    Raises:
        ValueError: coefficient is, or becomes, negative.
    """

    def __init__(self, coefficient: float | Schedule = 1.0) -> None:
        if not schedules.bounds(coefficient)[0] >= 0.0:
            raise ValueError(f"Expected coefficient >= 0, got {coefficient!r}.")
        self.coefficient = coefficient

    def __call__(
        self, gates: GatesOutputs, costs: ModelCosts, step: Tensor = 0
    ) -> Tensor:
        """Returns `coefficient * call(gates, costs, step)`, a float32 scalar.

        Args:
            gates: gate name -> dict of `logits`, `probability`, `decision`, each
                `[batch, components]`, in network order.
            costs: the model's `tfgate.costs.ModelCosts`.
            step: training steps so far, a scalar: the time of the schedules.
        """
        weight = schedules.at(self.coefficient, step)
        return weight * self.call(gates, costs, step)

    def call(self, gates: GatesOutputs, costs: ModelCosts, step: Tensor) -> Tensor:
        """Returns the loss as a float32 scalar."""
        raise NotImplementedError

    def check(self, gates: Mapping[str, int], costs: ModelCosts) -> None:
        """Raises ValueError if this loss does not fit a model's gates.

        Args:
            gates: gate name -> number of components, in network order.
            costs: the model's `tfgate.costs.ModelCosts`.
        """

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {"coefficient": serialize_number(self.coefficient)}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Builds the loss from `get_config()`'s result."""
        return cls(
            **{name: deserialize_number(value) for name, value in config.items()}
        )


@keras.saving.register_keras_serializable(package="tfgate")
class PerBatch(GateLoss):
    """Squared distance of the batch's activation rate from a target.

    `L_B = (t - mean over gates and images of z)^2`. Gates may differ freely from each
    other and polarize (PG 3.1.1, CS 3.1); each component counts as one gate.

    Args:
        target: t in [0, 1], a number or a `tfgate.schedules.Schedule`.
        coefficient: weight of the loss, a number or a schedule.

    Raises:
        ValueError: target is not, or does not stay, in [0, 1].

    Reference:
        PG 3.1 (L_B); CS equation 1.

    Example:
    >>> loss = PerBatch(0.5)
    >>> gates = {"a": {"decision": ops.array([[1.0], [1.0]])}}
    >>> float(loss(gates, costs=None))
    0.25
    """

    def __init__(
        self, target: float | Schedule, coefficient: float | Schedule = 1.0
    ) -> None:
        super().__init__(coefficient)
        self.target = check_rate(target, "target")

    def call(self, gates: GatesOutputs, costs: ModelCosts, step: Tensor) -> Tensor:
        target = schedules.at(self.target, step)
        return ops.square(target - ops.mean(activation_rates(gates)))

    def get_config(self) -> Config:
        return {**super().get_config(), "target": serialize_number(self.target)}


@keras.saving.register_keras_serializable(package="tfgate")
class PerGate(GateLoss):
    """Mean squared distance of each gate's activation rate from its own target.

    `L_G = mean over gates g of (t_g - mean over images of z_g)^2`.

    Args:
        targets: one number in [0, 1] for all gates; a list of one number per gate, in
            network order (all components of a gate share it); or `"aig_resnet50"`,
            AIG's list for the 16 blocks of ResNet-50, where `rate` stands for t. Each
            number may be a `tfgate.schedules.Schedule`.
        rate: t of a named list, in [0, 1], a number or a schedule; None otherwise.
        coefficient: weight of the loss, a number or a schedule.

    Raises:
        ValueError: a target is not in [0, 1], an unknown name, a name without a rate
            or, when the model is compiled, a list of another length.

    Reference:
        Veit and Belongie 2018 (AIG); PG 2.1 (L_G); CS 2.1 (the list).

    Example:
    >>> loss = PerGate([1.0, 0.5])
    >>> gates = {"a": {"decision": ops.array([[1.0], [0.0]])},
    ...          "b": {"decision": ops.array([[1.0], [1.0]])}}
    >>> float(loss(gates, costs=None))
    0.25
    """

    def __init__(
        self,
        targets: float
        | Schedule
        | list[float | Schedule]
        | tuple[float | Schedule, ...]
        | str,
        rate: float | Schedule | None = None,
        coefficient: float | Schedule = 1.0,
    ) -> None:
        super().__init__(coefficient)
        self.targets = targets
        self.rate = None if rate is None else check_rate(rate, "rate")
        self._resolved = self._resolve()

    def call(self, gates: GatesOutputs, costs: ModelCosts, step: Tensor) -> Tensor:
        targets = ops.concatenate(
            [
                ops.full((gate["decision"].shape[1],), schedules.at(target, step))
                for gate, target in zip(
                    gates.values(), self._targets_of(gates), strict=True
                )
            ]
        )
        return ops.mean(ops.square(targets - activation_rates(gates)))

    def check(self, gates: Mapping[str, int], costs: ModelCosts) -> None:
        self._targets_of(gates)

    def get_config(self) -> Config:
        targets: Any = self.targets
        if isinstance(targets, list | tuple):
            targets = [serialize_number(target) for target in targets]
        return {
            **super().get_config(),
            "targets": serialize_number(targets),
            "rate": serialize_number(self.rate),
        }

    def _resolve(self) -> float | Schedule | list[float | Schedule]:
        if isinstance(self.targets, str):
            if self.targets != "aig_resnet50":
                raise ValueError(
                    "Expected targets to be a number, a list or 'aig_resnet50', got "
                    f"{self.targets!r}."
                )
            if self.rate is None:
                raise ValueError("Expected rate in [0, 1] with 'aig_resnet50'.")
            return [self.rate if t is None else float(t) for t in AIG_RESNET50]
        if self.rate is not None:
            raise ValueError(
                f"Expected rate=None unless targets is a name, got {self.rate!r}."
            )
        if isinstance(self.targets, list | tuple):
            return [check_rate(target, "targets") for target in self.targets]
        return check_rate(self.targets, "targets")

    def _targets_of(self, gates: Mapping[str, object]) -> list[float | Schedule]:
        if not isinstance(self._resolved, list):
            return [self._resolved] * len(gates)
        if len(self._resolved) != len(gates):
            raise ValueError(
                f"Expected {len(gates)} targets, one for each gate, got "
                f"{len(self._resolved)}."
            )
        return self._resolved


@keras.saving.register_keras_serializable(package="tfgate")
class Macs(GateLoss):
    """Squared distance of the executed share of MACs from a target.

    `L_FLOPs = (t - executed MACs / MACs with all open)^2`, with exact MACs of each
    component; what always runs (stem, shortcuts, gates, head) counts in both.

    Args:
        target: t in [0, 1], a number or a `tfgate.schedules.Schedule`.
        coefficient: weight of the loss, a number or a schedule.

    Raises:
        ValueError: target is not in [0, 1] or, when the model is compiled, it gets
            less than the share that runs with every gate closed.

    Reference:
        CS 3.4 (L_FLOPs; the paper's FLOPs are MACs).
    """

    def __init__(
        self, target: float | Schedule, coefficient: float | Schedule = 1.0
    ) -> None:
        super().__init__(coefficient)
        self.target = check_rate(target, "target")

    def call(self, gates: GatesOutputs, costs: ModelCosts, step: Tensor) -> Tensor:
        executed = costs.executed({name: g["decision"] for name, g in gates.items()})
        share = global_batch_mean(executed / float(costs.all_open))
        return ops.square(schedules.at(self.target, step) - share)

    def check(self, gates: Mapping[str, int], costs: ModelCosts) -> None:
        least = costs.all_closed / costs.all_open
        lowest = schedules.bounds(self.target)[0]
        if lowest < least:
            raise ValueError(
                f"Expected the target of Macs to be at least {least:.3f}, the share "
                f"that runs with every gate closed, got {lowest}."
            )

    def get_config(self) -> Config:
        return {**super().get_config(), "target": serialize_number(self.target)}


def activation_rates(gates: GatesOutputs) -> Tensor:
    """Activation rate of every component over the global batch.

    Args:
        gates: gate name -> dict with `decision`, `[batch, components]`.

    Returns:
        float32 tensor `[all components]`, in the order of the gates.
    """
    decisions = [ops.cast(gate["decision"], "float32") for gate in gates.values()]
    return global_batch_mean(ops.concatenate(decisions, axis=1))


def check_rate(value: float | Schedule, name: str) -> float | Schedule:
    """Returns a rate, or raises ValueError if it is not, or does not stay, in [0, 1].

    Args:
        value: a number, which comes back as a float, or a schedule.
        name: the argument's name.
    """
    if isinstance(value, Schedule):
        low, high = value.bounds
        if low < 0.0 or high > 1.0:
            raise ValueError(
                f"Expected {name} to stay in [0, 1], got a schedule from {low} to "
                f"{high}."
            )
        return value
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(f"Expected {name} to be a number in [0, 1], got {value!r}.")
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"Expected {name} in [0, 1], got {value!r}.")
    return float(value)


def serialize_number(number: Any) -> Any:
    """Returns a schedule's configuration; anything else as it is."""
    if isinstance(number, Schedule):
        return keras.saving.serialize_keras_object(number)
    return number


def deserialize_number(config: Any) -> Any:
    """Undoes `serialize_number`, in lists too."""
    if isinstance(config, list):
        return [deserialize_number(item) for item in config]
    if isinstance(config, dict):
        return keras.saving.deserialize_keras_object(config)
    return config
