"""Pretrained weights, loaded by layer name: all of them or none."""

import os
import pathlib
import warnings
from collections.abc import Callable

import keras

from tfgate.blocks import EarlyExit
from tfgate.gates import Gate
from tfgate.throttling.baseline import Baseline
from tfgate.throttling.dial import Dial
from tfgate.weights import copy_weights
from tfgate.weights import leaves

HEADS = ("predictions", "fc1", "fc2")

# Layers that decide, and don't compute: no part of what weights are of.
_DECIDING = (Gate, Dial, Baseline)

Reference = Callable[[str | None], keras.Model]


def load_pretrained(
    model: keras.Model,
    weights: str | os.PathLike[str] | None,
    reference: Reference,
    include_top: bool = True,
) -> None:
    """Loads weights into a network, by layer name.

    Args:
        model: the network, dense or gated. Gates take weights only from a file that
            has gates of the same name and class, and classifiers of early exits only
            from one that has them.
        weights: None leaves the model as it is. `"imagenet"` takes those that
            `reference` finds under this name. A path names a `.keras` file, whose
            network must have the same layer names, or an `.h5` file of weights of the
            network that `reference` builds.
        reference: function from `"imagenet"` or None to the dense network, with these
            weights or random ones. Its layers have the names of the model's.
        include_top: whether the model has its classifier; without it, a classifier
            among the weights is left out.

    Raises:
        ValueError: there is no such file, it cannot be read, or its layers are not
            those of the network; the message lists which, and nothing is loaded.
    """
    if weights is None:
        return
    source = (
        reference("imagenet")
        if weights == "imagenet"
        else _read(pathlib.Path(weights), reference)
    )
    optional = () if include_top else HEADS
    found = mismatches(source, model, optional, _exit_classifiers(model))
    if found:
        raise ValueError(
            f"Expected weights of {model.name!r} in {os.fspath(weights)!r}, got "
            f"{len(found)} layers that differ: {'; '.join(found)}."
        )
    copy_weights(source, model)


def mismatches(
    source: keras.Model,
    target: keras.Model,
    optional: tuple[str, ...] = (),
    new: tuple[str, ...] = (),
) -> list[str]:
    """Lists the layers with weights that two networks do not share, gates left out.

    Args:
        source: the network to read from.
        target: the network to write to.
        optional: names of layers that the source may have beyond the target.
        new: names of layers that the target may have beyond the source.

    Returns:
        A text for each layer: its name, what was expected and what is there.
    """
    given, wanted = _shapes(source), _shapes(target)
    strides, steps = _strides(source), _strides(target)
    found = []
    for name, shapes in wanted.items():
        if name not in given:
            found += [] if name in new else [f"{name} expected {shapes}, missing"]
        elif given[name] != shapes:
            found.append(f"{name} expected {shapes}, got {given[name]}")
        elif strides.get(name) != steps.get(name):
            # Weights of one stride fit a network of another, and mean something else.
            found.append(
                f"{name} expected strides {steps.get(name)}, got {strides.get(name)}"
            )
    found += [
        f"{name} {shapes} not expected"
        for name, shapes in given.items()
        if name not in wanted and name not in optional
    ]
    return found


def _read(path: pathlib.Path, reference: Reference) -> keras.Model:
    if not path.is_file():
        raise ValueError(f"Expected a file of weights, got {os.fspath(path)!r}.")
    try:
        if path.suffix == ".keras":
            return keras.saving.load_model(path, compile=False)
        source = reference(None)
        with warnings.catch_warnings():
            # Keras warns of layers that the file lacks, and leaves them random.
            warnings.simplefilter("error")
            source.load_weights(path)
    except Exception as error:  # whatever Keras and h5py make of a damaged file
        first = str(error).strip().split("\n")[0]
        raise ValueError(
            f"Expected a .keras file or .h5 weights of this network in "
            f"{os.fspath(path)!r}: {first}"
        ) from error
    return source


def _strides(model: keras.Model) -> dict[str, tuple[int, ...]]:
    return {
        layer.name: tuple(layer.strides)
        for layer in leaves(model)
        if layer.weights and hasattr(layer, "strides")
    }


def _exit_classifiers(model: keras.Model) -> tuple[str, ...]:
    exits = [e for e in model._flatten_layers() if isinstance(e, EarlyExit)]
    return tuple(leaf.name for e in exits for leaf in leaves(e.classifier))


def _shapes(model: keras.Model) -> dict[str, list[tuple[int, ...]]]:
    """Layer name -> shapes of its weights, of layers that compute."""
    return {
        layer.name: [tuple(weight.shape) for weight in layer.weights]
        for layer in leaves(model)
        if layer.weights and not isinstance(layer, _DECIDING)
    }
