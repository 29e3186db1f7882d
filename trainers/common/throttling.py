"""The throttled network of a run: from a gated one, and the settings."""

import pathlib

import keras

import tfgate
from tfgate.applications.pretrained import mismatches
from tfgate.gates import Gate
from tfgate.throttling import Dial
from tfgate.weights import assign_weights
from tfgate.weights import leaves
from trainers.common import gate_losses
from trainers.common import gates
from trainers.common.flags.throttling import LEARNED
from trainers.common.flags.throttling import NAIVE
from trainers.common.flags.throttling import SWITCHABLE


def throttle(gated, settings, steps):
    """Makes the throttled network of a run.

    Args:
        gated: the network with gates at the granularity of the settings.
        settings: `trainers.common.settings.Settings`.
        steps: training steps in an epoch.

    Returns:
        `tfgate.ThrottledModel`. A gating function that learns has the data path of
        `--data_path`, frozen.

    Raises:
        ValueError: a number is out of its range, or the data path is of another
            network.
    """
    arguments = {"seed": settings.seed}
    if settings.batch_norm == SWITCHABLE:
        arguments["batch_norm"] = SWITCHABLE
        arguments["buckets"] = settings.batch_norm_buckets
    if settings.gating == NAIVE:
        always = tfgate.throttling.ConstantControl(1.0)
        return tfgate.throttle(gated, "nested", always, **arguments)
    control = gate_losses.control(settings.control, settings.control_per, steps)
    if settings.gating not in LEARNED:
        return tfgate.throttle(gated, settings.gating, control, **arguments)
    arguments["estimator"] = gates.estimator(settings, steps)
    if settings.initial_open_probability is not None:
        arguments["initial_open_probability"] = settings.initial_open_probability
    model = tfgate.throttle(gated, settings.gating, control, **arguments)
    _take_data_path(model, settings.data_path)
    model.train_data_path(False)
    return model


def complexity(settings, steps):
    """The complexity loss of a gating function that learns.

    Args:
        settings: `trainers.common.settings.Settings`.
        steps: training steps in an epoch.

    Returns:
        `tfgate.Complexity`.

    Raises:
        ValueError: a number is out of its range.
    """
    return tfgate.Complexity(
        coefficient=gate_losses.number(settings.complexity_coefficient, steps),
        penalty=settings.complexity,
        p=settings.complexity_power,
        weights=settings.complexity_weights,
    )


def _take_data_path(model, path):
    source = keras.saving.load_model(pathlib.Path(path).expanduser(), compile=False)
    if not isinstance(source, tfgate.ThrottledModel):
        raise ValueError(
            f"Expected a network that was trained with --gating in --data_path={path}, "
            f"got {source.name!r} without."
        )
    modules = [[m.get_config() for m in each.modules] for each in (source, model)]
    # The cores: a model may also keep averages of losses.
    source, target = source.core, model.core
    found = mismatches(source, target)
    if found:
        raise ValueError(
            f"Expected the data path of {model.name!r}, got {len(found)} layers that "
            f"differ: {'; '.join(found)}."
        )
    if modules[0] != modules[1]:
        raise ValueError(
            f"Expected the {len(modules[1])} modules of {model.name!r} in "
            f"--data_path={path}, got {len(modules[0])} of another --granularity."
        )
    givers = {layer.name: layer for layer in leaves(source) if layer.weights}
    for layer in leaves(target):
        if layer.weights and not isinstance(layer, Gate | Dial):
            assign_weights(layer, givers[layer.name].get_weights())
