"""A target rate that follows what the network does."""

from typing import Self

import keras
from keras import ops

from tfgate.losses.base import check_rate
from tfgate.schedules import Schedule
from tfgate.typing import Config
from tfgate.typing import Tensor


@keras.saving.register_keras_serializable(package="tfgate")
class VariableTarget:
    """A target rate that follows the activation rates of the batches of an epoch.

    It begins each epoch at `initial` and then, after each training batch of rate r,
    becomes a moving average. With k batches since the epoch began:

    - moving average (momentum=None): `t := t + (r - t) / (k + 2)`, the mean of
      `initial` and of all rates so far;
    - exponential moving average: `t := momentum t + (1 - momentum) r`.

    PG leaves the length of both averages open, and saw quick ones end with all gates
    open on ImageNet: there, take a momentum near 1.

    It stands in place of the target of one `PerBatch` or `ConstQuad`, in one model.
    The rate r is that of all gates over the global batch, whatever the loss is per,
    and no gradient flows into the target. Evaluation uses the target and leaves it as
    it is. The average is a variable of the loss, not a weight of the model, and is not
    saved with the model: a training that continues at the beginning of an epoch misses
    nothing, one that continues within an epoch has to restore `variables`.

    Args:
        initial: rate in [0, 1] at the beginning of each epoch.
        steps_per_epoch: training steps in an epoch, at least 1: the target starts anew
            where this divides the optimizer's iterations.
        momentum: None for the moving average, or a number in [0, 1).

    Call arguments:
        step: training steps so far, a number or a scalar tensor.

    Raises:
        ValueError: an argument is out of its range.

    Reference:
        PG S2.2 (variable target rates).

    Example:
    >>> target = VariableTarget(0.8, steps_per_epoch=100)
    >>> target.build()
    >>> target.update(0.6, step=0)
    >>> [round(float(target(step)), 3) for step in (0, 1, 100)]
    [0.8, 0.7, 0.8]
    """

    def __init__(
        self, initial: float, steps_per_epoch: int, momentum: float | None = None
    ) -> None:
        if isinstance(initial, Schedule):
            raise ValueError(f"Expected initial to be a number, got {initial!r}.")
        self.initial = check_rate(initial, "initial")
        if not steps_per_epoch >= 1 or steps_per_epoch % 1 != 0:
            raise ValueError(
                "Expected steps_per_epoch to be a whole number, at least 1, got "
                f"{steps_per_epoch!r}."
            )
        self.steps_per_epoch = int(steps_per_epoch)
        if momentum is not None and not 0.0 <= momentum < 1.0:
            raise ValueError(f"Expected momentum in [0, 1), got {momentum!r}.")
        self.momentum = momentum
        self._average: keras.Variable | None = None

    def build(self) -> None:
        """Creates the variable, in the scope of the current strategy."""
        self._average = keras.Variable(
            self.initial,
            dtype="float32",
            trainable=False,
            # All replicas write the same: it comes from the global batch.
            aggregation="only_first_replica",
            name="variable_target",
        )

    @property
    def variables(self) -> list[keras.Variable]:
        """The average, once it is built."""
        return [] if self._average is None else [self._average]

    def __call__(self, step: Tensor) -> Tensor:
        """Returns the target after `step` training steps, a float32 scalar.

        Before `build` it is `initial`.
        """
        average = self.initial if self._average is None else self._average
        return ops.where(self._batches(step) == 0, self.initial, average)

    def update(self, rate: Tensor, step: Tensor) -> None:
        """Takes the activation rate of a training batch into the average.

        Args:
            rate: scalar in [0, 1], of the global batch.
            step: training steps before this batch.

        Raises:
            RuntimeError: `build` was never called.
        """
        if self._average is None:
            raise RuntimeError("Expected build() before update(): compile the model.")
        before = self(step)
        if self.momentum is None:
            share = 1.0 / ops.cast(self._batches(step) + 2, "float32")
        else:
            share = 1.0 - self.momentum
        self._average.assign(before + share * (ops.stop_gradient(rate) - before))

    def _batches(self, step: Tensor) -> Tensor:
        """Batches since the epoch began."""
        return ops.cast(step, "int64") % self.steps_per_epoch

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {
            "initial": self.initial,
            "steps_per_epoch": self.steps_per_epoch,
            "momentum": self.momentum,
        }

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Builds the target from `get_config()`'s result."""
        return cls(**config)
