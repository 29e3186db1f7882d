import json
import pathlib
import subprocess
import sys

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
    done = call("--runs=2", "--steps=1", "--batch_size=2", f"--json={path}")
    assert done.returncode == 0, done.stderr
    outcome = json.loads(path.read_text())
    dense, gated = (outcome["images_per_second"][name] for name in ("dense", "gated"))
    assert len(dense["runs"]) == len(gated["runs"]) == outcome["runs"] == 2
    ratios = [g / d for d, g in zip(dense["runs"], gated["runs"], strict=True)]
    assert abs(outcome["ratio"] - sum(ratios) / 2) < 1e-6
    assert outcome["models"]["gated"] == "cifar_resnet20_dependent"
    assert outcome["versions"]["tensorflow"] and outcome["machine"]["cores"] > 0
    assert f"{outcome['ratio']:.3f}" in done.stdout


def test_bad_input_is_one_line(tmp_path):
    failed = call(f"--json={tmp_path}/none/out.json")
    assert failed.returncode == 2 and failed.stderr.count("\n") == 1
