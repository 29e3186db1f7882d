"""The commands on files with an input u."""

import json

import numpy as np
import pytest

from tests.tflite import throttled
from tflite import benchmark
from tflite import convert
from tflite import errors
from tflite import metadata
from tflite import verify

FEW = {"samples": 2, "runs": 4, "warmup": 1}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Paths of a `.keras` file and of its throttled and its dense `.tflite` file."""
    directory = tmp_path_factory.mktemp("throttled")
    source = directory / "m.keras"
    throttled.network("vgg").save(source)
    paths = {}
    for lowering in ("conditional", "dense"):
        paths[lowering] = directory / f"{lowering}.tflite"
        told = {"gate_outputs": True, "min_group": 2} if lowering != "dense" else {}
        convert.convert(source, paths[lowering], lowering=lowering, **told)
    return source, paths["conditional"], paths["dense"]


def test_metadata_lists_macs_over_u(files):
    description = metadata.read(files[1])
    steps = description["u"]["steps"]
    assert description.dial == "u" and description["u"]["value"] == 1.0
    assert [step["from"] for step in steps] == sorted({s["from"] for s in steps})
    assert steps[0]["from"] == 0.0 and len(steps) > 3
    assert steps[-1]["macs"] == description["macs"]["dense"]
    assert description.executed_macs(u=steps[1]["from"]) == steps[1]["macs"]
    below = float(np.nextafter(np.float32(steps[1]["from"]), np.float32(0)))
    assert description.executed_macs(u=below) == steps[0]["macs"]


def test_verify_compares_at_every_u(files, tmp_path):
    source, path, _ = files
    result = verify.verify(
        source, path, dataset="digits", samples=2, json=tmp_path / "r.json"
    )
    assert result == json.loads((tmp_path / "r.json").read_text())
    assert [row["u"] for row in result["us"]] == throttled.US
    assert result["gate_agreement"] == 1.0 and result["max_abs_error"] <= 1e-4
    assert result["max_abs_error"] == max(r["max_abs_error"] for r in result["us"])
    macs = [row["executed_macs_mean"] for row in result["us"]]
    assert macs == sorted(macs) and macs[0] < macs[-1]
    assert result["us"][0]["activation_rate"] == 0.0
    assert result["tau"] is None and result["compared"]["same_source"] is True


def test_verify_compares_at_chosen_u(files):
    source, path, dense = files
    result = verify.verify(source, path, dataset="digits", samples=1, us=[0.3])
    assert [row["u"] for row in result["us"]] == [pytest.approx(0.3)]
    whole = verify.verify(source, dense, dataset="digits", samples=1)
    assert whole["us"] is None and whole["max_abs_error"] <= 1e-4


@pytest.mark.parametrize(
    ("us", "message"),
    [
        ([], "at least one number for --us"),
        ([1.5], r"--u in \[0, 1\]"),
        ([float("nan")], r"--u in \[0, 1\]"),
    ],
)
def test_verify_refuses_bad_u(files, us, message):
    with pytest.raises(errors.InputError, match=message):
        verify.verify(files[0], files[1], dataset="digits", samples=1, us=us)


def test_verify_refuses_u_without_an_input(files):
    with pytest.raises(errors.InputError, match="without an input u"):
        verify.verify(files[0], files[2], dataset="digits", samples=1, us=[0.5])


def test_benchmark_sweeps_u(files):
    _, model, baseline = files
    result = benchmark.benchmark(model, baseline, u=0.5, sweep="u", **FEW)
    dense, *points = result["points"]
    assert dense["u"] is None and {point["tau"] for point in points} == {None}
    # The chosen one first.
    assert [p["u"] for p in points] == [0.5, *(u for u in throttled.US if u != 0.5)]
    ratios = [p["macs_ratio"] for p in sorted(points, key=lambda p: p["u"])]
    assert ratios == sorted(ratios) and ratios[-1] == 1.0
    table = benchmark.table(result).splitlines()
    assert table[0].split()[:2] == ["file", "u"] and table[2].split()[1] == "0.5"
    assert len(table) == 2 + len(throttled.US)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"u": 2.0}, r"--u in \[0, 1\]"),
        ({"tau": 0.5}, "no --tau for a file with an input u"),
        ({"sweep": "tau"}, "--model with an input tau"),
        ({"sweep": "u", "sweep_values": [-0.1]}, r"--u in \[0, 1\]"),
    ],
)
def test_benchmark_refuses_settings_that_do_not_fit(files, arguments, message):
    with pytest.raises(errors.InputError, match=message):
        benchmark.benchmark(files[1], files[2], **FEW | arguments)


@pytest.fixture(scope="module")
def untold(tmp_path_factory, images):
    """Paths of a contextual network and of its file, which tells no decisions."""
    directory = tmp_path_factory.mktemp("contextual")
    source, path = directory / "m.keras", directory / "m.tflite"
    throttled.learned("mixed", "contextual", images[:2]).save(source)
    convert.convert(source, path, min_group=4)
    return source, path


def test_verify_takes_the_threshold_of_learned_gating(untold):
    source, path = untold
    result = verify.verify(source, path, dataset="digits", samples=2, us=[0.25, 0.75])
    assert result["tau"] == 0.5 and [row["u"] for row in result["us"]] == [0.25, 0.75]
    assert result["max_abs_error"] <= 1e-4 and result["executed_macs_mean"] is None
    assert verify.table(result).count("MACs not known") == 2
    with pytest.raises(errors.InputError, match="no --tau for a file without an inp"):
        verify.verify(source, path, dataset="digits", samples=1, tau=0.4)


def test_benchmark_sweeps_u_of_learned_gating(untold, files):
    _, path = untold
    result = benchmark.benchmark(
        path, files[2], sweep="u", sweep_values=[0.25, 1.0], **FEW
    )
    _, *points = result["points"]
    assert [point["u"] for point in points] == [1.0, 0.25]
    assert {point["tau"] for point in points} == {None}
    # Which images cost how much, only decisions could tell.
    assert {point["macs_ratio"] for point in points} == {None}
    assert len(benchmark.table(result).splitlines()) == 1 + 3
