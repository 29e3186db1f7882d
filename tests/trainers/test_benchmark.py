import json
import pathlib
import subprocess
import sys

import pytest

from trainers.common import measured

ROOT = pathlib.Path(__file__).resolve().parents[2]


def call(*arguments, program="benchmark"):
    return subprocess.run(
        [sys.executable, "-m", f"trainers.{program}", *arguments],
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
        ("--network=resnet5", "--network=resnet5: "),
        ("--granularity=layers", "--granularity"),
    ],
)
def test_bad_input_is_one_line(tmp_path, argument, said):
    failed = call(argument.format(tmp=tmp_path))
    assert failed.returncode == 2 and failed.stderr.count("\n") == 1
    assert said in failed.stderr


def test_a_network_by_name_is_compared_with_its_dense_twin(tmp_path):
    path = tmp_path / "out.json"
    done = call(
        *("--network=cifar_resnet --depth=8", "--granularity=bas"),
        *("--runs=1", "--steps=1", "--batch_size=2", "--image_size=8"),
        f"--json={path}",
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(path.read_text())
    assert outcome["models"] == {
        "baseline": "cifar_resnet8_dense",
        "network": "cifar_resnet8_dependent_bas",
    }
    assert outcome["image_shape"] == [8, 8, 3] and outcome["batch_size"] == 2


@pytest.mark.parametrize(
    "text, size, classes",
    [("cifar_vgg", 32, 10), ("resnet50 --gate=independent", 224, 1000)],
)
def test_images_are_those_that_the_network_was_made_for(text, size, classes):
    chosen = measured.parse("network", text)
    described = measured.dataset(chosen, measured.image_size(chosen), 7)
    assert described.image_shape == (size, size, 3) and described.train_examples == 7
    assert len(described.labels) == classes
    assert measured.image_size(chosen, 64) == 64


def test_the_dense_twin_keeps_everything_but_gates():
    text = "--depth=29 --block=bottleneck --width=2 --early_exit --schedule=step"
    chosen = measured.parse("network", text, "--batch_size=3")
    dense = measured.without_gates(chosen)
    assert (dense.gate, dense.early_exit, dense.gate_loss) == ("none", False, None)
    kept = ("network", "depth", "block", "width", "batch_size", "step_epochs")
    for name in kept:
        assert getattr(dense, name) == getattr(chosen, name)


def test_measures_building_and_loading(tmp_path):
    path = tmp_path / "out.json"
    arguments = ("--network=--depth=8", "--granularity=bas", "--runs=1")
    done = call(*arguments, f"--json={path}", program="build_benchmark")
    assert done.returncode == 0, done.stderr
    outcome = json.loads(path.read_text())
    assert outcome["model"] == "cifar_resnet8_dependent_bas"
    assert list(outcome["seconds"]) == ["build", "save", "load"]
    assert all(
        0 < row["median"] == row["runs"][0] for row in outcome["seconds"].values()
    )
    assert outcome["file_bytes"] > 4 * outcome["parameters"] > 0
    assert "load" in done.stdout


def test_a_network_that_cannot_be_built_is_one_line():
    arguments = ("--network=cifar_densenet --depth=10", "--granularity=cs-cifar-4")
    failed = call(*arguments, "--runs=1", program="build_benchmark")
    assert failed.returncode == 2 and failed.stderr.count("\n") == 1
    assert "to divide the" in failed.stderr
