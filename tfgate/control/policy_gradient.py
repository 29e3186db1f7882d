"""A meta-controller: a small policy that turns u, trained by REINFORCE.

TNN proposes it as future work (section 6): reinforcement learning of "meta-controllers
that manipulate the control signal u directly". The only module of this package that
needs NumPy.
"""

import math
from typing import Any

import numpy as np

from . import checks
from .signals import ThermalStatus

Array = np.ndarray[Any, np.dtype[np.float64]]

FEATURES = ("latency error", "filtered latency error", "2 u - 1", "thermal status / 3")


class GaussianPolicy:
    """Draws the change of u from a normal distribution.

    Its mean is `largest_change * tanh(w2 . tanh(W1 s + b1) + b2)` of the features s,
    its standard deviation is the caller's.

    Args:
        features: number of features, >= 1.
        hidden: number of hidden units, >= 1.
        largest_change: bound of the mean's magnitude, > 0.
        seed: of the first weights.

    Attributes:
        weights: all weights as one vector: W1 row by row, b1, w2, b2.

    Raises:
        ValueError: an argument is out of its range.

    Example:
    >>> policy = GaussianPolicy(features=4, hidden=8, largest_change=0.1)
    >>> policy.weights.shape, policy.mean(np.zeros((3, 4))).shape
    ((49,), (3,))
    """

    def __init__(
        self, features: int, hidden: int, largest_change: float, seed: int = 0
    ) -> None:
        checks.integer(features, "features", at_least=1, at_most=1_000)
        checks.integer(hidden, "hidden", at_least=1, at_most=1_000)
        self.largest_change = checks.number(largest_change, "largest_change", above=0.0)
        self.features, self.hidden = features, hidden
        first = np.random.default_rng(seed).normal(0.0, 1.0, (features, hidden))
        self.weights: Array = np.zeros(features * hidden + 2 * hidden + 1)
        self.weights[: first.size] = first.ravel() / math.sqrt(features)

    def mean(self, features: Array) -> Array:
        """Returns the mean change of u, (batch,), at features (batch, features)."""
        _, change = self._forward(features)
        return self.largest_change * change

    def log_probability(self, features: Array, changes: Array, deviation: float) -> Any:
        """Returns the sum over the batch of log p(change | features)."""
        scaled = (changes - self.mean(features)) / deviation
        constant = math.log(deviation * math.sqrt(2.0 * math.pi))
        return -0.5 * np.sum(scaled**2) - constant * len(changes)

    def score(
        self, features: Array, changes: Array, weights: Array, deviation: float
    ) -> Array:
        """Returns the sum over the batch of weight * d log p(change) / d self.weights.

        Args:
            features: (batch, features).
            changes: that were drawn, (batch,).
            weights: a factor for each, (batch,); REINFORCE has advantages here.
            deviation: standard deviation that the changes were drawn with, > 0.

        Returns:
            A vector like `self.weights`.
        """
        _, _, second, _ = self._matrices()
        hidden, change = self._forward(features)
        slope = self.largest_change * (1.0 - change**2)
        residual = changes - self.largest_change * change
        output = weights * residual / deviation**2 * slope
        inner = np.outer(output, second) * (1.0 - hidden**2)
        parts = (features.T @ inner, inner.sum(0), hidden.T @ output, output.sum())
        return np.concatenate([np.ravel(part) for part in parts])

    def _forward(self, features: Array) -> tuple[Array, Array]:
        first, first_bias, second, second_bias = self._matrices()
        hidden = np.tanh(features @ first + first_bias)
        return hidden, np.tanh(hidden @ second + second_bias)

    def _matrices(self) -> tuple[Array, Array, Array, float]:
        first = self.features * self.hidden
        return (
            self.weights[:first].reshape(self.features, self.hidden),
            self.weights[first : first + self.hidden],
            self.weights[first + self.hidden : first + 2 * self.hidden],
            float(self.weights[-1]),
        )


def returns(rewards: Array, discount: float) -> Array:
    """Returns the discounted sum of each reward and the later ones of its episode.

    Args:
        rewards: (steps, episodes).
        discount: factor for each step, in [0, 1].

    Example:
    >>> returns(np.array([[1.0], [2.0], [4.0]]), discount=0.5).ravel().tolist()
    [3.0, 4.0, 4.0]
    """
    discount = checks.number(discount, "discount", at_least=0.0, at_most=1.0)
    result = np.array(rewards, dtype="float64")
    for step in range(len(result) - 2, -1, -1):
        result[step] += discount * result[step + 1]
    return result


