import os

import numpy as np
import pytest

import tfgate
from tests.tfgate.builders import randomize
from tests.tfgate.builders import set_open_probability
from tests.tflite import builders
from tests.tflite.structure import Structure
from tflite import datasets
from tflite import errors
from tflite import finetune
from tflite import metadata
from tflite import runtime
from tflite import verify
from tflite.quantization.flatbuffer import Flatbuffer

INT8 = 9
DIGITS = {"dataset": "digits", "samples": 64}


@pytest.fixture(scope="module")
def compacted(tmp_path_factory):
    """File of a small network that was gated once."""
    model = builders.independent()
    path = tmp_path_factory.mktemp("compacted") / "compacted.keras"
    tfgate.compact(model).save(path)
    return path


def tuned(path, output, tool, **arguments):
    lines = []
    finetune.finetune(
        path, output, tool=tool, print_fn=lines.append, **DIGITS, **arguments
    )
    return lines


def kernels(path):
    """The constant tensors of more than one axis, as arrays."""
    model = Flatbuffer(path.read_bytes()).model
    found = []
    for tensor in model.subgraphs[0].tensors:
        data = model.buffers[tensor.buffer].data
        if data is not None and tensor.type == 0 and len(tensor.shape) > 1:
            kernel = np.frombuffer(bytes(data), "float32")
            found.append(kernel.reshape(tensor.shape))
    return [kernel for kernel in found if kernel.size > 100]


def test_quantize(compacted, tmp_path):
    path = tmp_path / "f.tflite"
    lines = tuned(compacted, path, "quantize", epochs=2, learning_rate=1e-4)
    assert len(lines) == 2 and lines[1].startswith("epoch 2/2: loss ")
    described = metadata.read(path)
    assert described["quantization"] == "int8"
    assert described["quantized"]["tool"] == "quantize"
    structure = Structure(path)
    assert structure.main["CONV_2D"] >= 5
    file = Flatbuffer(path.read_bytes())
    graph = file.model.subgraphs[0]
    types = {
        graph.tensors[operator.inputs[0]].type
        for operator in graph.operators
        if file.operation(operator) == "CONV_2D"
    }
    assert types == {INT8}
    result = verify.verify(compacted, path, dataset="digits", samples=20)
    assert result["max_abs_error"] < np.inf


def test_cluster(compacted, tmp_path):
    path = tmp_path / "f.tflite"
    tuned(compacted, path, "cluster", learning_rate=1e-4)
    found = kernels(path)
    assert found
    channels = [channel for kernel in found for channel in kernel]
    assert max(channel.size for channel in channels) > 64
    assert all(len(np.unique(channel)) <= 16 for channel in channels)


def test_prune(compacted, tmp_path):
    path = tmp_path / "f.tflite"
    tuned(compacted, path, "prune", learning_rate=1e-4)
    found = kernels(path)
    assert found
    for kernel in found:
        # The last step of the schedule comes after the last update of the masks.
        assert np.mean(kernel == 0) > 0.3
    images = datasets.load("digits", samples=4).images
    assert np.isfinite(runtime.Network(path).run(images)[0]).all()


@pytest.mark.large
def test_batch_norms_before_convolutions(tmp_path):
    model = tfgate.applications.CifarDenseNet(
        depth=10, growth=4, classifier_activation=None
    )
    randomize(model)
    model.save(tmp_path / "densenet.keras")
    path = tmp_path / "f.tflite"
    tuned(tmp_path / "densenet.keras", path, "quantize", learning_rate=1e-4)
    assert Structure(path).main["CONV_2D"] == 9


def test_gated_networks_are_refused(tmp_path):
    model = builders.independent()
    set_open_probability(model.gates[0], 0.3)
    model.save(tmp_path / "gated.keras")
    with pytest.raises(errors.InputError, match="plain network"):
        tuned(tmp_path / "gated.keras", tmp_path / "f.tflite", "quantize")
    assert [file.name for file in tmp_path.iterdir()] == ["gated.keras"]


def test_keras_stays_keras_3_for_other_libraries(compacted, tmp_path):
    tuned(compacted, tmp_path / "f.tflite", "prune")
    assert "TF_USE_LEGACY_KERAS" not in os.environ


def test_a_loss_that_is_not_finite(compacted, tmp_path):
    with pytest.raises(errors.InputError, match="finite loss"):
        tuned(compacted, tmp_path / "f.tflite", "prune", epochs=3, learning_rate=1e30)
    assert not list(tmp_path.iterdir())
