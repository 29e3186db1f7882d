"""The network of a run: built and compiled from its settings."""

import pathlib

import keras

import tfgate
from trainers.common import gate_losses
from trainers.common import gates
from trainers.common import labels
from trainers.common import networks
from trainers.common import optimizer
from trainers.common import preprocessing
from trainers.common import throttling
from trainers.common.errors import UserError
from trainers.common.flags.throttling import NAIVE
from trainers.common.flags.throttling import RECALIBRATED

_LISTED = 3  # differences between weights in an error message


def build(settings, dataset):
    """Builds the network, which takes RGB images in 0..255 and gives logits.

    Args:
        settings: `trainers.common.settings.Settings`. Their seed becomes that of
            Python, NumPy and TensorFlow: the same settings give the same weights.
        dataset: `trainers.common.data.dataset.Dataset`.

    Returns:
        `tfgate.GatedModel`, a `tfgate.ThrottledModel` for `--gating`, or a
        `keras.Model` for `--gate=none` without early exits; with the pretrained weights
        of the settings; not compiled.

    Raises:
        UserError: the gates or the weights do not fit the network, the images are
            too small for it, or it has no batch norms to recalibrate.
    """
    keras.utils.set_random_seed(settings.seed)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(settings.precision)
    steps = steps_per_epoch(settings, dataset)
    try:
        front = preprocessing.Preprocessing(settings, dataset)
        inputs = keras.Input(dataset.image_shape, name="image")
        model = _application(settings)(
            input_tensor=front.apply(inputs),
            classes=len(dataset.labels),
            classifier_activation=None,
            name=name(settings),
            weights=_weights(settings),
            **_shape(settings),
            **gates.arguments(settings, steps),
        )
        front.adapt(model)
        if settings.gating is not None:
            model = throttling.throttle(model, settings, steps)
        _check_statistics(model, settings)
        if settings.sync_batch_norm:
            _synchronize(model)
        return model
    except ValueError as error:
        raise UserError(_said(error, settings, dataset)) from error
    except Exception as error:
        if type(error) is not Exception:
            raise
        # What Keras raises where a download fails.
        raise UserError(f"--weights={settings.weights}: {error}") from error
    finally:
        keras.config.set_dtype_policy(before)


def name(settings):
    """Name of the settings' model, such as `cifar_resnet20_dependent`."""
    depth = "" if settings.depth is None else settings.depth
    parts = [f"{settings.network}{depth}"]
    paths = settings.cardinality, settings.group_width
    usual_paths = networks.NETWORKS[settings.network].paths or (None, None)
    parts += [f"{paths[0]}x{paths[1]}d"] if paths != usual_paths else []
    usual_filters = settings.filters in (None, networks.USUAL_FILTERS)
    parts += [] if usual_filters else [f"filters{settings.filters}"]
    parts += [f"width{settings.width:g}"] if settings.width != 1 else []
    parts += _decider(settings)
    usual = networks.usual_granularity(settings)
    parts += [settings.granularity] if settings.granularity not in (None, usual) else []
    parts += ["early_exit"] if settings.early_exit else []
    parts += [] if settings.early_exit or settings.gate != "none" else ["dense"]
    return "_".join(parts).replace("-", "_").replace(".", "_")


def _decider(settings):
    if settings.gating is not None:
        return ["naive" if settings.gating == NAIVE else settings.gating]
    return [settings.gate] if settings.gate != "none" else []


def steps_per_epoch(settings, dataset):
    """Training steps in an epoch; the last may have a smaller batch."""
    return -(-dataset.train_examples // settings.batch_size)


def compile_model(model, settings, steps, dataset=None):
    """Compiles the model with the settings' optimizer, schedule and losses.

    Args:
        model: what `build` returned.
        settings: `trainers.common.settings.Settings`.
        steps: training steps in an epoch.
        dataset: `trainers.common.data.dataset.Dataset`, for its kind of labels; None
            is one whose labels are numbers of few classes.

    Raises:
        UserError: the gate loss does not fit the network.
    """
    arguments = {}
    try:
        if settings.complexity is not None:
            arguments["gate_losses"] = [throttling.complexity(settings, steps)]
        elif isinstance(model, tfgate.GatedModel):
            arguments["gate_losses"] = gate_losses.build(
                settings.gate_loss or "none", steps
            )
        model.compile(
            optimizer=optimizer.build(model, settings, steps),
            loss=labels.loss(settings, dataset),
            metrics=labels.metrics(dataset),
            jit_compile=False,
            **arguments,
        )
    except ValueError as error:
        flag = "gate_loss" if settings.complexity is None else "complexity"
        raise UserError(f"--{flag}={getattr(settings, flag)}: {error}") from error


def _application(settings):
    return getattr(tfgate.applications, networks.NETWORKS[settings.network].application)


def _shape(settings):
    """The arguments of the application that say how the network is made."""
    kind = networks.NETWORKS[settings.network]
    flags = ("depth", "cardinality", "group_width", "filters", "block")
    flags += ("shortcut", "stride_on", "zero_init_residual")
    return {
        "width": settings.width if kind.fractional else int(settings.width),
        **{flag: getattr(settings, flag) for flag in flags if flag in kind.takes},
    }


def _weights(settings):
    weights = settings.weights
    if weights in (None, networks.IMAGENET):
        return weights
    return str(pathlib.Path(weights).expanduser())


def _said(error, settings, dataset):
    """One line for what an application, or Keras, did not like."""
    text = " ".join(str(error).split())
    given = "data_path" if settings.data_path is not None else "weights"
    path = getattr(settings, given)
    if path is None or "layers that differ" not in text:
        return text
    first, *more = text.split("; ")
    shown = "; ".join([first, *more[: _LISTED - 1]]).removesuffix(".")
    rest = len(more) - (_LISTED - 1)
    shown += f"; and {rest} more" if rest > 0 else ""
    if "predictions expected" in text:
        shown += f"; --dataset={settings.dataset} has {len(dataset.labels)} classes"
    return f"--{given}={path}: {shown}"


def _check_statistics(model, settings):
    """Raises UserError where batch norm statistics are wanted that there are not."""
    if _batch_norms(model):
        return
    if settings.batch_norm == RECALIBRATED:
        raise UserError(
            f"expected --batch_norm=shared for --network={settings.network}, which has "
            "no batch norms, got recalibrated"
        )
    # Not where a program's default is more than 0.
    if settings.recalibrate_steps and "recalibrate_steps" in settings.given:
        raise UserError(
            f"--recalibrate_steps has no effect: {model.name} has no batch norms; "
            "leave it out"
        )


def _synchronize(model):
    for layer in _batch_norms(model):
        layer.synchronized = True


def _batch_norms(model):
    return [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
