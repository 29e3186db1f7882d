"""Outputs of gates that need no network, and gradients with respect to them."""

import numpy as np
import tensorflow as tf

from tfgate import costs
from tfgate import estimators

NOT_RATES = [-0.1, 1.1, float("nan"), float("inf"), "0.5", None, True]


def _switched(gate, macs):
    return costs.Product(sum(macs), (costs.Factor(gate, np.array(macs, "float64")),))


# All open 1030, all closed 430.
COSTS = costs.ModelCosts(
    dense=1000,
    gate={"a": 10, "b": 20},
    products=(_switched("a", [300]), _switched("b", [200, 100])),
)


def gates_of(**decisions):
    return outputs_of("decision", **decisions)


def outputs_of(output, **values):
    return {
        name: {output: tf.constant(np.asarray(value, "float32"))}
        for name, value in values.items()
    }


def random_gates(count, seed=0):
    """Decisions of gates a, with one component, and b, with two."""
    generator = np.random.default_rng(seed)
    return gates_of(
        a=generator.integers(0, 2, (count, 1)), b=generator.integers(0, 2, (count, 2))
    )


def random_probabilities(count, seed=0):
    """Open probabilities of gates a, with one component, and b, with two."""
    generator = np.random.default_rng(seed)
    return outputs_of(
        "probability",
        a=generator.uniform(0.02, 0.98, (count, 1)),
        b=generator.uniform(0.02, 0.98, (count, 2)),
    )


def columns(gates, output="decision"):
    return np.concatenate([np.asarray(g[output]) for g in gates.values()], axis=1)


def straight_through(count, components, seed=0):
    """Logits of two gates, the function from them to outputs, and its slopes."""
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


def probability_gradient(loss, gates):
    """Gradient of a loss with respect to the open probabilities, `[batch, all]`."""
    probabilities = [gate["probability"] for gate in gates.values()]
    with tf.GradientTape() as tape:
        tape.watch(probabilities)
        value = loss(gates, None)
    return np.concatenate(tape.gradient(value, probabilities), axis=1)
