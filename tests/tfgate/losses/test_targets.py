"""PerBatch, PerGate, ConstQuad: closed forms, gradients, refused arguments."""

import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tests.tfgate.losses.outputs import COSTS
from tests.tfgate.losses.outputs import NOT_RATES
from tests.tfgate.losses.outputs import assert_pair_gradient
from tests.tfgate.losses.outputs import columns
from tests.tfgate.losses.outputs import gates_of
from tests.tfgate.losses.outputs import gradients_of
from tests.tfgate.losses.outputs import random_gates
from tests.tfgate.losses.outputs import straight_through
from tfgate import estimators
from tfgate import schedules


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


def test_expected_loss_is_squared_distance_plus_variance():
    """CS 3.1, Property 1: E[L_B] = (t - E[Q])^2 + Var(Q), by simulated gates.

    The deviation of a squared normal number is sqrt(2) times its mean: the mean over
    400,000 batches is off by about 0.2 %.
    """
    draws, images, target = 400_000, 4, 0.5
    probabilities = np.array([0.9, 0.55, 0.3])
    log_odds = np.log(probabilities / (1.0 - probabilities))
    logits = np.stack([np.zeros(3), log_odds], axis=-1).astype("float32")
    shape = (draws, images, 3, 2)
    decisions = estimators.gumbel_softmax_straight_through(
        tf.broadcast_to(logits, shape), estimators.gumbel_noise(shape, [1, 2])
    )
    loss = tfgate.PerBatch(target)
    losses = tf.vectorized_map(lambda z: loss({"a": {"decision": z}}, None), decisions)
    variance = np.sum(probabilities * (1.0 - probabilities)) / (images * 3**2)
    expected = (target - probabilities.mean()) ** 2 + variance
    assert float(tf.reduce_mean(losses)) == pytest.approx(expected, rel=0.01)


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


class TestConstQuad:
    @pytest.mark.parametrize("count", [1, 2, 7])
    @pytest.mark.parametrize("mirrored", [False, True])
    @pytest.mark.parametrize("target", [0.0, 0.4, 0.7, 1.0])
    def test_closed_form(self, target, mirrored, count):
        gates = random_gates(count)
        wrong_side = -1.0 if mirrored else 1.0

        def quad(rates):
            excess = wrong_side * (rates - target)
            return np.mean(np.where(excess > 0.0, excess**2, 0.0))

        z = columns(gates)
        per_batch = tfgate.ConstQuad(target, mirrored)(gates, None)
        per_gate = tfgate.ConstQuad(target, mirrored, per="gate")(gates, None)
        assert float(per_batch) == pytest.approx(quad(z.mean()), abs=1e-7)
        assert float(per_gate) == pytest.approx(quad(z.mean(axis=0)), abs=1e-7)
        assert per_batch.shape == per_gate.shape == ()
        assert per_batch.dtype == per_gate.dtype == tf.float32

    def test_by_hand(self):
        gates = gates_of(a=[[1.0], [1.0]], b=[[0.0], [1.0]])  # rates 1 and 1/2
        losses = {
            (mirrored, per): float(tfgate.ConstQuad(0.7, mirrored, per)(gates, None))
            for mirrored in (False, True)
            for per in ("batch", "gate")
        }
        assert losses == pytest.approx(
            {
                (False, "batch"): 0.05**2,
                (True, "batch"): 0.0,
                (False, "gate"): 0.3**2 / 2.0,
                (True, "gate"): 0.2**2 / 2.0,
            },
            abs=1e-7,
        )

    @pytest.mark.parametrize("per", ["batch", "gate"])
    def test_both_sides_together_are_the_squared_distance(self, per):
        gates = random_gates(9)
        both = [tfgate.ConstQuad(0.4, side, per)(gates, None) for side in (False, True)]
        whole = {"batch": tfgate.PerBatch, "gate": tfgate.PerGate}[per]
        assert float(sum(both)) == pytest.approx(float(whole(0.4)(gates, None)))

    @pytest.mark.parametrize("mirrored", [False, True])
    @pytest.mark.parametrize("target", [0.2, 0.9])
    def test_gradient_through_the_straight_through_estimator(self, target, mirrored):
        logits, sample, slopes = straight_through(5, [1, 2])
        loss = tfgate.ConstQuad(target, mirrored, coefficient=3.0)
        decisions, gradients = gradients_of(loss, logits, sample)
        excess = decisions.mean() - target
        penalized = excess < 0.0 if mirrored else excess > 0.0
        per_decision = penalized * 3.0 * 2.0 * excess / decisions.size
        for gradient, slope in zip(gradients, slopes, strict=True):
            assert_pair_gradient(gradient, per_decision * slope)

    def test_gradient_per_gate(self):
        logits, sample, slopes = straight_through(5, [1, 2])
        loss = tfgate.ConstQuad(0.5, per="gate")
        decisions, gradients = gradients_of(loss, logits, sample)
        excess = np.maximum(decisions.mean(axis=0) - 0.5, 0.0)
        assert 0 < np.count_nonzero(excess) < 3
        per_decision = 2.0 * excess / 3.0 / 5.0
        assert_pair_gradient(gradients[0], per_decision[:1] * slopes[0])
        assert_pair_gradient(gradients[1], per_decision[1:] * slopes[1])

    def test_the_target_may_fall(self):
        loss = tfgate.ConstQuad(schedules.Linear(1.0, 0.5, end=10))
        gates = gates_of(a=[[1.0], [0.5]])
        found = [float(loss(gates, None, step)) for step in (0, 5, 10, 20)]
        assert found == pytest.approx([0.0, 0.0, 0.0625, 0.0625])

    @pytest.mark.parametrize("per", ["image", None, "Batch"])
    def test_bad_per(self, per):
        with pytest.raises(ValueError, match="Expected per to be 'batch' or 'gate'"):
            tfgate.ConstQuad(0.5, per=per)


@pytest.mark.parametrize("value", NOT_RATES)
@pytest.mark.parametrize("loss_class", [tfgate.PerBatch, tfgate.ConstQuad])
def test_bad_target(loss_class, value):
    with pytest.raises(ValueError, match="target"):
        loss_class(value)


@pytest.mark.parametrize("value", [*NOT_RATES, tfgate.VariableTarget(0.5, 10)])
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
