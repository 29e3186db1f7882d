"""Weights of torchvision's residual networks, converted for `tfgate.applications`.

    python -m tools.torch_weights --architecture=resnet50 \
        --input=resnet50.safetensors --output=resnet50.keras

Reads a state dict as torchvision names it, saved as .safetensors or .npz, and writes
the dense network with these weights. It loads with

    tfgate.applications.ResNet50(weights="resnet50.keras", stride_on="3x3")

and takes images as torchvision's do: RGB in 0..1, less the mean (0.485, 0.456, 0.406),
over (0.229, 0.224, 0.225). The number of classes is that of the file.
"""

import dataclasses
import pathlib
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from absl import flags

from tflite import errors
from tflite import files
from tflite import quiet
from tflite.errors import InputError

# torchvision's epsilon; the one of keras.applications, which ours have, is 1.001e-5.
TORCH_EPSILON = 1e-5

# name: (function of tfgate.applications, its arguments); resnext50 is torchvision's
# resnext50_32x4d.
ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "resnet18": ("ResNet18", {}),
    "resnet34": ("ResNet34", {}),
    "resnet50": ("ResNet50", {"stride_on": "3x3"}),
    "resnet101": ("ResNet101", {"stride_on": "3x3"}),
    "resnet152": ("ResNet152", {"stride_on": "3x3"}),
    "resnext50": ("ResNeXt50", {}),
}
_OUTPUTS = (".keras", ".weights.h5")
_FLAGS = ("architecture", "input", "output")
_LISTED = 10
_COUNTER = "num_batches_tracked"  # of torch's batch norms; nothing here needs it

_FLOATS = ("float16", "bfloat16", "float32", "float64")


@dataclasses.dataclass(frozen=True)
class Parameter:
    """An array of a state dict and its shape there.

    Attributes:
        key: name in the state dict.
        shape: torch's shape.
    """

    key: str
    shape: tuple[int, ...]


def define_flags() -> None:
    """Defines the flags of the command."""
    architectures = sorted(ARCHITECTURES)
    flags.DEFINE_enum("architecture", None, architectures, "The network.")
    flags.DEFINE_string("input", None, "State dict: a .safetensors or .npz file.")
    flags.DEFINE_string("output", None, "File to write: .keras or .weights.h5.")


def main() -> None:
    """Converts the file that the flags name."""
    values = {name: flags.FLAGS[name].value for name in _FLAGS}
    for name, value in values.items():
        if not value:
            raise InputError(f"Expected --{name}, got none.")
    convert(*values.values())
    print("{2}: {0} with the weights of {1}".format(*values.values()))


def convert(architecture: str, source: str, target: str) -> None:
    """Writes the network of a state dict.

    Args:
        architecture: a name in `ARCHITECTURES`.
        source: path of a `.safetensors` or `.npz` file.
        target: path of a `.keras` file, the whole network, or of a `.weights.h5` file.

    Raises:
        InputError: a file cannot be read or written, or the state dict is not of this
            network; nothing was written.
    """
    if not str(target).endswith(_OUTPUTS):
        raise InputError(
            f"Expected --output to end with one of {_OUTPUTS}, got {str(target)!r}."
        )
    path = files.writable(target, "--output")
    state = read_state(files.existing(source, "--input"))
    model = network(architecture, state)
    with files.replaced(path) as unfinished:
        if path.suffix == ".keras":
            model.save(unfinished)
        else:
            model.save_weights(unfinished)


