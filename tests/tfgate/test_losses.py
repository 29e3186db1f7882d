"""Gate losses: closed forms, gradients through the estimator, refused arguments."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tfgate import estimators
from tfgate.costs import ModelCosts

NOT_RATES = [-0.1, 1.1, float("nan"), float("inf"), "0.5", None, True]

# dense 1000, gates 30; all open 1030, all closed 430.
COSTS = ModelCosts(
    dense=1000,
    gate={"a": 10, "b": 20},
    components={"a": np.array([300.0]), "b": np.array([200.0, 100.0])},
)


def gates_of(**decisions):
    return {
        name: {"decision": tf.constant(np.asarray(decision, "float32"))}
        for name, decision in decisions.items()
    }


def random_gates(count, seed=0):
    """Decisions of gates a, with one component, and b, with two."""
    generator = np.random.default_rng(seed)
    return gates_of(
        a=generator.integers(0, 2, (count, 1)), b=generator.integers(0, 2, (count, 2))
    )


def columns(gates):
    return np.concatenate([np.asarray(g["decision"]) for g in gates.values()], axis=1)


def straight_through(count, components, seed=0):
    """Logits of two gates, and the function from logits to their outputs."""
    generator = np.random.default_rng(seed)
    logits = [generator.normal(size=(count, c, 2)) for c in components]
    noise = [generator.gumbel(size=(count, c, 2)) for c in components]
    logits = [tf.constant(each.astype("float32")) for each in logits]

    def sample(logits):
        decisions = [
            estimators.gumbel_softmax_straight_through(each, each_noise)
            for each, each_noise in zip(logits, noise, strict=True)
        ]
        return {name: {"decision": z} for name, z in zip("ab", decisions, strict=True)}

    perturbed = [a + b for a, b in zip(logits, noise, strict=True)]
    opened = [1.0 / (1.0 + np.exp(each[..., 0] - each[..., 1])) for each in perturbed]
    slopes = [y * (1.0 - y) for y in opened]
    return logits, sample, slopes


def gradients_of(loss, logits, sample, costs=None):
    with tf.GradientTape() as tape:
        tape.watch(logits)
        gates = sample(logits)
        value = loss(gates, costs)
    return columns(gates), tape.gradient(value, logits)


def assert_pair_gradient(gradient, towards_open):
    np.testing.assert_allclose(gradient[..., 1], towards_open, rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(gradient[..., 0], -towards_open, rtol=1e-4, atol=1e-8)


class TestPerBatch:
    @pytest.mark.parametrize("count", [1, 2, 7])
    @pytest.mark.parametrize("target", [0.0, 0.4, 1.0])
    def test_closed_form(self, target, count):
        gates = random_gates(count)
        loss = tfgate.PerBatch(target)(gates, COSTS)
        assert float(loss) == pytest.approx((target - columns(gates).mean()) ** 2)
        assert loss.shape == ()
        assert loss.dtype == tf.float32

    def test_only_the_mean_over_all_gates_counts(self):
        """Gates may polarize: half of them open costs nothing at t = 0.5."""
        gates = gates_of(a=[[1.0], [1.0]], b=[[0.0], [0.0]])
        assert float(tfgate.PerBatch(0.5)(gates, None)) == 0.0
        assert float(tfgate.PerGate(0.5)(gates, None)) == 0.25

    def test_components_count_as_gates(self):
        gates = gates_of(a=[[1.0]], b=[[0.0, 0.0, 0.0]])
        assert float(tfgate.PerBatch(0.0)(gates, None)) == pytest.approx(1.0 / 16.0)

    @pytest.mark.parametrize("count", [1, 5])
    def test_gradient_through_the_straight_through_estimator(self, count):
        logits, sample, slopes = straight_through(count, [1, 2])
        loss = tfgate.PerBatch(0.3, coefficient=2.5)
        decisions, gradients = gradients_of(loss, logits, sample)
        per_decision = 2.5 * 2.0 * (decisions.mean() - 0.3) / decisions.size
        for gradient, slope in zip(gradients, slopes, strict=True):
            assert_pair_gradient(gradient, per_decision * slope)


class TestPerGate:
    def test_two_gates_by_hand(self):
        gates = gates_of(a=[[1.0], [1.0], [0.0], [1.0]], b=[[0.0], [0.0], [1.0], [0.0]])
        # (0.5 - 0.75)^2 and (0.5 - 0.25)^2
        assert float(tfgate.PerGate(0.5)(gates, None)) == pytest.approx(0.0625)
        # (1 - 0.75)^2 and (0 - 0.25)^2
        assert float(tfgate.PerGate([1.0, 0.0])(gates, None)) == pytest.approx(0.0625)
        # (0 - 0.75)^2 and (1 - 0.25)^2
        assert float(tfgate.PerGate([0.0, 1.0])(gates, None)) == pytest.approx(0.5625)

    @pytest.mark.parametrize("count", [1, 2, 7])
    @pytest.mark.parametrize("targets", [0.6, [0.9, 0.2]])
    def test_closed_form(self, targets, count):
        gates = random_gates(count)
        per_component = np.full(3, 0.6) if targets == 0.6 else np.array([0.9, 0.2, 0.2])
        expected = np.mean((per_component - columns(gates).mean(axis=0)) ** 2)
        loss = tfgate.PerGate(targets)(gates, COSTS)
        assert float(loss) == pytest.approx(expected)
        assert loss.shape == ()
        assert loss.dtype == tf.float32

    @pytest.mark.parametrize("count", [1, 5])
    def test_gradient_through_the_straight_through_estimator(self, count):
        logits, sample, slopes = straight_through(count, [1, 2])
        loss = tfgate.PerGate([0.3, 0.8], coefficient=2.0)
        decisions, gradients = gradients_of(loss, logits, sample)
        targets = np.array([0.3, 0.8, 0.8])
        per_decision = 2.0 * 2.0 * (decisions.mean(axis=0) - targets) / 3.0 / count
        assert_pair_gradient(gradients[0], per_decision[:1] * slopes[0])
        assert_pair_gradient(gradients[1], per_decision[1:] * slopes[1])

    def test_aigs_list_for_resnet50(self):
        """CS 2.1: 1, 1, .8, 1 | t, t, t, 1 | t, t, t, t, t, 1 | .7, 1."""
        t = 0.35
        expected = [1, 1, 0.8, 1, t, t, t, 1, t, t, t, t, t, 1, 0.7, 1]
        assert len(expected) == 16
        named = tfgate.PerGate("aig_resnet50", rate=t)
        names = [f"g{index}" for index in range(16)]
        on_target = gates_of(**{n: [[z]] for n, z in zip(names, expected, strict=True)})
        assert float(named(on_target, None)) == pytest.approx(0.0, abs=1e-12)
        opened = gates_of(**{name: [[1.0]] for name in names})
        assert float(named(opened, None)) == pytest.approx(
            np.mean((np.array(expected) - 1.0) ** 2)
        )

    @pytest.mark.parametrize("targets", [[0.5], [0.5] * 4, [], ("aig_resnet50", 0.5)])
    def test_list_of_another_length_is_refused_at_compile(self, targets):
        if targets and targets[0] == "aig_resnet50":
            loss = tfgate.PerGate(targets[0], rate=targets[1])
        else:
            loss = tfgate.PerGate(targets)
        model = builders.tiny_model()
        with pytest.raises(ValueError, match="Expected 3 targets"):
            model.compile("sgd", "mse", gate_losses=loss)

    def test_list_of_fitting_length_is_accepted_at_compile(self):
        model = builders.tiny_model()
        model.compile("sgd", "mse", gate_losses=tfgate.PerGate([0.1, 0.2, 0.3]))
        gates = gates_of(first=[[0.1]], second=[[0.2]], third=[[0.3]])
        assert float(model.gate_loss(gates)) == pytest.approx(0.0, abs=1e-12)

    def test_unknown_name(self):
        with pytest.raises(ValueError, match="targets.*'aig_resnet18'"):
            tfgate.PerGate("aig_resnet18", rate=0.5)

    def test_name_without_rate(self):
        with pytest.raises(ValueError, match="rate"):
            tfgate.PerGate("aig_resnet50")

    @pytest.mark.parametrize("targets", [0.5, [0.5, 0.5]])
    def test_rate_without_name(self, targets):
        with pytest.raises(ValueError, match="rate"):
            tfgate.PerGate(targets, rate=0.5)

    @pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan"), "0.5"])
    def test_bad_rate(self, rate):
        with pytest.raises(ValueError, match="rate"):
            tfgate.PerGate("aig_resnet50", rate=rate)


class TestMacs:
    @pytest.mark.parametrize(
        ("a", "b", "macs"),
        [
            ([[0.0]], [[0.0, 0.0]], 430.0),
            ([[1.0]], [[1.0, 1.0]], 1030.0),
            ([[1.0]], [[0.0, 1.0]], 830.0),
            ([[1.0], [0.0]], [[1.0, 0.0], [1.0, 1.0]], (930.0 + 730.0) / 2.0),
        ],
    )
    def test_hand_count(self, a, b, macs):
        loss = tfgate.Macs(0.6)(gates_of(a=a, b=b), COSTS)
        assert float(loss) == pytest.approx((0.6 - macs / 1030.0) ** 2, rel=1e-4)
        assert loss.dtype == tf.float32

    @pytest.mark.parametrize("count", [1, 5])
    def test_gradient_through_the_straight_through_estimator(self, count):
        logits, sample, slopes = straight_through(count, [1, 2])
        decisions, gradients = gradients_of(tfgate.Macs(0.6), logits, sample, COSTS)
        shares = np.array([300.0, 200.0, 100.0]) / 1030.0
        share = 430.0 / 1030.0 + (decisions @ shares).mean()
        per_decision = 2.0 * (share - 0.6) * shares / count
        assert_pair_gradient(gradients[0], per_decision[:1] * slopes[0])
        assert_pair_gradient(gradients[1], per_decision[1:] * slopes[1])

    def test_exact_macs_of_a_model(self):
        """Stem 6912, head 12; branches 9216, 2304, 2304; projection 256."""
        model = builders.tiny_model()
        model.compile("sgd", "mse", gate_losses=tfgate.Macs(0.9))
        always, branches = 6912 + 256 + 12, np.array([9216, 2304, 2304])
        opened = np.array([1.0, 0.0, 1.0])
        gates = gates_of(first=[[1.0]], second=[[0.0]], third=[[1.0]])
        share = (always + opened @ branches) / (always + branches.sum())
        assert float(model.gate_loss(gates)) == pytest.approx(
            (0.9 - share) ** 2, rel=1e-3
        )

    def test_target_below_what_always_runs_is_refused_at_compile(self):
        model = builders.tiny_model()
        least = (6912 + 256 + 12) / (6912 + 256 + 12 + 9216 + 2304 + 2304)
        with pytest.raises(ValueError, match=f"at least {least:.3f}.*got 0.34"):
            model.compile("sgd", "mse", gate_losses=tfgate.Macs(least - 0.001))
        model.compile("sgd", "mse", gate_losses=tfgate.Macs(least + 1e-9))

    def test_refused_compile_leaves_the_model_as_it_was(self):
        model = builders.tiny_model()
        with pytest.raises(ValueError, match="Macs"):
            model.compile("sgd", "mse", gate_losses=tfgate.Macs(0.0))
        assert not model.compiled


@pytest.mark.parametrize("value", NOT_RATES)
@pytest.mark.parametrize("loss_class", [tfgate.PerBatch, tfgate.Macs])
def test_bad_target(loss_class, value):
    with pytest.raises(ValueError, match="target"):
        loss_class(value)


@pytest.mark.parametrize("value", NOT_RATES)
def test_bad_targets(value):
    with pytest.raises(ValueError, match="targets"):
        tfgate.PerGate(value)
    with pytest.raises(ValueError, match="targets"):
        tfgate.PerGate([0.5, value])


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.5), np.int64(1)])
def test_numbers_of_any_kind_are_targets(value):
    assert tfgate.PerBatch(value).target == float(value)
    loss = tfgate.PerGate([value])
    gates = gates_of(a=[[float(value)]])
    assert float(loss(gates, None)) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("loss_class", [tfgate.PerBatch, tfgate.PerGate, tfgate.Macs])
@pytest.mark.parametrize("coefficient", [-1.0, float("nan")])
def test_bad_coefficient(loss_class, coefficient):
    with pytest.raises(ValueError, match="coefficient"):
        loss_class(0.5, coefficient=coefficient)


LOSSES = [
    tfgate.PerBatch(0.3, coefficient=2.0),
    tfgate.PerGate(0.3),
    tfgate.PerGate([0.3, 0.5], coefficient=0.5),
    tfgate.PerGate("aig_resnet50", rate=0.4),
    tfgate.Macs(0.7, coefficient=3.0),
]


def identify(loss):
    return f"{type(loss).__name__}-{loss.coefficient}"


@pytest.mark.parametrize("loss", LOSSES, ids=identify)
def test_serialization(loss):
    config = keras.saving.serialize_keras_object(loss)
    assert config["registered_name"] == f"tfgate>{type(loss).__name__}"
    copy = keras.saving.deserialize_keras_object(config)
    assert type(copy) is type(loss)
    assert copy.get_config() == loss.get_config()


@pytest.mark.parametrize("loss", [LOSSES[0], LOSSES[2], LOSSES[4]], ids=identify)
def test_coefficient_scales(loss):
    single = type(loss).from_config({**loss.get_config(), "coefficient": 1.0})
    gates = random_gates(6)
    assert float(loss(gates, COSTS)) == pytest.approx(
        loss.coefficient * float(single(gates, COSTS))
    )


def test_losses_compute_in_float32():
    """256 decisions in bfloat16 could not even be counted."""
    decision = tf.cast(np.arange(1001) % 2 == 0, tf.bfloat16)[:, None]
    loss = tfgate.PerBatch(0.25)({"a": {"decision": decision}}, None)
    assert float(loss) == pytest.approx((0.25 - 501.0 / 1001.0) ** 2)


def test_base_class_leaves_the_formula_to_subclasses():
    with pytest.raises(NotImplementedError):
        tfgate.GateLoss()(random_gates(2), COSTS)
