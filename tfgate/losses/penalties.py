"""Losses on each open probability for itself, without a target."""

import keras
from keras import ops

from tfgate.costs import ModelCosts
from tfgate.distribution import global_batch_mean
from tfgate.losses.base import ALL
from tfgate.losses.base import GateLoss
from tfgate.losses.base import concatenated
from tfgate.schedules import Schedule
from tfgate.typing import Config
from tfgate.typing import GatesOutputs
from tfgate.typing import Tensor


@keras.saving.register_keras_serializable(package="tfgate")
class L0(GateLoss):
    """Expected number of open components, or their expected share.

    `L_C = sum over components i of (mean over images of sigmoid(l_i))`, with l_i the
    log odds of being open: BAS equation 5 with gamma = coefficient. It is a sum, so
    the coefficient belongs to a number of components; with `reduction="mean"` it is
    divided by that number. BAS takes gammas of 0.01 to 0.2 on CIFAR-10 and of 0.01 to
    0.4 on ImageNet.

    Equation 5 has no batch: it stands for one image, whose logits the gates compute.
    Over a batch it is averaged, as the task loss is, so that gamma weighs the two in
    the same way at every batch size. For independent gates the mean changes nothing.

    Args:
        coefficient: gamma, at least 0, a number or a `tfgate.schedules.Schedule`; BAS
            lets it rise from 0 once the batch-shaping loss has faded out.
        reduction: `"sum"` or `"mean"` over the components.
        gates: pattern of the names of the gates that it is of, see `GateLoss`.

    Raises:
        ValueError: reduction is another word, or coefficient gets negative.

    Reference:
        BAS 4.3, equation 5; Louizos et al. 2018.

    Example:
    >>> gates = {"a": {"probability": ops.array([[0.9, 0.2], [0.7, 0.2]])}}
    >>> round(float(L0(0.1)(gates, costs=None)), 6)
    0.1
    """

    def __init__(
        self,
        coefficient: float | Schedule = 1.0,
        reduction: str = "sum",
        gates: str = ALL,
    ) -> None:
        super().__init__(coefficient, gates)
        if reduction not in ("sum", "mean"):
            raise ValueError(
                f"Expected reduction to be 'sum' or 'mean', got {reduction!r}."
            )
        self.reduction = reduction

    def call(self, gates: GatesOutputs, costs: ModelCosts, step: Tensor) -> Tensor:
        reduce = {"sum": ops.sum, "mean": ops.mean}[self.reduction]
        return reduce(global_batch_mean(concatenated(gates, "probability")))

    def get_config(self) -> Config:
        return {**super().get_config(), "reduction": self.reduction}


@keras.saving.register_keras_serializable(package="tfgate")
class Polarization(GateLoss):
    """Mean of `p (1 - p)`: drives every open probability to 0 or 1, for every image.

    `L_P = mean over images and components of p (1 - p)`, in [0, 1/4], where p is a
    component's open probability for one image. Not the product of means: a dependent
    gate that opens for half of the images, and is sure each time, costs nothing.

    Args:
        coefficient: weight of the loss, at least 0, a number or a
            `tfgate.schedules.Schedule`.
        gates: pattern of the names of the gates that it is of, see `GateLoss`.

    Reference:
        Srinivas and Babu 2016, Learning neural network architectures using
        backpropagation (w (1 - w)); CS 2.3.

    Example:
    >>> gates = {"a": {"probability": ops.array([[1.0], [0.0], [0.5], [0.5]])}}
    >>> float(Polarization()(gates, costs=None))
    0.125
    """

    def call(self, gates: GatesOutputs, costs: ModelCosts, step: Tensor) -> Tensor:
        probability = concatenated(gates, "probability")
        return ops.mean(global_batch_mean(probability * (1.0 - probability)))
