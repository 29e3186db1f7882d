"""gates=: losses on some of the gates, by the pattern of their names."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders

MAKERS = {
    "PerBatch": lambda **a: tfgate.PerBatch(0.3, **a),
    "PerGate": lambda **a: tfgate.PerGate(0.3, **a),
    "ConstQuad": lambda **a: tfgate.ConstQuad(0.1, per="gate", **a),
    "BatchShaping": lambda **a: tfgate.BatchShaping(**a),
    "L0": lambda **a: tfgate.L0(**a),
    "Polarization": lambda **a: tfgate.Polarization(**a),
}
NAMES = ("conv2_gate", "conv3_gate", "conv2_exit_gate", "conv3_exit_gate")


def make_gates(names=NAMES, batch=12):
    generator = np.random.default_rng(0)
    return {
        name: {
            "decision": generator.integers(0, 2, (batch, 2)).astype("float32"),
            "probability": generator.uniform(size=(batch, 2)).astype("float32"),
        }
        for name in names
    }


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*", NAMES),
        ("*_exit_gate", NAMES[2:]),
        ("conv2_*", NAMES[::2]),
        ("conv[!2]_gate", NAMES[1:2]),
        ("conv?_exit_gate", NAMES[2:]),
    ],
)
def test_is_the_loss_of_those_gates_alone(make, pattern, names):
    gates = make_gates()
    expected = make()({name: gates[name] for name in names}, None)
    assert float(expected) > 1e-4
    assert float(make(gates=pattern)(gates, None)) == float(expected)


@pytest.mark.parametrize("make", [*MAKERS.values(), lambda **a: tfgate.Macs(0.9, **a)])
class TestEach:
    def test_round_trip(self, make):
        loss = make(gates="*_exit_gate", coefficient=2.0)
        config = keras.saving.serialize_keras_object(loss)
        copy = keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))
        assert (copy.gates, copy.coefficient) == ("*_exit_gate", 2.0)
        assert copy.get_config() == loss.get_config()

    def test_all_gates_leave_no_trace_in_the_configuration(self, make):
        assert "gates" not in make().get_config()
        assert make(gates="*").get_config() == make().get_config()

    def test_no_gate_of_that_name(self, make):
        model = builders.tiny_model()
        message = r"'\*_exit_gate' and gates \['first', 'second', 'third'\]"
        with pytest.raises(ValueError, match=message):
            builders.compile_plainly(model, gate_losses=make(gates="*_exit_gate"))

    @pytest.mark.parametrize("pattern", [None, "", 3, ["a"]])
    def test_no_pattern(self, make, pattern):
        with pytest.raises(ValueError, match="gates to be a pattern of names, got"):
            make(gates=pattern)


def test_targets_of_chosen_gates_only():
    model = builders.tiny_model()
    loss = tfgate.PerGate([0.3, 0.6], gates="*ir*")  # first, third
    builders.compile_plainly(model, gate_losses=loss)
    with pytest.raises(ValueError, match="Expected 1 targets.*got 2"):
        loss = tfgate.PerGate([0.3, 0.6], gates="first")
        builders.compile_plainly(model, gate_losses=loss)


def test_variable_target_follows_the_chosen_gates():
    target = tfgate.VariableTarget(0.5, steps_per_epoch=10)
    loss = tfgate.PerBatch(target, gates="conv2_gate")
    loss.build()
    gates = make_gates()
    loss.update(gates, 0)
    rate = float(np.mean(gates["conv2_gate"]["decision"]))
    assert float(target(1)) == pytest.approx((0.5 + rate) / 2)


def test_macs_of_the_network_train_the_chosen_gates():
    """The share is that of all gates; only chosen ones get a gradient of it."""
    model = builders.tiny_model()
    z = {name: tf.Variable([[0.0], [1.0]]) for name in model.gate_names}
    own, everything = tfgate.Macs(0.9, gates="second"), tfgate.Macs(0.9)
    with tf.GradientTape(persistent=True) as tape:
        gates = {name: {"decision": tf.identity(v)} for name, v in z.items()}
        values = [loss(gates, model.costs) for loss in (own, everything)]
    assert float(values[0]) == float(values[1]) > 1e-4
    first, second, third = tape.gradient(values[0], list(z.values()))
    assert first is None and third is None
    whole = tape.gradient(values[1], list(z.values()))
    np.testing.assert_array_equal(second, whole[1])
    assert np.abs(whole[0]).min() > 0.0


def test_a_subclass_without_the_argument_still_loads():
    @keras.saving.register_keras_serializable(package="tests")
    class Plain(tfgate.GateLoss):
        def __init__(self, coefficient=1.0):
            super().__init__(coefficient)

        def call(self, gates, costs, step):
            return keras.ops.zeros(())

    copy = Plain.from_config(Plain(2.0).get_config())
    assert (copy.coefficient, copy.gates) == (2.0, "*")


def test_two_losses_of_two_kinds_of_gates_train_together():
    model = builders.tiny_model()
    losses = [
        tfgate.PerGate(0.9, gates="[!s]*"),
        tfgate.ConstQuad(0.7, per="gate", gates="second"),
    ]
    builders.compile_plainly(model, gate_losses=losses)
    for gate in model.gates:
        builders.set_open_probability(gate, 0.95)
    x, y = builders.make_images(4), builders.make_labels(4)
    logs = model.evaluate(x, y, return_dict=True, verbose=0)
    # All are open: (0.9 - 1)^2 by the first loss, (0.7 - 1)^2 by the other.
    assert logs["gate_loss"] == pytest.approx(0.01 + 0.09, rel=1e-4)
