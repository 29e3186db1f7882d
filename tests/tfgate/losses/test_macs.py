"""Macs: hand counts, gradients, targets that cannot be reached."""

import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tests.tfgate.losses.outputs import COSTS
from tests.tfgate.losses.outputs import NOT_RATES
from tests.tfgate.losses.outputs import assert_pair_gradient
from tests.tfgate.losses.outputs import gates_of
from tests.tfgate.losses.outputs import gradients_of
from tests.tfgate.losses.outputs import straight_through


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


@pytest.mark.parametrize("value", [*NOT_RATES, tfgate.VariableTarget(0.5, 10)])
def test_bad_target(value):
    with pytest.raises(ValueError, match="target"):
        tfgate.Macs(value)
