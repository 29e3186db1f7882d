"""Switchable batch norms in the place of a throttled network's own."""

from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from tfgate.recalibration import batch_norms
from tfgate.recalibration import running_mean
from tfgate.throttling.dial import Dial
from tfgate.throttling.dial import check_buckets
from tfgate.throttling.distributions import ControlDistribution
from tfgate.throttling.model import ThrottledModel
from tfgate.throttling.switchable_norm import SwitchableBatchNormalization
from tfgate.typing import Config
from tfgate.typing import TensorTree
from tfgate.weights import assign_weights
from tfgate.weights import leaves


def switch_batch_norms(model: ThrottledModel, buckets: int) -> ThrottledModel:
    """Copies a network with switchable batch norms in the place of its batch norms.

    Every bucket starts with the statistics that the network has. Training draws one u
    for all images of a batch, because that is what a bucket is chosen by.

    Args:
        model: a `tfgate.ThrottledModel`, whose dial draws u `per="batch"`.
        buckets: number of buckets, at least 1.

    Returns:
        A `tfgate.ThrottledModel`, not compiled.

    Raises:
        ValueError: an argument is out of its range, the dial draws u for each image, or
            the network has switchable batch norms already, no batch norm, or one that
            is hidden in a layer that makes it itself.
    """
    if not isinstance(model, ThrottledModel):
        raise ValueError(f"Expected a tfgate.ThrottledModel, got {model!r}.")
    return _switched(model, check_buckets(buckets), model.dial.distribution)


def recalibrate(
    model: ThrottledModel, dataset: Iterable[TensorTree], steps: int, buckets: int
) -> ThrottledModel:
    """Estimates batch norm statistics for each part of the dial's range.

    The copy has switchable batch norms. Those of each bucket get the plain mean over
    the statistics of the batches, at the u in the bucket's middle, as
    `tfgate.recalibrate_batch_norm` does it. The weights stay as they are.

    Args:
        model: a trained `tfgate.ThrottledModel`; it stays as it is.
        dataset: `tf.data.Dataset`, or iterable, of batches `x` or `(x, y, ...)`; it is
            gone through once for each bucket.
        steps: number of batches to use for each bucket, at least 1.
        buckets: number of buckets, at least 1.

    Returns:
        A `tfgate.ThrottledModel`, not compiled. Trained further, it draws one u for all
        images of a batch.

    Raises:
        ValueError: as `switch_batch_norms`, steps is less than 1, or the data set has
            fewer batches.

    Reference:
        Yu and Huang 2019, Universally slimmable networks, 3.4 (statistics after
        training); PG 4.1.1.

    Example:
    >>> import tfgate
    >>> gated = tfgate.applications.CifarResNet(8, gate="independent")
    >>> images = keras.random.uniform((8, 32, 32, 3))
    >>> model = recalibrate(tfgate.throttle(gated), [images], steps=1, buckets=2)
    >>> model.get_layer("conv1_bn").moving_mean.shape.as_list()
    [2, 16]
    """
    if not isinstance(model, ThrottledModel):
        raise ValueError(f"Expected a tfgate.ThrottledModel, got {model!r}.")
    buckets = check_buckets(buckets)
    distribution = model.dial.distribution
    config = {**distribution.get_config(), "per": "batch"}
    if distribution.per == "batch":
        config = distribution.get_config()
    switched = _switched(model, buckets, type(distribution).from_config(config))
    norms = batch_norms(switched)
    for bucket in range(buckets):
        middle = (bucket + 0.5) / buckets
        running_mean(switched, norms, _with_control(dataset, middle), steps)
    return switched


def _with_control(dataset: Iterable[TensorTree], u: float) -> Iterator[TensorTree]:
    for batch in dataset:
        images = batch[0] if isinstance(batch, tuple | list) else batch
        yield [images, ops.full((ops.shape(images)[0],), u)], None


def _switched(
    model: ThrottledModel, buckets: int, distribution: ControlDistribution
) -> ThrottledModel:
    if any(isinstance(layer, SwitchableBatchNormalization) for layer in leaves(model)):
        raise ValueError(
            "Expected a network without switchable batch norms, got "
            f"{model.name!r}, which has some."
        )
    dial = {
        "buckets": buckets,
        "distribution": keras.saving.serialize_keras_object(distribution),
    }
    copy = ThrottledModel.from_config(_replaced(model.get_config(), buckets, dial))
    for source, target in zip(leaves(model), leaves(copy), strict=True):
        _carry_over(source, target)
    copy.u = model.u
    _check_switched(copy)
    return copy


def _replaced(config: Any, buckets: int, dial: Config) -> Any:
    """A configuration with other batch norms and with changes to the dial's."""
    if isinstance(config, list | tuple):
        return type(config)(_replaced(value, buckets, dial) for value in config)
    if not isinstance(config, dict):
        return config
    config = {key: _replaced(value, buckets, dial) for key, value in config.items()}
    if config.get("registered_name") == "tfgate>Dial":
        return {**config, "config": {**config["config"], **dial}}
    stock = str(config.get("module", "")).startswith("keras.")
    if stock and config.get("class_name") == "BatchNormalization":
        inner = {**config["config"], "buckets": buckets}
        return {
            **config,
            "module": SwitchableBatchNormalization.__module__,
            "class_name": "SwitchableBatchNormalization",
            "registered_name": "tfgate>SwitchableBatchNormalization",
            "config": inner,
        }
    return config


def _carry_over(source: keras.Layer, target: keras.Layer) -> None:
    if isinstance(source, Dial):
        target.noise_step.assign(source.noise_step)
        return
    values = source.get_weights()
    if isinstance(target, SwitchableBatchNormalization):
        values = [
            np.broadcast_to(value, weight.shape)
            for value, weight in zip(values, target.weights, strict=True)
        ]
    assign_weights(target, values)
    target.trainable = source.trainable


def _check_switched(model: ThrottledModel) -> None:
    # The gating function, a leaf of its own, may have what it likes.
    norms = [
        layer
        for layer in leaves(model)
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    stock = [n for n in norms if not isinstance(n, SwitchableBatchNormalization)]
    if stock:
        raise ValueError(
            "Expected batch norms that stand in the configuration of the network, to "
            f"make them switchable, got {stock[0].name!r} of class "
            f"{type(stock[0]).__name__}, which another layer makes itself."
        )
    if not norms:
        raise ValueError(
            f"Expected a network with batch norms to switch, got {model.name!r} "
            "without any."
        )
