import json

import numpy as np
import pytest

from tests.tflite import builders
from tflite import benchmark
from tflite import errors
from tflite import results
from tflite import static

TAU_INPUT = {"lowering": "conditional", "tau_input": True, "gate_outputs": True}
FEW = {"samples": 4, "runs": 8, "warmup": 1}


@pytest.fixture(scope="module")
def files(converted):
    return converted("dependent", **TAU_INPUT), converted("dependent", lowering="dense")


@pytest.fixture(scope="module")
def removed(keras_files, tmp_path_factory):
    """The static network without its second block's branch."""
    path = tmp_path_factory.mktemp("static") / "removed.tflite"
    static.static(keras_files["dependent"], path, closed=list(builders.NAMES))
    return path


@pytest.fixture(scope="module")
def result(files, converted, removed, tmp_path_factory):
    path = tmp_path_factory.mktemp("benchmark") / "result.json"
    gated, baseline = files
    result = benchmark.benchmark(
        [gated, converted("independent", lowering="pruned")],
        baseline,
        static=[removed],
        sweep="tau",
        sweep_values=[0.5, 0.0, 1.0],
        threads=[1, 2],
        batches=[1, 3],
        per_block=True,
        json=path,
        **FEW,
    )
    assert json.loads(path.read_text()) == results.read(path) == result
    return result


def entry(result, name):
    return next(file for file in result["files"] if file["name"] == name)


def test_describes_all_files(files, removed, result):
    gated, baseline = files
    assert [f["role"] for f in result["files"]] == [
        "baseline",
        "model",
        "model",
        "static",
    ]
    assert result["baseline"] == baseline.stem
    for path in (gated, baseline, removed):
        row = entry(result, path.stem)
        assert row["file"] == path.name and row["file_bytes"] == path.stat().st_size
        for start, threads in zip(row["cold_start"], (1, 2), strict=True):
            assert start["threads"] == threads and start["fresh_process"]
            assert start["load_ms"] > 0 and start["first_run_ms"] > 0
            assert start["peak_memory_mib"] > start["model_memory_mib"] > 0


def test_every_file_runs_at_all_its_settings(files, removed, result):
    gated, baseline = files
    taken = [
        (p["file"], p["tau"], p["threads"], p["batch"])
        for p in result["points"]
        if p["file"] in (gated.stem, removed.stem)
    ]
    taus, counts = [(gated.stem, 0.5), (gated.stem, 0.0), (gated.stem, 1.0)], (1, 2)
    expected = {
        (*setting, threads, batch)
        for setting in [*taus, (removed.stem, None)]
        for threads in counts
        for batch in (1, 3)
    }
    assert len(taken) == len(expected) and set(taken) == expected


def test_latencies_are_in_order(result):
    for point in result["points"]:
        latency = point["latency_ms"]
        assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"]
        assert latency["mean"] > 0 and latency["std"] >= 0
        assert latency["cpu_per_wall"] > 0
        assert (point["image_ms"] is None) == (point["batch"] > 1)


def test_ratios_follow_from_the_points(networks, files, result):
    gated, baseline = files
    costs = networks["dependent"].costs
    point = benchmark.find(result, gated.stem, tau=0.5, threads=2)
    other = benchmark.find(result, baseline.stem, threads=2)
    assert other["executed_macs_mean"] == costs.dense
    assert costs.all_closed < point["executed_macs_mean"] < costs.all_open
    own, dense = point["latency_ms"], other["latency_ms"]
    assert point["ratio_p50"] == pytest.approx(own["p50"] / dense["p50"])
    assert point["ratio_cpu"] == pytest.approx(own["cpu_p50"] / dense["cpu_p50"])
    macs_ratio = point["executed_macs_mean"] / costs.dense
    assert point["macs_ratio"] == pytest.approx(macs_ratio)
    speedup = dense["image_mean"] / own["image_mean"]
    assert point["skip_efficiency"] == pytest.approx(speedup * macs_ratio)
    assert np.mean(point["image_ms"]) == pytest.approx(own["image_mean"], rel=1e-3)


def test_sweep_covers_open_and_closed(networks, files, result):
    costs = networks["dependent"].costs
    opened, closed = (
        benchmark.find(result, files[0].stem, tau=tau) for tau in (0.0, 1.0)
    )
    assert opened["executed_macs_mean"] == costs.all_open
    assert closed["executed_macs_mean"] == costs.all_closed
    assert (opened["activation_rate"], closed["activation_rate"]) == (1.0, 0.0)


def test_decisions_are_kept_for_every_image(networks, files, images, result):
    from tflite import reference
    from tflite.benchmark import document

    point = benchmark.find(result, files[0].stem, tau=0.5)
    _, expected = reference.run(networks["dependent"], images[:4], tau=0.5)
    np.testing.assert_array_equal(document.unpack(point["decisions"]), expected)
    gates = entry(result, files[0].stem)["gates"]
    assert [gate["block"] for gate in gates] == list(builders.NAMES)


def test_overhead_only_where_decisions_are_those_of_the_static_file(
    files, removed, result
):
    for point in result["points"]:
        closed = point["file"] == files[0].stem and point["tau"] == 1.0
        assert [o["static"] for o in point["overhead"]] == [removed.stem] * closed
        if closed:
            where = {"threads": point["threads"], "batch": point["batch"]}
            other = benchmark.find(result, removed.stem, **where)
            ratio = (
                point["latency_ms"]["image_mean"] / other["latency_ms"]["image_mean"]
            )
            assert point["overhead"][0]["ratio"] == pytest.approx(ratio)


