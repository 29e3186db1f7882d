"""Batch norm statistics, estimated anew with the weights left alone."""

from collections.abc import Iterable
from collections.abc import Sequence

import keras
import tensorflow as tf

from tfgate.typing import Tensor
from tfgate.typing import TensorTree


def recalibrate_batch_norm(
    model: keras.Model, dataset: Iterable[TensorTree], steps: int
) -> None:
    """Re-estimates the moving statistics of every batch norm of a model.

    Gates that rarely open leave the moving averages of their branches unstable. This
    runs the network in training mode (stochastic gates, no gradients: "a learning
    rate of zero"). Unlike the papers, which let the moving average run on, the new
    statistics are the plain mean over the steps, so nothing of the old ones remains.

    Args:
        model: a `keras.Model`, gated or not. Its moving means and variances change,
            frozen ones, too; nothing else does, apart from the gates' noise sequence.
        dataset: `tf.data.Dataset`, or iterable, of batches `x` or `(x, y, ...)`.
        steps: number of batches to use, at least 1.

    Raises:
        ValueError: steps is less than 1, the dataset has fewer batches, or a batch
            norm has statistics for several parts of a dial's range, each of which would
            need batches of its own: see `tfgate.throttling.recalibrate`.

    Reference:
        PG 4.1.1 and CS 4.1: 200 batches.
    """
    norms = batch_norms(model)
    switchable = [norm.name for norm in norms if getattr(norm, "buckets", 1) > 1]
    if switchable:
        raise ValueError(
            "Expected batch norms with one set of statistics, got "
            f"{switchable[0]!r}, which has one for each bucket of u: use "
            "tfgate.throttling.recalibrate on the network without them."
        )
    running_mean(model, norms, dataset, steps)


def batch_norms(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """All batch norms of a model, wherever they are."""
    return [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]


def running_mean(
    model: keras.Model,
    norms: Sequence[keras.layers.BatchNormalization],
    dataset: Iterable[TensorTree],
    steps: int,
) -> None:
    """Gives batch norms the plain mean over batches, all of them of one bucket of u.

    Args:
        model: a `keras.Model`.
        norms: its batch norms whose statistics change.
        dataset: see `recalibrate_batch_norm`.
        steps: see `recalibrate_batch_norm`.

    Raises:
        ValueError: steps is less than 1, or the dataset has fewer batches.
    """
    if int(steps) < 1:
        raise ValueError(f"Expected steps >= 1, got {steps!r}.")
    before = [(norm, norm.momentum, norm.trainable) for norm in norms]

    @tf.function(autograph=False)
    def run(inputs: TensorTree, momentum: Tensor) -> None:
        for norm in norms:
            norm.momentum = momentum
        model(inputs, training=True)

    batches = iter(dataset)
    try:
        for norm in norms:
            norm.trainable = True  # frozen ones keep their statistics
        for step in range(int(steps)):
            batch = next(batches, None)
            if batch is None:
                raise ValueError(
                    f"Expected a dataset of at least {steps} batches, got {step}."
                )
            inputs = batch[0] if isinstance(batch, tuple | list) else batch
            # The mean so far has weight step / (step + 1): a running mean.
            run(inputs, tf.constant(step / (step + 1.0), tf.float32))
    finally:
        for norm, momentum, trainable in before:
            norm.momentum, norm.trainable = momentum, trainable
