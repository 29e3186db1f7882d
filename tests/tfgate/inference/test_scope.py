"""A policy for the time of a `with` statement."""

import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tfgate.inference import use_threshold


@pytest.fixture(scope="module")
def model():
    return builders.per_image_model(names=("one", "two"))


def test_for_the_time_of_the_with_statement(model):
    images = builders.make_images(4)
    with tfgate.use_policy(model, tfgate.AlwaysOpen()) as used:
        assert used is model
        assert model.policy == tfgate.AlwaysOpen()
        inside = list(builders.decisions(model, images).values())
    assert model.policy == tfgate.Threshold(0.5)
    np.testing.assert_array_equal(inside, np.ones((2, 4, 1)))


def test_restores_tau(model):
    with tfgate.use_policy(model, tfgate.Threshold(0.9)):
        assert float(model.gates[0].tau.numpy()) == pytest.approx(0.9)
    assert float(model.gates[0].tau.numpy()) == 0.5


def test_restores_after_an_error(model):
    with pytest.raises(RuntimeError):
        with tfgate.use_policy(model, tfgate.AlwaysOpen()):
            raise RuntimeError
    assert model.policy == tfgate.Threshold(0.5)
    assert {gate.policy for gate in model.gates} == {tfgate.Threshold(0.5)}


def test_a_policy_that_does_not_fit_leaves_the_model_as_it_was(model):
    rows = [
        {"u": 0.0, "tau": 1.0, "executed_macs": 1.0},
        {"u": 1.0, "tau": 0.0, "executed_macs": 2.0},
    ]
    # The first gate would take it.
    other = tfgate.Throttle(rows, order={model.gates[0].name: [0], "elsewhere": [1]})
    images = builders.make_images(4)
    before = builders.predict(model, images)
    with pytest.raises(ValueError, match="the components of the order"):
        with tfgate.use_policy(model, other):
            pytest.fail("the policy does not fit")
    assert model.policy == tfgate.Threshold(0.5)
    assert {gate.policy for gate in model.gates} == {tfgate.Threshold(0.5)}
    np.testing.assert_array_equal(builders.predict(model, images), before)


def test_a_threshold_leaves_stochastic_depth_open():
    model = builders.tiny_model(gate=tfgate.StochasticDepth)
    with use_threshold(model, 0.9):
        assert {gate.policy for gate in model.gates} == {tfgate.AlwaysOpen()}
    with tfgate.use_policy(model, tfgate.Threshold(0.3)), use_threshold(model, 0.9):
        assert {gate.policy for gate in model.gates} == {tfgate.Threshold(0.9)}
    assert {gate.policy for gate in model.gates} == {tfgate.AlwaysOpen()}
