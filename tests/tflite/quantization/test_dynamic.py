import sys

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from tests.tflite.quantization.conftest import wide_images
from tflite import convert
from tflite import errors
from tflite import metadata
from tflite import runtime
from tflite.quantization import edge_quantizer
from tflite.quantization import tflite_2_16
from tflite.quantization.flatbuffer import Flatbuffer
from tflite.quantization.flatbuffer import output_name

FLOAT32, INT8 = 0, 9


def weight_types(path):
    return weight_types_of(path.read_bytes())


def weight_types_of(content):
    """Type of the weights of each convolution and dense layer, by whether it is a
    gate's: {True: {...}, False: {...}}."""
    file = Flatbuffer(content)
    types = {True: set(), False: set()}
    for graph in file.model.subgraphs:
        for operator in graph.operators:
            if file.operation(operator) in ("CONV_2D", "FULLY_CONNECTED"):
                weights = graph.tensors[operator.inputs[1]]
                if np.prod(weights.shape) >= 1024:
                    gate = "_log_odds" in output_name(graph, operator)
                    types[gate].add(weights.type)
    return types


@pytest.fixture(autouse=True)
def skip_without_edge_quantizer(request):
    if "2.16" in request.node.name:
        pytest.importorskip("ai_edge_quantizer")


@pytest.mark.parametrize("oldest", ["latest", "2.16"])
def test_gates_keep_their_weights(wide_files, oldest):
    path = wide_files(quantize="dynamic", runtime=oldest)
    assert weight_types(path) == {True: {FLOAT32}, False: {INT8}}
    described = metadata.read(path)
    assert described["quantization"] == "dynamic"
    assert described["quantized"]["runtime"] == oldest
    assert described["quantized"]["quantize_gates"] is False


@pytest.mark.parametrize("oldest", ["latest", "2.16"])
def test_gates_are_quantized_on_demand(wide_files, oldest):
    path = wide_files(quantize="dynamic", runtime=oldest, quantize_gates=True)
    assert weight_types(path) == {True: {INT8}, False: {INT8}}


@pytest.mark.parametrize("oldest", ["latest", "2.16"])
def test_branches_stay_behind_their_conditions(wide_files, oldest):
    plain = Flatbuffer(wide_files().read_bytes()).model
    path = wide_files(quantize="dynamic", runtime=oldest)
    model = Flatbuffer(path.read_bytes()).model
    assert len(model.subgraphs) == len(plain.subgraphs) == 1 + 2 * 2
    for graph in model.subgraphs:
        for index in (*graph.inputs, *graph.outputs):
            assert graph.tensors[index].type == FLOAT32
    assert path.stat().st_size < 0.35 * wide_files().stat().st_size


@pytest.mark.parametrize("oldest", ["latest", "2.16"])
def test_decisions_and_predictions(wide_files, oldest):
    images = wide_images()
    expected, decisions = runtime.Network(wide_files()).run(images)
    path = wide_files(quantize="dynamic", runtime=oldest)
    predictions, told = runtime.Network(path).run(images)
    assert 0.2 < decisions.mean() < 0.8
    assert np.mean(told == decisions) >= 0.97
    same = (told == decisions).all(axis=1)
    # An eighth of a bit of noise in each layer, relative to its largest value.
    error = np.abs(predictions - expected)[same].max() / np.abs(expected).max()
    assert 0 < error < 0.03


def test_versions_for_the_older_runtime(wide_files):
    pytest.importorskip("ai_edge_quantizer")

    def versions(**arguments):
        return Flatbuffer(wide_files(**arguments).read_bytes()).versions()

    older = versions(quantize="dynamic", runtime="2.16")
    assert older["FULLY_CONNECTED"] == older["CONV_2D"] == 1
    for name, version in older.items():
        assert version <= tflite_2_16.VERSIONS[name], name
    # The reason for the second quantizer:
    latest = versions(quantize="dynamic")
    assert latest["FULLY_CONNECTED"] > tflite_2_16.VERSIONS["FULLY_CONNECTED"]


def test_the_older_quantizer_leaves_names_alone(wide_files):
    pytest.importorskip("ai_edge_quantizer")
    content = wide_files().read_bytes()
    quantized = edge_quantizer.quantize(content, quantize_gates=False)

    def names(content):
        return [
            [tensor.name for tensor in graph.tensors]
            for graph in Flatbuffer(content).model.subgraphs
        ]

    assert names(quantized) == names(content)
    assert weight_types_of(quantized) == {True: {FLOAT32}, False: {INT8}}


def test_data_behind_a_flatbuffer_is_kept():
    file = Flatbuffer(minimal := bytes(empty_flatbuffer()))
    buffer = schema.BufferT()
    buffer.offset, buffer.size = 2, 3
    file.model.buffers.append(buffer)
    content = file.content()
    buffer.offset = len(content)
    content = file.content()
    assert len(content) == buffer.offset and len(minimal) < len(content)
    read = Flatbuffer(content + b"abc")
    assert bytes(read.model.buffers[-1].data) == b"abc"
    again = Flatbuffer(read.content())
    assert bytes(again.model.buffers[-1].data) == b"abc"
    assert again.model.buffers[-1].offset == 0


def empty_flatbuffer():
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [], []
    model.buffers = [schema.BufferT()]
    builder = flatbuffers.Builder(64)
    builder.Finish(model.Pack(builder), b"TFL3")
    return builder.Output()


def test_newer_operations_are_named(wide_files):
    content = wide_files(quantize="dynamic").read_bytes()
    with pytest.raises(errors.InputError, match="newer ones: FULLY_CONNECTED 12"):
        tflite_2_16.check(content)


def test_the_older_runtime_without_its_quantizer(wide, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_quantizer", None)
    with pytest.raises(errors.InputError, match="ai-edge-quantizer for"):
        convert.convert(wide, tmp_path / "f.tflite", quantize="dynamic", runtime="2.16")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"runtime": "2.10"}, "--runtime among"),
        ({"quantize_gates": True}, "--quantize_gates with --quantize=dynamic"),
        (
            {"quantize_gates": True, "quantize": "int8", "calibration": np.ones(1)},
            "--quantize_gates with --quantize=dynamic, got --quantize=int8",
        ),
    ],
)
def test_bad_arguments(wide, tmp_path, arguments, message):
    with pytest.raises(errors.InputError, match=message):
        convert.convert(wide, tmp_path / "f.tflite", **arguments)
    assert not list(tmp_path.iterdir())
