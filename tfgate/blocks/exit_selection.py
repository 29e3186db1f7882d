"""The prediction of a network with early exits."""

from collections.abc import Sequence
from typing import Any

import keras

from tfgate.typing import Shape
from tfgate.typing import Tensor


@keras.saving.register_keras_serializable(package="tfgate")
class ExitSelection(keras.layers.Layer):
    """Gives each image the answer of the first exit at which it leaves.

    With z_k = 1 where an image continues at exit k, and c_k the answers of the
    classifiers, of which there is one more than exits,

        y = sum over k of (z_1 ... z_{k-1}) (1 - z_k) c_k, with z = 0 at the last.

    With decisions of 0 and 1 that is the one answer, to the last bit; an estimator that
    gives numbers between mixes them. The gradient of z_k is the upstream one times
    what follows minus c_k, for the images that get as far.

    Args:
        **kwargs: arguments of `keras.layers.Layer`. It computes in float32 whatever the
            global dtype policy is.

    Call arguments:
        answers: list of `[batch, classes]` tensors, one for each exit in network order,
            and the last classifier's.
        decisions: list of `[batch, 1]` tensors, z of each exit's gate.

    Returns:
        `[batch, classes]`, float32.

    Raises:
        ValueError: there is not one decision for each answer but the last, or answers
            have different shapes.

    Reference:
        PG 5.

    Example:
    >>> from keras import ops
    >>> answers = [ops.array([[1.0], [2.0]]), ops.array([[3.0], [4.0]])]
    >>> ExitSelection()(answers, [ops.array([[1.0], [0.0]])]).numpy().tolist()
    [[3.0], [2.0]]
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)

    def call(self, answers: Sequence[Tensor], decisions: Sequence[Tensor]) -> Tensor:
        self._check([a.shape for a in answers], [z.shape for z in decisions])
        selected = answers[-1]
        for answer, z in zip(answers[-2::-1], decisions[::-1], strict=True):
            selected = z * selected + (1.0 - z) * answer
        return selected

    def compute_output_shape(
        self, answers_shape: Sequence[Shape], decisions_shape: Sequence[Shape] = ()
    ) -> Shape:
        self._check(answers_shape, decisions_shape)
        return tuple(answers_shape[-1])

    def _check(self, answers: Sequence[Shape], decisions: Sequence[Shape]) -> None:
        if len(answers) != len(decisions) + 1 or not decisions:
            raise ValueError(
                f"Expected {self.name!r} to get one answer for each of at least 1 "
                f"decision, and the last classifier's, got {len(answers)} answers and "
                f"{len(decisions)} decisions."
            )
        shapes = {tuple(shape[1:]) for shape in answers}
        if len(shapes) > 1 or len(answers[-1]) != 2:
            raise ValueError(
                f"Expected the answers of {self.name!r} to be [batch, classes], of one "
                f"number of classes, got {[tuple(shape) for shape in answers]}."
            )
