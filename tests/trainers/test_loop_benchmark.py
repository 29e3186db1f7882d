import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def call(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "trainers.loop_benchmark", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_measures_the_loop_and_fit_in_alternation(tmp_path):
    path = tmp_path / "out.json"
    done = call("--runs=2", "--steps=2", "--batch_size=2", f"--json={path}")
    assert done.returncode == 0, done.stderr
    outcome = json.loads(path.read_text())
    speeds = outcome["images_per_second"]
    loop, fit = (speeds[name]["runs"] for name in ("loop", "fit"))
    ratios = [a / b for a, b in zip(loop, fit, strict=True)]
    assert abs(outcome["ratio"] - sum(ratios) / 2) < 1e-6
    assert outcome["model"] == "cifar_resnet8_dependent"
    assert f"ratio loop / fit {outcome['ratio']:.3f}" in done.stdout


def test_bad_input_is_one_line(tmp_path):
    failed = call(f"--json={tmp_path}/none/out.json")
    assert failed.returncode == 2 and failed.stderr.count("\n") == 1
    assert "in an existing directory" in failed.stderr
