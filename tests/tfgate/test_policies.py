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


ROWS = [
    {"u": 0.0, "tau": 1.0, "executed_macs": 10.0},
    {"u": 0.5, "tau": 0.4, "executed_macs": 60.0, "share": 0.5},
    {"u": 1.0, "tau": 0.0, "executed_macs": 110.0},
]
ORDER = {"gate": [3, 0, 4, 2, 1]}


class TestThrottle:
    @pytest.mark.parametrize(
        ("u", "tau"), [(0, 1.0), (0.25, 0.7), (0.5, 0.4), (0.75, 0.2), (1, 0.0)]
    )
    def test_tau_is_linear_between_the_rows(self, u, tau):
        policy = tfgate.Throttle(ROWS).at(u)
        assert policy.u == u and policy.tau == pytest.approx(tau)
        gate = make_gate(policy=policy)
        assert float(gate.tau.numpy()) == pytest.approx(tau)

    @pytest.mark.parametrize("u", [0.3, 0.5, 0.9])
    def test_decides_as_a_threshold(self, u):
        policy = tfgate.Throttle(ROWS, u=u)
        logits = pairs(np.random.default_rng(0).normal(size=(200, 5), scale=5.0))
        gates = [
            make_gate(policy=each) for each in (policy, tfgate.Threshold(policy.tau))
        ]
        found = [np.asarray(gate.policy.decide(logits, gate)) for gate in gates]
        np.testing.assert_array_equal(*found)
        assert 0.0 < found[0].mean() < 1.0

    @pytest.mark.parametrize("order", [None, ORDER], ids=["threshold", "order"])
    @pytest.mark.parametrize("u", [0.0, 1.0])
    def test_ends_whatever_the_logits_say(self, u, order):
        gate = make_gate(policy=tfgate.Throttle(ROWS, order, u=u))
        decision = gate.policy.decide(pairs([[-1e4, -80.0, 0.0, 80.0, 1e4]]), gate)
        np.testing.assert_array_equal(decision, [[u] * 5])

    @pytest.mark.parametrize("opened", range(6))
    def test_order_opens_the_first_places(self, opened):
        rows = [
            {"u": k / 5, "tau": 1.0 - k / 5, "executed_macs": float(k)}
            for k in range(6)
        ]
        gate = make_gate(policy=tfgate.Throttle(rows, ORDER, u=opened / 5))
        logits = pairs(np.random.default_rng(0).normal(size=(7, 5)))
        expected = np.tile(np.array(ORDER["gate"]) < opened, (7, 1))
        np.testing.assert_array_equal(gate.policy.decide(logits, gate), expected)

    def test_order_is_for_certain_gates(self):
        policy = tfgate.Throttle(ROWS, ORDER)
        with pytest.raises(ValueError, match="'gate' with 4"):
            make_gate(4, policy=policy)
        other = tfgate.IndependentGate(5, name="other")
        other.build((None, 4))
        with pytest.raises(ValueError, match="'other' with 5"):
            other.policy = policy

    def test_turning_leaves_the_policy_alone(self):
        policy = tfgate.Throttle(ROWS, ORDER, u=0.75)
        turned = policy.at(0.25)
        assert (policy.u, turned.u) == (0.75, 0.25)
        assert turned != policy and turned.at(0.75) == policy
        assert turned.graph_key == policy.graph_key
        assert turned.table == policy.table == ROWS

    def test_what_compiled_functions_keep(self):
        keys = {
            tfgate.Throttle(ROWS).graph_key,
            tfgate.Throttle(ROWS[::2], u=0.3).graph_key,
            tfgate.Throttle(ROWS, ORDER).graph_key,
            tfgate.Throttle(ROWS[::2], ORDER).graph_key,
            tfgate.Throttle(ROWS, {"gate": [0, 1, 2, 3, 4]}).graph_key,
            tfgate.Threshold(0.3).graph_key,
            tfgate.Threshold(0.4).graph_key,
        }
        assert len(keys) == 4

    @pytest.mark.parametrize("u", [-0.1, 1.1, float("nan"), None, "1", True, [0.5]])
    def test_bad_u(self, u):
        with pytest.raises(ValueError, match=r"Expected u to be a number in \[0, 1\]"):
            tfgate.Throttle(ROWS, u=u)
        with pytest.raises(ValueError, match=r"Expected u to be a number in \[0, 1\]"):
            tfgate.Throttle(ROWS).at(u)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"u": 1.0}, "u to rise from 0 to 1"),
            ({"u": float("nan")}, "u to rise from 0 to 1"),
            ({"tau": -0.1}, "tau in"),
            ({"tau": float("nan")}, "tau in"),
            ({"executed_macs": 120.0}, "executed_macs >= 0 that do not fall"),
            ({"executed_macs": float("nan")}, "executed_macs >= 0 that do not fall"),
        ],
        ids=str,
    )
    def test_bad_tables(self, change, message):
        with pytest.raises(ValueError, match=f"Expected {message}"):
            tfgate.Throttle([ROWS[0], {**ROWS[1], **change}, ROWS[2]])

    @pytest.mark.parametrize("rows", [[], ROWS[:1], ROWS[:2], ROWS[1:]], ids=len)
    def test_tables_without_their_ends(self, rows):
        with pytest.raises(ValueError, match="u to rise from 0 to 1"):
            tfgate.Throttle(rows)

    def test_rows_without_a_column(self):
        with pytest.raises(ValueError, match=r"u, tau and executed_macs, got \['u'\]"):
            tfgate.Throttle([{"u": 0.0}, *ROWS[1:]])

    @pytest.mark.parametrize("places", [[], [1, 2], [0, 0, 1], [0, 2]], ids=str)
    def test_bad_orders(self, places):
        with pytest.raises(ValueError, match="order to have each of the places"):
            tfgate.Throttle(ROWS, {"gate": places})


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


POLICIES = [
    tfgate.Threshold(0.3),
    tfgate.Stochastic(),
    tfgate.AlwaysOpen(),
    tfgate.Throttle(ROWS, u=0.3),
    tfgate.Throttle(ROWS, ORDER),
]


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
    assert repr(tfgate.Throttle(ROWS, u=0.3)) == "Throttle(kind='threshold', u=0.3)"


def test_base_class_leaves_the_decision_to_subclasses():
    with pytest.raises(NotImplementedError):
        tfgate.Policy().decide(pairs([[0.0]]), make_gate())
