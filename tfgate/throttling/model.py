"""ThrottledModel: a gated model with a dial."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfgate.distribution import global_batch_mean
from tfgate.gates import Gate
from tfgate.losses import Complexity
from tfgate.losses import GateLoss
from tfgate.losses.base import concatenated
from tfgate.model import GatedModel
from tfgate.throttling.baseline import Baseline
from tfgate.throttling.dial import Dial
from tfgate.throttling.dial import check_control
from tfgate.throttling.gating import GatingFunction
from tfgate.throttling.gating import StaticGating
from tfgate.throttling.image_losses import check_task_loss
from tfgate.throttling.image_losses import image_losses
from tfgate.throttling.modules import Module
from tfgate.throttling.score_function import ScoreFunction
from tfgate.throttling.switchable_norm import SwitchableBatchNormalization
from tfgate.typing import Tensor
from tfgate.typing import TensorTree


@keras.saving.register_keras_serializable(package="tfgate")
class ThrottledCore(keras.Model):
    """The functional network of a `ThrottledModel`: images, and maybe u.

    Call arguments:
        inputs: images, `[batch, ...]`, or a pair of images and u, `[batch]` or a
            scalar. Without u the network's dial gives it.

    Raises:
        ValueError: u has a value that is not in [0, 1].
        tf.errors.InvalidArgumentError: the same, in a compiled function.
    """

    @property
    def input_spec(self) -> None:
        """None: u may be missing."""
        return None

    def call(
        self,
        inputs: TensorTree,
        training: bool | None = None,
        mask: TensorTree | None = None,
    ) -> TensorTree:
        images, u = inputs if isinstance(inputs, tuple | list) else (inputs, None)
        if u is not None:
            u = _checked_controls(u, images)
        dial = _only(self.layers, Dial)
        if dial.buckets > 1:
            # Before all else: the first batch norm may come before the dial.
            u = dial(images, u, training=training)
            dial.choose_bucket(u)
        return super().call([images, u], training=training)


@keras.saving.register_keras_serializable(package="tfgate")
class ThrottledModel(GatedModel):
    """A gated network h(x, u): u in [0, 1] sets how much of it runs.

    `tfgate.throttle` makes one of a gated network. Calls take images alone, or images
    and u:

        model.u = 0.5                   # the dial, for all calls without u
        model.predict(images)
        model.predict([images, u])      # u of every image, [batch]

    Training without u draws it, see `tfgate.throttling.Dial`. Changing u retraces
    nothing.

    Args:
        inputs: KerasTensors, images and u.
        outputs: KerasTensor, or a structure of them: the predictions.
        policy: how gates decide at inference, as for `GatedModel`.
        **kwargs: arguments of `keras.Model`.

    Attributes:
        core: as of `GatedModel`, with the further output `"control"`: u, `[batch]`.
        dial: the `tfgate.throttling.Dial`.
        gating: the `tfgate.throttling.GatingFunction`.
        baseline: the `tfgate.throttling.Baseline` of a gating function whose estimator
            is `tfgate.throttling.ScoreFunction`, else None.

    Raises:
        ValueError: there is not exactly one dial and one gating function, or as for
            `GatedModel`.

    Reference:
        TNN 2.

    Example:
    >>> import tfgate
    >>> gated = tfgate.applications.CifarResNet(8, gate="independent")
    >>> model = tfgate.throttle(gated)
    >>> images = keras.ops.ones((2, 32, 32, 3))
    >>> model.u = 0.25
    >>> a, b = model(images), model([images, keras.ops.array([0.25, 0.25])])
    >>> bool(keras.ops.all(a == b))
    True
    """

    core_class = ThrottledCore

    def __init__(self, inputs: TensorTree, outputs: TensorTree, **kwargs: Any) -> None:
        layers = keras.Model(inputs, outputs).layers
        # Not `self.dial` yet: Keras tracks layers only after its own constructor.
        dial, gating = _only(layers, Dial), _only(layers, GatingFunction)
        self._found = (dial, gating)
        super().__init__(inputs, outputs, **kwargs)
        for layer in self.core._flatten_layers():
            if isinstance(layer, SwitchableBatchNormalization):
                layer.follow(dial)
        self.baseline: Baseline | None = None
        if isinstance(gating.estimator, ScoreFunction):
            self.baseline = Baseline(
                gating.estimator.buckets, gating.estimator.momentum, name="baseline"
            )

    @property
    def dial(self) -> Dial:
        """Where u comes from."""
        return self._found[0]

    @property
    def gating(self) -> GatingFunction:
        """What decides for all gates."""
        return self._found[1]

    @property
    def modules(self) -> tuple[Module, ...]:
        """The gated modules, in network order."""
        return self.gating.modules

    @property
    def u(self) -> float:
        """The dial's position, in [0, 1], for calls without u; 1 at first.

        Raises:
            ValueError: it is set to what is no number in [0, 1].
        """
        return float(ops.convert_to_numpy(self.dial.u))

    @u.setter
    def u(self, u: float) -> None:
        self.dial.u.assign(check_control(u))

    def train_data_path(self, trainable: bool = True) -> None:
        """Chooses what training changes: the data path, or the gating function.

        TNN trains in two phases: first the data path, with gating that does not learn;
        then the gating function, with the data path frozen, its batch norm statistics
        included; only dropout, if there is any, goes on. The second phase may begin
        with another gating function, and `tfgate.Complexity` tells it what u asks for.

        Args:
            trainable: True for the first phase, False for the second. Compile the model
                afterwards.

        Raises:
            ValueError: the data path is to be frozen, and nothing is left to train.

        Reference:
            TNN 4, algorithm 1.

        Example:
        >>> import tfgate
        >>> gated = tfgate.applications.CifarResNet(8, gate="independent")
        >>> phase1 = tfgate.throttle(gated, "independent")
        >>> concrete = tfgate.estimators.BinaryConcrete(0.1, hard=False)
        >>> phase2 = tfgate.throttle(phase1, "blind", estimator=concrete)
        >>> phase2.train_data_path(False)
        >>> phase2.compile("sgd", "mse", gate_losses=tfgate.Complexity(10.0))
        >>> len(phase2.trainable_variables)
        4
        """
        before = self.gating.trainable
        self.gating.trainable = not trainable
        if not trainable and not self.gating.trainable_variables:
            self.gating.trainable = before
            raise ValueError(
                "Expected a gating function with weights to train alone, got "
                f"{type(self.gating).__name__}."
            )
        for layer in self.core.layers:
            if layer is not self.gating:
                layer.trainable = trainable

    @property
    def _deciders(self) -> list[Gate]:
        return [self.gating]

    def _further_results(self, inputs: TensorTree, outputs: TensorTree) -> TensorTree:
        return {"control": self.dial.output}

    def _check_estimators(self, loss: Any, gate_losses: Sequence[GateLoss]) -> None:
        estimator = self.gating.estimator
        if not isinstance(estimator, ScoreFunction):
            return super()._check_estimators(loss, gate_losses)
        if self.baseline is None:
            raise ValueError(
                "Expected the estimator ScoreFunction to be given to the gating "
                "function when it is made, got a network made with another: "
                "tfgate.throttle(model, ..., estimator=ScoreFunction())."
            )
        if isinstance(self.gating, StaticGating):
            raise ValueError(
                "Expected a gating function that learns, to train with ScoreFunction, "
                f"got {type(self.gating).__name__}."
            )
        check_task_loss(loss, self.core.output["predictions"])
        for gate_loss in gate_losses:
            if not isinstance(gate_loss, Complexity):
                raise ValueError(
                    "Expected gate losses that are a mean over images, Complexity, to "
                    "train a gating function with ScoreFunction, got "
                    f"{type(gate_loss).__name__}."
                )

    def _surrogate_loss(
        self, y: TensorTree, outputs: TensorTree, sample_weight: TensorTree
    ) -> Tensor | None:
        estimator = self.gating.estimator
        if self.baseline is None or not self.gating.trainable_variables:
            return None
        assert isinstance(estimator, ScoreFunction)
        gates, u = outputs["gates"], outputs["control"]
        losses = image_losses(
            self._compile_loss, y, outputs["predictions"], sample_weight
        )
        for gate_loss in self.gate_losses:
            assert isinstance(gate_loss, Complexity)
            step = self.optimizer.iterations
            losses = losses + gate_loss.per_image(gates, self.costs, step)
        surrogates = estimator.surrogate(
            losses,
            self.baseline(u),
            concatenated(gates, "logits"),
            concatenated(gates, "decision"),
            self.gating.noise_step - 1,  # sampling has counted one on
        )
        self.baseline.update(u, losses)
        return global_batch_mean(surrogates)


def _only(layers: list[keras.Layer], kind: type[keras.Layer]) -> Any:
    found = [layer for layer in layers if isinstance(layer, kind)]
    if len(found) != 1:
        raise ValueError(
            f"Expected a network with one {kind.__name__}, as tfgate.throttle makes "
            f"it, got {len(found)}."
        )
    return found[0]


def _checked_controls(u: Any, images: Tensor) -> Tensor:
    """Returns u as a float32 tensor `[batch]`; raises if a value is not in [0, 1]."""
    if isinstance(u, keras.KerasTensor):
        return u
    u = ops.cast(ops.convert_to_tensor(u), "float32")
    if len(u.shape) == 0:
        u = ops.broadcast_to(u, (ops.shape(images)[0],))
    if len(u.shape) != 1 or u.shape[0] not in (None, images.shape[0] or u.shape[0]):
        raise ValueError(
            "Expected u of shape [batch] or a scalar, got "
            f"{tuple(u.shape)} with images of shape {tuple(images.shape)}."
        )
    valid = tf.reduce_all((u >= 0.0) & (u <= 1.0))
    message = "Expected every u to be a number in [0, 1], got "
    if tf.executing_eagerly():
        if not bool(valid):
            raise ValueError(f"{message}{np.asarray(u).tolist()}.")
        return u
    # Not tf.debugging.Assert, which makes a condition of it.
    check = tf.raw_ops.Assert(condition=valid, data=[tf.constant(message), u])
    with tf.control_dependencies([check]):
        return tf.identity(u)
