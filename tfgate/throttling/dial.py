"""The dial: where a throttled network's control u comes from."""

import math
import numbers
import random
from collections.abc import Sequence
from typing import Any
from typing import Self

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfgate import distribution
from tfgate import noise
from tfgate.throttling.distributions import ControlDistribution
from tfgate.throttling.distributions import UniformControl
from tfgate.typing import Config
from tfgate.typing import Shape
from tfgate.typing import Tensor


@keras.saving.register_keras_serializable(package="tfgate")
class Dial(keras.layers.Layer):
    """Gives the control u of every image.

    An u that the caller passes goes before everything else. Without one, training
    draws u, and inference takes the variable `u`, which is 1 at first: changing it
    retraces nothing.

    Args:
        distribution: how training draws u, a `tfgate.throttling.ControlDistribution`;
            None means `UniformControl()`.
        seed: int in [0, 2**31), root of the noise; None draws one from Python's
            `random`, as Keras does.
        buckets: number of parts of [0, 1] for which switchable batch norms have
            statistics of their own, at least 1. With more than one, all images of a
            batch share one: the distribution must draw u `per="batch"`, which None
            does then.
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: the images, `[batch, ...]`: their number is what counts.
        u: `[batch]` or None. Clamped to [0, 1].
        training: True draws u.

    Returns:
        float32 tensor `[batch]`, in [0, 1].

    Raises:
        ValueError: an argument is out of its range.

    Reference:
        TNN 2 (u is an input of the network), 4.1 (how it is drawn).

    Example:
    >>> dial = Dial()
    >>> images = ops.ones((2, 8, 8, 3))
    >>> dial(images).numpy().tolist(), dial(images, ops.array([0.25, 2.0])).numpy()
    ([1.0, 1.0], array([0.25, 1.  ], dtype=float32))
    """

    def __init__(
        self,
        distribution: ControlDistribution | None = None,
        seed: int | None = None,
        buckets: int = 1,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(autocast=False, **kwargs)
        self.buckets = check_buckets(buckets)
        if distribution is None:
            per = "example" if self.buckets == 1 else "batch"
            distribution = UniformControl(per=per)
        self.distribution = distribution
        if not isinstance(self.distribution, ControlDistribution):
            raise ValueError(
                "Expected distribution to be a tfgate ControlDistribution, got "
                f"{distribution!r}."
            )
        if self.buckets > 1 and self.distribution.per != "batch":
            raise ValueError(
                'Expected a distribution with per="batch" for switchable batch norms, '
                f"whose statistics are those of one u, got {distribution!r}."
            )
        self.seed = random.randint(1, 2**31 - 1) if seed is None else int(seed)
        if not 0 <= self.seed < 2**31:
            raise ValueError(f"Expected seed in [0, 2**31), got {seed!r}.")

    def build(self, input_shape: Shape) -> None:
        self.u = self._scalar("u", "float32", "ones")
        self.noise_step = self._scalar("noise_step", "int64", "zeros")
        self.bucket: keras.Variable | None = None
        if self.buckets > 1:
            last = keras.initializers.Constant(self.buckets - 1)
            self.bucket = self._scalar("bucket", "int32", last)
        self.built = True

    def call(
        self, inputs: Tensor, u: Tensor | None = None, training: bool | None = None
    ) -> Tensor:
        batch = ops.shape(inputs)[0]
        if u is not None:
            u = ops.cast(u, "float32")
        elif training:
            u = self._draw(batch)
        else:
            u = ops.broadcast_to(ops.convert_to_tensor(self.u), (batch,))
        return ops.minimum(ops.maximum(u, 0.0), 1.0)

    def choose_bucket(self, control: Tensor) -> None:
        """Makes a batch's bucket the current one: b with u in [b / B, (b + 1) / B).

        Args:
            control: what a call of the dial returned.

        Raises:
            ValueError: the images of the batch are in different buckets.
            tf.errors.InvalidArgumentError: the same, in a compiled function.
        """
        if self.bucket is None:
            return
        index = ops.cast(ops.floor(control * self.buckets), "int32")
        index = ops.minimum(index, self.buckets - 1)
        alike = ops.all(index == index[0])
        message = (
            "Expected every u of a batch to be in one bucket of the switchable batch "
            f"norms, one of {self.buckets} equal parts of [0, 1], got "
        )
        if tf.executing_eagerly():
            if not bool(alike):
                raise ValueError(f"{message}{np.asarray(control).tolist()}.")
            self.bucket.assign(index[0])
            return
        data = [tf.constant(message), control]
        check = tf.raw_ops.Assert(condition=alike, data=data)
        with tf.control_dependencies([check]):
            self.bucket.assign(tf.identity(index[0]))

    def compute_output_spec(
        self, inputs: Tensor, u: Tensor | None = None, training: bool | None = None
    ) -> Tensor:
        return keras.KerasTensor((inputs.shape[0],), dtype="float32")

    def get_config(self) -> Config:
        config = super().get_config()
        serialize = keras.saving.serialize_keras_object
        return {
            **config,
            "distribution": serialize(self.distribution),
            "seed": self.seed,
            "buckets": self.buckets,
        }

    @classmethod
    def from_config(cls, config: Config) -> Self:
        config = dict(config)
        config.pop("autocast", None)
        deserialize = keras.saving.deserialize_keras_object
        config["distribution"] = deserialize(config["distribution"])
        return cls(**config)

    def _draw(self, batch: Tensor) -> Tensor:
        step = tf.identity(ops.convert_to_tensor(self.noise_step))
        self.noise_step.assign_add(1)
        # An u of the whole batch is the same on all replicas.
        alike = self.distribution.per == "batch"
        replica = 0 if alike else distribution.replica_id()
        seed = noise.step_seed(self.seed, self.name, step, replica)
        return self.distribution.sample(batch, seed, step)

    def _scalar(self, name: str, dtype: str, initializer: Any) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=(),
            dtype=dtype,
            initializer=initializer,
            trainable=False,
            aggregation="only_first_replica",
        )


def check_control(u: Any) -> float:
    """Returns u as a float.

    Raises:
        ValueError: it is no number in [0, 1]; NaN is none.
    """
    if isinstance(u, bool) or not np.isscalar(u) and np.ndim(u) > 0:
        raise ValueError(f"Expected u to be a number in [0, 1], got {u!r}.")
    try:
        value = float(u)
    except (TypeError, ValueError):
        value = math.nan
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"Expected u to be a number in [0, 1], got {u!r}.")
    return value


def check_buckets(buckets: Any) -> int:
    """Returns a number of buckets as an int.

    Raises:
        ValueError: it is no whole number, or less than 1.
    """
    whole = isinstance(buckets, numbers.Integral) and not isinstance(buckets, bool)
    if not whole or buckets < 1:
        raise ValueError(f"Expected buckets >= 1, a whole number, got {buckets!r}.")
    return int(buckets)


def check_controls(us: Sequence[float]) -> list[float]:
    """Returns several values of u as floats.

    Raises:
        ValueError: there is none, or one is no number in [0, 1].
    """
    if not len(us):
        raise ValueError("Expected at least one value of u, got none.")
    return [check_control(u) for u in us]
