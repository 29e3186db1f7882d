"""Predictions of stochastic gates: an ensemble of runs of one network."""

from collections.abc import Iterable

import numpy as np
from keras import ops

from tfgate.inference.forward import Forward
from tfgate.inference.labels import class_numbers
from tfgate.inference.labels import labelled_batches
from tfgate.inference.labels import true_class_ranks
from tfgate.inference.scope import use_policy
from tfgate.model import GatedModel
from tfgate.policies import Stochastic
from tfgate.typing import Tensor
from tfgate.typing import TensorTree

COMBINATIONS = ("mean", "vote", "weighted")


def ensemble_predict(
    model: GatedModel,
    x: TensorTree,
    runs: int,
    combine: str = "mean",
    from_logits: bool = False,
    batch_size: int | None = None,
    verbose: int | str = 0,
    validation: Iterable[TensorTree] | None = None,
) -> np.ndarray:
    """Combines several stochastic runs of one gated network.

    Weights measure how often each run was right on the validation set. As every run
    draws its noise anew for each image, its luck there says nothing about the images
    to come: the weights differ by the sampling error of an accuracy only, and
    "weighted" gives nearly what "mean" gives. It is here to be compared, since PG 3.2
    names it; expect no gain.

    Args:
        model: a `tfgate.GatedModel` whose predictions are one tensor
            `[batch, classes]`. Its policy is `Stochastic` during the runs and what it
            was afterwards.
        x: what `model.predict` takes.
        runs: number of stochastic runs, at least 1.
        combine: `"mean"` averages class probabilities, `"vote"` gives the share of
            runs in which each class had the highest score, `"weighted"` averages
            class probabilities, each run weighted by its accuracy on `validation`.
        from_logits: True if the model's predictions are logits; "mean" and
            "weighted" then apply the softmax to each run.
        batch_size: as for `model.predict`.
        verbose: as for `model.predict`.
        validation: for "weighted", batches `(x, y)` that are not those of the test;
            labels sparse or one-hot. Run r goes over all of it before any prediction.

    Returns:
        NumPy array `[batch, classes]`, each row sums to 1.

    Raises:
        ValueError: runs or combine are out of their range, validation is missing or
            not asked for, or the predictions are logits and `from_logits` is False.

    Reference:
        PG 3.2: an ensemble of multiple runs with the same network.
    """
    check_ensemble(runs, combine, validation)
    weights = run_weights(model, int(runs), validation)
    total: Tensor = 0.0
    with use_policy(model, Stochastic()):
        for weight in weights:
            scores = model.predict(x, batch_size=batch_size, verbose=verbose)
            total = total + weight * contribution(scores, combine, from_logits)
    return total / sum(weights)


def check_ensemble(runs: int, combine: str, validation: object) -> None:
    """Checks an ensemble's arguments, see `ensemble_predict`.

    Raises:
        ValueError: an argument is out of its range, or does not fit the others.
    """
    if int(runs) < 1:
        raise ValueError(f"Expected runs >= 1, got {runs!r}.")
    if combine not in COMBINATIONS:
        raise ValueError(
            f"Expected combine to be 'mean', 'vote' or 'weighted', got {combine!r}."
        )
    if (combine == "weighted") != (validation is not None):
        raise ValueError(
            "Expected validation, batches (x, y), with combine='weighted' and only "
            f"then, got combine={combine!r} and validation={validation!r}."
        )


def contribution(scores: np.ndarray, combine: str, from_logits: bool) -> np.ndarray:
    """What one run adds to an ensemble.

    Args:
        scores: `[batch, classes]`, one run's predictions.
        combine: see `ensemble_predict`.
        from_logits: whether the scores are logits.

    Returns:
        `[batch, classes]`, each row sums to 1: the vote, or the probabilities.

    Raises:
        ValueError: probabilities were promised, and the scores are none.
    """
    if combine == "vote":
        return np.eye(scores.shape[-1], dtype="float32")[scores.argmax(-1)]
    if from_logits:
        return ops.convert_to_numpy(ops.softmax(scores))
    # Half precision rounds: the sum of many classes may be off by a few percent.
    if (scores < 0.0).any() or (abs(scores.sum(axis=-1) - 1.0) > 0.05).any():
        raise ValueError(
            "Expected predictions that are probabilities, non-negative with a sum of "
            "1, got others; pass from_logits=True if they are logits."
        )
    return scores


def run_weights(
    model: GatedModel, runs: int, validation: Iterable[TensorTree] | None
) -> list[float]:
    """The weight of each run of an ensemble: its accuracy on the validation set.

    Args:
        model: a `tfgate.GatedModel`.
        runs: number of runs.
        validation: batches `(x, y)`; None gives every run the weight 1.

    Returns:
        A list of floats in [0, 1], one for each run.

    Raises:
        ValueError: no run predicted any image of the validation set correctly.
    """
    if validation is None:
        return [1.0] * runs
    forward, images = Forward(model), 0
    correct = np.zeros(runs)
    with use_policy(model, Stochastic()):
        for x, y in labelled_batches(validation, "validation"):
            for run in range(runs):
                scores = forward(x, Stochastic()).scores
                labels = class_numbers(y, scores.shape[1])
                correct[run] += (true_class_ranks(scores, labels) == 0).sum()
            images += len(labels)
    if not correct.any():
        raise ValueError(
            f"Expected validation on which a run is right at least once, got {images} "
            "images and no correct prediction."
        )
    return (correct / images).tolist()
