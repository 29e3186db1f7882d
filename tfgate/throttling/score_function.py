"""The score function estimator, REINFORCE: a gradient from the losses of images."""

import keras
import tensorflow as tf

from tfgate import schedules
from tfgate.estimators import Estimator
from tfgate.estimators import uniform_noise
from tfgate.losses import check_rate
from tfgate.schedules import Schedule
from tfgate.typing import Config
from tfgate.typing import Tensor


def modified_sigmoid(log_odds: Tensor, alpha: Tensor) -> Tensor:
    """A sigmoid that stays away from 0 and 1, `p' = a s(l) + (1 - a)(1 - s(l))`.

    Args:
        log_odds: l, `[...]`.
        alpha: a in (0.5, 1], a scalar; 1 gives the sigmoid itself.

    Returns:
        `[...]`, in [1 - a, a].

    Reference:
        TNN A.1, after Wu et al. 2018 (BlockDrop).
    """
    probability = tf.sigmoid(log_odds)
    return alpha * probability + (1.0 - alpha) * (1.0 - probability)


def log_probability(log_odds: Tensor, decision: Tensor, alpha: Tensor) -> Tensor:
    """Log probability of independent decisions that are open with probability p'.

    `log Pr(g) = sum_i log[g_i p'_i + (1 - g_i)(1 - p'_i)]`.

    Args:
        log_odds: l, `[batch, components]`.
        decision: g, 0 or 1, of the same shape.
        alpha: see `modified_sigmoid`.

    Returns:
        `[batch]`.

    Reference:
        TNN 4.2.
    """
    # 1 - p' is p' of -l, without the rounding of a difference.
    towards = (2.0 * decision - 1.0) * log_odds
    return tf.reduce_sum(tf.math.log(modified_sigmoid(towards, alpha)), axis=-1)


@keras.saving.register_keras_serializable(package="tfgate")
class ScoreFunction(Estimator):
    """REINFORCE for the gating function of a `tfgate.ThrottledModel`.

    Decisions are hard: `z = 1 if noise < p' else 0`, with the `modified_sigmoid` p' of
    the log odds, and nothing flows back through them. Instead the model's training step
    adds the gradient `E[(J - b) grad log Pr(z)]`, where J is what an image's task loss
    and complexity add up to, and b a `tfgate.throttling.Baseline`: what images of about
    the same u cost on the average so far, which leaves the mean of the gradient alone
    and takes most of its variance. So the gating function needs no derivative of the
    network, and the network may be frozen or not: where it is trained it gets the
    ordinary gradient under the decisions that were drawn, and its part of the score
    where a `ContextualController` reads it.

    The model refuses what would have no gradient: more than one output, a task loss
    that is not a mean over images, gate losses other than `tfgate.Complexity`. At
    inference the policy looks at the log odds, and alpha has no part in it.

    Args:
        alpha: in (0.5, 1], a number or a `tfgate.schedules.Schedule`. TNN's goes from
            0.8 to 0.99 in 20 epochs: `Linear(0.8, 0.99, end=20, steps_per_epoch=...)`.
        buckets: into how many equal intervals of u the baseline is divided, at least 1.
        momentum: of the baseline's exponential moving average, in [0, 1).

    Raises:
        ValueError: an argument is out of its range.

    Reference:
        TNN 4.2 ("Score function estimator"), A.1.

    Example:
    >>> logits = tf.constant([[[0.0, 9.0], [9.0, 0.0]]])
    >>> ScoreFunction(alpha=1.0)(logits, seed=[1, 2]).numpy().tolist()
    [[1.0, 0.0]]
    """

    needs_image_losses = True

    def __init__(
        self,
        alpha: float | Schedule = 0.8,
        buckets: int = 16,
        momentum: float = 0.9,
    ) -> None:
        self.alpha = check_rate(alpha, "alpha")
        if not schedules.bounds(self.alpha)[0] > 0.5:
            raise ValueError(f"Expected alpha in (0.5, 1], got {alpha!r}.")
        if isinstance(buckets, bool) or not buckets >= 1 or buckets % 1 != 0:
            raise ValueError(f"Expected buckets >= 1, a whole number, got {buckets!r}.")
        if not 0.0 <= momentum < 1.0:
            raise ValueError(f"Expected momentum in [0, 1), got {momentum!r}.")
        self.buckets = int(buckets)
        self.momentum = float(momentum)

    def __call__(self, logits: Tensor, seed: Tensor, step: Tensor = 0) -> Tensor:
        log_odds = tf.cast(logits[..., 1] - logits[..., 0], tf.float32)
        probability = modified_sigmoid(log_odds, schedules.at(self.alpha, step))
        noise = uniform_noise(tf.shape(log_odds), seed)
        return tf.cast(noise < probability, logits.dtype)

    def surrogate(
        self,
        losses: Tensor,
        baseline: Tensor,
        log_odds: Tensor,
        decision: Tensor,
        step: Tensor = 0,
    ) -> Tensor:
        """Returns what has the estimated gradient, `(J - b) log Pr(z)`, J - b constant.

        Its value says nothing.

        Args:
            losses: J, `[batch]`.
            baseline: b, `[batch]`, not made of these losses.
            log_odds: `[batch, components]`.
            decision: what was sampled, of the same shape.
            step: training steps before it was sampled: the time of alpha.

        Returns:
            float32 tensor `[batch]`.
        """
        alpha = schedules.at(self.alpha, step)
        score = log_probability(log_odds, decision, alpha)
        return tf.stop_gradient(losses - baseline) * score

    def get_config(self) -> Config:
        return {
            "alpha": schedules.serialize(self.alpha),
            "buckets": self.buckets,
            "momentum": self.momentum,
        }
