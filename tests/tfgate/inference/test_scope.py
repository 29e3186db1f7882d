"""A policy for the time of a `with` statement."""

import numpy as np
import pytest

import tfgate
from tests.tfgate import builders


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
