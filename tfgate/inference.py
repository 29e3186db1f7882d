"""Predictions of stochastic gates: an ensemble of runs of one network."""

import contextlib
from collections.abc import Iterator

import numpy as np
from keras import ops

from tfgate.model import GatedModel
from tfgate.policies import Policy
from tfgate.policies import Stochastic
from tfgate.typing import Tensor
from tfgate.typing import TensorTree


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


def ensemble_predict(
    model: GatedModel,
    x: TensorTree,
    runs: int,
    combine: str = "mean",
    from_logits: bool = False,
    batch_size: int | None = None,
    verbose: int | str = 0,
) -> np.ndarray:
    """Combines several stochastic runs of one gated network.

    Args:
        model: a `tfgate.GatedModel` whose predictions are one tensor
            `[batch, classes]`. Its policy is `Stochastic` during the runs and what it
            was afterwards.
        x: what `model.predict` takes.
        runs: number of stochastic runs, at least 1.
        combine: `"mean"` averages class probabilities, `"vote"` gives the share of
            runs in which each class had the highest score.
        from_logits: True if the model's predictions are logits; "mean" then applies
            the softmax to each run.
        batch_size: as for `model.predict`.
        verbose: as for `model.predict`.

    Returns:
        NumPy array `[batch, classes]`, each row sums to 1.

    Raises:
        ValueError: runs or combine are out of their range.

    Reference:
        PG 3.2: an ensemble of multiple runs with the same network.
    """
    if int(runs) < 1:
        raise ValueError(f"Expected runs >= 1, got {runs!r}.")
    if combine not in ("mean", "vote"):
        raise ValueError(f"Expected combine to be 'mean' or 'vote', got {combine!r}.")
    total: Tensor = 0.0
    with use_policy(model, Stochastic()):
        for _ in range(int(runs)):
            scores = model.predict(x, batch_size=batch_size, verbose=verbose)
            if combine == "vote":
                scores = np.eye(scores.shape[-1], dtype="float32")[scores.argmax(-1)]
            elif from_logits:
                scores = ops.convert_to_numpy(ops.softmax(scores))
            total = total + scores
    return total / int(runs)
