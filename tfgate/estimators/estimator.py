"""Estimators as objects that a gate holds: they draw their noise from a seed."""

from typing import ClassVar
from typing import Self

import keras
import tensorflow as tf

from tfgate import schedules
from tfgate.estimators import functions
from tfgate.schedules import Schedule
from tfgate.typing import Config
from tfgate.typing import Tensor


class Estimator:
    """Base of the estimators a gate can hold: samples decisions from two logits.

    A subclass implements `__call__(logits, seed, step)` and, where it has parameters,
    `get_config()`. It must be registered as Keras serializable.

    The estimators here take a `noise_scale`, a factor on the noise that is
    added to the log odds: a number or a `tfgate.schedules.Schedule`. At 1 a component
    is open with its probability p, at 0 it is open where p > 0.5. A scale that falls
    to 0 in the last epochs trains the network with the decisions that a threshold will
    make (Verelst and Tuytelaars 2020, Dynamic Convolutions, 3.1).

    Attributes:
        needs_image_losses: whether decisions have no gradient, and the training step
            must make one of each image's loss, as `tfgate.ThrottledModel` does.
    """

    needs_image_losses: ClassVar[bool] = False

    def __call__(self, logits: Tensor, seed: Tensor, step: Tensor = 0) -> Tensor:
        """Samples decisions.

        Args:
            logits: `[batch, components, 2]`, last axis (closed, open).
            seed: int tensor of shape `[2]`.
            step: training steps so far, a scalar: the time of schedules.

        Returns:
            `[batch, components]`.
        """
        raise NotImplementedError

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Builds the estimator from `get_config()`'s result."""
        return cls(
            **{name: schedules.deserialize(value) for name, value in config.items()}
        )


@keras.saving.register_keras_serializable(package="tfgate")
class GumbelSoftmax(Estimator):
    """Gumbel-softmax on two logits: `gumbel_softmax_straight_through` or its soft form.

    Args:
        temperature: T > 0, default 1.0 (CS 3.2), a number or a
            `tfgate.schedules.Schedule`.
        hard: True for hard decisions with the soft gradient (straight-through),
            False for soft samples in [0, 1]. At inference decisions are 0 or 1 in
            both cases: that is the policy's work.
        noise_scale: factor on the noise, at least 0, see `Estimator`.
    """

    def __init__(
        self,
        temperature: float | Schedule = 1.0,
        hard: bool = True,
        noise_scale: float | Schedule = 1.0,
    ) -> None:
        self.temperature = _check_temperature(temperature)
        self.hard = bool(hard)
        self.noise_scale = _check_noise_scale(noise_scale)

    def __call__(self, logits: Tensor, seed: Tensor, step: Tensor = 0) -> Tensor:
        noise = functions.gumbel_noise(tf.shape(logits), seed)
        noise *= schedules.at(self.noise_scale, step)
        sample = (
            functions.gumbel_softmax_straight_through
            if self.hard
            else functions.gumbel_softmax
        )
        return sample(logits, noise, schedules.at(self.temperature, step))

    def get_config(self) -> Config:
        return {
            "temperature": schedules.serialize(self.temperature),
            "hard": self.hard,
            "noise_scale": schedules.serialize(self.noise_scale),
        }


class _LogOddsEstimator(Estimator):
    """An estimator that only looks at the difference of the two logits.

    Args:
        noise_scale: factor on the noise, at least 0, see `Estimator`.
    """

    def __init__(self, noise_scale: float | Schedule = 1.0) -> None:
        self.noise_scale = _check_noise_scale(noise_scale)

    def __call__(self, logits: Tensor, seed: Tensor, step: Tensor = 0) -> Tensor:
        log_odds = logits[..., 1] - logits[..., 0]
        noise = functions.uniform_noise(tf.shape(log_odds), seed)
        if self.noise_scale != 1.0:
            scale = schedules.at(self.noise_scale, step)
            noise = tf.sigmoid(scale * (tf.math.log(noise) - tf.math.log1p(-noise)))
        return self.sample(log_odds, noise, step)

    def sample(self, log_odds: Tensor, noise: Tensor, step: Tensor) -> Tensor:
        """Samples decisions.

        Args:
            log_odds: `[batch, components]`.
            noise: uniform noise of the same shape.
            step: training steps so far, a scalar.
        """
        raise NotImplementedError

    def get_config(self) -> Config:
        return {"noise_scale": schedules.serialize(self.noise_scale)}


@keras.saving.register_keras_serializable(package="tfgate")
class BinaryConcrete(_LogOddsEstimator):
    """The binary Concrete: `binary_concrete`, of BAS, or its soft form, of TNN.

    Args:
        temperature: T > 0, default 2/3 (BAS 4.1), a number or a
            `tfgate.schedules.Schedule`; TNN: 0.1.
        noise_scale: factor on the noise, at least 0, see `Estimator`.
        hard: True for hard decisions with the soft gradient, as in BAS, False for soft
            samples in [0, 1], as in TNN, see `binary_concrete_soft`. At inference
            decisions are 0 or 1 in both cases.
    """

    def __init__(
        self,
        temperature: float | Schedule = 2.0 / 3.0,
        noise_scale: float | Schedule = 1.0,
        hard: bool = True,
    ) -> None:
        super().__init__(noise_scale)
        self.temperature = _check_temperature(temperature)
        self.hard = bool(hard)

    def sample(self, log_odds: Tensor, noise: Tensor, step: Tensor) -> Tensor:
        sample = (
            functions.binary_concrete if self.hard else functions.binary_concrete_soft
        )
        return sample(log_odds, noise, schedules.at(self.temperature, step))

    def get_config(self) -> Config:
        own = {
            "temperature": schedules.serialize(self.temperature),
            "hard": self.hard,
        }
        return {**own, **super().get_config()}


@keras.saving.register_keras_serializable(package="tfgate")
class SigmoidStraightThrough(_LogOddsEstimator):
    """See `sigmoid_straight_through`."""

    def sample(self, log_odds: Tensor, noise: Tensor, step: Tensor) -> Tensor:
        return functions.sigmoid_straight_through(log_odds, noise)


@keras.saving.register_keras_serializable(package="tfgate")
class IdentityStraightThrough(_LogOddsEstimator):
    """See `identity_straight_through`."""

    def sample(self, log_odds: Tensor, noise: Tensor, step: Tensor) -> Tensor:
        return functions.identity_straight_through(log_odds, noise)


def _check_noise_scale(scale: float | Schedule) -> float | Schedule:
    if not schedules.bounds(scale)[0] >= 0.0:
        raise ValueError(f"Expected noise_scale >= 0, got {scale!r}.")
    return scale if isinstance(scale, Schedule) else float(scale)


def _check_temperature(temperature: float | Schedule) -> float | Schedule:
    if not schedules.bounds(temperature)[0] > 0.0:
        raise ValueError(f"Expected temperature > 0, got {temperature!r}.")
    return temperature if isinstance(temperature, Schedule) else float(temperature)
