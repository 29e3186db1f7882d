"""The network of a run: built and compiled from its settings."""

import keras
import numpy as np

import tfgate
from trainers.common import schedules
from trainers.common.errors import UserError

_ESTIMATORS = {
    "gumbel_softmax": tfgate.estimators.GumbelSoftmax,
    "gumbel_softmax_soft": lambda **arguments: tfgate.estimators.GumbelSoftmax(
        hard=False, **arguments
    ),
    "binary_concrete": tfgate.estimators.BinaryConcrete,
    "sigmoid": tfgate.estimators.SigmoidStraightThrough,
    "identity": tfgate.estimators.IdentityStraightThrough,
}


def build(settings, dataset):
    """Builds a CIFAR ResNet that takes images in 0..255 and gives logits.

    Args:
        settings: `trainers.common.settings.Settings`. Their seed becomes that of
            Python, NumPy and TensorFlow: the same settings give the same weights.
        dataset: `trainers.common.data.dataset.Dataset`.

    Returns:
        `tfgate.GatedModel`, or a `keras.Model` for `--gate=none`; not compiled.
    """
    keras.utils.set_random_seed(settings.seed)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(settings.precision)
    try:
        inputs = keras.Input(dataset.image_shape, name="image")
        normalized = keras.layers.Normalization(
            mean=dataset.mean,
            variance=np.square(dataset.std).tolist(),
            dtype="float32",
            name="normalization",
        )(inputs)
        return tfgate.applications.CifarResNet(
            settings.depth,
            input_tensor=normalized,
            classes=len(dataset.labels),
            classifier_activation=None,
            zero_init_residual=settings.zero_init_residual,
            name=name(settings),
            **_gate_arguments(settings),
        )
    finally:
        keras.config.set_dtype_policy(before)


def name(settings):
    """Name of the settings' model, such as `cifar_resnet20_dependent`."""
    suffix = "dense" if settings.gate == "none" else settings.gate
    return f"cifar_resnet{settings.depth}_{suffix}"


def compile_model(model, settings, steps_per_epoch):
    """Compiles the model with the settings' optimizer, schedule and losses.

    Raises:
        UserError: the gate loss does not fit the network.
    """
    gated = settings.gate != "none"
    optimizer = tfgate.optimizers.SGD(
        schedules.learning_rate(settings, steps_per_epoch),
        momentum=settings.momentum,
        nesterov=settings.nesterov,
        weight_decay=settings.weight_decay,
        gate_weight_decay=_gate_weight_decay(model, settings) if gated else None,
    )
    try:
        model.compile(
            optimizer=optimizer,
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            jit_compile=False,
            **(
                {"gate_losses": _gate_losses(settings, steps_per_epoch)}
                if gated
                else {}
            ),
        )
    except ValueError as error:
        raise UserError(f"--gate_loss={settings.gate_loss}: {error}") from error


def _gate_arguments(settings):
    if settings.gate == "none":
        return {}
    given = settings.temperature is not None
    temperature = {"temperature": settings.temperature} if given else {}
    return {
        "gate": settings.gate,
        "initial_open_probability": settings.initial_open_probability,
        "estimator": _ESTIMATORS[settings.estimator](**temperature),
        "seed": settings.seed,
    }


def _gate_losses(settings, steps_per_epoch):
    if settings.gate_loss == "none":
        return []
    coefficient = schedules.number(settings.coefficient, steps_per_epoch)
    targets = [schedules.number(text, steps_per_epoch) for text in settings.target]
    if settings.gate_loss == "per_gate" and len(targets) > 1:
        return [tfgate.PerGate(targets, coefficient=coefficient)]
    loss = {
        "per_batch": tfgate.PerBatch,
        "per_gate": tfgate.PerGate,
        "macs": tfgate.Macs,
    }[settings.gate_loss]
    return [loss(targets[0], coefficient=coefficient)]


def _gate_weight_decay(model, settings):
    rule = settings.gate_weight_decay
    if rule == "scaled":
        return tfgate.optimizers.gate_weight_decay(model, settings.weight_decay)
    return settings.weight_decay if rule == "same" else float(rule)
