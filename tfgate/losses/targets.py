"""Losses that hold activation rates at targets."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from tfgate import schedules
from tfgate.costs import ModelCosts
from tfgate.losses.base import ALL
from tfgate.losses.base import GateLoss
from tfgate.losses.base import activation_rates
from tfgate.losses.base import check_rate
from tfgate.losses.variable_target import VariableTarget
from tfgate.schedules import Schedule
from tfgate.typing import Config
from tfgate.typing import GatesOutputs
from tfgate.typing import Tensor

# AIG's target rates for the 16 blocks of ResNet-50; None stands for the rate t. The
# text of CS 2.1 lists 15 numbers, one t short: the third stage has six blocks.
AIG_RESNET50 = (1, 1, 0.8, 1, None, None, None, 1, *(None,) * 5, 1, 0.7, 1)


class _OneTarget(GateLoss):
    """A loss with one target, which may follow the batches."""

    def __init__(
        self,
        target: float | Schedule | VariableTarget,
        coefficient: float | Schedule = 1.0,
        gates: str = ALL,
    ) -> None:
        super().__init__(coefficient, gates)
        if not isinstance(target, VariableTarget):
            target = check_rate(target, "target")
        self.target = target

    def build(self) -> None:
        if isinstance(self.target, VariableTarget):
            self.target.build()

    @property
    def variables(self) -> list[keras.Variable]:
        return self.target.variables if isinstance(self.target, VariableTarget) else []

    def update(self, gates: GatesOutputs, step: Tensor) -> None:
        if isinstance(self.target, VariableTarget):
            rates = activation_rates(self.select(gates))
            self.target.update(ops.mean(rates), step)

    def get_config(self) -> Config:
        return {**super().get_config(), "target": schedules.serialize(self.target)}


@keras.saving.register_keras_serializable(package="tfgate")
class PerBatch(_OneTarget):
    """Squared distance of the batch's activation rate from a target.

    `L_B = (t - mean over gates and images of z)^2`. Gates may differ freely from each
    other and polarize (PG 3.1.1, CS 3.1); each component counts as one gate.

    Args:
        target: t in [0, 1], a number, a `tfgate.schedules.Schedule` or a
            `VariableTarget`.
        coefficient: weight of the loss, a number or a schedule.
        gates: pattern of the names of the gates that it is of, see `GateLoss`.

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

    def call(self, gates: GatesOutputs, costs: ModelCosts, step: Tensor) -> Tensor:
        target = schedules.at(self.target, step)
        return ops.square(target - ops.mean(activation_rates(gates)))


@keras.saving.register_keras_serializable(package="tfgate")
class ConstQuad(_OneTarget):
    """Squared distance from a target on one side of it, nothing on the other.

    With r the activation rate, `L_CQ = 0 if r <= t else (t - r)^2`: a network that
    manages with less than its target is left alone. Mirrored, it is
    `L_CQ = 0 if r >= t else (t - r)^2`: too little costs, and more is free.

    Early exits: PG 5 writes the mirrored form of the share that leaves, with a target
    of .3, which may be more at no cost. Here r is the share that continues, one minus
    that, so the same number is `ConstQuad(0.7, per="gate", gates="*_exit_gate")`, not
    mirrored: (0.7 - r)^2 where r > 0.7.

    PG writes the condition with a sum over the batch, `B_i <= t`; it is read here as
    one on the mean, the number that the second case squares.

    Args:
        target: t in [0, 1], a number, a `tfgate.schedules.Schedule` or a
            `VariableTarget`.
        mirrored: whether too little costs instead of too much.
        per: `"batch"`: r is the mean of z over gates and images, as for `PerBatch`;
            `"gate"`: mean over components of the loss of each one's own rate, as for
            `PerGate`, with one target for all.
        coefficient: weight of the loss, a number or a schedule.
        gates: pattern of the names of the gates that it is of, see `GateLoss`.

    Raises:
        ValueError: target is not, or does not stay, in [0, 1], or per is another word.

    Reference:
        PG S2.2 (L_CQ,B); PG 5 (mirrored and per gate, for the share of early exits).

    Example:
    >>> gates = {"a": {"decision": ops.array([[1.0], [1.0]])}}
    >>> float(ConstQuad(0.5)(gates, costs=None))
    0.25
    >>> float(ConstQuad(0.5, mirrored=True)(gates, costs=None))
    0.0
    """

    def __init__(
        self,
        target: float | Schedule | VariableTarget,
        mirrored: bool = False,
        per: str = "batch",
        coefficient: float | Schedule = 1.0,
        gates: str = ALL,
    ) -> None:
        super().__init__(target, coefficient, gates)
        if per not in ("batch", "gate"):
            raise ValueError(f"Expected per to be 'batch' or 'gate', got {per!r}.")
        self.mirrored = bool(mirrored)
        self.per = per

    def call(self, gates: GatesOutputs, costs: ModelCosts, step: Tensor) -> Tensor:
        rates = activation_rates(gates)
        if self.per == "batch":
            rates = ops.mean(rates)
        excess = rates - schedules.at(self.target, step)
        return ops.mean(ops.square(ops.relu(-excess if self.mirrored else excess)))

    def get_config(self) -> Config:
        return {**super().get_config(), "mirrored": self.mirrored, "per": self.per}


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
        gates: pattern of the names of the gates that it is of, see `GateLoss`.

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
        gates: str = ALL,
    ) -> None:
        super().__init__(coefficient, gates)
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
        self._targets_of(dict.fromkeys(self.matching(gates)))

    def get_config(self) -> Config:
        targets: Any = self.targets
        if isinstance(targets, list | tuple):
            targets = [schedules.serialize(target) for target in targets]
        return {
            **super().get_config(),
            "targets": schedules.serialize(targets),
            "rate": schedules.serialize(self.rate),
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
