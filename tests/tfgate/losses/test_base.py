"""What all gate losses share: coefficients, round trips, precision, interface."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate.losses.outputs import COSTS
from tests.tfgate.losses.outputs import columns
from tests.tfgate.losses.outputs import random_gates
from tests.tfgate.losses.outputs import random_probabilities
from tfgate import priors
from tfgate import schedules

VARIABLE = tfgate.VariableTarget(0.8, steps_per_epoch=7, momentum=0.9)
LOSSES = [
    tfgate.PerBatch(0.3, coefficient=2.0),
    tfgate.PerBatch(VARIABLE),
    tfgate.PerGate(0.3),
    tfgate.PerGate([0.3, 0.5], coefficient=0.5),
    tfgate.PerGate("aig_resnet50", rate=0.4),
    tfgate.ConstQuad(0.3, mirrored=True, per="gate", coefficient=1.5),
    tfgate.ConstQuad(VARIABLE, coefficient=schedules.Linear(1.0, 2.0, end=4)),
    tfgate.Macs(0.7, coefficient=3.0),
    tfgate.BatchShaping(),
    tfgate.BatchShaping(priors.Normal(0.5, 0.1), 0.2, reduction="sum"),
    tfgate.BatchShaping(coefficient=schedules.Linear(0.75, 0.0, end=100)),
    tfgate.L0(0.05),
    tfgate.L0(schedules.Linear(0.0, 0.2, begin=100, end=300)),
    tfgate.Polarization(0.5),
]


def identify(loss):
    return f"{type(loss).__name__}-{LOSSES.index(loss)}"


@pytest.mark.parametrize("loss", LOSSES, ids=identify)
class TestSerialization:
    def test_round_trip(self, loss):
        config = keras.saving.serialize_keras_object(loss)
        assert config["registered_name"] == f"tfgate>{type(loss).__name__}"
        copy = keras.saving.deserialize_keras_object(config)
        assert type(copy) is type(loss)
        assert keras.saving.serialize_keras_object(copy) == config

    def test_survives_json(self, loss):
        config = keras.saving.serialize_keras_object(loss)
        copy = keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))
        assert keras.saving.serialize_keras_object(copy) == config


def both_outputs(count):
    decisions, probabilities = random_gates(count), random_probabilities(count)
    return {name: {**decisions[name], **probabilities[name]} for name in decisions}


@pytest.mark.parametrize(
    "make",
    [
        lambda coefficient: tfgate.PerBatch(0.3, coefficient=coefficient),
        lambda coefficient: tfgate.PerGate([0.3, 0.5], coefficient=coefficient),
        lambda coefficient: tfgate.ConstQuad(0.3, coefficient=coefficient),
        lambda coefficient: tfgate.Macs(0.7, coefficient=coefficient),
        lambda coefficient: tfgate.BatchShaping(coefficient=coefficient),
        tfgate.L0,
        tfgate.Polarization,
    ],
)
class TestCoefficient:
    def test_scales(self, make):
        gates = both_outputs(6)
        single = float(make(1.0)(gates, COSTS))
        assert single > 1e-3
        assert float(make(2.5)(gates, COSTS)) == pytest.approx(2.5 * single)

    def test_may_be_a_schedule(self, make):
        gates = both_outputs(6)
        single = float(make(1.0)(gates, COSTS))
        loss = make(schedules.Linear(0.0, 4.0, end=4))
        found = [float(loss(gates, COSTS, step)) for step in (0, 1, 4, 9)]
        assert found == pytest.approx([0.0, single, 4.0 * single, 4.0 * single])

    @pytest.mark.parametrize(
        "coefficient", [-1.0, float("nan"), schedules.Linear(1.0, -1.0, end=3)]
    )
    def test_must_not_be_negative(self, make, coefficient):
        with pytest.raises(ValueError, match="coefficient"):
            make(coefficient)


@pytest.mark.parametrize("output", ["decision", "probability"])
def test_losses_compute_in_float32(output):
    """256 decisions in bfloat16 could not even be counted."""
    values = tf.cast(np.arange(1001) % 2 == 0, tf.bfloat16)[:, None]
    gates = {"a": {output: values}}
    if output == "decision":
        loss, expected = tfgate.PerBatch(0.25), (0.25 - 501.0 / 1001.0) ** 2
    else:
        loss, expected = tfgate.L0(), 501.0 / 1001.0
    assert float(loss(gates, None)) == pytest.approx(expected)


def test_rates_are_in_the_order_of_the_gates():
    gates = random_gates(5)
    np.testing.assert_allclose(
        tfgate.losses.activation_rates(gates), columns(gates).mean(axis=0)
    )


def test_base_class_leaves_the_formula_to_subclasses():
    with pytest.raises(NotImplementedError):
        tfgate.GateLoss()(random_gates(2), COSTS)
