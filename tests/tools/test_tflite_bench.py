import json
import os
import subprocess

import keras
import numpy as np
import pytest

from tests.tflite import builders
from tflite import datasets
from tflite import metadata
from tflite.calibration import TrainingImages
from tools import bench_files
from tools import bench_gated
from tools import bench_lines
from tools import bench_rows
from tools import dial_latency
from tools import tflite_bench
from tools.bench_files import measured
from tools.bench_lines import Line

DIAL = {
    "resnext50": {
        "settings": [
            {"u": 0.0, "over_bound": 1.0, "ratio": 0.1, "macs_share": 0.1},
            {"u": 0.5, "over_bound": 1.03, "ratio": 0.58, "macs_share": 0.55},
        ]
    }
}


@pytest.fixture
def conditions(tmp_path):
    workshop = bench_files.Workshop(tmp_path, seed=0, reuse=True)
    return bench_lines.Conditions(workshop, runs=6, seed=0)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Conditions with small files in place of ResNet-50's, converted here and once."""
    keras.utils.set_random_seed(1)
    directory = tmp_path_factory.mktemp("bench")
    model = builders.dependent(datasets.load("digits", samples=40).images)
    model.save(directory / "resnet50_blocks.keras")
    workshop = bench_files.Workshop(directory, seed=0, reuse=True)
    with pytest.MonkeyPatch.context() as patch:
        # In this process: starting a command each would take a minute.
        patch.setattr(bench_files, "measured", _converted_here)
        yield bench_lines.Conditions(workshop, runs=6, seed=0)


def _converted_here(module, arguments):
    from tflite.convert import convert
    from tflite.static import static

    arguments = dict(arguments)
    if "block_lowering" in arguments:
        pattern, _, lowering = arguments["block_lowering"].partition("=")
        arguments["block_lowering"] = [(pattern, lowering)]
    if "calibration_dataset" in arguments:
        arguments["calibration"] = TrainingImages(
            arguments.pop("calibration_dataset"), arguments.pop("calibration_samples")
        )
    if module == "tflite.static":
        static(
            arguments.pop("model"),
            arguments.pop("output"),
            closed=[name for name in arguments.pop("closed").split(",") if name],
            **arguments,
        )
    else:
        convert(**arguments)
    return {"command": module, "seconds": 2.0, "cpu_seconds": 1.0, "peak_gib": 0.5}


@pytest.mark.parametrize(
    ("line", "cells", "reached"),
    [
        (Line("a", 1.02, "≤", 1.03), ("a", "1.020", "≤ 1.03", "yes"), True),
        (Line("a", 0.94, "≥", 0.95), ("a", "0.940", "≥ 0.95", "no"), False),
        (
            Line("a", 61.0, "≤", 60, "s", "b"),
            ("a", "61.000 s (b)", "≤ 60 s", "no"),
            False,
        ),
        (Line("a", 1.5), ("a", "1.500", "", ""), None),
    ],
)
def test_lines_say_whether_the_goal_is_reached(line, cells, reached):
    assert line.reached is reached and line.cells() == cells
    assert line.document()["reached"] is reached


def test_table_is_markdown():
    table = tflite_bench.table([Line("a", 1.0, "≤", 2.0), Line("b", 3.0)])
    assert [row.count("|") for row in table.splitlines()] == [5] * 4


def test_blocks_are_compared_with_static_and_dense(small):
    overhead, efficiency, opened = bench_rows.blocks(small)
    assert (overhead.goal, efficiency.goal, opened.goal) == (1.03, 0.95, 1.02)
    assert overhead.value > 0 and opened.value > 0 and efficiency.value > 0
    directory = small.workshop.directory
    static = metadata.read(directory / "resnet50_static.tflite").static
    assert list(static.values()) == [[1], [0], [1]]
    assert (directory / "resnet50_blocks.benchmark.json").is_file()
    # Each file and setting once, however often it is measured.
    bench_rows.blocks(small)
    named = [(point.file, point.setting) for point in small.points]
    assert len(set(named)) == len(named)
    assert {
        ("resnet50_gated", "τ = 0.5"),
        ("resnet50_gated", "τ = 0"),
        ("resnet50_static", ""),
    } <= set(named)
    static = next(p for p in small.points if p.file == "resnet50_static")
    assert 0.0 < static.macs < 1.0 and static.time > 0.0


