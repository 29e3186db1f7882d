"""How the control u is drawn in training: a prior on the values it will be set to.

TNN 4.1: the distribution of u in training is the one that a network gets good at, so it
should match how the dial will be used.
"""

from typing import Self

import keras
import tensorflow as tf

from tfgate import schedules
from tfgate.losses.base import check_rate
from tfgate.schedules import Schedule
from tfgate.typing import Config
from tfgate.typing import Tensor

PER = ("example", "batch")


class ControlDistribution:
    """Base of the distributions of u. A subclass implements `draw`.

    It must be registered as Keras serializable and extends `get_config()`.

    Args:
        per: `"example"` draws u for every image, `"batch"` one for all images of the
            global batch.

    Raises:
        ValueError: an argument is out of its range.
    """

    def __init__(self, per: str = "example") -> None:
        if per not in PER:
            raise ValueError(f"Expected per to be one of {PER}, got {per!r}.")
        self.per = per

    def sample(self, images: Tensor, seed: Tensor, step: Tensor) -> Tensor:
        """Draws u for a batch.

        Args:
            images: number of images, an int scalar.
            seed: int tensor of shape `[2]`, as for `tf.random.stateless_uniform`.
            step: training steps so far, a scalar: the time of schedules.

        Returns:
            float32 tensor `[images]`, values in [0, 1].
        """
        if self.per == "batch":
            return tf.fill([images], self.draw([1], seed, step)[0])
        return self.draw([images], seed, step)

    def draw(self, shape: Tensor, seed: Tensor, step: Tensor) -> Tensor:
        """Draws float32 numbers in [0, 1], independently; arguments as for `sample`."""
        raise NotImplementedError

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        return {"per": self.per}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Builds the distribution from `get_config()`'s result."""
        return cls(
            **{name: schedules.deserialize(value) for name, value in config.items()}
        )

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


@keras.saving.register_keras_serializable(package="tfgate")
class UniformControl(ControlDistribution):
    """u uniform in [low, high].

    Args:
        low: in [0, 1], a number or a `tfgate.schedules.Schedule`. TNN's fine-tuning on
            ImageNet starts at 1 and takes off 0.05 every epoch:
            `StepAnneal(1.0, -0.05, every=1, final=0.0, steps_per_epoch=...)`.
        high: in [0, 1], not less than low; a number or a schedule.
        per: see `ControlDistribution`.

    Raises:
        ValueError: an argument is out of its range, or low may exceed high.

    Reference:
        TNN 4.1 (Uniform[0, 1]); A.2 (Uniform[t, 1]).

    Example:
    >>> import tensorflow as tf
    >>> u = UniformControl(0.25).sample(1000, tf.constant([1, 2]), 0)
    >>> u.shape.as_list(), bool(tf.reduce_min(u) >= 0.25)
    ([1000], True)
    """

    def __init__(
        self,
        low: float | Schedule = 0.0,
        high: float | Schedule = 1.0,
        per: str = "example",
    ) -> None:
        super().__init__(per)
        self.low = check_rate(low, "low")
        self.high = check_rate(high, "high")
        if schedules.bounds(self.low)[1] > schedules.bounds(self.high)[0]:
            raise ValueError(f"Expected low <= high, got low={low!r}, high={high!r}.")

    def draw(self, shape: Tensor, seed: Tensor, step: Tensor) -> Tensor:
        low, high = schedules.at(self.low, step), schedules.at(self.high, step)
        noise = tf.random.stateless_uniform(shape, seed)
        return tf.minimum(low + (high - low) * noise, high)

    def get_config(self) -> Config:
        return {
            "low": schedules.serialize(self.low),
            "high": schedules.serialize(self.high),
            **super().get_config(),
        }


@keras.saving.register_keras_serializable(package="tfgate")
class BetaControl(ControlDistribution):
    """u of a Beta distribution; `BetaControl(2, 1)` draws u near 1 more often.

    TNN found networks best at u = 0.75 and worse at 1, and suggests to sample "values
    closer to 1 more frequently".

    Args:
        alpha: above 0, a number or a `tfgate.schedules.Schedule`.
        beta: above 0, a number or a schedule. The mean is alpha / (alpha + beta).
        per: see `ControlDistribution`.

    Raises:
        ValueError: an argument is out of its range.

    Reference:
        TNN 5.3.

    Example:
    >>> import tensorflow as tf
    >>> u = BetaControl(2, 1).sample(10000, tf.constant([1, 2]), 0)
    >>> round(float(tf.reduce_mean(u)), 1)
    0.7
    """

    def __init__(
        self,
        alpha: float | Schedule,
        beta: float | Schedule,
        per: str = "example",
    ) -> None:
        super().__init__(per)
        self.alpha = _check_positive(alpha, "alpha")
        self.beta = _check_positive(beta, "beta")

    def draw(self, shape: Tensor, seed: Tensor, step: Tensor) -> Tensor:
        seeds = tf.random.split(seed, 2)
        alpha, beta = schedules.at(self.alpha, step), schedules.at(self.beta, step)
        first = tf.random.stateless_gamma(shape, seeds[0], alpha)
        second = tf.random.stateless_gamma(shape, seeds[1], beta)
        # Both underflow to 0 for small parameters, where u is 0 or 1.
        share = tf.math.divide_no_nan(first, first + second)
        return tf.clip_by_value(share, 0.0, 1.0)

    def get_config(self) -> Config:
        return {
            "alpha": schedules.serialize(self.alpha),
            "beta": schedules.serialize(self.beta),
            **super().get_config(),
        }


@keras.saving.register_keras_serializable(package="tfgate")
class ConstantControl(ControlDistribution):
    """u always the same: 1 trains the dense network, TNN's "naive" one.

    Args:
        u: in [0, 1], a number or a `tfgate.schedules.Schedule`.

    Raises:
        ValueError: u is not in [0, 1].

    Reference:
        TNN 4.1, figure 2.
    """

    def __init__(self, u: float | Schedule = 1.0) -> None:
        super().__init__("batch")
        self.u = check_rate(u, "u")

    def draw(self, shape: Tensor, seed: Tensor, step: Tensor) -> Tensor:
        return tf.fill(shape, schedules.at(self.u, step))

    def get_config(self) -> Config:
        return {"u": schedules.serialize(self.u)}


def _check_positive(value: float | Schedule, name: str) -> float | Schedule:
    """Returns a number or a schedule, or raises ValueError if it is not above 0."""
    low, high = schedules.bounds(value)
    if isinstance(value, bool) or not 0.0 < low <= high < float("inf"):
        raise ValueError(f"Expected {name} > 0, got {value!r}.")
    return value if isinstance(value, Schedule) else float(value)
