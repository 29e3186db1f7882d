import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import filter_blocks
from tests.tfgate.builders import randomize
from tests.tflite import builders
from tests.tflite.quantization.conftest import wide_images
from tests.tflite.quantization.conftest import wide_network
from tests.tflite.structure import Structure
from tflite import calibration
from tflite import convert
from tflite import errors
from tflite import metadata
from tflite import reference
from tflite import runtime
from tflite.quantization.flatbuffer import Flatbuffer
from tflite.quantization.flatbuffer import output_name

FLOAT32, INT8 = 0, 9


def activation_types(path):
    """Whether an operation is a gate's -> set of the types of what it reads first."""
    file = Flatbuffer(path.read_bytes())
    types = {True: set(), False: set()}
    for graph in file.model.subgraphs:
        for operator in graph.operators:
            if file.operation(operator) in ("CONV_2D", "FULLY_CONNECTED", "MEAN"):
                gate = "_log_odds" in output_name(graph, operator)
                types[gate].add(graph.tensors[operator.inputs[0]].type)
    return types


def test_branches_are_int8_and_gates_float32(wide_files):
    path = wide_files(quantize="int8")
    assert activation_types(path) == {True: {FLOAT32}, False: {INT8}}
    structure = Structure(path)
    assert len(structure.subgraphs) == 1 + 2 * 2
    for opened, closed in structure.branches:
        # One sum with its ReLU in it, in float32: nothing is left on its own.
        assert opened == ["QUANTIZE", "CONV_2D", "CONV_2D", "DEQUANTIZE", "ADD"]
        assert closed == ["RELU"]
    assert path.stat().st_size < 0.35 * wide_files().stat().st_size


def test_decisions_predictions_and_metadata(wide_files):
    images = wide_images()
    expected, decisions = runtime.Network(wide_files()).run(images)
    path = wide_files(quantize="int8")
    predictions, told = runtime.Network(path).run(images)
    assert 0.2 < decisions.mean() < 0.8
    assert np.mean(told == decisions) >= 0.97
    same = (told == decisions).all(axis=1)
    error = np.abs(predictions - expected)[same].max() / np.abs(expected).max()
    assert 0 < error < 0.05
    described = metadata.read(path)
    assert described["quantization"] == "int8"
    assert described["quantized"] == {
        "runtime": "latest",
        "quantize_gates": False,
        "calibration": {
            "dataset": None,
            "split": None,
            "samples": len(images),
            "seed": None,
        },
    }


def test_closed_branches_do_not_run(wide_files):
    path = wide_files(quantize="int8", tau_input=True)
    network = runtime.Network(path)
    for tau, executed in ((0.0, 1.0), (1.0, 0.0)):
        network.set_dial(tau)
        _, told = network.run(wide_images()[:4])
        assert told.mean() == executed
        macs = network.metadata.executed_macs(told)
        key = "all_open" if executed else "all_closed"
        assert macs == pytest.approx(network.metadata["macs"][key])


def test_int8_runs_on_the_older_runtime(wide_files):
    path = wide_files(quantize="int8", runtime="2.16")
    assert metadata.read(path)["quantized"]["runtime"] == "2.16"


def test_calibration_that_never_opens_a_gate(wide, tmp_path):
    images = wide_images()
    _, decisions = reference.run(wide, images, tau=0.5)
    closing = images[decisions[:, 0] == 0]
    path = tmp_path / "f.tflite"
    convert.convert(wide, path, quantize="int8", calibration=closing, gate_outputs=True)
    _, told = runtime.Network(path).run(images)
    assert np.mean(told == decisions) >= 0.95


def test_all_gates_open_is_a_plain_int8_network(wide, wide_files):
    path = wide_files(quantize="int8", lowering="dense", gate_outputs=False)
    assert len(Structure(path).subgraphs) == 1
    assert "CONV_2D" in Structure(path).all
    images = wide_images()
    expected, _ = reference.run(wide, images, tau=None)
    predictions, _ = runtime.Network(path).run(images)
    assert np.mean(predictions.argmax(1) == expected.argmax(1)) >= 0.9


def test_densely_connected_blocks(images, tmp_path):
    model = tfgate.applications.CifarDenseNet(
        depth=10, growth=4, gate="dependent", seed=3
    )
    randomize(model)
    builders.spread_decisions(model, images)
    path = tmp_path / "f.tflite"
    convert.convert(
        model,
        path,
        quantize="int8",
        gate_outputs=True,
        calibration=calibration.TrainingImages("digits", 20),
        check_samples=0,
    )
    described = metadata.read(path)["quantized"]["calibration"]
    assert described["dataset"] == "digits" and described["split"] == "train"
    assert described["samples"] == 20
    branches = Structure(path).branches
    assert len(branches) == len(model.blocks)
    for opened, closed in branches:
        assert opened.count("CONV_2D") == 2 and "CONV_2D" not in closed
    assert activation_types(path)[True] == {FLOAT32}


def test_throttled_networks(tmp_path):
    gated = wide_network()
    model = tfgate.throttle(gated, gating="nested")
    path = tmp_path / "f.tflite"
    images = wide_images(8)
    convert.convert(model, path, quantize="int8", calibration=images)
    network = runtime.Network(path)
    for u in (0.0, 1.0):
        network.set_dial(u)
        predictions, _ = network.run(images)
        expected, _ = reference.run(model, images, tau=None, u=u)
        error = np.abs(predictions - expected).max() / np.abs(expected).max()
        assert error < 0.05


def softmax_network():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(inputs)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.ReLU(6.0)(x)
    x = tfgate.layers.GroupedConv2D(8, 3, groups=2, activation="swish")(x)
    x = keras.layers.Flatten()(x)
    return keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(x))


def test_plain_networks_with_other_activations(tmp_path):
    keras.utils.set_random_seed(0)
    model = softmax_network()
    images = wide_images() / 255
    path = tmp_path / "f.tflite"
    convert.convert(model, path, lowering="dense", quantize="int8", calibration=images)
    types = activation_types(path)
    assert types == {True: set(), False: {INT8}}
    expected, _ = reference.run(model, images, tau=None)
    predictions, _ = runtime.Network(path).run(images)
    np.testing.assert_allclose(predictions, expected, atol=0.02)


def filter_gated():
    x = inputs = keras.Input((8, 8, 8))
    block = filter_blocks.make_block(filter_blocks.basic(), name="filters")
    x = keras.layers.GlobalAveragePooling2D()(block(x)[0])
    return tfgate.GatedModel(inputs, keras.layers.Dense(10)(x))


@pytest.mark.parametrize(
    ("build", "arguments", "message"),
    [
        (None, {"calibration": None}, "--calibration_dataset for --quantize=int8"),
        (None, {"calibration": wide_images()[:0]}, "image"),
        (None, {"calibration": np.full((2, 8, 8, 3), np.nan)}, "finite"),
        (
            filter_gated,
            {"calibration": np.ones((2, 8, 8, 8), "float32")},
            "'filters' of class GatedFilters",
        ),
    ],
)
def test_bad_input(wide, tmp_path, build, arguments, message):
    model = wide if build is None else build()
    with pytest.raises(errors.InputError, match=message):
        convert.convert(model, tmp_path / "f.tflite", quantize="int8", **arguments)
    assert not list(tmp_path.iterdir())
