"""The commands as a user meets them: exit codes, and one line for what is wrong."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from tests.tflite import builders
from tests.tflite.conftest import SAMPLES

ROOT = pathlib.Path(__file__).resolve().parents[2]
TAU_INPUT = {"lowering": "conditional", "tau_input": True, "gate_outputs": True}


def run(command, **arguments):
    flags = [f"--{key}={value}" for key, value in arguments.items()]
    return subprocess.run(
        [sys.executable, "-m", f"tflite.{command}", *flags],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ,
    )


def assert_refused(done, message):
    assert done.returncode == 2, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: "), done.stderr
    assert message in lines[0]
    assert not done.stdout


def test_convert_then_verify(keras_files, tmp_path):
    output, result = tmp_path / "f.tflite", tmp_path / "result.json"
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join("abcdefghij") + "\n")
    done = run(
        "convert",
        model=keras_files["dependent"],
        output=output,
        lowering="conditional",
        gate_outputs=True,
        labels=labels,
        explain=True,
        block_lowering="second=if",
    )
    assert done.returncode == 0, done.stderr
    assert "least expected time, cost model" in done.stdout
    assert "--block_lowering=second=if" in done.stdout
    assert "first: if (0 closed, 0 open, 1 undecided)" in done.stdout
    done = run(
        "verify",
        model=keras_files["dependent"],
        tflite=output,
        dataset="digits",
        samples=20,
        json=result,
        min_agreement=1.0,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(result.read_text())["gate_agreement"] == 1.0


def test_verify_fails_below_the_least_agreement(networks, converted, tmp_path):
    other = builders.network()
    other.set_weights(networks["dependent"].get_weights())
    other.get_layer("predictions").bias.assign(np.eye(10)[3] * 100)
    other.save(tmp_path / "other.keras")
    done = run(
        "verify",
        model=tmp_path / "other.keras",
        tflite=converted("dependent", **TAU_INPUT),
        samples=SAMPLES,
        json=tmp_path / "result.json",
        min_agreement=0.99,
    )
    assert done.returncode == 1, done.stderr
    assert "below --min_agreement=0.99" in done.stdout
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["gate_agreement"] == 1.0 and result["prediction_agreement"] < 0.99


def test_benchmark_prints_a_table(converted, tmp_path):
    done = run(
        "benchmark",
        model=converted("dependent", **TAU_INPUT),
        baseline=converted("dependent", lowering="dense"),
        runs=5,
        sweep="tau",
        sweep_values="0.2,0.8",
        json=tmp_path / "result.json",
    )
    assert done.returncode == 0, done.stderr
    taus = [line.split()[1] for line in done.stdout.splitlines()[:5]]
    assert taus == ["tau", "-", "0.5", "0.2", "0.8"]
    assert json.loads((tmp_path / "result.json").read_text())["conditions"]["runs"] == 5


def test_networks_without_gates_are_refused_in_one_line(keras_files, tmp_path):
    # The one error here that shows only after TensorFlow is loaded.
    done = run(
        "convert",
        model=keras_files["dense"],
        output=tmp_path / "f.tflite",
        lowering="conditional",
    )
    assert_refused(done, "use --lowering=dense")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("left", [0.02, 0.7])
@pytest.mark.parametrize(
    ("command", "damaged", "whole"),
    [
        ("verify", "tflite", "model"),
        ("benchmark", "model", "baseline"),
        ("benchmark", "baseline", "model"),
    ],
)
def test_truncated_files(
    converted, keras_files, tmp_path, command, damaged, whole, left
):
    path, truncated = converted("dependent", **TAU_INPUT), tmp_path / "truncated.tflite"
    truncated.write_bytes(path.read_bytes()[: int(left * path.stat().st_size)])
    given = keras_files["dependent"] if command == "verify" else path
    arguments = {damaged: truncated, whole: given, "json": tmp_path / "result.json"}
    assert_refused(run(command, **arguments), "truncated")
    assert list(tmp_path.iterdir()) == [truncated]


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        ("convert", {"unknown": 1}, "Unknown command line flag 'unknown'"),
        ("convert", {"model": "x.keras"}, "--output must have a value"),
        ("convert", {"model": "x.keras", "output": "o", "tau": "a"}, "--tau=a"),
        ("convert", {"model": "x.keras", "output": "o"}, "--model to be a file"),
        (
            "convert",
            {"model": "x.keras", "output": "o", "calibration_dataset": "mnist"},
            "--dataset among",
        ),
        (
            "convert",
            {"model": "x.keras", "output": "o", "block_lowering": "first"},
            "--block_lowering=PATTERN=NAME, got 'first'",
        ),
        (
            "convert",
            {"model": "x.keras", "output": "o", "data_dir": "."},
            "--calibration_dataset with --data_dir=.",
        ),
        (
            "convert",
            {"model": "x.keras", "output": "o", "calibration_samples": 5},
            "--calibration_dataset with --calibration_samples=5",
        ),
        ("verify", {"model": "x.keras", "tflite": "x.tflite"}, "--tflite to be a file"),
        ("verify", {"model": "x", "tflite": "x", "min_agreement": 2}, "in [0, 1]"),
        ("benchmark", {"model": "x", "baseline": "x"}, "--baseline to be a file"),
        ("benchmark", {"baseline": "x"}, "at least one --model"),
        ("benchmark", {"baseline": "x", "threads": "1,a"}, "--threads as whole"),
        ("static", {"model": "x.keras", "output": "o"}, "--model to be a file"),
        (
            "benchmark",
            {"model": "x", "baseline": "x", "sweep_values": "a"},
            "numbers in",
        ),
    ],
)
def test_bad_flags(command, arguments, message):
    assert_refused(run(command, **arguments), message)
