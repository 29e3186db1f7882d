import json

import pytest

from tflite import benchmark
from tflite import errors

TAU_INPUT = {"lowering": "conditional", "tau_input": True, "gate_outputs": True}
FEW = {"samples": 4, "runs": 8, "warmup": 1}


@pytest.fixture(scope="module")
def files(converted):
    return converted("dependent", **TAU_INPUT), converted("dependent", lowering="dense")


@pytest.fixture(scope="module")
def result(files, tmp_path_factory):
    path = tmp_path_factory.mktemp("benchmark") / "result.json"
    model, baseline = files
    result = benchmark.benchmark(
        model, baseline, sweep="tau", sweep_values=[0.0, 1.0], json=path, **FEW
    )
    assert json.loads(path.read_text()) == result
    return result


@pytest.mark.parametrize("key", ["model", "baseline"])
def test_describes_both_files(files, result, key):
    row = result[key]
    path = files[key == "baseline"]
    latency = row["latency_ms"]
    assert row["file"] == path.name and row["file_bytes"] == path.stat().st_size
    assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"]
    assert latency["mean"] > 0 and latency["std"] >= 0
    assert row["load_ms"] > 0 and row["first_run_ms"] > 0
    assert row["peak_memory_mib"] > row["model_memory_mib"] > 0


def test_ratios_follow_from_the_rows(networks, result):
    model, baseline = result["model"], result["baseline"]
    costs = networks["dependent"].costs
    assert baseline["executed_macs_mean"] == costs.dense
    assert costs.all_closed < model["executed_macs_mean"] < costs.all_open
    ratio = model["latency_ms"]["p50"] / baseline["latency_ms"]["p50"]
    assert result["ratio_p50"] == pytest.approx(ratio)
    macs_ratio = model["executed_macs_mean"] / costs.dense
    assert result["macs_ratio"] == pytest.approx(macs_ratio)
    speedup = baseline["latency_ms"]["image_mean"] / model["latency_ms"]["image_mean"]
    assert result["skip_efficiency"] == pytest.approx(speedup * macs_ratio)


def test_sweep_covers_open_and_closed(networks, result):
    opened, closed = result["sweep"]
    costs = networks["dependent"].costs
    assert opened["executed_macs_mean"] == costs.all_open
    assert closed["executed_macs_mean"] == costs.all_closed
    assert (opened["activation_rate"], closed["activation_rate"]) == (1.0, 0.0)


def test_states_the_conditions(result):
    conditions = result["conditions"]
    assert conditions["runs"] == 8 and conditions["threads"] == 1
    assert conditions["machine"]["cores"] >= 1
    assert conditions["versions"]["ai-edge-litert"]
    assert conditions["date"].endswith("+00:00")


def test_table_has_a_line_for_every_operating_point(result):
    lines = benchmark.table(result).splitlines()
    assert len(lines) == 1 + 1 + 1 + 2
    assert [line.split()[0] for line in lines] == ["tau", "baseline", "0.5", "0", "1"]


def test_macs_are_unknown_without_decisions(converted, files):
    path = converted("dependent", lowering="conditional")
    result = benchmark.benchmark(path, files[1], **FEW)
    assert result["macs_ratio"] is None and result["skip_efficiency"] is None
    assert result["ratio_p50"] > 0 and "-" in benchmark.table(result)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"runs": 0}, "--runs of at least 1"),
        ({"threads": 0}, "--threads of at least 1"),
        ({"warmup": 0}, "--warmup of at least 1"),
        ({"samples": 1000, "runs": 1000}, "--samples from 1 to 360"),
        ({"dataset": "mnist"}, "--dataset among"),
        ({"tau": 1.5}, r"in \[0, 1\]"),
        ({"sweep": "tau", "sweep_values": [0.5, -1.0]}, r"in \[0, 1\]"),
        ({"sweep": "rate"}, "--sweep among"),
        ({"sweep_values": [0.5]}, "--sweep with --sweep_values"),
        ({"u": 0.5}, "no --u for a file without"),
        ({"sweep": "u"}, "--model with an input u"),
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
