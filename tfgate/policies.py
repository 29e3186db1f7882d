"""Policies: how a trained gate's probability becomes a decision at inference.

Training samples through an estimator; inference asks the policy of the gate. The
decision compares logits, so no noise and no sigmoid enter an exported graph, unless
the user asks for `Stochastic`.

Reference:
    PG 3.2 and CS 3.3 (stochastic, ensemble, threshold, always open).
"""

import copy
import numbers
from collections.abc import Mapping
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any
from typing import Self

import keras
import numpy as np
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

    @property
    def graph_key(self) -> tuple[Any, ...]:
        """What compiled functions keep of this policy; its class, unless it says more.

        Policies of one key differ in variables of the gates alone.
        """
        return (type(self),)

    @property
    def settings(self) -> Config:
        """What tells this policy from others of its class, in tables and in `repr`."""
        return self.get_config()

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
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.settings.items())
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
        return _exceeds_tau(logits, gate)

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


@keras.saving.register_keras_serializable(package="tfgate")
class Throttle(Policy):
    """A dial for a network that was gated in the ordinary way: u sets its mean MACs.

    `tfgate.throttling.calibrate` makes one of a network and a data set. It comes in two
    kinds:

    - `"threshold"`: u sets one τ for all gates, which decide as under `Threshold`;
    - `"order"`: components open one after the other, in an order that is the same for
      all images. τ is the share of components that stay closed: the one in place i of
      N, from 0, is open where `1 - (i + 1/2) / N > tau`.

    Between the rows of the table τ is interpolated. τ is a variable of the gates, so
    `model.policy = policy.at(0.3)` retraces nothing; the order is a constant of the
    compiled functions, which another order renews.

    Args:
        table: list of dicts, a row for each u that was calibrated, with `u`, rising
            from 0 to 1, `tau`, which does not rise, in [0, 1], and `executed_macs`, the
            mean of an image, which does not fall; further columns are kept.
        order: for the kind `"order"`: gate name -> list `[components]` of places in the
            order of opening, all of them together 0, 1, ..., N - 1; None for the kind
            `"threshold"`.
        u: the dial's position, in [0, 1].

    Attributes:
        kind: `"threshold"` or `"order"`.
        tau: τ at u. 0 opens everything, 1 nothing.

    Raises:
        ValueError: an argument is out of its range. Where it is set: a network has
            other gates than the order.

    Reference:
        TNN 2, for h(x, u); PG 3.2, for τ.

    Example:
    >>> rows = [{"u": 0.0, "tau": 1.0, "executed_macs": 10.0},
    ...         {"u": 0.5, "tau": 0.4, "executed_macs": 60.0},
    ...         {"u": 1.0, "tau": 0.0, "executed_macs": 110.0}]
    >>> policy = Throttle(rows)
    >>> policy.at(0.5), policy.at(0.5).tau, policy.at(0.75).tau
    (Throttle(kind='threshold', u=0.5), 0.4, 0.2)
    """

    def __init__(
        self,
        table: Sequence[Mapping[str, Any]],
        order: Mapping[str, Sequence[int]] | None = None,
        u: float = 1.0,
    ) -> None:
        self.table = [dict(row) for row in table]
        self._us, self._taus = _checked_table(self.table)
        self.order = None if order is None else _checked_order(order)
        self._set_u(u)

    @property
    def kind(self) -> str:
        return "threshold" if self.order is None else "order"

    @property
    def tau(self) -> float:
        return float(np.interp(self.u, self._us, self._taus))

    def at(self, u: float) -> Self:
        """Returns the policy with its dial at u.

        Args:
            u: in [0, 1].

        Raises:
            ValueError: u is no number in [0, 1].
        """
        turned = copy.copy(self)
        turned._set_u(u)
        return turned

    @property
    def graph_key(self) -> tuple[Any, ...]:
        return type(self), None if self.order is None else tuple(self.order.items())

    @property
    def settings(self) -> Config:
        return {"kind": self.kind, "u": self.u}

    def prepare(self, gate: "Gate") -> None:
        self._importance(gate)
        gate.tau.assign(self.tau)

    def decide(self, logits: Tensor, gate: "Gate") -> Tensor:
        importance = self._importance(gate)
        if importance is None:
            return _exceeds_tau(logits, gate)
        tau = ops.convert_to_tensor(gate.tau)
        is_open = ops.cast(ops.greater(importance, tau), "float32")
        return ops.broadcast_to(is_open, ops.shape(logits)[:2])

    def get_config(self) -> Config:
        order = self.order
        return {
            "table": [dict(row) for row in self.table],
            "order": None if order is None else {g: [*p] for g, p in order.items()},
            "u": self.u,
        }

    def __hash__(self) -> int:
        return hash((type(self), self.kind, self.u, tuple(self._taus)))

    def _set_u(self, u: float) -> None:
        number = isinstance(u, numbers.Real) and not isinstance(u, bool)
        if not number or not 0.0 <= u <= 1.0:
            raise ValueError(f"Expected u to be a number in [0, 1], got {u!r}.")
        self.u = float(u)

    def _importance(self, gate: "Gate") -> np.ndarray | None:
        """How much a gate's components count, `[components]`; None without an order."""
        if self.order is None:
            return None
        places = self.order.get(gate.name, ())
        if len(places) != gate.components:
            raise ValueError(
                f"Expected gates with the components of the order, {self._sizes}, got "
                f"{gate.name!r} with {gate.components}."
            )
        total = sum(self._sizes.values())
        return (1.0 - (np.array(places) + 0.5) / total).astype("float32")

    @property
    def _sizes(self) -> dict[str, int]:
        return {name: len(places) for name, places in (self.order or {}).items()}


def _exceeds_tau(logits: Tensor, gate: "Gate") -> Tensor:
    """1 where the probability is greater than τ, which may be 0 or 1, else 0."""
    tau = ops.convert_to_tensor(gate.tau)
    log_odds_tau = ops.log(tau) - ops.log1p(-tau)
    return ops.cast(logits[..., 1] - logits[..., 0] > log_odds_tau, "float32")


def _checked_table(table: list[dict[str, Any]]) -> tuple[list[float], list[float]]:
    """Returns the columns u and τ of a `Throttle`'s table."""
    for row in table:
        if not {"u", "tau", "executed_macs"} <= set(row):
            raise ValueError(
                "Expected rows of table to have u, tau and executed_macs, got "
                f"{sorted(row)}."
            )
    us, taus, macs = ([row[c] for row in table] for c in ("u", "tau", "executed_macs"))
    if len(us) < 2 or us[0] != 0.0 or us[-1] != 1.0 or not (np.diff(us) > 0).all():
        raise ValueError(f"Expected u to rise from 0 to 1 in table, got {us}.")
    if not (1.0 >= taus[0] and taus[-1] >= 0.0 and (np.diff(taus) <= 0).all()):
        raise ValueError(
            f"Expected tau in [0, 1] that does not rise with u in table, got {taus}."
        )
    if not (macs[0] >= 0.0 and (np.diff(macs) >= 0).all() and np.isfinite(macs[-1])):
        raise ValueError(
            f"Expected executed_macs >= 0 that do not fall with u in table, got {macs}."
        )
    return us, taus


def _checked_order(order: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    checked = {name: tuple(map(int, places)) for name, places in order.items()}
    places = sorted(place for gate in checked.values() for place in gate)
    if not places or places != list(range(len(places))):
        raise ValueError(
            "Expected order to have each of the places 0, 1, ... once, got "
            f"{dict(order)!r}."
        )
    return checked
