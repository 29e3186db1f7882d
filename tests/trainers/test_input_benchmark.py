import json
import pathlib
import subprocess
import sys

import pytest

from tests.trainers.common.data import images

ROOT = pathlib.Path(__file__).resolve().parents[2]


def call(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "trainers.input_benchmark", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_measures_both_loops_in_alternation(tmp_path):
    encoded = [images.jpeg(number) for number in range(12)]
    images.write_records(tmp_path, {"train": encoded, "validation": encoded[:3]})
    path = tmp_path / "out.json"
    done = call(
        *(f"--data_dir={tmp_path}", f"--json={path}", "--runs=2"),
        *("--images=20", "--batch_size=4", "--image_size=16"),
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(path.read_text())
    bare, pipeline = (
        outcome["images_per_second"][name]["runs"] for name in ("bare", "pipeline")
    )
    assert len(bare) == len(pipeline) == outcome["runs"] == 2
    ratios = [p / b for p, b in zip(pipeline, bare, strict=True)]
    assert abs(outcome["ratio"] - sum(ratios) / 2) < 1e-6
    assert outcome["machine"]["cores"] > 0 and outcome["versions"]["tensorflow"]
    assert f"{outcome['ratio']:.3f}" in done.stdout


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--json={tmp}/none/out.json", "in an existing directory"),
        ("--runs=1", "expected --data_dir=DIR, which holds imagenet2012/"),
        ("--data_dir={tmp}", "expected imagenet2012/VERSION/dataset_info.json"),
    ],
)
def test_bad_input_is_one_line(tmp_path, argument, said):
    failed = call(argument.format(tmp=tmp_path))
    assert failed.returncode == 2 and failed.stderr.count("\n") == 1
    assert said in failed.stderr
