"""Policies: which decisions they make, and what changing them costs."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders

DRAWS = 40_000


class TraceCounter(keras.layers.Layer):
    """Identity that counts how often Python runs its call."""

    traces = 0

    def call(self, inputs):
        TraceCounter.traces += 1
        return inputs


def make_gate(components=5, **arguments):
    gate = tfgate.IndependentGate(components, seed=3, name="gate", **arguments)
    gate.build((None, 4))
    return gate


def pairs(log_odds):
    log_odds = np.asarray(log_odds, "float32")
    return keras.ops.convert_to_tensor(np.stack([0.0 * log_odds, log_odds], axis=-1))


class TestThreshold:
    @pytest.mark.parametrize("tau", [0.01, 0.3, 0.5, 0.9, 0.999])
    def test_compares_the_probability_with_tau(self, tau):
        gate = make_gate(policy=tfgate.Threshold(tau))
        log_odds = np.random.default_rng(0).normal(size=(200, 5), scale=5.0)
        decision = gate.policy.decide(pairs(log_odds), gate)
        probability = 1.0 / (1.0 + np.exp(-log_odds))
        np.testing.assert_array_equal(decision, probability > tau)
        assert keras.backend.standardize_dtype(decision.dtype) == "float32"
        assert 0.0 < np.mean(decision) < 1.0

    def test_probability_equal_to_tau_stays_closed(self):
        gate = make_gate(policy=tfgate.Threshold(0.5))
        decision = gate.policy.decide(pairs([[-1e-30, 0.0, 1e-30]]), gate)
        np.testing.assert_array_equal(decision, [[0.0, 0.0, 1.0]])

    def test_only_the_difference_of_the_logits_counts(self):
        gate = make_gate(policy=tfgate.Threshold(0.5))
        logits = keras.ops.convert_to_tensor([[[9.0, 10.0], [-9.0, -10.0]]])
        np.testing.assert_array_equal(gate.policy.decide(logits, gate), [[1.0, 0.0]])

    def test_extreme_logits(self):
        gate = make_gate(policy=tfgate.Threshold(0.5))
        decision = gate.policy.decide(pairs([[-1e4, 1e4]]), gate)
        np.testing.assert_array_equal(decision, [[0.0, 1.0]])

    @pytest.mark.parametrize("tau", [0.0, 1.0, -0.1, 1.1, float("nan")])
    def test_bad_tau(self, tau):
        with pytest.raises(ValueError, match="tau"):
            tfgate.Threshold(tau)

    def test_tau_is_a_variable_of_the_gate(self):
        gate = make_gate(policy=tfgate.Threshold(0.25))
        assert float(gate.tau.numpy()) == 0.25
        gate.policy = tfgate.Threshold(0.75)
        assert float(gate.tau.numpy()) == 0.75
        assert not gate.tau.trainable


class TestAlwaysOpen:
    def test_opens_whatever_the_logits_say(self):
        gate = make_gate(policy=tfgate.AlwaysOpen())
        decision = gate.policy.decide(pairs([[-1e4, 0.0, 1e4]]), gate)
        np.testing.assert_array_equal(decision, [[1.0, 1.0, 1.0]])
        assert keras.backend.standardize_dtype(decision.dtype) == "float32"


class TestStochastic:
    @pytest.mark.parametrize("log_odds", [-2.0, 0.0, 3.0])
    def test_rate(self, log_odds):
        gate = make_gate(policy=tfgate.Stochastic())
        logits = pairs(np.full((DRAWS // 5, 5), log_odds))
        decision = np.asarray(gate.policy.decide(logits, gate))
        assert set(np.unique(decision)) == {0.0, 1.0}
        probability = 1.0 / (1.0 + np.exp(-log_odds))
        # Five standard deviations of a binomial rate.
        tolerance = 5.0 * np.sqrt(probability * (1.0 - probability) / DRAWS)
        assert abs(decision.mean() - probability) < tolerance

    def test_samples_anew_at_each_call_and_repeats_from_the_same_step(self):
        logits = pairs(np.zeros((DRAWS // 5, 5)))
        gate = make_gate(policy=tfgate.Stochastic())
        first = np.asarray(gate.policy.decide(logits, gate))
        second = np.asarray(gate.policy.decide(logits, gate))
        assert abs((first == second).mean() - 0.5) < 5.0 * 0.5 / np.sqrt(DRAWS)
        twin = make_gate(policy=tfgate.Stochastic())
        np.testing.assert_array_equal(twin.policy.decide(logits, twin), first)
        np.testing.assert_array_equal(twin.policy.decide(logits, twin), second)

    def test_extreme_logits(self):
        gate = make_gate(policy=tfgate.Stochastic())
        decision = gate.policy.decide(pairs([[-1e4, 1e4]] * 100), gate)
        np.testing.assert_array_equal(decision, [[0.0, 1.0]] * 100)


@pytest.fixture(scope="module")
def model():
    """On ones: gives fives where its gate, of open probability 0.8, is open."""
    inputs = keras.Input((4,))
    x = TraceCounter()(inputs)
    gate = tfgate.IndependentGate(initial_open_probability=0.8, seed=1, name="g")
    branch = keras.layers.Dense(4, kernel_initializer="ones")
    x, _ = tfgate.GatedResidual(branch, gate, activation=None)(x)
    return tfgate.GatedModel(inputs, x)


@pytest.fixture
def images():
    return np.ones((64, 4), "float32")


class TestInsideAModel:
    def test_another_tau_retraces_nothing(self, model, images):
        model.policy = tfgate.Threshold(0.5)
        opened = model.predict(images, verbose=0)
        before = TraceCounter.traces
        model.policy = tfgate.Threshold(0.9)
        closed = model.predict(images, verbose=0)
        assert TraceCounter.traces == before
        np.testing.assert_array_equal(opened, 5.0 * images)
        np.testing.assert_array_equal(closed, images)

    def test_another_policy_takes_effect_after_predict(self, model, images):
        model.policy = tfgate.Threshold(0.9)
        np.testing.assert_array_equal(model.predict(images, verbose=0), images)
        model.policy = tfgate.AlwaysOpen()
        np.testing.assert_array_equal(model.predict(images, verbose=0), 5.0 * images)
        model.policy = tfgate.Stochastic()
        first = model.predict(images, verbose=0)
        assert set(np.unique(first)) == {1.0, 5.0}
        assert (model.predict(images, verbose=0) != first).any()
        model.policy = tfgate.Threshold(0.9)
        np.testing.assert_array_equal(model.predict(images, verbose=0), images)

    def test_another_policy_takes_effect_after_evaluate(self, model, images):
        model.policy = tfgate.Threshold(0.9)
        model.compile("sgd", "mse")
        options = {"verbose": 0, "return_dict": True}
        assert model.evaluate(images, images, **options)["loss"] == 0.0
        model.policy = tfgate.AlwaysOpen()
        assert model.evaluate(images, images, **options)["loss"] == 16.0

    def test_all_gates_get_the_policy(self):
        model = builders.tiny_model()
        model.policy = tfgate.Threshold(0.4)
        assert [gate.policy for gate in model.gates] == [tfgate.Threshold(0.4)] * 3
        taus = [float(gate.tau.numpy()) for gate in model.gates]
        assert taus == pytest.approx([0.4] * 3)

    @pytest.mark.parametrize("policy", [0.5, "threshold", None, tfgate.Threshold])
    def test_bad_policy(self, model, policy):
        with pytest.raises(ValueError, match="policy"):
            model.policy = policy


POLICIES = [tfgate.Threshold(0.3), tfgate.Stochastic(), tfgate.AlwaysOpen()]


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_serialization(policy):
    config = keras.saving.serialize_keras_object(policy)
    assert config["registered_name"] == f"tfgate>{type(policy).__name__}"
    assert keras.saving.deserialize_keras_object(config) == policy


def test_equality_and_hash():
    assert tfgate.Threshold(0.3) == tfgate.Threshold(0.3)
    assert tfgate.Threshold(0.3) != tfgate.Threshold(0.4)
    assert tfgate.Stochastic() != tfgate.AlwaysOpen()
    assert tfgate.Threshold() != 0.5
    assert len({tfgate.Threshold(0.3), tfgate.Threshold(0.3), tfgate.Stochastic()}) == 2


def test_repr_names_class_and_arguments():
    assert repr(tfgate.Threshold(0.25)) == "Threshold(tau=0.25)"
    assert repr(tfgate.AlwaysOpen()) == "AlwaysOpen()"


def test_base_class_leaves_the_decision_to_subclasses():
    with pytest.raises(NotImplementedError):
        tfgate.Policy().decide(pairs([[0.0]]), make_gate())
