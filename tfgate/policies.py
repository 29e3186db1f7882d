"""Policies: how a trained gate's probability becomes a decision at inference.

Training samples through an estimator; inference asks the policy of the gate. The
decision compares logits, so no noise and no sigmoid enter an exported graph, unless
the user asks for `Stochastic`.

Reference:
    PG 3.2 and CS 3.3 (stochastic, ensemble, threshold, always open).
"""

from typing import TYPE_CHECKING
from typing import Self

import keras
from keras import ops

from tfgate import estimators
from tfgate.typing import Config
from tfgate.typing import Tensor

if TYPE_CHECKING:  # gates hold policies, and import this module
    from tfgate.gates import Gate


class Policy:
    """Base of the policies: a rule without state of its own.

    Numbers that may change between calls live in variables of the gate (`gate.tau`),
    so that changing them retraces nothing.
    """

    def prepare(self, gate: "Gate") -> None:
        """Writes this policy's numbers into the variables of a built gate."""

    def decide(self, logits: Tensor, gate: "Gate") -> Tensor:
        """Decides for a batch.

        Args:
            logits: `[batch, components, 2]`, last axis (closed, open), float32.
            gate: the `tfgate.gates.Gate` that asks.

        Returns:
            `[batch, components]`, float32, values 0 or 1.
        """
        raise NotImplementedError

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Builds the policy from `get_config()`'s result."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash((type(self), tuple(sorted(self.get_config().items()))))

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


@keras.saving.register_keras_serializable(package="tfgate")
class Threshold(Policy):
    """Opens a component when its probability is greater than τ.

    `z = 1 if l1 - l0 > log(tau / (1 - tau)) else 0`. Deterministic.

    Args:
        tau: threshold in (0, 1), default 0.5.

    Raises:
        ValueError: tau is not in (0, 1). To open everything use `AlwaysOpen`.
    """

    def __init__(self, tau: float = 0.5) -> None:
        if not 0.0 < tau < 1.0:
            raise ValueError(f"Expected tau in (0, 1), got {tau!r}.")
        self.tau = float(tau)

    def prepare(self, gate: "Gate") -> None:
        gate.tau.assign(self.tau)

    def decide(self, logits: Tensor, gate: "Gate") -> Tensor:
        tau = ops.convert_to_tensor(gate.tau)
        log_odds_tau = ops.log(tau) - ops.log1p(-tau)
        return ops.cast(logits[..., 1] - logits[..., 0] > log_odds_tau, "float32")

    def get_config(self) -> Config:
        return {"tau": self.tau}


@keras.saving.register_keras_serializable(package="tfgate")
class Stochastic(Policy):
    """Samples each decision with its probability, anew at every call.

    The noise is a sequence of the gate's own, beside that of training (see
    `Gate.next_seed`), so a program that makes the same calls gets the same decisions.
    """

    def decide(self, logits: Tensor, gate: "Gate") -> Tensor:
        log_odds = logits[..., 1] - logits[..., 0]
        noise = estimators.uniform_noise(
            ops.shape(log_odds), gate.next_seed(training=False)
        )
        return ops.cast(noise < ops.sigmoid(log_odds), "float32")


@keras.saving.register_keras_serializable(package="tfgate")
class AlwaysOpen(Policy):
    """Opens everything: the gates were a regularizer, as in stochastic depth."""

    def decide(self, logits: Tensor, gate: "Gate") -> Tensor:
        return ops.ones_like(logits[..., 0])
