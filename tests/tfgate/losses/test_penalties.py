"""L0 and Polarization: closed forms and gradients."""

import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate.losses.outputs import columns
from tests.tfgate.losses.outputs import outputs_of
from tests.tfgate.losses.outputs import probability_gradient
from tests.tfgate.losses.outputs import random_probabilities


@pytest.mark.parametrize("count", [1, 2, 7])
class TestL0:
    def test_closed_form(self, count):
        gates = random_probabilities(count)
        loss = tfgate.L0(0.2)(gates, None)
        expected = 0.2 * columns(gates, "probability").mean(axis=0).sum()
        assert float(loss) == pytest.approx(expected, rel=1e-6)
        assert loss.shape == ()
        assert loss.dtype == tf.float32

    def test_the_mean_is_per_component(self, count):
        gates = random_probabilities(count)
        loss = tfgate.L0(0.2, reduction="mean")(gates, None)
        expected = 0.2 * columns(gates, "probability").mean()
        assert float(loss) == pytest.approx(expected, rel=1e-6)

    def test_gradient_through_the_gate(self, count):
        """Equation 5 of BAS in the logits that a gate computes."""
        log_odds = np.random.default_rng(0).normal(size=(count, 3)).astype("float32")
        gate = tfgate.IndependentGate(components=3)
        gate.build((None, 4))
        gate.compute_logits = lambda inputs, training=None: tf.stack(
            [tf.zeros_like(inputs), inputs], axis=-1
        )
        inputs = tf.constant(log_odds)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tfgate.L0(0.2)({"a": gate(inputs)}, None)
        p = 1.0 / (1.0 + np.exp(-log_odds))
        assert float(loss) == pytest.approx(0.2 * p.sum() / count, rel=1e-5)
        np.testing.assert_allclose(
            tape.gradient(loss, inputs), 0.2 * p * (1.0 - p) / count, rtol=1e-5
        )


@pytest.mark.parametrize("count", [1, 2, 7])
class TestPolarization:
    def test_closed_form(self, count):
        gates = random_probabilities(count)
        p = columns(gates, "probability")
        loss = tfgate.Polarization(3.0)(gates, None)
        assert float(loss) == pytest.approx(3.0 * np.mean(p * (1.0 - p)), rel=1e-5)
        assert loss.shape == ()
        assert loss.dtype == tf.float32

    def test_gradient(self, count):
        gates = random_probabilities(count)
        p = columns(gates, "probability")
        np.testing.assert_allclose(
            probability_gradient(tfgate.Polarization(3.0), gates),
            3.0 * (1.0 - 2.0 * p) / p.size,
            rtol=1e-4,
            atol=1e-6,
        )


def test_a_gate_that_is_sure_each_time_costs_nothing():
    """Its mean probability is 1/2: the mean of products counts, not their product."""
    gates = outputs_of("probability", a=[[1.0], [0.0]])
    assert float(tfgate.Polarization()(gates, None)) == 0.0


def test_an_undecided_gate_costs_most():
    gates = outputs_of("probability", a=np.full((3, 2), 0.5))
    assert float(tfgate.Polarization()(gates, None)) == pytest.approx(0.25)


class TestReduction:
    def test_round_trip(self):
        loss = tfgate.L0.from_config(tfgate.L0(0.3, reduction="mean").get_config())
        assert (loss.coefficient, loss.reduction) == (0.3, "mean")

    def test_another_word(self):
        with pytest.raises(ValueError, match="Expected reduction to be 'sum' or"):
            tfgate.L0(reduction="max")
