"""SlicedGate: its part of a gating function's outputs, and nothing of its own."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate.throttling import networks
from tfgate.throttling import Module
from tfgate.throttling import Nested
from tfgate.throttling import SlicedGate

MODULES = [Module("a", "width", 0, 4), Module("b", "width", 4, 3)]


def decided(u=(0.0, 0.5, 1.0)):
    return Nested(MODULES)(keras.ops.array(u, "float32"))


@pytest.mark.parametrize(("components", "start"), [(4, 0), (3, 4), (2, 1), (7, 0)])
def test_takes_its_components(components, start):
    everything = decided()
    outputs = SlicedGate(components, start)(everything)
    assert sorted(outputs) == sorted(everything)
    for name, output in outputs.items():
        np.testing.assert_array_equal(
            output, networks.array(everything[name])[:, start : start + components]
        )


@pytest.mark.parametrize("training", [False, True])
def test_weighs_by_the_scale(training):
    gate = SlicedGate(4, 0)
    outputs = gate(decided())
    expected = [[0, 0, 0, 0], [2, 2, 0, 0], [1, 1, 1, 1]]
    np.testing.assert_array_equal(gate.weigh(outputs, training), expected)


def test_has_no_weights_and_no_policy_of_its_own():
    gate = SlicedGate(3, 4, macs=20, name="g")
    before = networks.array(gate(decided())["decision"])
    gate.policy = tfgate.Threshold(0.99)
    np.testing.assert_array_equal(gate(decided())["decision"], before)
    assert gate.weights == []
    assert gate.count_macs((None, 8, 8, 3)) == 20


def test_symbolic_outputs():
    function = Nested(MODULES)
    outputs = SlicedGate(3, 4)(function(keras.Input(())))
    assert {name: o.shape for name, o in outputs.items()} == {
        name: (None, 3) for name in function.outputs
    }


def test_serialization():
    gate = SlicedGate(3, 4, macs=20, name="g")
    config = keras.saving.serialize_keras_object(gate)
    assert config["registered_name"] == "tfgate>SlicedGate"
    copy = keras.saving.deserialize_keras_object(config)
    assert copy.get_config() == gate.get_config()
    assert (copy.components, copy.start, copy.macs, copy.name) == (3, 4, 20, "g")


@pytest.mark.parametrize(
    "arguments", [{"start": -1}, {"macs": -1}, {"components": 0}], ids=str
)
def test_bad_arguments(arguments):
    with pytest.raises(ValueError, match=f"Expected .*{next(iter(arguments))}"):
        SlicedGate(**arguments)
