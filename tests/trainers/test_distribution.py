"""Training programs in two processes on 127.0.0.1, and on devices of one."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from tests.trainers.common import test_loop

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOW_TO = ROOT / "docs" / "how-to" / "scale.md"
FLAGS = [
    "--deterministic",
    "--epochs=2",
    "--train_examples=65",  # four batches of 16 and one of 1: ten steps in all
    "--test_examples=21",
    "--batch_size=16",
    "--depth=8",
    # Low, because this network multiplies rounding errors: with 0.01 it differs by 1e-5
    # after one step if batch norm only sums in another order. See also test_loop.
    "--learning_rate=0.0001",
    "--warmup_epochs=0",
    "--estimator=sigmoid",  # without noise, see noiseless.py
    "--sync_batch_norm",
    "--gate_loss=per_batch(0.6, coefficient=5) + batch_shaping()",
    "--stochastic_runs=1",
    "--ensemble_runs=1",
]


def free_addresses(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]


def environment(addresses=None, index=0):
    found = {k: v for k, v in os.environ.items() if k != "TF_CONFIG"}
    if addresses:
        task = {"type": "worker", "index": index}
        cluster = {"cluster": {"worker": addresses}, "task": task}
        found["TF_CONFIG"] = json.dumps(cluster)
    return found


def start(*arguments, module="tests.trainers.noiseless", **where):
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment(**where),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(*processes, timeout=550):
    """(exit code, stdout, stderr) of each; kills what takes too long."""
    ends = time.monotonic() + timeout
    outcomes = []
    try:
        for process in processes:
            output = process.communicate(timeout=max(1.0, ends - time.monotonic()))
            outcomes.append((process.returncode, *output))
    finally:
        for process in processes:
            process.kill()
    return outcomes


def start_two(workdir, *arguments):
    addresses = free_addresses(2)
    return [
        start(*FLAGS, f"--workdir={path}", *arguments, addresses=addresses, index=index)
        for index, path in enumerate((workdir, workdir.with_name("unused")))
    ]


def final_checkpoint(workdir):
    with np.load(workdir / "checkpoints" / "epoch-00002.npz") as saved:
        arrays = dict(saved)
    state = json.loads(arrays.pop("state").item())
    return arrays, state["history"]


def assert_same_training(workdir, other):
    arrays, history = final_checkpoint(workdir)
    others, other_history = final_checkpoint(other)
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        # Statistics of images in 0..255 behind a network: of size one, not small.
        rtol = 1e-4 if "moving_" in name else 0.0
        np.testing.assert_allclose(others[name], array, rtol, 1e-5, err_msg=name)
    for row, other_row in zip(history, other_history, strict=True):
        for name in set(row) - {"seconds", "images_per_second", "input_wait"}:
            assert other_row[name] == pytest.approx(row[name], rel=1e-4, abs=1e-5)


@pytest.mark.large
@pytest.mark.timeout(600)
def test_every_loss_in_two_processes_is_that_of_one(tmp_path):
    """As `test_loop.test_replicas_train_as_one_device`, with two processes."""
    addresses = free_addresses(2)
    files = [tmp_path / f"{index}.npz" for index in range(2)]
    outcomes = finish(
        *(
            start(str(file), module="tests.trainers.loop_worker", **where)
            for file, where in zip(
                files,
                ({"addresses": addresses, "index": index} for index in range(2)),
                strict=True,
            )
        )
    )
    assert [code for code, *_ in outcomes] == [0, 0], outcomes
    for name, arguments in test_loop.NETWORKS.items():
        weights, history = test_loop.trained(tf.distribute.get_strategy(), **arguments)
        for file in files:
            with np.load(file) as found:
                logs = json.loads(found[f"{name}/history"].item())
                others = [found[f"{name}/{i}"] for i in range(len(weights))]
            test_loop.assert_same(others, logs, weights, history)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """A run of one process on one device."""
    workdir = tmp_path_factory.mktemp("one") / "run"
    [(code, _, errors)] = finish(start(*FLAGS, f"--workdir={workdir}"))
    assert code == 0, errors
    return workdir


@pytest.mark.large
@pytest.mark.timeout(600)
def test_two_devices_train_as_one(one, tmp_path):
    workdir = tmp_path / "run"
    arguments = ["--logical_cpus=2", f"--workdir={workdir}"]
    [(code, output, errors)] = finish(start(*FLAGS, "--batch_size=16", *arguments))
    assert code == 0, errors
    assert "on 2 devices" in output
    assert_same_training(one, workdir)


@pytest.mark.large
@pytest.mark.timeout(600)
def test_two_workers_train_as_one_and_only_the_chief_writes(one, tmp_path):
    workdir = tmp_path / "run"
    (code, output, errors), (other_code, other_output, other_errors) = finish(
        *start_two(workdir)
    )
    assert code == 0, errors
    assert other_code == 0, other_errors
    assert "on 2 devices of 2 processes" in output
    assert other_output == ""
    assert "step/s" in errors and "step/s" not in other_errors
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert_same_training(one, workdir)
    results = [
        json.loads((path / "results.json").read_text()) for path in (one, workdir)
    ]
    assert results[1]["test_accuracy"] == pytest.approx(results[0]["test_accuracy"])


@pytest.mark.large
@pytest.mark.timeout(900)
def test_a_killed_worker_is_started_again(one, tmp_path):
    workdir = tmp_path / "run"
    arguments = ["--checkpoint_every_steps=3"]
    processes = start_two(workdir, *arguments)
    first = workdir / "checkpoints" / "epoch-00000-step-0000003.npz"
    deadline = time.monotonic() + 240
    while not first.exists() and time.monotonic() < deadline:
        assert all(process.poll() is None for process in processes)
        time.sleep(0.005)
    processes[1].send_signal(signal.SIGKILL)
    (code, _, errors), _ = finish(*processes)
    assert code == 3
    assert "stopped: another process of the cluster" in errors.splitlines()[-1]
    assert not (workdir / "results.json").exists()

    (code, output, errors), (other_code, *_) = finish(*start_two(workdir, *arguments))
    assert (code, other_code) == (0, 0), errors
    assert "continuing after epoch" in output
    assert_same_training(one, workdir)


@pytest.mark.large
def test_a_peer_that_never_comes_is_named(tmp_path):
    addresses = free_addresses(2)
    arguments = [*FLAGS, f"--workdir={tmp_path}/run", "--peer_timeout=5"]
    processes = [start(*arguments, addresses=addresses, index=0)]
    [(code, output, errors)] = finish(*processes)
    assert code == 2 and output == ""
    said = errors.splitlines()[-1]
    assert said.startswith(
        f"error: expected {addresses[1]} of the cluster in TF_CONFIG"
    )
    assert "--peer_timeout=5" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "config, arguments, said",
    [
        ("{", [], "expected JSON in TF_CONFIG"),
        (
            '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
            [],
            "which has worker 0..0",
        ),
        ("", ["--strategy=multi_worker"], "expected a cluster in TF_CONFIG"),
        ("", ["--logical_cpus=2", "--batch_size=15"], "multiple of the 2 devices"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(tmp_path, config, arguments, said):
    failed = subprocess.run(
        [sys.executable, "-m", "trainers.digits", f"--workdir={tmp_path}/run"]
        + arguments,
        cwd=ROOT,
        env={**environment(), "TF_CONFIG": config},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert failed.returncode == 2
    assert said in failed.stderr and failed.stderr.startswith("error: ")
    assert failed.stderr.count("\n") == 1 and failed.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.large
@pytest.mark.timeout(600)
def test_the_commands_of_the_how_to_page_run_as_written(tmp_path):
    """But for the ports, which must be free."""
    shells = re.findall(r"```sh\n(.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)
    assert len(shells) == 2
    names = {
        **environment(),
        "PYTHONPATH": str(ROOT),
        "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    for shell in shells:
        for used, free in zip(
            ("127.0.0.1:23456", "127.0.0.1:23457"), free_addresses(2), strict=True
        ):
            shell = shell.replace(used, free)
        subprocess.run(["bash", "-ec", shell], cwd=tmp_path, env=names, check=True)
    for name in ("two_devices", "two_workers"):
        assert (tmp_path / "runs" / name / "results.json").exists()
