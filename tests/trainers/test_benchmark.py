import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def call(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "trainers.benchmark", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_measures_both_networks_in_alternation(tmp_path):
    path = tmp_path / "out.json"
    done = call(
        *("--runs=2", "--steps=1", "--batch_size=2", f"--json={path}"),
        "--network=--gate=independent --gate_loss='per_batch(0.5)'",
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(path.read_text())
    baseline, network = (
        outcome["images_per_second"][name]["runs"] for name in ("baseline", "network")
    )
    assert len(baseline) == len(network) == outcome["runs"] == 2
    ratios = [n / b for b, n in zip(baseline, network, strict=True)]
    assert abs(outcome["ratio"] - sum(ratios) / 2) < 1e-6
    assert outcome["models"]["baseline"] == "cifar_resnet20_dense"
    assert outcome["models"]["network"] == "cifar_resnet20_independent"
    assert outcome["versions"]["tensorflow"] and outcome["machine"]["cores"] > 0
    assert f"{outcome['ratio']:.3f}" in done.stdout


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--json={tmp}/none/out.json", "in an existing directory"),
        ("--network=--gate=open", "--network=--gate=open: "),
        ("--baseline='--gate=none", "No closing quotation"),
    ],
)
def test_bad_input_is_one_line(tmp_path, argument, said):
    failed = call(argument.format(tmp=tmp_path))
    assert failed.returncode == 2 and failed.stderr.count("\n") == 1
    assert said in failed.stderr
