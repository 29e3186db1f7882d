"""A policy for the time of a `with` statement."""

import contextlib
from collections.abc import Iterator

from tfgate.model import GatedModel
from tfgate.policies import AlwaysOpen
from tfgate.policies import Policy
from tfgate.policies import Threshold
from tfgate.stochastic_depth import is_averaged


@contextlib.contextmanager
def use_policy(model: GatedModel, policy: Policy) -> Iterator[GatedModel]:
    """Gives a model another policy for the time of a `with` statement.

    Args:
        model: a `tfgate.GatedModel`.
        policy: a `tfgate.policies.Policy`.

    Example:
    >>> import tfgate
    >>> model = tfgate.applications.CifarResNet(20, gate="independent")
    >>> with use_policy(model, tfgate.AlwaysOpen()):
    ...     model.policy
    AlwaysOpen()
    >>> model.policy
    Threshold(tau=0.5)
    """
    before = model.policy
    model.policy = policy
    try:
        yield model
    finally:
        model.policy = before


@contextlib.contextmanager
def use_threshold(model: GatedModel, tau: float) -> Iterator[GatedModel]:
    """Lets a threshold decide for the time of a `with` statement.

    `StochasticDepth` under its default policy stays open: it has no decisions.

    Args:
        model: a `tfgate.GatedModel`.
        tau: threshold in (0, 1).

    Raises:
        ValueError: tau is not in (0, 1).
    """
    averaged = [gate for gate in model.gates if is_averaged(gate)]
    with use_policy(model, Threshold(tau)):
        for gate in averaged:
            gate.policy = AlwaysOpen()
        yield model
