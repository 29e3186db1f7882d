"""Loss that gives the open probabilities of a batch a distribution."""

import keras
from keras import ops

from tfgate.costs import ModelCosts
from tfgate.distribution import global_batch_mean
from tfgate.distribution import global_batch_ranks
from tfgate.losses.base import ALL
from tfgate.losses.base import GateLoss
from tfgate.losses.base import concatenated
from tfgate.priors import Beta
from tfgate.priors import Prior
from tfgate.schedules import Schedule
from tfgate.typing import Config
from tfgate.typing import GatesOutputs
from tfgate.typing import Tensor


@keras.saving.register_keras_serializable(package="tfgate")
class BatchShaping(GateLoss):
    """Distance between the distribution of each component over a batch and a prior.

    For each component, with p its open probability for one of the N images of the
    batch, and rank(p) the place of p, from 1 to N, among the sorted N:

        S = mean over images of (rank(p) / (N + 1) - F(p))^2
        dS/dp = 2 f(p) (F(p) - rank(p) / (N + 1)) / N

    F is the prior's distribution function, f its density. The loss is the sum of S
    over all components. A prior with much weight near both 0 and 1 makes gates open
    for some images and close for others.

    What is shaped: BAS says "a prior on each of the gates" (4.2) and "Gating output"
    (Appendix A), which in 4 is a decision. A decision would not do: it is 0 or 1, where
    the density of Beta(0.6, 0.4) has its poles. Section 5 applies the L0 loss "to the
    output of the gates" as well, and equation 5 writes that output as sigmoid(ln pi),
    the open probability without noise. So it is here.

    The sum or the mean: equation 2, the one with lambda, divides by N. The pseudo-code
    of Appendix A does not, nor does its gradient. Lambda = 0.75 is given for the lambda
    of equation 2, so the mean is the default. With `reduction="sum"` the loss is N
    times as large: at BAS' batch of 256, 0.75 would then weigh as much as 192 does with
    the mean. The mean also keeps one coefficient good for all batch sizes.

    Sorting passes no gradient to the ranks. The batch is the global one: all replicas
    rank their values among those of all.

    Args:
        prior: a `tfgate.priors.Prior`; None means `Beta(0.6, 0.4)`.
        coefficient: lambda, at least 0, a number or a `tfgate.schedules.Schedule`; BAS
            lets 0.75 fall to 0 over the first 100 of 500 epochs.
        reduction: `"mean"` or `"sum"` over the images of the batch.
        gates: pattern of the names of the gates that it is of, see `GateLoss`.

    Raises:
        ValueError: prior is no prior, or reduction is another word.

    Reference:
        BAS 3, equation 2, and 4.2; Appendix A.

    Example:
    >>> from tfgate.priors import Uniform
    >>> gates = {"a": {"probability": ops.array([[0.75], [0.25]])}}
    >>> loss = BatchShaping(Uniform(), coefficient=144.0)
    >>> round(float(loss(gates, costs=None)), 4)  # 144 (1/3 - 1/4)^2
    1.0
    """

    def __init__(
        self,
        prior: Prior | None = None,
        coefficient: float | Schedule = 0.75,
        reduction: str = "mean",
        gates: str = ALL,
    ) -> None:
        super().__init__(coefficient, gates)
        prior = Beta(0.6, 0.4) if prior is None else prior
        if not isinstance(prior, Prior):
            raise ValueError(f"Expected prior to be a tfgate prior, got {prior!r}.")
        if reduction not in ("mean", "sum"):
            raise ValueError(
                f"Expected reduction to be 'mean' or 'sum', got {reduction!r}."
            )
        self.prior = prior
        self.reduction = reduction

    def call(self, gates: GatesOutputs, costs: ModelCosts, step: Tensor) -> Tensor:
        probability = concatenated(gates, "probability")
        ranks, size = global_batch_ranks(probability)
        distance = ranks / (size + 1.0) - self.prior.cdf(probability)
        loss = ops.sum(global_batch_mean(ops.square(distance)))
        return loss if self.reduction == "mean" else size * loss

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "prior": keras.saving.serialize_keras_object(self.prior),
            "reduction": self.reduction,
        }
