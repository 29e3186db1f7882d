"""Curves of what changes while a run trains."""

import types

import numpy as np
import pytest

from tests.trainers.builders import toy_settings
from trainers.common import curves
from trainers.common import gate_losses
from trainers.common import gates
from trainers.common import schedules
from trainers.common import throttling

STEPS = 10  # of an epoch


def collect(**values):
    """The curves of settings, by name; the gates are stand-ins."""
    chosen = toy_settings(**values)
    sampling = {"noise_scale": 1.0}
    for name in ("temperature", "noise_scale"):
        if getattr(chosen, name) is not None:
            sampling[name] = gate_losses.number(getattr(chosen, name), STEPS)
    model = types.SimpleNamespace(
        gate_losses=gate_losses.build(chosen.gate_loss or "none", STEPS),
        gates=[types.SimpleNamespace(estimator=types.SimpleNamespace(**sampling))],
    )
    return {curve.name: curve for curve in curves.collect(chosen, model, STEPS)}


def at_epochs(curve, epochs):
    return curve.at(STEPS * np.arange(epochs)).tolist()


class TestCollect:
    def test_losses_and_sampling(self):
        found = collect(
            gate_loss="per_batch(anneal(1, -0.2, every=2, final=0.6)) + "
            "l0(linear(0, 0.4, begin=1, end=5))",
            temperature="piecewise([2, 1], [3])",
        )
        assert {name: curve.kind for name, curve in found.items()} == {
            "learning_rate": curves.LEARNING_RATE,
            "per_batch.target": curves.TARGET,
            "per_batch.coefficient": curves.COEFFICIENT,
            "l0.coefficient": curves.COEFFICIENT,
            "temperature": curves.SAMPLING,
            "noise_scale": curves.SAMPLING,
        }
        assert at_epochs(found["per_batch.target"], 5) == [1, 1, 0.8, 0.8, 0.6]
        assert at_epochs(found["per_batch.coefficient"], 2) == [1, 1]
        assert at_epochs(found["l0.coefficient"], 6) == [0, 0, 0.1, 0.2, 0.3, 0.4]
        assert at_epochs(found["temperature"], 5) == [2, 2, 2, 1, 1]

    def test_dense(self):
        assert list(collect(gate="none")) == ["learning_rate"]

    def test_throttled(self):
        chosen = toy_settings(
            gating="blind",
            data_path="f",
            estimator="reinforce",
            complexity_coefficient="linear(0, 10, end=2)",
            control="uniform(anneal(1, -0.5, every=1, final=0), 1)",
        )
        model = types.SimpleNamespace(
            gate_losses=[throttling.complexity(chosen, STEPS)],
            gating=types.SimpleNamespace(estimator=gates.estimator(chosen, STEPS)),
            dial=types.SimpleNamespace(
                distribution=gate_losses.control(chosen.control, "example", STEPS)
            ),
        )
        found = {c.name: c for c in curves.collect(chosen, model, STEPS)}
        assert {name: curve.kind for name, curve in found.items()} == {
            "learning_rate": curves.LEARNING_RATE,
            "complexity.coefficient": curves.COEFFICIENT,
            "alpha": curves.SAMPLING,
            "u.low": curves.CONTROL,
            "u.high": curves.CONTROL,
        }
        assert at_epochs(found["complexity.coefficient"], 3) == [0, 5, 10]
        assert at_epochs(found["u.low"], 3) == [1, 0.5, 0]
        assert at_epochs(found["alpha"], 1) == [0.8]

    def test_no_gate_loss(self):
        names = list(collect(gate_loss="none"))
        assert names == ["learning_rate", "noise_scale"]

    def test_two_losses_of_one_kind(self):
        found = collect(
            gate_loss="const_quad(0.7, gates='*_exit_gate') + macs(0.8) + "
            "const_quad(0.5, per=gate)"
        )
        targets = {n: at_epochs(c, 1)[0] for n, c in found.items() if "target" in n}
        assert targets == {
            "const_quad_1.target": 0.7,
            "macs.target": 0.8,
            "const_quad_2.target": 0.5,
        }

    def test_lists_and_named_lists(self):
        found = collect(gate_loss="per_gate([1, linear(1, 0.5, end=2)])")
        assert at_epochs(found["per_gate.targets[0]"], 3) == [1, 1, 1]
        assert at_epochs(found["per_gate.targets[1]"], 3) == [1, 0.75, 0.5]
        found = collect(gate_loss="per_gate(aig_resnet50, rate=0.6)")
        assert "per_gate.targets" not in found
        assert at_epochs(found["per_gate.rate"], 1) == [0.6]

    def test_a_target_that_follows_the_batches(self):
        found = collect(gate_loss="per_batch(variable(0.8))")
        assert found["per_batch.target"].follows_batches
        assert not found["per_batch.coefficient"].follows_batches
        assert at_epochs(found["per_batch.target"], 3) == [0.8, 0.8, 0.8]


class TestLearningRate:
    @pytest.mark.parametrize(
        "values",
        [
            {"schedule": "step", "step_epochs": "2,4", "epochs": 6},
            {"schedule": "cosine", "epochs": 6},
            {"schedule": "cosine", "warmup_epochs": 1.5, "epochs": 6},
            {
                "schedule": "step",
                "step_epochs": "2,4",
                "warmup_epochs": 1.5,
                "epochs": 6,
            },
        ],
        ids=["step", "cosine", "warmup", "step_warmup"],
    )
    def test_is_that_of_the_optimizer_at_every_step(self, values):
        schedule = schedules.learning_rate(toy_settings(**values), STEPS)
        steps = np.arange(60)
        expected = [float(schedule(int(step))) for step in steps]
        found = collect(**values)["learning_rate"].at(steps)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)

    def test_falls_with_the_first_step_of_the_next_epoch(self):
        values = {"schedule": "step", "step_epochs": "2,4", "epochs": 6}
        rate = collect(gate="none", **values)["learning_rate"]
        assert at_epochs(rate, 6) == [0.1, 0.1, 0.01, 0.01, 0.001, 0.001]
        assert rate.at([19, 20]).tolist() == [0.1, 0.01]
