"""The network of a run: built and compiled from its settings."""

import keras
import numpy as np

import tfgate
from trainers.common import gate_losses
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
_WHOLE = (None, "block")


def build(settings, dataset):
    """Builds a CIFAR ResNet that takes images in 0..255 and gives logits.

    Args:
        settings: `trainers.common.settings.Settings`. Their seed becomes that of
            Python, NumPy and TensorFlow: the same settings give the same weights.
        dataset: `trainers.common.data.dataset.Dataset`.

    Returns:
        `tfgate.GatedModel`, or a `keras.Model` for `--gate=none`; not compiled.

    Raises:
        UserError: the gates do not fit the network.
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
            block=settings.block,
            shortcut=settings.shortcut,
            width=settings.width,
            name=name(settings),
            **_gate_arguments(settings, steps_per_epoch(settings, dataset)),
        )
    except ValueError as error:
        raise UserError(str(error)) from error
    finally:
        keras.config.set_dtype_policy(before)


def name(settings):
    """Name of the settings' model, such as `cifar_resnet20_dependent`."""
    parts = [f"cifar_resnet{settings.depth}"]
    parts += [f"width{settings.width}"] if settings.width > 1 else []
    parts += ["dense" if settings.gate == "none" else settings.gate]
    parts += [settings.granularity] if settings.granularity not in _WHOLE else []
    return "_".join(parts).replace("-", "_")


def steps_per_epoch(settings, dataset):
    """Training steps in an epoch; the last may have a smaller batch."""
    return -(-dataset.train_examples // settings.batch_size)


def compile_model(model, settings, steps):
    """Compiles the model with the settings' optimizer, schedule and losses.

    Args:
        model: what `build` returned.
        settings: `trainers.common.settings.Settings`.
        steps: training steps in an epoch.

    Raises:
        UserError: the gate loss does not fit the network.
    """
    gated = settings.gate != "none"
    optimizer = tfgate.optimizers.SGD(
        schedules.learning_rate(settings, steps),
        momentum=settings.momentum,
        nesterov=settings.nesterov,
        weight_decay=settings.weight_decay,
        gate_weight_decay=_gate_weight_decay(model, settings) if gated else None,
    )
    arguments = {}
    try:
        if gated:
            arguments["gate_losses"] = gate_losses.build(
                settings.gate_loss or "none", steps
            )
        model.compile(
            optimizer=optimizer,
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            jit_compile=False,
            **arguments,
        )
    except ValueError as error:
        raise UserError(f"--gate_loss={settings.gate_loss}: {error}") from error


def _gate_arguments(settings, steps):
    if settings.gate == "none":
        return {}
    if settings.gate == "stochastic_depth":
        return {
            "gate": settings.gate,
            "survival_probability": settings.survival_probability,
            "seed": settings.seed,
        }
    sampling = {"noise_scale": gate_losses.number(settings.noise_scale, steps)}
    if settings.temperature is not None:
        sampling["temperature"] = gate_losses.number(settings.temperature, steps)
    return {
        "gate": settings.gate,
        "granularity": _granularity(settings),
        "initial_open_probability": settings.initial_open_probability,
        "estimator": _ESTIMATORS[settings.estimator](**sampling),
        "seed": settings.seed,
    }


def _granularity(settings):
    if settings.granularity != "filters":
        return settings.granularity
    sizes = settings.filters_per_gate
    return tfgate.applications.FilterGating(
        tuple(settings.places),
        sizes[0] if len(sizes) == 1 else tuple(sizes),
        settings.groups_always_open,
        settings.residual,
    )


def _gate_weight_decay(model, settings):
    rule = settings.gate_weight_decay
    if rule is None:
        return None
    if rule == "scaled":
        return tfgate.optimizers.gate_weight_decay(model, settings.weight_decay)
    return settings.weight_decay if rule == "same" else float(rule)
