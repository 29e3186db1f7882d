"""One network under many policies: accuracy, activation rate and executed MACs."""

import dataclasses
import re
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfgate.inference.ensembles import check_ensemble
from tfgate.inference.ensembles import contribution
from tfgate.inference.ensembles import run_weights
from tfgate.inference.forward import Forward
from tfgate.inference.labels import class_numbers
from tfgate.inference.labels import labelled_batches
from tfgate.inference.labels import true_class_ranks
from tfgate.inference.scope import use_policy
from tfgate.model import GatedModel
from tfgate.policies import Policy
from tfgate.policies import Stochastic
from tfgate.typing import Tensor
from tfgate.typing import TensorTree

_TOP = 5


@dataclasses.dataclass(frozen=True)
class StochasticRuns:
    """Several stochastic runs, each measured by itself.

    Args:
        runs: number of runs, at least 1. PG figure 4 has 5.

    Raises:
        ValueError: runs is less than 1.
    """

    runs: int = 5

    def __post_init__(self) -> None:
        check_ensemble(self.runs, "mean", None)


@dataclasses.dataclass(frozen=True)
class Ensemble:
    """Several stochastic runs combined into one prediction.

    Args:
        runs: number of runs, at least 1.
        combine: "mean", "vote" or "weighted", see `tfgate.ensemble_predict`.
        validation: for "weighted", batches `(x, y)` other than those measured on.

    Raises:
        ValueError: an argument is out of its range, or does not fit the others.
    """

    runs: int = 5
    combine: str = "mean"
    validation: Iterable[TensorTree] | None = None

    def __post_init__(self) -> None:
        check_ensemble(self.runs, self.combine, self.validation)


Candidate = Policy | StochasticRuns | Ensemble


def evaluate_policies(
    model: GatedModel,
    dataset: Iterable[TensorTree],
    policies: Candidate | Sequence[Candidate],
    *,
    from_logits: bool = False,
) -> list[dict[str, Any]]:
    """Measures a network under several policies, in one pass over the data.

    Every policy and every run is a forward pass of its own. Decisions for many τ
    cannot be read off one pass: what a gate sees depends on what the gates before it
    decided.

    Args:
        model: a `tfgate.GatedModel` whose predictions are one tensor
            `[batch, classes]`. It has its own policy again afterwards.
        dataset: `tf.data.Dataset`, or iterable, of batches `(x, y)`; labels
            `[batch]` or one-hot. Give a validation split where the table is to be
            chosen from, see `choose_operating_point`.
        policies: list of `tfgate.policies.Policy`, e.g.
            `[Threshold(tau) for tau in (0.3, 0.5, 0.7)]`, `AlwaysOpen()` or
            `Stochastic()`, of `StochasticRuns` and of `Ensemble`.
        from_logits: True if the model's predictions are logits, which matters to the
            ensembles' means only.

    Returns:
        A list of dicts, one for each policy, in the given order:

        - `policy`: `threshold`, `always_open`, `stochastic`, `ensemble_mean`,
          `ensemble_vote`, `ensemble_weighted`, or a name made of the class;
        - `tau`: the threshold, or None;
        - `accuracy`: in [0, 1], the mean of the runs;
        - `accuracy_std`: standard deviation over the runs (divided by their number),
          None for a single run and for an ensemble;
        - `top5_accuracy`: share of images whose class is among the five highest
          scores, in [0, 1]; 1 by definition for five classes or fewer;
        - `activation_rate`: mean decision over images, components and runs;
        - `executed_macs_mean`, `executed_macs_p5`, `executed_macs_p95`: MACs of an
          image, the gates included: mean, 5th and 95th percentile, over images and
          runs; an ensemble's are those of all its runs together;
        - `images`, `runs`: their numbers.

        Add columns as you like, such as `latency_ms`; `tfgate.tables.write_csv`
        writes them.

    Raises:
        ValueError: a policy is none, the data set is empty, endless or without
            labels, a label is no class, or the predictions are not `[batch, classes]`.

    Reference:
        PG 3.2; figure 4 for mean and standard deviation over 5 runs.

    Example:
    >>> import tensorflow as tf
    >>> import tfgate
    >>> model = tfgate.applications.CifarResNet(20, gate="dependent")
    >>> images, labels = tf.random.uniform((4, 32, 32, 3)), [0, 1, 2, 3]
    >>> dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(4)
    >>> policies = [tfgate.Threshold(0.3), tfgate.StochasticRuns(2)]
    >>> table = tfgate.evaluate_policies(model, dataset, policies)
    >>> [(row["policy"], row["tau"], row["runs"]) for row in table]
    [('threshold', 0.3, 1), ('stochastic', None, 2)]
    """
    if isinstance(policies, Candidate):
        policies = [policies]
    plans = [_make_plan(candidate) for candidate in policies]
    if not plans:
        raise ValueError("Expected at least one policy in policies, got none.")
    tallies = [
        _Tally(plan, run_weights(model, plan.runs, plan.validation), from_logits)
        for plan in plans
    ]
    forward = Forward(model)
    with use_policy(model, model.policy):
        for x, y in labelled_batches(dataset):
            for tally in tallies:
                tally.add(forward, x, y)
    return [tally.row() for tally in tallies]


