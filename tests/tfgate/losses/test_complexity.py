"""Complexity: the formulas in NumPy, gradients, weights, who has no u."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tests.tfgate.losses.outputs import COSTS
from tfgate import costs
from tfgate.losses.complexity import controls
from tfgate.losses.complexity import utilization

SHARES = {
    "macs": np.array([300.0, 200.0, 100.0]) / 600.0,
    "components": np.full(3, 1.0 / 3.0),
}
FORMULAS = [
    ("hinge", 1, lambda excess: np.maximum(excess, 0.0)),
    ("hinge", 2, lambda excess: np.maximum(excess, 0.0) ** 2),
    ("distance", 1, np.abs),
    ("distance", 2, lambda excess: excess**2),
]
EVERY = pytest.mark.parametrize(("penalty", "p", "formula"), FORMULAS)


def gates_of(decisions, u):
    """Outputs of the gates of COSTS: a with one component, b with two."""
    decisions, u = tf.constant(decisions), tf.constant(u, tf.float32)
    return {
        name: {"decision": part, "control": tf.tile(u[:, None], [1, part.shape[1]])}
        for name, part in (("a", decisions[:, :1]), ("b", decisions[:, 1:]))
    }


def drawn(count, soft=False, seed=0):
    generator = np.random.default_rng(seed)
    decisions = generator.uniform(size=(count, 3))
    decisions = decisions if soft else np.round(decisions)
    return decisions.astype("float32"), generator.uniform(size=count).astype("float32")


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("weights", SHARES)
@EVERY
def test_formula(penalty, p, formula, weights, soft):
    decisions, u = drawn(20, soft)
    loss = tfgate.Complexity(3.0, penalty, p, weights)
    expected = 3.0 * formula(decisions @ SHARES[weights] - u)
    gates = gates_of(decisions, u)
    np.testing.assert_allclose(loss.per_image(gates, COSTS), expected, atol=1e-6)
    assert float(loss(gates, COSTS)) == pytest.approx(expected.mean(), abs=1e-6)


@EVERY
def test_gradient_of_soft_decisions(penalty, p, formula):
    decisions, u = drawn(7, soft=True)
    variable = tf.constant(decisions)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        loss = tfgate.Complexity(3.0, penalty, p)(gates_of(variable, u), COSTS)
    gradient = tape.gradient(loss, variable)
    excess = decisions.astype("float64") @ SHARES["macs"] - u
    slope = (formula(excess + 1e-6) - formula(excess - 1e-6)) / 2e-6
    expected = 3.0 / 7.0 * slope[:, None] * SHARES["macs"]
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-6)
    assert np.abs(expected).max() > 0.0


@pytest.mark.parametrize("count", [0, 1])
def test_small_batches(count):
    decisions, u = drawn(count)
    value = tfgate.Complexity()(gates_of(decisions, u), COSTS)
    expected = 10.0 * ((decisions @ SHARES["macs"] - u) ** 2).sum()
    assert float(value) == pytest.approx(expected, abs=1e-6)
    assert value.dtype == tf.float32


def test_no_complexity_and_all_of_it():
    gates = gates_of(np.array([[0.0] * 3, [1.0] * 3], "float32"), [0.0, 1.0])
    assert float(tfgate.Complexity()(gates, COSTS)) == pytest.approx(0.0, abs=1e-12)


def test_coefficient_may_be_a_schedule():
    rising = tfgate.schedules.Linear(0.0, 10.0, end=10)
    gates = gates_of(np.ones((4, 3), "float32"), [0.0] * 4)
    loss = tfgate.Complexity(rising, "hinge", 1)
    assert float(loss(gates, COSTS, step=5)) == pytest.approx(5.0)
    np.testing.assert_allclose(loss.per_image(gates, COSTS, step=2), [2.0] * 4)


def test_gates_argument_chooses_whose_components_count():
    decisions, u = drawn(9)
    loss = tfgate.Complexity(1.0, weights="macs", gates="b")
    expected = (decisions[:, 1:] @ [2.0 / 3.0, 1.0 / 3.0] - u) ** 2
    gates = gates_of(decisions, u)
    np.testing.assert_allclose(loss.per_image(gates, COSTS), expected, atol=1e-6)
    with pytest.raises(ValueError, match="match the name of a gate"):
        tfgate.Complexity(gates="c").per_image(gates, COSTS)


def test_gates_without_a_control():
    gates = {"a": {"decision": tf.ones((2, 1)), "logits": tf.ones((2, 1))}}
    with pytest.raises(ValueError, match=r"with a dial.*'a' with \['decision', 'log"):
        tfgate.Complexity(weights="components")(gates, COSTS)


def test_a_network_without_a_dial_says_so_in_training():
    model = builders.tiny_model()
    model.compile("sgd", "mse", gate_losses=tfgate.Complexity())
    with pytest.raises(ValueError, match="made by tfgate.throttle"):
        model.fit(builders.make_images(2), np.zeros((2, 3)), verbose=0)


def test_weights_must_be_positive():
    empty = costs.ModelCosts(
        dense=10,
        gate={"a": 0},
        products=(costs.Product(10, (costs.Factor("a", np.array([2.0, 0.0])),)),),
    )
    with pytest.raises(ValueError, match=r"save MACs.*got \[10.0, 0.0\] of gate 'a'"):
        tfgate.Complexity().check({"a": 2}, empty)
    assert tfgate.Complexity(weights="components").check({"a": 2}, empty) is None


def test_utilization_and_controls():
    gates = gates_of(np.array([[1.0, 0.0, 1.0]], "float32"), [0.25])
    found = utilization(gates, np.array([300.0, 200.0, 100.0]))
    np.testing.assert_allclose(found, [400.0 / 600.0], rtol=1e-6)
    np.testing.assert_array_equal(controls(gates), [0.25])


@pytest.mark.parametrize(
    "loss",
    [
        tfgate.Complexity(),
        tfgate.Complexity(2.0, "hinge", 1, "components", "a*"),
        tfgate.Complexity(tfgate.schedules.Linear(0.0, 1.0, end=5)),
    ],
)
def test_serialization(loss):
    config = keras.saving.serialize_keras_object(loss)
    assert config["registered_name"] == "tfgate>Complexity"
    copy = keras.saving.deserialize_keras_object(config)
    assert copy.get_config() == loss.get_config()


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("penalty", "linear"),
        ("penalty", None),
        ("p", 3),
        ("p", 0),
        ("p", True),
        ("p", float("nan")),
        ("weights", "flops"),
        ("weights", 1.0),
    ],
)
def test_bad_choices(argument, value):
    with pytest.raises(ValueError, match=f"Expected {argument} to be one of"):
        tfgate.Complexity(**{argument: value})


@pytest.mark.parametrize("value", [-1.0, float("nan")])
def test_bad_coefficient(value):
    with pytest.raises(ValueError, match="Expected coefficient >= 0"):
        tfgate.Complexity(value)
