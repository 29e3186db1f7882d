"""Loss on how far the complexity of an image's decisions is from its control u."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from tfgate import schedules
from tfgate.costs import ModelCosts
from tfgate.distribution import global_batch_mean
from tfgate.losses.base import ALL
from tfgate.losses.base import GateLoss
from tfgate.losses.base import concatenated
from tfgate.schedules import Schedule
from tfgate.typing import Config
from tfgate.typing import GatesOutputs
from tfgate.typing import Tensor

PENALTIES = ("hinge", "distance")
POWERS = (1, 2)
WEIGHTS = ("components", "macs")


@keras.saving.register_keras_serializable(package="tfgate")
class Complexity(GateLoss):
    """TNN's penalty: what an image's decisions cost, against the u that it had.

    `c(g) = sum_i w_i 1(g_i != 0) / ||w||_1` is the complexity of an image, in [0, 1],
    and the loss is the mean over the images of the global batch of

    - `"hinge"`: `max(0, c(g) - u)^p`;
    - `"distance"`: `|c(g) - u|^p`.

    Soft decisions count by their values, `sum_i w_i g_i / ||w||_1`: every one of them
    is above 0, so the indicator would be 1 and have no gradient. Parts that are never
    gated are no components, and count in neither sum.

    It is for networks with a dial, `tfgate.throttle`'s: no others have an u.

    Args:
        coefficient: lambda, at least 0, a number or a `tfgate.schedules.Schedule`. TNN
            shows its results for 10.
        penalty: `"hinge"` or `"distance"`. TNN takes the second, which gave more
            accurate networks for what they cost.
        p: 1 or 2.
        weights: w, `"macs"`: what each component saves while all others are open, of
            `tfgate.costs.ModelCosts.components`; or `"components"`: 1.
        gates: pattern of the names of the gates whose components count, see
            `GateLoss`.

    Raises:
        ValueError: an argument is not among its choices; when the model is compiled,
            weights is `"macs"` and a component saves none; when the loss is computed,
            the gates have no u.

    Reference:
        TNN 4, equations 4 (c), 5 (hinge) and 6 (distance); A.1 (lambda).

    Example:
    >>> gates = {"a": {"decision": ops.array([[1.0, 1.0], [1.0, 0.0]]),
    ...                "control": ops.array([[0.5, 0.5], [1.0, 1.0]])}}
    >>> float(Complexity(10.0, weights="components")(gates, costs=None))
    2.5
    """

    def __init__(
        self,
        coefficient: float | Schedule = 10.0,
        penalty: str = "distance",
        p: int = 2,
        weights: str = "macs",
        gates: str = ALL,
    ) -> None:
        super().__init__(coefficient, gates)
        self.penalty = _choice(penalty, "penalty", PENALTIES)
        self.p = _choice(p, "p", POWERS)
        self.weights = _choice(weights, "weights", WEIGHTS)

    def call(self, gates: GatesOutputs, costs: ModelCosts, step: Tensor) -> Tensor:
        return global_batch_mean(self._penalties(gates, costs))

    def per_image(
        self, gates: GatesOutputs, costs: ModelCosts, step: Tensor = 0
    ) -> Tensor:
        """Returns the loss of each image, the coefficient included, `[batch]`.

        Their mean over the global batch is the loss.

        Args:
            gates: as for `GateLoss.__call__`.
            costs: as for `GateLoss.__call__`.
            step: as for `GateLoss.__call__`.
        """
        weight = schedules.at(self.coefficient, step)
        return weight * self._penalties(self.select(gates), costs)

    def check(self, gates: Mapping[str, int], costs: ModelCosts) -> None:
        super().check(gates, costs)
        if self.weights == "components":
            return
        for name in self.matching(gates):
            macs = costs.components[name]
            if not np.all(macs > 0.0):
                raise ValueError(
                    "Expected every component to save MACs, as a weight of "
                    f"Complexity, got {macs.tolist()} of gate {name!r}; "
                    "weights='components' counts components instead."
                )

    def get_config(self) -> Config:
        own = {"penalty": self.penalty, "p": self.p, "weights": self.weights}
        return {**super().get_config(), **own}

    def _penalties(self, gates: GatesOutputs, costs: ModelCosts) -> Tensor:
        excess = utilization(gates, self._weights(gates, costs)) - controls(gates)
        if self.penalty == "hinge":
            excess = ops.maximum(excess, 0.0)
        return ops.square(excess) if self.p == 2 else ops.abs(excess)

    def _weights(self, gates: GatesOutputs, costs: ModelCosts) -> np.ndarray:
        if self.weights == "macs":
            return np.concatenate([costs.components[name] for name in gates])
        return np.ones(sum(gate["decision"].shape[1] for gate in gates.values()))


def utilization(gates: GatesOutputs, weights: np.ndarray) -> Tensor:
    """Weighted share of open components of each image, c(g) of TNN's equation 4.

    Args:
        gates: gate name -> dict with `decision`, `[batch, components]`.
        weights: array `[all components]`, not negative, in the order of the gates.

    Returns:
        float32 tensor `[batch]`, in [0, 1].
    """
    decisions = concatenated(gates, "decision")
    shares = (weights / (np.sum(weights) or 1.0)).astype("float32")
    return ops.sum(decisions * shares, axis=1)


def controls(gates: GatesOutputs) -> Tensor:
    """The control u of each image.

    Args:
        gates: gate name -> dict with `control`, `[batch, components]`.

    Returns:
        float32 tensor `[batch]`.

    Raises:
        ValueError: the gates have no control.
    """
    name, outputs = next(iter(gates.items()))
    if "control" not in outputs:
        raise ValueError(
            "Expected the gates of a network with a dial, made by tfgate.throttle, "
            f"which have an output 'control', got gate {name!r} with {sorted(outputs)}."
        )
    return outputs["control"][:, 0]


def _choice(value: Any, name: str, choices: tuple[Any, ...]) -> Any:
    if isinstance(value, bool) or value not in choices:
        raise ValueError(f"Expected {name} to be one of {choices}, got {value!r}.")
    return value
