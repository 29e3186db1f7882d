import numpy as np
import pytest

import tfgate
from tests.tfgate.builders import randomize
from tests.tflite import builders
from tests.tflite.structure import Structure
from tflite import convert
from tflite import metadata
from tflite import reference
from tflite import runtime

TAU_INPUT = {"tau_input": True, "gate_outputs": True}


@pytest.fixture(scope="module")
def densenet(images):
    """A DenseNet whose layers run for some of the images."""
    model = tfgate.applications.CifarDenseNet(
        depth=10, growth=4, gate="dependent", seed=3
    )
    randomize(model)
    builders.spread_decisions(model, images)
    return model


@pytest.mark.parametrize("lowering", ["conditional", "masked"])
def test_equals_keras(densenet, images, tmp_path, lowering):
    path = tmp_path / "f.tflite"
    convert.convert(densenet, path, lowering=lowering, **TAU_INPUT)
    network = runtime.Network(path)
    for tau in (0.3, 0.5, 0.8):
        network.set_dial(tau)
        predictions, decisions = network.run(images[:8])
        expected, expected_decisions = reference.run(densenet, images[:8], tau=tau)
        np.testing.assert_array_equal(decisions, expected_decisions)
        np.testing.assert_allclose(predictions, expected, atol=1e-4)
    assert 0.0 < decisions.mean() < 1.0


def test_closed_layers_are_skipped(densenet, tmp_path):
    path = tmp_path / "f.tflite"
    convert.convert(densenet, path, **TAU_INPUT)
    structure = Structure(path)
    assert structure.main["IF"] == len(densenet.blocks)
    for opened, closed in structure.branches:
        assert opened.count("CONV_2D") == 2 and "CONV_2D" not in closed


def test_decided_layers_have_no_condition(images, tmp_path):
    model = tfgate.applications.CifarDenseNet(
        depth=10, growth=4, gate="independent", initial_open_probability=0.9
    )
    randomize(model)
    closed = model.gates[1]
    for gate in model.gates:
        p = 0.1 if gate is closed else 0.9
        half = 0.5 * np.log(p / (1.0 - p))
        gate.component_logits.assign([[-half, half]])
    path = tmp_path / "f.tflite"
    convert.convert(model, path)
    assert Structure(path).main["IF"] == 0
    expected, _ = reference.run(model, images[:4], tau=0.5)
    predictions, _ = runtime.Network(path).run(images[:4])
    np.testing.assert_allclose(predictions, expected, atol=1e-4)
    decided = [c["decided"] for c in metadata.read(path).components]
    assert decided == [gate is not closed for gate in model.gates]
