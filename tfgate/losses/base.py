"""The base of the gate losses, and what they share."""

import fnmatch
import numbers
from collections.abc import Iterable
from collections.abc import Mapping
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

ALL = "*"


class GateLoss:
    """Base of the gate losses.

    A subclass implements `call(gates, costs, step)` and extends `get_config()`; it
    must be registered as Keras serializable. Whatever may be a schedule it reads with
    `tfgate.schedules.at(number, step)`. A loss whose value depends on earlier batches
    keeps them in variables that it creates in `build` and changes in `update`; `call`
    only reads them.

    Args:
        coefficient: weight of this loss beside the task loss, at least 0, a number or
            a `tfgate.schedules.Schedule`.
        gates: which gates it is of: a pattern of names as in the shell (`fnmatch`),
            such as `"*_exit_gate"` or `"conv[23]_*"`; `"*"` means all.

    Raises:
        ValueError: coefficient is, or becomes, negative, gates is no text or, when the
            model is compiled, no gate has such a name.
    """

    def __init__(self, coefficient: float | Schedule = 1.0, gates: str = ALL) -> None:
        if not schedules.bounds(coefficient)[0] >= 0.0:
            raise ValueError(f"Expected coefficient >= 0, got {coefficient!r}.")
        if not isinstance(gates, str) or not gates:
            raise ValueError(f"Expected gates to be a pattern of names, got {gates!r}.")
        self.coefficient = coefficient
        self.gates = gates

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
        return weight * self.call(self.select(gates), costs, step)

    def call(self, gates: GatesOutputs, costs: ModelCosts, step: Tensor) -> Tensor:
        """Returns the loss as a float32 scalar.

        Args:
            gates: as for `__call__`, but what `select` leaves of them.
            costs: as for `__call__`; of the whole model.
            step: as for `__call__`.
        """
        raise NotImplementedError

    def select(self, gates: GatesOutputs) -> GatesOutputs:
        """Returns the outputs of the gates that this loss is of, in the same order.

        Raises:
            ValueError: there are none.
        """
        names = self.matching(gates)
        return {name: gates[name] for name in names}

    def matching(self, names: Iterable[str]) -> list[str]:
        """Returns those of some names of gates that this loss is of.

        Raises:
            ValueError: there are none; the message has the pattern and the names.
        """
        names = list(names)
        found = [name for name in names if fnmatch.fnmatchcase(name, self.gates)]
        if not found:
            raise ValueError(
                f"Expected gates of {type(self).__name__} to match the name of a gate, "
                f"got {self.gates!r} and gates {names}."
            )
        return found

    def check(self, gates: Mapping[str, int], costs: ModelCosts) -> None:
        """Raises ValueError if this loss does not fit a model's gates.

        Args:
            gates: gate name -> number of components, in network order, of all gates.
            costs: the model's `tfgate.costs.ModelCosts`.
        """
        self.matching(gates)

    def build(self) -> None:
        """Creates the variables of this loss, under the model's strategy.

        `GatedModel.compile` calls it; what was before is forgotten.
        """

    @property
    def variables(self) -> list[keras.Variable]:
        """The variables of this loss: what a checkpoint within an epoch needs."""
        return []

    def update(self, gates: GatesOutputs, step: Tensor) -> None:
        """Takes note of a batch in the variables of this loss.

        `GatedModel` calls it once for each training batch, after it has computed the
        loss, and never in evaluation.

        Args:
            gates: as for `__call__`, of all gates.
            step: training steps before this one, a scalar.
        """

    def get_config(self) -> Config:
        """Returns the constructor's arguments; `gates` only if it is not `"*"`.

        So subclasses need not have that argument.
        """
        config: Config = {"coefficient": schedules.serialize(self.coefficient)}
        return config if self.gates == ALL else {**config, "gates": self.gates}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Builds the loss from `get_config()`'s result."""
        return cls(
            **{name: schedules.deserialize(value) for name, value in config.items()}
        )


def activation_rates(gates: GatesOutputs) -> Tensor:
    """Activation rate of every component over the global batch.

    Args:
        gates: gate name -> dict with `decision`, `[batch, components]`.

    Returns:
        float32 tensor `[all components]`, in the order of the gates.
    """
    return global_batch_mean(concatenated(gates, "decision"))


def concatenated(gates: GatesOutputs, output: str) -> Tensor:
    """One output of all gates side by side.

    Args:
        gates: gate name -> dict with that output, `[batch, components]`.
        output: `"logits"`, `"probability"` or `"decision"`.

    Returns:
        float32 tensor `[batch, all components]`, in the order of the gates.
    """
    outputs = [ops.cast(gate[output], "float32") for gate in gates.values()]
    return ops.concatenate(outputs, axis=1)


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
