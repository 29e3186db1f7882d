"""Metrics against a recount in NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from tfgate.costs import Factor
from tfgate.costs import ModelCosts
from tfgate.costs import Product
from tfgate.metrics import GateMetrics

COSTS = ModelCosts(
    dense=40_000_000,
    gate={"z": 10, "a": 20},  # network order is not alphabetical order
    products=(
        Product(30_000_000, (Factor("z", np.array([1.0])),)),
        Product(7_000_000, (Factor("a", np.array([6.0, 1.0])),)),
    ),
)


def random_decisions(count, seed):
    generator = np.random.default_rng(seed)
    return {
        "z": generator.integers(0, 2, (count, 1)).astype("float32"),
        "a": (generator.uniform(size=(count, 2)) < [0.2, 0.9]).astype("float32"),
    }


def as_gates(decisions):
    return {n: {"decision": tf.constant(d)} for n, d in decisions.items()}


def recount(batches):
    """The metrics of batches of decisions, by NumPy."""
    z = np.concatenate([batch["z"] for batch in batches]).astype("float64")
    a = np.concatenate([batch["a"] for batch in batches]).astype("float64")
    return {
        "activation_rate": np.concatenate([z, a], axis=1).mean(),
        "executed_macs": COSTS.all_closed + (z @ [3e7] + a @ [6e6, 1e6]).mean(),
        "rate/z": z.mean(),
        "rate/a": a.mean(),
    }


def as_floats(result):
    return {name: float(value) for name, value in result.items()}


def test_uneven_batches_against_numpy():
    metric = GateMetrics(COSTS)
    batches = [random_decisions(count, seed=count) for count in (1, 8, 5, 0, 3)]
    for batch in batches:
        metric.update_state(as_gates(batch))
    assert as_floats(metric.result()) == pytest.approx(recount(batches), rel=1e-6)
    assert metric.images == 17.0


def test_executed_macs_of_one_open_network():
    metric = GateMetrics(COSTS)
    opened = {"z": np.ones((3, 1), "float32"), "a": np.ones((3, 2), "float32")}
    metric.update_state(as_gates(opened))
    result = as_floats(metric.result())
    assert result["executed_macs"] == pytest.approx(COSTS.all_open, rel=1e-6)
    assert result["activation_rate"] == 1.0


def test_many_images_lose_no_precision():
    """Absolute MACs, summed in float32, would have stopped to add up."""
    metric = GateMetrics(COSTS)
    batch = random_decisions(5000, seed=1)
    gates = as_gates(batch)
    for _ in range(200):
        metric.update_state(gates)
    assert metric.images == 1_000_000.0
    assert as_floats(metric.result()) == pytest.approx(recount([batch]), rel=1e-4)


def test_order_of_the_decisions_does_not_matter():
    batch = random_decisions(8, seed=1)
    metric = GateMetrics(COSTS)
    metric.update_state(as_gates({"a": batch["a"], "z": batch["z"]}))
    assert as_floats(metric.result()) == pytest.approx(recount([batch]), rel=1e-6)


def test_reset_forgets():
    metric = GateMetrics(COSTS)
    metric.update_state(as_gates(random_decisions(8, seed=1)))
    metric.reset_state()
    assert metric.images == 0.0
    batch = random_decisions(4, seed=2)
    metric.update_state(as_gates(batch))
    assert as_floats(metric.result()) == pytest.approx(recount([batch]), rel=1e-6)


def test_no_images_give_zeros():
    result = as_floats(GateMetrics(COSTS).result())
    assert set(result) == {"activation_rate", "executed_macs", "rate/z", "rate/a"}
    assert set(result.values()) == {0.0}


@pytest.mark.parametrize("replicas", [2, 4])
def test_replicas_add_up(make_strategy, replicas):
    strategy = make_strategy(replicas)
    with strategy.scope():
        metric = GateMetrics(COSTS)
    parts = [random_decisions(count, seed=count) for count in (4, 3, 2, 0)[:replicas]]

    @tf.function(autograph=False)
    def update():
        gates = strategy.experimental_distribute_values_from_function(
            lambda context: as_gates(parts[context.replica_id_in_sync_group])
        )
        strategy.run(metric.update_state, [gates])

    update()
    update()
    assert as_floats(metric.result()) == pytest.approx(recount(parts), rel=1e-6)
    assert metric.images == 2.0 * sum(len(part["z"]) for part in parts)


def with_control(decisions, u):
    u = np.asarray(u, "float32")[:, None]
    return {
        name: {"decision": tf.constant(d), "control": tf.tile(u, [1, d.shape[1]])}
        for name, d in decisions.items()
    }


def test_networks_with_a_dial_against_numpy():
    metric = GateMetrics(COSTS, throttled=True)
    batches = [random_decisions(count, seed=count) for count in (1, 8, 0, 3)]
    controls = np.random.default_rng(0).uniform(size=12)
    for batch, u in zip(batches, np.split(controls, [1, 9, 9]), strict=True):
        # In another order than the network's.
        gates = with_control(batch, u)
        metric.update_state({name: gates[name] for name in "az"})
    result = as_floats(metric.result())
    z = np.concatenate([batch["z"] for batch in batches])
    a = np.concatenate([batch["a"] for batch in batches])
    assert result.pop("u") == pytest.approx(controls.mean(), rel=1e-5)
    share = (z @ [3e7] + a @ [6e6, 1e6]).mean() / 3.7e7
    assert result.pop("complexity") == pytest.approx(share, rel=1e-5)
    assert result == pytest.approx(recount(batches), rel=1e-6)
