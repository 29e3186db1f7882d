"""How the gates of a network are made, from the arguments of its function."""

import pytest

import tfgate
from tests.tfgate import builders
from tfgate.applications import CifarResNet
from tfgate.applications.filter_gating import PRESETS
from tfgate.applications.gate_factory import gate_factory


class TestGates:
    def test_dense(self):
        assert gate_factory(None, None, 3, {}) is None

    @pytest.mark.parametrize(
        ("name", "gate_class"),
        [("independent", tfgate.IndependentGate), ("dependent", tfgate.DependentGate)],
    )
    def test_by_name(self, name, gate_class):
        gate = gate_factory(name, None, 3, {"seed": 4})(5, "g")
        assert type(gate) is gate_class
        assert (gate.components, gate.name, gate.seed) == (5, "g", 4)

    def test_a_class_of_ones_own(self):
        model = CifarResNet(8, gate=builders.LinearGate, seed=2, input_shape=(8, 8, 3))
        assert [type(gate) for gate in model.gates] == [builders.LinearGate] * 3

    def test_stochastic_depth_counts_the_blocks(self):
        make_gate = gate_factory(
            "stochastic_depth", None, 4, {"survival_probability": 0.6, "seed": 1}
        )
        gates = [make_gate(1, f"g{index}") for index in range(4)]
        found = [gate.survival_probability for gate in gates]
        assert found == pytest.approx([0.9, 0.8, 0.7, 0.6])


class TestInitialOpenProbability:
    @pytest.mark.parametrize(
        ("preset", "given", "expected"),
        [
            (None, {}, 0.87),
            (None, {"initial_open_probability": None}, 0.87),
            ("bas", {}, 0.87),
            ("cs-cifar-8", {}, 0.98),
            ("cs-cifar-8", {"initial_open_probability": None}, 0.98),
            ("cs-cifar-8", {"initial_open_probability": 0.5}, 0.5),
        ],
    )
    def test_given_or_the_presets_or_the_classs(self, preset, given, expected):
        gating = PRESETS[preset] if preset else None
        gate = gate_factory("independent", gating, 3, given)(1, "g")
        assert gate.initial_open_probability == expected


class TestErrors:
    @pytest.mark.parametrize("gate", ["static", True, 3, tfgate.GatedResidual])
    def test_no_such_gate(self, gate):
        with pytest.raises(ValueError, match="Expected gate to be one of"):
            gate_factory(gate, None, 3, {})

    def test_arguments_without_gates(self):
        with pytest.raises(ValueError, match="gate=None, got {'seed': 1}"):
            gate_factory(None, None, 3, {"seed": 1})

    def test_stochastic_depth_of_filters(self):
        with pytest.raises(ValueError, match="granularity='block'"):
            gate_factory("stochastic_depth", PRESETS["bas"], 3, {})
