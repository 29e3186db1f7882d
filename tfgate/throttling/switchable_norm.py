"""Batch norm with statistics of its own for each part of the dial's range.

The mean of what a layer reads depends on how much of the layer before it is open, so
networks that run at many widths do badly with one set of moving statistics. Scale and
offset are shared.

Reference:
    Yu et al. 2019, Slimmable neural networks, 3.3.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from tfgate.throttling.dial import Dial
from tfgate.throttling.dial import check_buckets
from tfgate.typing import Config
from tfgate.typing import Shape
from tfgate.typing import Tensor


@keras.saving.register_keras_serializable(package="tfgate")
class SwitchableBatchNormalization(keras.layers.BatchNormalization):
    """Batch norm whose moving statistics have a row for each bucket of u.

    Bucket b of B holds u in [b / B, (b + 1) / B), the last one u = 1, too. Training
    updates the row of the current bucket, inference takes it. Which one that is says
    the dial of the `tfgate.ThrottledModel` that the layer belongs to; elsewhere it is
    the last one, as for u = 1. With one bucket it is `keras.layers.BatchNormalization`.

    Args:
        buckets: number of buckets, B, at least 1.
        **kwargs: arguments of `keras.layers.BatchNormalization`, but for renorm.

    Call arguments:
        inputs: as for `keras.layers.BatchNormalization`.
        training: as for `keras.layers.BatchNormalization`.
        mask: as for `keras.layers.BatchNormalization`.

    Attributes:
        moving_mean: variable `[buckets, channels]`.
        moving_variance: variable `[buckets, channels]`.

    Raises:
        ValueError: an argument is out of its range.

    Reference:
        Yu et al. 2019, 3.3, who keep scale and offset apart as well.

    Example:
    >>> norm = SwitchableBatchNormalization(4)
    >>> norm(ops.ones((2, 8, 8, 3))).shape.as_list(), norm.moving_mean.shape.as_list()
    ([2, 8, 8, 3], [4, 3])
    """

    # For `tfgate.channels`, which knows no subclasses of Keras' layers.
    keeps_channels = True

    def __init__(self, buckets: int, **kwargs: Any) -> None:
        if kwargs.get("renorm"):
            raise ValueError("Expected renorm=False in a switchable batch norm.")
        super().__init__(**kwargs)
        self.buckets = check_buckets(buckets)
        self._switch = _Switch()

    def follow(self, dial: Dial) -> None:
        """Takes the current bucket from a dial.

        Args:
            dial: a built `tfgate.throttling.Dial`.

        Raises:
            ValueError: the dial has another number of buckets.
        """
        if dial.buckets != self.buckets:
            raise ValueError(
                f"Expected switchable batch norms of {dial.buckets} buckets, as the "
                f"dial, got {self.name!r} with {self.buckets}."
            )
        self._switch.bucket = dial.bucket

    @contextlib.contextmanager
    def at(self, bucket: Tensor) -> Iterator[None]:
        """Lets a graph that is traced for export choose the bucket.

        Meanwhile the layer computes as at inference, with the scale and offset of each
        bucket before one is taken: in a converted file these are constants.

        Args:
            bucket: scalar of an integer type.
        """
        before = self._switch
        self._switch = _Switch(bucket, is_exported=True)
        try:
            yield
        finally:
            self._switch = before

    def add_weight(self, shape: Shape = (), **kwargs: Any) -> keras.Variable:
        if kwargs.get("name") in ("moving_mean", "moving_variance"):
            shape = (self.buckets, *shape)
        return super().add_weight(shape=shape, **kwargs)

    def call(
        self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None
    ) -> Tensor:
        dtype = keras.backend.result_type(inputs.dtype, "float32")
        inputs = ops.cast(inputs, dtype)
        bucket = self._switch.bucket
        bucket = self.buckets - 1 if bucket is None else ops.convert_to_tensor(bucket)
        if self._switch.is_exported:
            outputs = self._by_rows(inputs, bucket, dtype)
            return ops.cast(outputs, self.compute_dtype)
        statistics = [self.moving_mean, self.moving_variance]
        used = [ops.take(ops.cast(rows, dtype), bucket, axis=0) for rows in statistics]
        if training and self.trainable:
            moving, used = used, self._moments(inputs, mask)
            current = ops.arange(self.buckets)[:, None] == bucket
            for rows, old, new in zip(statistics, moving, used, strict=True):
                row = old * self.momentum + new * (1.0 - self.momentum)
                rows.assign(ops.where(current, row[None], ops.cast(rows, dtype)))
        outputs = ops.batch_normalization(
            x=inputs,
            mean=used[0],
            variance=used[1],
            axis=self.axis,
            offset=ops.cast(self.beta, dtype) if self.center else None,
            scale=ops.cast(self.gamma, dtype) if self.scale else None,
            epsilon=self.epsilon,
        )
        return ops.cast(outputs, self.compute_dtype)

    def _by_rows(self, inputs: Tensor, bucket: Tensor, dtype: str) -> Tensor:
        """Batch norm at inference; all scales and offsets are made before one is taken.

        Not bit for bit what `ops.batch_normalization` gives: the inverse roots of more
        numbers at once may differ in the last digit.
        """
        mean, variance = (
            ops.cast(rows, dtype) for rows in (self.moving_mean, self.moving_variance)
        )
        scales = ops.rsqrt(variance + self.epsilon)
        if self.scale:
            scales = scales * ops.cast(self.gamma, dtype)
        offsets = -mean * scales
        if self.center:
            offsets = ops.cast(self.beta, dtype) - mean * scales
        shape = [1] * len(inputs.shape)
        shape[self.axis] = -1
        scale, offset = (
            ops.reshape(ops.take(rows, bucket, axis=0), shape)
            for rows in (scales, offsets)
        )
        return inputs * scale + offset

    def get_config(self) -> Config:
        config = super().get_config()
        for name in ("renorm", "renorm_clipping", "renorm_momentum"):
            config.pop(name, None)
        return {**config, "buckets": self.buckets}


class _Switch:
    """Holds a variable of another layer, which Keras must not count as the norm's."""

    def __init__(
        self, bucket: keras.Variable | Tensor | None = None, is_exported: bool = False
    ) -> None:
        self.bucket = bucket
        self.is_exported = is_exported