@dataclasses.dataclass(frozen=True)
class _Plan:
    """How one row of the table is measured; `combine` is None without ensemble."""

    name: str
    policy: Policy
    runs: int = 1
    combine: str | None = None
    validation: Iterable[TensorTree] | None = None


class _Tally:
    """Adds up what one policy does, batch by batch."""

    def __init__(self, plan: _Plan, weights: list[float], from_logits: bool) -> None:
        self._plan = plan
        self._weights = weights
        self._from_logits = from_logits
        measured = plan.runs if plan.combine is None else 1
        self._correct = np.zeros(measured)
        self._correct_top = np.zeros(measured)
        self._rates: list[np.ndarray] = []
        self._macs: list[np.ndarray] = []

    def add(self, forward: Forward, x: TensorTree, y: Tensor) -> None:
        """Runs a batch as often as the plan says."""
        plan = self._plan
        outputs = [forward(x, plan.policy) for _ in range(plan.runs)]
        scores = [output.scores for output in outputs]
        macs = np.stack([output.executed_macs for output in outputs]).astype("float64")
        if plan.combine is not None:
            scores = [self._combined(scores)]
            macs = macs.sum(axis=0, keepdims=True)
        labels = class_numbers(y, scores[0].shape[1])
        for run, run_scores in enumerate(scores):
            ranks = true_class_ranks(run_scores, labels)
            self._correct[run] += (ranks == 0).sum()
            self._correct_top[run] += (ranks < _TOP).sum()
        rates = [output.decisions.mean(axis=1) for output in outputs]
        self._rates.append(np.mean(rates, axis=0))
        self._macs.append(macs)

    def row(self) -> dict[str, Any]:
        """The policy's row of the table."""
        rates, macs = np.concatenate(self._rates), np.concatenate(self._macs, axis=1)
        accuracies = self._correct / len(rates)
        low, high = np.percentile(macs, [5, 95])
        return {
            "policy": self._plan.name,
            "tau": getattr(self._plan.policy, "tau", None),
            "accuracy": float(accuracies.mean()),
            "accuracy_std": float(accuracies.std()) if len(accuracies) > 1 else None,
            "top5_accuracy": float((self._correct_top / len(rates)).mean()),
            "activation_rate": float(rates.mean()),
            "executed_macs_mean": float(macs.mean()),
            "executed_macs_p5": float(low),
            "executed_macs_p95": float(high),
            "images": len(rates),
            "runs": self._plan.runs,
        }

    def _combined(self, scores: list[np.ndarray]) -> np.ndarray:
        combine = str(self._plan.combine)
        parts = [contribution(run, combine, self._from_logits) for run in scores]
        return np.average(parts, axis=0, weights=self._weights)


def _make_plan(candidate: Candidate) -> _Plan:
    if isinstance(candidate, StochasticRuns):
        return _Plan("stochastic", Stochastic(), int(candidate.runs))
    if isinstance(candidate, Ensemble):
        return _Plan(
            f"ensemble_{candidate.combine}",
            Stochastic(),
            int(candidate.runs),
            candidate.combine,
            candidate.validation,
        )
    if isinstance(candidate, Policy):
        return _Plan(policy_name(candidate), candidate)
    raise ValueError(
        "Expected policies to be tfgate policies, StochasticRuns or Ensemble, got "
        f"{candidate!r}."
    )


def policy_name(policy: Policy) -> str:
    """A policy's name for tables, without its τ.

    Example:
    >>> import tfgate
    >>> policy_name(tfgate.AlwaysOpen()), policy_name(tfgate.Threshold(0.3))
    ('always_open', 'threshold')
    """
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(policy).__name__).lower()
    rest = {key: value for key, value in policy.settings.items() if key != "tau"}
    return name + "".join(f" {key}={value!r}" for key, value in rest.items())