def test_pictures_of_what_was_measured_now(small, tmp_path):
    assert tflite_bench.write_pictures(tmp_path, [], 0.0) == []
    bench_rows.blocks(small)
    result = small.workshop.directory / "resnet50_blocks.benchmark.json"
    (tmp_path / "new.benchmark.json").write_bytes(result.read_bytes())
    (tmp_path / "old.benchmark.json").write_text("{}")
    os.utime(tmp_path / "old.benchmark.json", (1.0, 1.0))
    written = tflite_bench.write_pictures(tmp_path, small.points, 2.0)
    assert [path.name for path in written] == ["bench.svg", "report.html"]
    assert "resnet50_static" in (tmp_path / "report.html").read_text("utf-8")
    assert "resnet50_static" in (tmp_path / "bench.svg").read_text("utf-8")


def test_conversions_are_told(small):
    seconds, peak, size = bench_rows.conversion(small)
    assert (seconds.value, peak.value) == (2.0, 0.5)
    directory = small.workshop.directory
    sizes = [
        (directory / f"resnet50_{name}.tflite").stat().st_size
        for name in ("gated", "dense")
    ]
    assert size.value == sizes[0] / sizes[1]


def test_files_are_reused(small, monkeypatch):
    directory, arguments = small.workshop.directory, {"lowering": "dense"}
    name = "resnet50_dense"
    path = small.workshop.converted("resnet50_blocks", name, **arguments)
    again = bench_files.Workshop(directory, seed=0, reuse=True)
    monkeypatch.setattr(bench_files, "measured", None)
    assert again.converted("resnet50_blocks", name, **arguments) == path
    facts = again.conversions[path.name]
    assert facts == small.workshop.conversions[path.name] and facts["seconds"] == 2.0


@pytest.mark.large
@pytest.mark.timeout(900)
def test_dynamic_range_is_compared_with_float(small):
    gated, static = bench_rows.dynamic_range(small)
    assert gated.goal == 0.9 and gated.value > 0
    assert static.goal is None and static.value > 0
    directory = small.workshop.directory
    names = {path.stem for path in directory.glob("*.tflite")}
    assert {"resnet50_gated_dynamic", "resnet50_dense"} <= names
    quantized = metadata.read(directory / "resnet50_static_dynamic.tflite")
    assert quantized["quantization"] == "dynamic"


def test_dial_takes_half_open(conditions, monkeypatch):
    monkeypatch.setattr(dial_latency, "measure", lambda *_, **__: DIAL)
    (line,) = bench_rows.dial(conditions)
    assert line.value == 1.03 and line.reached and "0.580 of dense" in line.note
    points = [(p.setting, p.macs, p.time) for p in conditions.points]
    assert points == [("u = 0", 0.1, 0.1), ("u = 0.5", 0.55, 0.58)]


def test_shares_of_images_at_each_exit():
    decisions = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    np.testing.assert_array_equal(bench_gated.leaving(decisions), [0.5, 0.25, 0.25])