def advantages(values: Array) -> Array:
    """Returns what each return is above the mean of the other episodes at that step.

    That mean is REINFORCE's baseline. It does not depend on an episode's own actions,
    so the gradient stays unbiased.

    Args:
        values: returns, (steps, episodes), of at least two episodes.

    Raises:
        ValueError: fewer episodes.
    """
    episodes = values.shape[1]
    if episodes < 2:
        raise ValueError(f"Expected values of at least two episodes, got {episodes}.")
    others = (values.sum(1, keepdims=True) - values) / (episodes - 1)
    return values - others


def reinforce_gradient(
    policy: GaussianPolicy,
    features: Array,
    changes: Array,
    rewards: Array,
    discount: float,
    deviation: float,
) -> Array:
    """Returns REINFORCE's estimate of d (mean return) / d (policy's weights).

    sum over t of (G_t - b_t) d log p(change_t | s_t), mean over episodes. With a
    discount below 1 the later steps' weights are not discounted once more, as usual.

    Args:
        policy: that drew the changes.
        features: (steps, episodes, features).
        changes: (steps, episodes).
        rewards: (steps, episodes).
        discount: factor for each step, in [0, 1].
        deviation: that the changes were drawn with, > 0.

    Returns:
        A vector like `policy.weights`.
    """
    weights = advantages(returns(rewards, discount)) / rewards.shape[1]
    return policy.score(
        features.reshape(-1, features.shape[-1]),
        changes.ravel(),
        weights.ravel(),
        deviation,
    )


class Adam:
    """Adam (Kingma and Ba, 2015), uphill.

    Args:
        rate: learning rate, > 0.
    """

    def __init__(self, rate: float) -> None:
        self.rate = checks.number(rate, "rate", above=0.0)
        self._steps = 0
        self._mean: Any = 0.0
        self._square: Any = 0.0

    def step(self, weights: Array, gradient: Array) -> Array:
        """Returns the weights after a step in the gradient's direction."""
        self._steps += 1
        self._mean = 0.9 * self._mean + 0.1 * gradient
        self._square = 0.999 * self._square + 0.001 * gradient**2
        mean = self._mean / (1.0 - 0.9**self._steps)
        square = self._square / (1.0 - 0.999**self._steps)
        moved: Array = weights + self.rate * mean / (np.sqrt(square) + 1e-8)
        return moved


class MetaController:
    """A policy in `BudgetController`'s place, for latency and thermal status.

    Args:
        policy: `GaussianPolicy` of `FEATURES`.
        target_ms: latency that the features are relative to, in ms, > 0.
        initial_u: u before the first call, in [0, 1].
        filter_seconds: time constant of the filtered latency error, > 0.

    Raises:
        ValueError: an argument is out of its range.
    """

    def __init__(
        self,
        policy: GaussianPolicy,
        target_ms: float,
        initial_u: float = 0.0,
        filter_seconds: float = 5.0,
    ) -> None:
        if policy.features != len(FEATURES):
            raise ValueError(
                f"Expected policy to have {len(FEATURES)} features, "
                f"got {policy.features}."
            )
        self.policy = policy
        self.target_ms = checks.number(target_ms, "target_ms", above=0.0)
        self.u = checks.number(initial_u, "initial_u", at_least=0.0, at_most=1.0)
        seconds = checks.number(filter_seconds, "filter_seconds", above=0.0)
        self._filter_seconds = seconds
        self._time: float | None = None
        self._filtered = 0.0

    def update(self, time: float, *, latency_ms: float, thermal_status: int) -> float:
        """Takes a measurement and returns u, moved by the policy's mean change.

        Args:
            time: seconds, not before the last call.
            latency_ms: milliseconds of an inference, > 0.
            thermal_status: `ThermalStatus`, 0 to 6.

        Raises:
            ValueError: an argument is out of its range.
        """
        features = self.observe(time, latency_ms, thermal_status)
        return self.change(float(self.policy.mean(np.array([features]))[0]))

    def observe(
        self, time: float, latency_ms: float, thermal_status: int
    ) -> list[float]:
        """Takes a measurement and returns the features of it, in `FEATURES`' order."""
        after = {} if self._time is None else {"at_least": self._time}
        time = checks.number(time, "time", **after)
        latency = checks.number(latency_ms, "latency_ms", above=0.0)
        highest = len(ThermalStatus) - 1
        status = checks.integer(
            thermal_status, "thermal_status", at_least=0, at_most=highest
        )
        error = 1.0 - min(latency, 2.0 * self.target_ms) / self.target_ms
        if self._time is None:
            self._filtered = error
        else:
            seconds = time - self._time
            weight = seconds / (self._filter_seconds + seconds)
            self._filtered += weight * (error - self._filtered)
        self._time = time
        return [error, self._filtered, 2.0 * self.u - 1.0, status / 3.0]

    def change(self, change: float) -> float:
        """Changes u by that much, within [0, 1]; returns u."""
        self.u = min(1.0, max(0.0, self.u + change))
        return self.u
