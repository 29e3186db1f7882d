"""A policy for the time of a `with` statement."""

import contextlib
from collections.abc import Iterator

from tfgate.model import GatedModel
from tfgate.policies import Policy


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
