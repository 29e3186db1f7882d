"""What images cost on the average, by their u: the baseline of REINFORCE."""

from typing import Any

import keras
from keras import ops

from tfgate.distribution import global_batch_mean
from tfgate.typing import Config
from tfgate.typing import Tensor


@keras.saving.register_keras_serializable(package="tfgate")
class Baseline(keras.layers.Layer):
    """Exponential moving averages of losses, one for each interval of u.

    After a batch each bucket that had images becomes
    `momentum * average + (1 - momentum) * mean loss of its images`; as in Adam, the
    averages are divided by what their weights add up to, so the first batches count
    alike. A bucket that never had an image takes the mean of the others, and before
    any batch all are 0.

    It is a layer because its averages are saved with the model: a training that
    continues has the same baseline. The images are those of the global batch.

    Args:
        buckets: number of equal intervals of [0, 1], at least 1.
        momentum: in [0, 1).
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        u: `[batch]`, in [0, 1].

    Returns:
        float32 tensor `[batch]`: the average of each u's bucket.

    Reference:
        TNN 4.2; Williams 1992 (reinforcement baselines).

    Example:
    >>> baseline = Baseline(buckets=2, momentum=0.5)
    >>> u = ops.array([0.1, 0.9, 1.0])
    >>> baseline.update(u, ops.array([5.0, 1.0, 3.0]))
    >>> baseline(u).numpy().round(3).tolist()
    [5.0, 2.0, 2.0]
    """

    def __init__(self, buckets: int = 16, momentum: float = 0.9, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(autocast=False, trainable=False, **kwargs)
        self.buckets = buckets
        self.momentum = momentum
        self.totals = self._averages("totals")
        self.shares = self._averages("shares")
        self.built = True

    def call(self, u: Tensor) -> Tensor:
        totals, shares = (ops.convert_to_tensor(v) for v in (self.totals, self.shares))
        everything = ops.divide_no_nan(ops.sum(totals), ops.sum(shares))
        averages = ops.where(
            shares > 0.0, ops.divide_no_nan(totals, shares), everything
        )
        return ops.take(averages, self._bucket(u), axis=0)

    def update(self, u: Tensor, losses: Tensor) -> None:
        """Takes the losses of a batch into the averages.

        Args:
            u: `[batch]`, in [0, 1].
            losses: `[batch]`.
        """
        members = ops.one_hot(self._bucket(u), self.buckets, dtype="float32")
        losses = ops.stop_gradient(ops.cast(losses, "float32"))[:, None]
        both = ops.concatenate([members, members * losses], axis=1)
        images, sums = ops.split(global_batch_mean(both), 2)
        changes = ops.where(images > 0.0, 1.0 - self.momentum, 0.0)
        means = ops.divide_no_nan(sums, images)
        self.totals.assign(self.totals + changes * (means - self.totals))
        self.shares.assign(self.shares + changes * (1.0 - self.shares))

    def get_config(self) -> Config:
        config = {**super().get_config()}
        del config["trainable"]
        return {**config, "buckets": self.buckets, "momentum": self.momentum}

    @classmethod
    def from_config(cls, config: Config) -> "Baseline":
        config = dict(config)
        config.pop("autocast", None)
        return cls(**config)

    def _bucket(self, u: Tensor) -> Tensor:
        return ops.clip(ops.cast(u * self.buckets, "int32"), 0, self.buckets - 1)

    def _averages(self, name: str) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=(self.buckets,),
            initializer="zeros",
            trainable=False,
            # All replicas write the same: it comes from the global batch.
            aggregation="only_first_replica",
        )
