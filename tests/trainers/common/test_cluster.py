import concurrent.futures
import contextlib
import json
import socket

import pytest

from trainers.common import cluster
from trainers.common.errors import UserError

WORKERS = ["a:1", "b:2", "c:3"]


def read(config):
    text = config if isinstance(config, str) else json.dumps(config)
    return cluster.read({"TF_CONFIG": text})


def config(job="worker", index=0, **jobs):
    return {
        "cluster": jobs or {"worker": WORKERS},
        "task": {"type": job, "index": index},
    }


def test_without_a_cluster():
    assert cluster.read({}) is None
    assert read("") is None
    assert read("{}") is None
    assert read({"cluster": {}}) is None


@pytest.mark.parametrize("rank", [0, 2])
def test_workers(rank):
    found = read(config(index=rank))
    assert found == cluster.Cluster(tuple(WORKERS), rank)
    assert found.is_chief == (rank == 0)


def test_a_chief_comes_first():
    jobs = {"worker": ["b:2"], "chief": ["a:1"]}
    assert read(config("chief", 0, **jobs)) == cluster.Cluster(("a:1", "b:2"), 0)
    assert read(config("worker", 0, **jobs)) == cluster.Cluster(("a:1", "b:2"), 1)


@pytest.mark.parametrize(
    "text, said",
    [
        ("{", "expected JSON in TF_CONFIG"),
        ("[1]", "expected a JSON object"),
        (config(index=3), "has worker 0..2; got"),
        (config(index=-1), "got .*-1"),
        (config(index=True), "got .*true"),
        (config("chief"), "got .*chief"),
        (config(["worker"]), "expected a task"),
        ({"cluster": {"worker": WORKERS}}, 'expected "task"'),
        (config(worker=WORKERS, ps=["d:4"]), 'to hold "worker"'),
        (config(worker="a:1"), "expected a list"),
        (config(worker=["a"]), "expected a list"),
        (config(worker=["a:70000"]), "expected a list"),
        (config(worker=["a:1", "a:1"]), "distinct addresses"),
        (config(chief=["a:1", "b:1"]), 'at most one "chief"'),
    ],
)
def test_a_cluster_that_cannot_be(text, said):
    with pytest.raises(UserError, match=said):
        read(text)


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def test_all_wait_for_all():
    addresses = tuple(f"127.0.0.1:{port}" for port in free_ports(3))
    ports = [int(address.rpartition(":")[2]) for address in addresses]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(cluster.Cluster(addresses, 0).wait, 20)
        with socket.create_server(("127.0.0.1", ports[1])):
            assert cluster._answers(addresses[1]) and not waiting.done()
            with socket.create_server(("127.0.0.1", ports[2])):
                waiting.result()


def test_who_does_not_come_is_named():
    own, here, nobody = free_ports(3)
    with socket.create_server(("127.0.0.1", here)):
        addresses = tuple(f"127.0.0.1:{port}" for port in (own, here, nobody))
        with pytest.raises(UserError, match=f"expected 127.0.0.1:{nobody} of .*=1 sec"):
            cluster.Cluster(addresses, rank=0).wait(1)


def test_an_own_address_that_is_taken():
    with socket.create_server(("", 0)) as taken:
        own = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UserError, match=f"expected to listen at {own}"):
            cluster.Cluster((own, "127.0.0.1:1"), rank=0).wait(1)
