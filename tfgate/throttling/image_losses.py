"""The compiled task loss image by image."""

from typing import Any

import keras
from keras import ops

from tfgate.typing import Tensor

MEANS = ("mean", "sum_over_batch_size")


def check_task_loss(loss: Any, predictions: Any) -> None:
    """Checks that a task loss is a mean over images, of one output.

    Args:
        loss: as given to `compile`.
        predictions: the network's symbolic predictions.

    Raises:
        ValueError: there is more than one output or loss, or none, or the loss is a
            sum, or a mean by sample weights.
    """
    losses = [each for each in keras.tree.flatten(loss) if each is not None]
    outputs = len(keras.tree.flatten(predictions))
    if outputs != 1 or len(losses) != 1:
        raise ValueError(
            "Expected one output and one loss to train a gating function with "
            f"ScoreFunction, got {outputs} and {len(losses)}."
        )
    reduction = getattr(losses[0], "reduction", MEANS[0])
    if reduction not in MEANS:
        raise ValueError(
            f"Expected a loss whose reduction is one of {MEANS} to train a gating "
            f"function with ScoreFunction, got {reduction!r}."
        )


class _Unreduced(keras.losses.Loss):
    """A loss without its reduction. A copy would do, but Keras copies by saving."""

    def __init__(self, loss: keras.losses.Loss) -> None:
        # Keras would make a name that begins with "_", which no graph takes.
        super().__init__(name="image_losses", reduction=None, dtype=loss.dtype)
        self._loss = loss

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self._loss.call(y_true, y_pred)


def image_losses(
    compile_loss: Any, y: Tensor, predictions: Tensor, sample_weight: Tensor | None
) -> Tensor:
    """Computes the task loss of each image; their mean is the task loss of the batch.

    Args:
        compile_loss: what `keras.Model.compile` made of one loss, after its first call.
        y: labels, `[batch, ...]`.
        predictions: `[batch, ...]`.
        sample_weight: `[batch]` or None.

    Returns:
        float32 tensor `[batch]`.

    Raises:
        ValueError: the loss does not give a value for each image.
    """
    (found,) = compile_loss._flat_losses
    unreduced = _Unreduced(found.loss)
    values = ops.cast(unreduced(y, predictions, sample_weight), "float32")
    if len(values.shape) == 0:
        raise ValueError(
            "Expected a loss with a value for each image to train a gating function "
            f"with ScoreFunction, got a scalar of {found.name!r}."
        )
    values = ops.mean(values, axis=tuple(range(1, len(values.shape))))
    return values if found.loss_weights is None else values * found.loss_weights