def read_state(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Reads a state dict.

    Args:
        path: a `.safetensors` file, or a `.npz` file with an array for each key.

    Returns:
        key -> array.

    Raises:
        InputError: the file is of another kind, or damaged.
    """
    readers = {".npz": _read_npz, ".safetensors": _read_safetensors}
    if path.suffix not in readers:
        raise InputError(
            f"Expected --input to end with one of {tuple(readers)}, got {str(path)!r}."
        )
    return readers[path.suffix](path)


def network(architecture: str, state: Mapping[str, np.ndarray]) -> Any:
    """Builds a dense network with the weights of a state dict.

    Args:
        architecture: a name in `ARCHITECTURES`.
        state: key -> array.

    Returns:
        `keras.Model` with a softmax of as many classes as the state dict has.

    Raises:
        InputError: keys are missing, superfluous or have other shapes than expected,
            or an array holds no finite numbers; the message lists them.
    """
    quiet.import_tensorflow()  # only here: a wrong flag needs no waiting for it
    import tfgate

    function, arguments = ARCHITECTURES[architecture]
    classes = np.shape(state.get("fc.bias", np.zeros(1000)))
    model = getattr(tfgate.applications, function)(
        classes=classes[0] if len(classes) == 1 and classes[0] else 1000, **arguments
    )
    layers = [layer for layer in model.layers if layer.weights]
    expected = {layer.name: _parameters(layer) for layer in layers}
    _check(architecture, state, [p for found in expected.values() for p in found])
    for layer in layers:
        arrays = [state[parameter.key] for parameter in expected[layer.name]]
        layer.set_weights(_converted(layer, [np.asarray(a, "float32") for a in arrays]))
    return model


def torch_name(layer: str) -> str:
    """Returns torchvision's name of a layer named as in keras.applications.

    Example:
    >>> torch_name("conv3_block1_2_bn"), torch_name("conv2_block1_0_conv")
    ('layer2.0.bn2', 'layer1.0.downsample.0')
    """
    first = {"conv1_conv": "conv1", "conv1_bn": "bn1", "predictions": "fc"}
    if layer in first:
        return first[layer]
    pattern = r"conv(\d+)_block(\d+)_(\d)_(conv|bn)"
    stage, block, number, kind = re.fullmatch(pattern, layer).groups()
    prefix = f"layer{int(stage) - 1}.{int(block) - 1}"
    if number == "0":
        return f"{prefix}.downsample.{('conv', 'bn').index(kind)}"
    return f"{prefix}.{kind}{number}"


def _parameters(layer: Any) -> list[Parameter]:
    """What torch has of a layer, in the order in which `_converted` takes it."""
    name = torch_name(layer.name)
    if name == "fc":
        kernel = tuple(layer.kernel.shape)[::-1]
        return [Parameter("fc.weight", kernel), Parameter("fc.bias", kernel[:1])]
    if name.endswith(".0") or "conv" in name.split(".")[-1]:
        height, width, inputs, outputs = layer.kernel.shape
        return [Parameter(f"{name}.weight", (outputs, inputs, height, width))]
    kinds = ("weight", "bias", "running_mean", "running_var")
    return [Parameter(f"{name}.{kind}", tuple(layer.gamma.shape)) for kind in kinds]


def _converted(layer: Any, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """The weights of a layer in Keras' order and shapes."""
    if len(arrays) == 4:
        gamma, beta, mean, variance = arrays
        # Another epsilon, another scale: the product is what counts.
        epsilons = np.array([layer.epsilon, TORCH_EPSILON])
        ours, theirs = np.sqrt(variance.astype("float64")[:, None] + epsilons).T
        return [(gamma * (ours / theirs)).astype("float32"), beta, mean, variance]
    if len(arrays) == 2:
        return [arrays[0].T, arrays[1]]
    kernel = arrays[0].transpose(2, 3, 1, 0)
    bias = [np.zeros(kernel.shape[-1], "float32")] if layer.use_bias else []
    return [kernel, *bias]


def _check(
    architecture: str, state: Mapping[str, np.ndarray], expected: list[Parameter]
) -> None:
    known = {parameter.key for parameter in expected}
    given = {key for key in state if key.split(".")[-1] != _COUNTER}
    there = [parameter for parameter in expected if parameter.key in state]
    fitting = [p for p in there if np.shape(state[p.key]) == p.shape]
    problems = {
        "missing": [p.key for p in expected if p.key not in state],
        "not expected": sorted(given - known),
        "of another shape": [
            f"{p.key} {np.shape(state[p.key])} instead of {p.shape}"
            for p in there
            if p not in fitting
        ],
        "not finite numbers": [p.key for p in fitting if not _finite(state[p.key])],
    }
    listed = [f"{len(k)} {what}: {_list(k)}" for what, k in problems.items() if k]
    if listed:
        raise InputError(
            f"Expected --input with the weights of torchvision's {architecture}, got "
            f"{'; '.join(listed)}."
        )


def _finite(array: np.ndarray) -> bool:
    if array.dtype.name not in _FLOATS:
        return False
    return bool(np.isfinite(array.astype("float32")).all())


def _list(keys: list[str]) -> str:
    more = f" and {len(keys) - _LISTED} more" if len(keys) > _LISTED else ""
    return ", ".join(keys[:_LISTED]) + more


def _read_npz(path: pathlib.Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return dict(archive)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"Expected --input to be a whole .npz file of arrays, got {str(path)!r}: "
            f"{error}"
        ) from error


def _read_safetensors(path: pathlib.Path) -> dict[str, np.ndarray]:
    import safetensors
    import safetensors.numpy

    try:
        return safetensors.numpy.load_file(path)
    except (OSError, TypeError, ValueError, safetensors.SafetensorError) as error:
        raise InputError(
            f"Expected --input to be a whole .safetensors file, got {str(path)!r}: "
            f"{error}"
        ) from error


if __name__ == "__main__":
    errors.run(main, define_flags)