@pytest.mark.large
@pytest.mark.timeout(900)
def test_spread_networks_of_small_size(conditions, monkeypatch):
    """The rows on spread gates, with networks and images that are quick."""
    import tfgate
    from tfgate.applications.early_exits import EarlyExits

    exits = EarlyExits(gate=tfgate.DependentGate, filters=8)
    networks = {
        "resnet50_cs_low": lambda: tfgate.applications.CifarResNet(
            8, gate="dependent", granularity="cs-cifar-8", shortcut="projection"
        ),
        "densenet_exits": lambda: tfgate.applications.CifarDenseNet(
            depth=10, early_exit=exits
        ),
    }
    for name, build in networks.items():
        model = build()
        images = bench_lines.Images("digits", None)
        share = 0.6 if name == "resnet50_cs_low" else None
        facts = bench_files._spread(model, images, share, seed=0)
        assert 0.3 < facts["share"] < 1.1
        model.save(conditions.workshop.directory / f"{name}.keras")
        path = conditions.workshop.directory / f"{name}.facts.json"
        path.write_text(json.dumps(facts))
    for attribute in ("_IMAGENET", "_CIFAR"):
        monkeypatch.setattr(bench_gated, attribute, "digits")
    monkeypatch.setattr(bench_files, "measured", _converted_here)
    efficiency, default, clustered, grouped = bench_gated.filters(conditions)
    assert min(efficiency.value, clustered.value, grouped.value) > 0
    assert efficiency.goal == 0.8 and not clustered.relation
    assert default.value > 0 and not default.relation
    directory = conditions.workshop.directory
    larger = metadata.read(directory / "resnet50_cs_low_gated.tflite")
    other = metadata.read(directory / "resnet50_cs_low_default.tflite")
    assert larger["flatbuffer"]["bytes"] >= other["flatbuffer"]["bytes"]
    (line,) = bench_gated.early_exit(conditions)
    assert line.value > 0
    shares = [float(text) for text in line.note.removeprefix("leaving ").split(", ")]
    assert len(shares) == 3 and sum(shares) == pytest.approx(1.0, abs=0.02)
    # Other images than those by which it was set.
    assert all(0.05 < share < 0.8 for share in shares)


def test_rows_that_lack_something_are_skipped(conditions):
    lines, skipped, failed = tflite_bench.measure(
        ["dynamic_range_accuracy", "filters"], conditions.workshop, runs=5, seed=0
    )
    assert not lines and not failed
    first, second = skipped
    assert (
        first == "dynamic_range_accuracy is skipped: it needs --trained and --data_dir"
    )
    assert "filters is skipped: it needs images of imagenet2012: Expected" in second


def test_a_row_that_fails_leaves_the_others(conditions, monkeypatch):
    def fail(conditions):
        raise subprocess.CalledProcessError(2, ["python", "-m", "tflite.convert"])

    def succeed(conditions):
        return [bench_lines.Line("something", 1.5)]

    monkeypatch.setattr(bench_rows, "ROWS", {"first": fail, "second": succeed})
    written = []
    lines, skipped, failed = tflite_bench.measure(
        ["first", "second"],
        conditions.workshop,
        runs=5,
        seed=0,
        after_row=lambda *lists: written.append([len(own) for own in lists]),
    )
    assert [line.value for line in lines] == [1.5] and not skipped
    assert failed[0].startswith("first failed:") and "tflite.convert" in failed[0]
    assert written == [[0, 0, 1], [1, 0, 1]]


def test_commands_are_measured():
    facts = measured("json.tool", {"help": True})
    assert facts["command"] == "python -m json.tool --help"
    assert facts["seconds"] > 0 and facts["peak_gib"] > 0.001
    with pytest.raises(subprocess.CalledProcessError):
        measured("json.tool", {"unknown": 1})


@pytest.mark.large
@pytest.mark.timeout(900)
def test_forced_gates_are_computed_and_close_every_second_block(tmp_path):
    import tfgate

    workshop = bench_files.Workshop(tmp_path, seed=0, reuse=False)
    path = workshop.network("resnet50_blocks")
    model = keras.saving.load_model(path)
    image = np.random.default_rng(0).uniform(0, 255, (1, 224, 224, 3))
    with tfgate.use_policy(model, tfgate.Threshold(0.5)):
        gates = model.core(image.astype("float32"), training=False)["gates"]
    decisions = [float(gates[name]["decision"][0, 0]) for name in model.gate_names]
    assert decisions == [1.0, 0.0] * 8
    assert all(np.any(block.gate.logits_dense.kernel) for block in model.blocks)
