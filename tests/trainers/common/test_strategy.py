import pytest
import tensorflow as tf

from tests.trainers.builders import toy_settings
from trainers.common import strategy
from trainers.common.cluster import Cluster
from trainers.common.errors import UserError

TWO = Cluster(("a:1", "b:2"), 0)


@pytest.mark.parametrize(
    "values, replicas",
    [
        ({}, 1),
        ({"strategy": "one"}, 1),
        ({"logical_cpus": 1}, 1),
        ({"logical_cpus": 2}, 2),
        ({"strategy": "mirrored", "logical_cpus": 4}, 4),
        ({"strategy": "mirrored"}, 1),
    ],
)
def test_which_devices_share_a_batch(values, replicas):
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("The numbers are those of a machine without GPUs.")
    made = strategy.create(toy_settings(**values), None)
    assert (made.replicas, made.local_replicas, made.hosts) == (replicas, replicas, 1)
    assert made.is_chief and made.shard == (0, 1)


def test_a_cluster_of_one_is_no_cluster():
    alone = Cluster(("a:1",), 0)
    for name in ("auto", "one", "multi_worker"):
        made = strategy.create(toy_settings(strategy=name), alone)
        assert made.hosts == 1


@pytest.mark.parametrize(
    "values, cluster, said",
    [
        ({"strategy": "multi_worker"}, None, "expected a cluster in TF_CONFIG"),
        ({"strategy": "one"}, TWO, "each of which would train alone"),
        ({"strategy": "mirrored"}, TWO, "--strategy=mirrored: leave one"),
        ({"logical_cpus": 2}, TWO, "--logical_cpus has no effect with the cluster"),
        ({"logical_cpus": 2, "strategy": "one"}, None, "--logical_cpus has no effect"),
    ],
)
def test_strategies_that_cannot_be(values, cluster, said):
    with pytest.raises(UserError, match=said):
        strategy.check(toy_settings(**values), cluster)


def test_a_batch_that_replicas_cannot_share(make_strategy):
    made = strategy.Distribution(make_strategy(2))
    made.check(toy_settings(batch_size=16))
    with pytest.raises(UserError, match="multiple of the 2 devices .* got 15"):
        made.check(toy_settings(batch_size=15))
