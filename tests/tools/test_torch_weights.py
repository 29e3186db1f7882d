"""Conversion of torchvision's weights, against torchvision's networks in NumPy."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

import tfgate
from tests.tfgate import builders
from tests.tools.torch_networks import NETWORKS
from tflite.errors import InputError
from tools import torch_weights

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLASSES = 7
APPLICATIONS = {
    "resnet18": (tfgate.applications.ResNet18, {}),
    "resnet34": (tfgate.applications.ResNet34, {}),
    "resnet50": (tfgate.applications.ResNet50, {"stride_on": "3x3"}),
    "resnet101": (tfgate.applications.ResNet101, {"stride_on": "3x3"}),
    "resnet152": (tfgate.applications.ResNet152, {"stride_on": "3x3"}),
    "resnext50": (tfgate.applications.ResNeXt50, {}),
}


def images(size=64):
    generator = np.random.default_rng(0)
    return generator.normal(size=(2, size, size, 3)).astype("float32")


@pytest.fixture(scope="module")
def state():
    return NETWORKS["resnet18"].state_dict(CLASSES)


def run(**arguments):
    flags = [f"--{key}={value}" for key, value in arguments.items()]
    return subprocess.run(
        [sys.executable, "-m", "tools.torch_weights", *flags],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ,
    )


@pytest.mark.parametrize(
    ("architecture", "source", "target"),
    [
        ("resnet18", ".safetensors", ".keras"),
        pytest.param("resnet34", ".npz", ".keras", marks=pytest.mark.large),
        pytest.param("resnet50", ".npz", ".weights.h5", marks=pytest.mark.large),
        pytest.param("resnet50", ".safetensors", ".keras", marks=pytest.mark.large),
        pytest.param("resnet101", ".safetensors", ".keras", marks=pytest.mark.large),
        pytest.param("resnet152", ".npz", ".keras", marks=pytest.mark.large),
        pytest.param("resnext50", ".safetensors", ".keras", marks=pytest.mark.large),
    ],
)
def test_network_with_converted_weights_computes_the_same(
    architecture, source, target, tmp_path
):
    """At 64 pixels every stage but the first has an even size to halve."""
    network = NETWORKS[architecture]
    state = network.state_dict(CLASSES)
    file, output = tmp_path / f"state{source}", tmp_path / f"model{target}"
    if source == ".npz":
        np.savez(file, **state)
    else:
        save_file(state, file)
    torch_weights.convert(architecture, str(file), str(output))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [file.name, output.name]
    )
    application, arguments = APPLICATIONS[architecture]
    model = application(
        weights=output,
        input_shape=(64, 64, 3),
        classes=CLASSES,
        classifier_activation=None,
        **arguments,
    )
    expected = network.logits(state, images().transpose(0, 3, 1, 2))
    assert np.std(expected) > 0.1
    # Tens of layers of float32 sums in another order.
    np.testing.assert_allclose(
        builders.predict(model, images()),
        expected,
        rtol=1e-4,
        atol=1e-4 * np.abs(expected).max(),
    )


def test_another_epsilon_changes_the_scale(state):
    """Where the variance is small, the epsilons of torch and Keras would show."""
    model = torch_weights.network("resnet18", state)
    norm = model.get_layer("conv2_block1_1_bn")
    assert norm.epsilon != torch_weights.TORCH_EPSILON
    x = images(4)[..., :1] * np.ones(64, "float32")
    name = "layer1.0.bn1"
    expected = state[f"{name}.bias"] + state[f"{name}.weight"] * (
        x - state[f"{name}.running_mean"]
    ) / np.sqrt(state[f"{name}.running_var"].astype("float64") + 1e-5)
    np.testing.assert_allclose(norm(x, training=False), expected, rtol=2e-5, atol=1e-4)
    assert not np.array_equal(norm.gamma, state[f"{name}.weight"])


def test_halves_become_floats(state):
    halves = {
        key: array if key.endswith("tracked") else array.astype("float16")
        for key, array in state.items()
    }
    model = torch_weights.network("resnet18", halves)
    kernel, bias = model.get_layer("predictions").get_weights()
    assert kernel.dtype == np.float32
    np.testing.assert_array_equal(kernel, halves["fc.weight"].T.astype("float32"))
    assert bias.shape == (CLASSES,)


class TestRefused:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (
                {"layer1.0.conv1.weight": None, "bn1.bias": None},
                "2 missing: bn1.bias, layer1.0.conv1.weight.",
            ),
            (
                {"layer1.0.conv3.weight": np.zeros(3), "extra": np.zeros(1)},
                "2 not expected: extra, layer1.0.conv3.weight.",
            ),
            (
                {"conv1.weight": np.zeros((64, 3, 3, 3), "float32")},
                r"1 of another shape: conv1.weight \(64, 3, 3, 3\) instead of "
                r"\(64, 3, 7, 7\).",
            ),
            (
                {
                    "bn1.bias": np.full(64, np.nan, "float32"),
                    "bn1.weight": np.ones(64, "int64"),
                },
                "2 not finite numbers: bn1.weight, bn1.bias.",
            ),
            ({"fc.bias": None, "extra": np.zeros(1)}, "1 missing: fc.bias; 1 not exp"),
        ],
    )
    def test_keys(self, state, change, message, tmp_path):
        changed = {k: v for k, v in {**state, **change}.items() if v is not None}
        file, output = tmp_path / "state.npz", tmp_path / "model.keras"
        np.savez(file, **changed)
        with pytest.raises(InputError, match=message):
            torch_weights.convert("resnet18", str(file), str(output))
        assert not output.exists() and list(tmp_path.iterdir()) == [file]

    def test_another_architecture_is_one_line_and_exit_code_2(self, state, tmp_path):
        file, output = tmp_path / "state.safetensors", tmp_path / "model.keras"
        save_file(state, file)
        done = run(architecture="resnet34", input=file, output=output)
        assert done.returncode == 2, done.stderr
        (line,) = done.stderr.splitlines()
        assert line.startswith("error: Expected --input with the weights of")
        assert "80 missing: layer1.2.conv1.weight" in line and "and 70 more" in line
        assert not done.stdout and not output.exists()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"architecture": "vgg16"}, "vgg16"),
            ({"output": "out.h5"}, "--output to end with one of"),
            ({"input": "nothing.npz"}, "--input to be a file, got"),
            ({"input": "README.md"}, "--input to end with one of"),
            ({"output": "no/where/m.keras"}, "--output in an existing directory"),
        ],
    )
    def test_flags(self, arguments, message, tmp_path):
        (tmp_path / "state.npz").touch()
        given = {
            "architecture": "resnet18",
            "input": tmp_path / "state.npz",
            "output": tmp_path / "model.keras",
        }
        done = run(**{**given, **arguments})
        assert done.returncode == 2, done.stderr
        (line,) = done.stderr.splitlines()
        assert line.startswith("error: ") and message in line

    def test_flags_that_are_missing(self):
        done = run(architecture="resnet18")
        assert done.returncode == 2
        assert done.stderr == "error: Expected --input, got none.\n"

    @pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
    def test_damaged_files(self, suffix, tmp_path):
        file = tmp_path / f"state{suffix}"
        for content in (b"", b"no archive at all", b"\xff" * 100):
            file.write_bytes(content)
            with pytest.raises(InputError, match=f"a whole {suffix} file"):
                torch_weights.read_state(file)

    def test_pickled_objects_are_not_loaded(self, tmp_path):
        file = tmp_path / "state.npz"
        np.savez(file, weight=np.array([{"a": 1}], dtype=object))
        with pytest.raises(InputError, match="allow_pickle"):
            torch_weights.read_state(file)
