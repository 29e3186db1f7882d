import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def call(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "trainers.scaling_benchmark", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
    )


@pytest.mark.large
def test_measures_three_kinds_in_turns(tmp_path):
    path = tmp_path / "out.json"
    done = call(
        *("--runs=1", "--steps=2", "--batch_size=4", f"--json={path}"),
        "--network=--gate=independent --depth=8",
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(path.read_text())
    seconds = outcome["seconds_per_step"]
    assert list(seconds) == ["one", "mirrored", "multi_worker"]
    assert all(
        len(kind["runs"]) == 1 and kind["median"] > 0 for kind in seconds.values()
    )
    for kind, ratio in outcome["ratios"].items():
        assert ratio == pytest.approx(
            seconds[kind]["median"] / seconds["one"]["median"]
        )
        assert f"{kind}: {ratio:.3f}" in done.stdout


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--batch_size=3"], "--batch_size to be a multiple of --devices=2"),
        (["--network=--depth=9"], "--network=--depth=9: expected --depth=6 n"),
        (["--json={tmp}/none/out.json"], "in an existing directory"),
    ],
)
def test_bad_input_is_one_line(tmp_path, arguments, said):
    failed = call(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert failed.returncode == 2
    assert said in failed.stderr and failed.stderr.count("\n") == 1
