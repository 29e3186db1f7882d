"""`python -m trainers.throttle` on its command line, in processes of their own."""

import json
import pathlib
import subprocess
import sys

import pytest

from tfgate import tables

ROOT = pathlib.Path(__file__).resolve().parents[2]
SMALL = [
    *("--dataset=digits", "--network=cifar_resnet", "--depth=8", "--epochs=1"),
    *("--train_examples=64", "--test_examples=40", "--batch_size=16"),
    *("--schedule=cosine", "--learning_rate=0.01", "--us=0,0.5,1"),
]


def call(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "trainers.throttle", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--us=0,1.5"], "numbers in [0, 1], separated by commas"),
        (["--us=nan"], "numbers in [0, 1], separated by commas"),
        (["--control=uniform(0"], "expected one of uniform([low], [high])"),
        (["--gating=blind"], "expected --data_path=FILE with --gating=blind"),
        (["--gating=blind", "--data_path={tmp}/none"], "--data_path to be a file"),
        (["--complexity=hinge"], "--complexity has no effect without a gating"),
        (["--gate=dependent"], "--gate has no effect"),
        (["--early_exit"], "expected no --early_exit with --gating=nested"),
        (
            ["--network=cifar_vgg", "--granularity=block"],
            "--granularity to be one of groups, filters for --network=cifar_vgg",
        ),
        (["--network=cifar_resnet", "--granularity=groups"], "got groups"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(tmp_path, arguments, said):
    arguments = [argument.format(tmp=tmp_path) for argument in arguments]
    failed = call("--dataset=digits", f"--workdir={tmp_path}/run", *arguments)
    assert failed.returncode == 2
    assert said in failed.stderr
    assert failed.stderr.startswith("error: ") and failed.stderr.count("\n") == 1
    assert failed.stdout == "" and not list(tmp_path.iterdir())


def test_its_defaults_are_tnn_s():
    shown = call("--help").stdout
    for text in ("--gating", "--control", "(default: '310')", "(default: '0.05')"):
        assert text in shown


@pytest.mark.large
@pytest.mark.timeout(900)
def test_two_phases(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    done = call(*SMALL, "--gating=independent", f"--workdir={first}")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "area under the curve, stochastic" in done.stdout
    learned = ["--gating=blind", "--estimator=reinforce", "--optimizer=adam"]
    learned += [f"--data_path={first}/model.keras", f"--workdir={second}"]
    done = call(*SMALL, *learned)
    assert done.returncode == 0, done.stderr[-2000:]
    results = json.loads((second / "results.json").read_text())
    assert results["model"] == "cifar_resnet8_blind"
    rows = tables.read_csv(second / "plots" / "curve.csv")
    assert rows == results["throttling"]["curve"] and len(rows) == 6
    done = call("--evaluate_only", "--us=0.25", f"--workdir={second}")
    assert done.returncode == 0, done.stderr[-2000:]
    rows = tables.read_csv(second / "evaluation" / "test" / "curve.csv")
    assert [row["u"] for row in rows] == [0.25, 0.25]
    # The data path is of another network: found before anything is written.
    deeper = [*SMALL, *learned, "--depth=14", f"--workdir={tmp_path}/third"]
    failed = call(*deeper)
    assert failed.returncode == 2 and failed.stderr.count("\n") == 1
    assert "layers that differ" in failed.stderr
    assert not (tmp_path / "third").exists()
