"""The training programs on their command lines, in processes of their own."""

import csv
import json
import pathlib
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

import tfgate
from tfgate import tables

ROOT = pathlib.Path(__file__).resolve().parents[2]
EPOCHS = 8
FLAGS = [
    "--deterministic",
    f"--epochs={EPOCHS}",
    "--gate_loss=per_batch(variable(0.6), coefficient=5)",
    "--train_examples=64",
    "--test_examples=40",
    "--batch_size=16",
    "--learning_rate=0.01",
    "--stochastic_runs=2",
    "--ensemble_runs=2",
    "--recalibrate_steps=2",
    "--recalibrate_batch_size=32",
]
TIMING = ("seconds", "images_per_second", "input_wait")


def command(program, *arguments):
    return [sys.executable, "-m", f"trainers.{program}", *arguments]


def call(program, *arguments):
    return subprocess.run(
        command(program, *arguments),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )


def last_checkpoint(workdir):
    return workdir / "checkpoints" / f"epoch-{EPOCHS:05d}.npz"


def read_metrics(workdir):
    with open(workdir / "metrics.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("uninterrupted") / "run"
    done = call("digits", *FLAGS, f"--workdir={workdir}")
    assert done.returncode == 0, done.stderr
    return workdir, done


def test_a_run_writes_its_results(uninterrupted):
    workdir, _ = uninterrupted
    results = json.loads((workdir / "results.json").read_text())
    assert results["dataset"] == "digits"
    assert results["model"] == "cifar_resnet20_dependent"
    assert results["seed"] == 0 and results["epochs"] == EPOCHS
    model = keras.saving.load_model(workdir / "model.keras")
    assert isinstance(model, tfgate.GatedModel)
    assert results["parameters"] == sum(np.size(w) for w in model.trainable_weights)
    assert results["macs"]["dense"] == model.costs.dense
    assert 0 < results["macs"]["executed_mean"] <= model.costs.all_open
    assert list(results["activation_rate_per_gate"]) == model.gate_names
    mean_rate = np.mean(list(results["activation_rate_per_gate"].values()))
    assert results["activation_rate"] == pytest.approx(mean_rate, abs=1e-5)
    policies = ("stochastic", "threshold", "always_open", "ensemble")
    assert tuple(results["test_accuracy"]) == policies == tuple(results["policies"])
    assert all(0 <= accuracy <= 1 for accuracy in results["test_accuracy"].values())
    assert results["policies"]["always_open"]["activation_rate"] == 1.0
    assert results["policies"]["stochastic"]["accuracy_std"] >= 0
    assert results["wall_seconds"] > 0
    assert results["versions"]["tensorflow"] and "git_commit" in results


def test_a_run_writes_its_files(uninterrupted):
    workdir, done = uninterrupted
    assert {path.name for path in workdir.iterdir()} == {
        "checkpoints",
        "flags.json",
        "flags.txt",
        "labels.txt",
        "metrics.csv",
        "model.keras",
        "plots",
        "results.json",
        "tensorboard",
    }
    assert {path.name for path in (workdir / "plots").iterdir()} == {
        "accuracy.png",
        "activation_rates.png",
        "final_rates.png",
    }
    rows = read_metrics(workdir)
    assert [int(row["epoch"]) for row in rows] == list(range(1, EPOCHS + 1))
    expected = {"lr", "loss", "gate_loss", "accuracy", "val_accuracy", "seconds"}
    expected |= {"activation_rate", "executed_macs", "images_per_second"}
    assert expected <= set(rows[0])
    assert sum(name.startswith("rate/") for name in rows[0]) == 9
    assert (workdir / "labels.txt").read_text().split() == list("0123456789")
    assert f"epoch {EPOCHS}/{EPOCHS}: loss" in done.stdout


def test_a_finished_run_says_so_and_trains_no_more(uninterrupted):
    workdir, _ = uninterrupted
    before = (workdir / "results.json").stat().st_mtime_ns
    again = call("digits", *FLAGS, f"--workdir={workdir}")
    assert again.returncode == 0 and "finished" in again.stdout
    assert (workdir / "results.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("every", [0, 3], ids=["epochs", "steps"])
def test_a_killed_run_continues_to_the_same_bits(uninterrupted, tmp_path, every):
    """Epochs have 4 steps: every third step is within one, but for each fourth."""
    workdir = tmp_path / "run"
    arguments = [*FLAGS, f"--workdir={workdir}", f"--checkpoint_every_steps={every}"]
    awaited = "epoch-0000[1-9]-step-*.npz" if every else "epoch-*.npz"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command("digits", *arguments), cwd=ROOT, **quiet) as process:
        deadline = time.monotonic() + 200
        while (
            not (found := sorted((workdir / "checkpoints").glob(awaited)))
            and time.monotonic() < deadline
        ):
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    killed_after = int(found[-1].stem[6:11])
    assert killed_after < EPOCHS and not (workdir / "results.json").exists()

    resumed = call("digits", *arguments)
    assert resumed.returncode == 0, resumed.stderr
    assert "continuing after epoch" in resumed.stdout
    _assert_same_run(uninterrupted[0], workdir)


def _assert_same_run(first, second):
    with (
        np.load(last_checkpoint(first)) as expected,
        np.load(last_checkpoint(second)) as saved,
    ):
        names = [name for name in expected if name != "state"]
        assert any("noise_step" in name for name in names)
        assert any(name.startswith("optimizer") for name in names)
        different = [n for n in names if not np.array_equal(expected[n], saved[n])]
    assert different == []
    models = [keras.saving.load_model(path / "model.keras") for path in (first, second)]
    assert all(map(np.array_equal, *(model.get_weights() for model in models)))
    rows = [
        [
            {k: v for k, v in row.items() if k not in TIMING}
            for row in read_metrics(path)
        ]
        for path in (first, second)
    ]
    assert rows[0] == rows[1]
    results = [
        json.loads((path / "results.json").read_text()) for path in (first, second)
    ]
    assert results[0]["policies"] == results[1]["policies"]
    assert len(list((second / "tensorboard").iterdir())) == 1


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--dataset=mnist"], "cifar10|digits"),
        (["--dataset=cifar10", "--data_dir=/none"], "--data_dir=/none"),
        (["--dataset=cifar10", "--data_dir={tmp}"], "cifar10/VERSION"),
        (["--flagfile={tmp}/bad.cfg"], "no_such_flag"),
        (["--flagfile={tmp}/missing.cfg"], "missing.cfg"),
        (["--gate_loss=per_batch(1.5)"], "Expected target in [0, 1], got 1.5"),
        (["--gate_loss=per_batch(linear(1, 0.5))"], "expected linear(initial, final"),
        (["--gate=none", "--gate_loss=l0()"], "--gate_loss has no effect"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(tmp_path, arguments, said):
    (tmp_path / "bad.cfg").write_text("--epochs=1\n--no_such_flag=3\n")
    arguments = [argument.format(tmp=tmp_path) for argument in arguments]
    failed = call("digits", f"--workdir={tmp_path}/run", *arguments)
    assert failed.returncode == 2
    assert said in failed.stderr
    assert failed.stderr.startswith("error: ") and failed.stderr.count("\n") == 1
    assert failed.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["bad.cfg"]


def test_another_configuration_does_not_touch_a_workdir(uninterrupted):
    workdir, _ = uninterrupted
    before = {path: path.stat().st_mtime_ns for path in workdir.rglob("*")}
    failed = call("digits", *FLAGS, "--seed=1", f"--workdir={workdir}")
    assert failed.returncode == 2
    assert "seed was 0, is 1" in failed.stderr and failed.stderr.count("\n") == 1
    assert {path: path.stat().st_mtime_ns for path in workdir.rglob("*")} == before


def test_a_finished_run_is_evaluated_under_many_policies(uninterrupted):
    workdir, _ = uninterrupted
    done = call("digits", "--evaluate_only", "--taus=0.3,0.7", f"--workdir={workdir}")
    assert done.returncode == 0, done.stderr
    directory = workdir / "evaluation" / "test"
    table = tables.read_csv(directory / "table.csv")
    assert [(row["policy"], row["tau"]) for row in table] == [
        ("threshold", 0.3),
        ("threshold", 0.7),
        ("always_open", None),
        ("stochastic", None),
        ("ensemble_mean", None),
        ("ensemble_vote", None),
    ]
    results = json.loads((workdir / "results.json").read_text())
    opened = results["policies"]["always_open"]
    assert table[2]["accuracy"] == pytest.approx(opened["accuracy"], abs=1e-6)
    assert table[2]["executed_macs_mean"] == pytest.approx(opened["executed_macs"])
    assert all(row["images"] == 40 for row in table)
    assert "<img" in (directory / "report.html").read_text()
    recorded = tfgate.analysis.GatePass.load(directory / "gates_threshold.npz")
    assert recorded.decisions.shape == (40, 9)
    assert "ensemble_vote" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--split=validation"], "a run with --validation_examples"),
        (["--epochs=3"], "--epochs has no effect with --evaluate_only"),
        (["--workdir={tmp}/none"], "expected a finished run in --workdir="),
    ],
)
def test_evaluations_that_cannot_be(uninterrupted, tmp_path, arguments, said):
    workdir, _ = uninterrupted
    arguments = [argument.format(tmp=tmp_path) for argument in arguments]
    failed = call("digits", f"--workdir={workdir}", "--evaluate_only", *arguments)
    assert failed.returncode == 2
    assert said in failed.stderr and failed.stderr.count("\n") == 1
    assert not (workdir / "evaluation" / "validation").exists()


def test_a_run_of_another_version_is_not_evaluated(uninterrupted, tmp_path):
    workdir, _ = uninterrupted
    old = tmp_path / "old"
    old.mkdir()
    for name in ("results.json", "model.keras"):
        (old / name).write_bytes((workdir / name).read_bytes())
    stored = json.loads((workdir / "flags.json").read_text())
    del stored["granularity"]
    (old / "flags.json").write_text(json.dumps(stored))
    failed = call("digits", f"--workdir={old}", "--evaluate_only")
    assert failed.returncode == 2
    assert "its flags lack granularity: train it anew" in failed.stderr
    assert failed.stderr.count("\n") == 1


def test_help_explains_every_flag():
    shown = call("cifar", "--helpfull").stdout
    for name in (
        "depth",
        "gate_loss",
        "warmup_epochs",
        "gate_weight_decay",
        "precision",
    ):
        assert f"--{name}" in shown
    assert "(default: 'per_batch(0.6)')" in shown