def test_batches_are_resized_or_one_call_for_each_image(files, removed, result):
    modes = {p["file"]: p["batch_mode"] for p in result["points"] if p["batch"] == 3}
    assert modes[files[0].stem] == "sequential"
    assert modes[files[1].stem] == modes[removed.stem] == "resized"
    assert all(p["batch_mode"] is None for p in result["points"] if p["batch"] == 1)


def test_blocks_are_measured_alone(files, result):
    rows = entry(result, files[0].stem)["blocks"]
    assert [row["block"] for row in rows] == list(builders.NAMES)
    assert all(row["open_ms"] > 0 and row["closed_ms"] > 0 for row in rows)
    assert entry(result, files[1].stem)["blocks"] == []


def test_states_the_conditions(result):
    conditions = result["conditions"]
    assert conditions["runs"] == 8 and conditions["threads"] == [1, 2]
    assert conditions["ended"] == "completed"
    assert all(point["runs"] == 8 for point in result["points"])
    assert conditions["machine"]["cores"] >= 1
    assert {"governor", "frequency_mhz"} <= set(conditions["machine"])
    assert conditions["versions"]["ai-edge-litert"]
    assert conditions["date"].endswith("+00:00")


def test_table_has_a_line_for_every_point(result):
    lines = benchmark.table(result).splitlines()
    assert len(lines) == 1 + len(result["points"])
    header = lines[0].split()
    assert header[:4] == ["file", "tau", "threads", "batch"] and "u" not in header


def test_table_leaves_out_what_is_the_same(files):
    result = benchmark.benchmark(files[0], files[1], **FEW)
    header = benchmark.table(result).splitlines()[0]
    assert "threads" not in header and "batch" not in header and "tau" in header
    assert "overhead" not in header


def test_macs_are_unknown_without_decisions(converted, files):
    path = converted("dependent", lowering="conditional")
    result = benchmark.benchmark(path, files[1], **FEW)
    point = benchmark.find(result, path.stem)
    assert point["macs_ratio"] is None and point["skip_efficiency"] is None
    assert point["decisions"] is None and results.violation(result) is None
    assert point["ratio_p50"] > 0 and " - " in benchmark.table(result)


def test_a_static_file_that_nothing_matches_is_told(converted, files, removed):
    path = converted("dependent", lowering="conditional")
    result = benchmark.benchmark(path, files[1], static=[removed], **FEW)
    assert any("no overhead is given" in text for text in result["warnings"])


def test_a_file_against_itself(files):
    baseline = files[1]
    result = benchmark.benchmark(baseline, baseline, **FEW)
    assert result["baseline"] == f"{baseline.stem} (baseline)"
    assert benchmark.find(result, baseline.stem)["macs_ratio"] == 1.0


def test_given_images(files, images):
    result = benchmark.benchmark(*files, images=images[:2], runs=4, warmup=1)
    assert result["conditions"]["dataset"] == "given"
    assert result["conditions"]["samples"] == 2
    with pytest.raises(errors.InputError, match="images of shape"):
        benchmark.benchmark(*files, images=images[:2, :8], runs=4, warmup=1)


def test_find_says_what_is_missing(result):
    with pytest.raises(KeyError, match="a point of"):
        benchmark.find(result, "other")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"runs": 0}, "--runs of at least 1"),
        ({"threads": 0}, "--threads of at least 1"),
        ({"threads": [1, 0]}, "--threads of at least 1"),
        ({"threads": []}, "at least one number for --threads"),
        ({"batches": [0]}, "--batches of at least 1"),
        ({"batches": [5]}, "--batches of at most 4"),
        ({"warmup": 0}, "--warmup of at least 1"),
        ({"samples": 1000, "runs": 1000}, "--samples from 1 to 360"),
        ({"dataset": "mnist"}, "--dataset among"),
        ({"tau": 1.5}, r"in \[0, 1\]"),
        ({"sweep": "tau", "sweep_values": [0.5, -1.0]}, r"in \[0, 1\]"),
        ({"sweep": "rate"}, "--sweep among"),
        ({"sweep_values": [0.5]}, "--sweep with --sweep_values"),
        ({"u": 0.5}, "no --u for a file with"),
        ({"sweep": "u"}, "--model with an input u"),
        ({"extra_baselines": ["caffe"]}, "--extra_baselines among"),
        ({"json": "missing/result.json"}, "--json in an existing directory"),
    ],
)
def test_bad_arguments(files, arguments, message):
    with pytest.raises(errors.InputError, match=message):
        benchmark.benchmark(*files, **FEW | arguments)


def test_a_sweep_needs_an_input(files):
    model, baseline = files
    with pytest.raises(errors.InputError, match="--model with an input tau"):
        benchmark.benchmark(baseline, model, sweep="tau", **FEW)


def test_a_threshold_of_a_file_without_the_input(files):
    with pytest.raises(errors.InputError, match="no --tau for a file without"):
        benchmark.benchmark(files[1], files[1], tau=0.3, **FEW)


def test_files_are_named_once(files):
    with pytest.raises(errors.InputError, match="every file once"):
        benchmark.benchmark([files[0], files[0]], files[1], **FEW)
    with pytest.raises(errors.InputError, match="at least one --model"):
        benchmark.benchmark([], files[1], **FEW)


def test_static_files_are_those_of_the_command(files):
    with pytest.raises(errors.InputError, match="--static files of tflite.static"):
        benchmark.benchmark(*files, static=[files[1]], **FEW)
