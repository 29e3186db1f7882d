"""Labelled batches, and where the true class stands among the scores."""

from collections.abc import Iterable
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from keras import ops

from tfgate.typing import Tensor
from tfgate.typing import TensorTree


def labelled_batches(
    dataset: Iterable[TensorTree], name: str = "dataset"
) -> Iterator[tuple[TensorTree, Tensor]]:
    """Yields the `(x, y)` of a data set's batches; sample weights are left out.

    Args:
        dataset: `tf.data.Dataset`, or iterable, of batches `(x, y, ...)`.
        name: name of the argument, for errors.

    Raises:
        ValueError: the data set is endless or empty, or a batch has no labels.
    """
    cardinality = getattr(dataset, "cardinality", None)
    if cardinality is not None and cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError(f"Expected {name} to end, got an endless data set: {dataset}.")
    empty = True
    for batch in dataset:
        if not isinstance(batch, tuple | list) or len(batch) < 2:
            raise ValueError(
                f"Expected {name} to give batches (x, y), got {type(batch).__name__}; "
                "arrays become one with tf.data.Dataset.from_tensor_slices((x, y))"
                ".batch(size)."
            )
        empty = False
        yield batch[0], batch[1]
    if empty:
        raise ValueError(f"Expected {name} to have at least one batch, got none.")


def class_numbers(labels: Tensor, classes: int) -> np.ndarray:
    """Class numbers of sparse or one-hot labels.

    Args:
        labels: `[batch]` or `[batch, 1]`, whole numbers in [0, classes); or
            `[batch, classes]`, one-hot or shares, of which the greatest counts.
        classes: number of classes, at least 2.

    Returns:
        int64 array `[batch]`.

    Raises:
        ValueError: another shape, or a number that is no class.
    """
    values = np.asarray(ops.convert_to_numpy(labels))
    if values.ndim == 2 and values.shape[1] == classes:
        return values.argmax(axis=1)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(
            f"Expected labels of shape [batch] or [batch, {classes}], got "
            f"{list(values.shape)}."
        )
    numbers = values.astype("int64")
    if (numbers != values).any() or (numbers < 0).any() or (numbers >= classes).any():
        raise ValueError(
            f"Expected labels to be whole numbers in [0, {classes}), got "
            f"{values.min()} to {values.max()}."
        )
    return numbers


def true_class_ranks(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many classes come before the true one: 0 is a correct prediction.

    Of equal scores the class with the lower number comes first, as in `argmax`. A
    score that is no number comes before all: such a prediction is never correct.

    Args:
        scores: `[batch, classes]`, probabilities or logits.
        labels: `[batch]`, class numbers.

    Returns:
        int array `[batch]`.

    Example:
    >>> true_class_ranks(np.array([[0.2, 0.5, 0.3]] * 2), np.array([1, 0])).tolist()
    [0, 2]
    """
    true = np.take_along_axis(scores, labels[:, None], axis=1)
    before = ~(scores <= true)
    before |= (scores == true) & (np.arange(scores.shape[1]) < labels[:, None])
    return before.sum(axis=1)
