"""What a run writes of its early exits."""

import json

import pytest

from tests.trainers.builders import toy_dataset
from tests.trainers.builders import toy_settings
from tfgate import tables
from trainers.common import run
from trainers.common import study
from trainers.common.workdir import Workdir

LOSSES = {
    "none": "const_quad(0.7, per=gate, gates='*_exit_gate')",
    "independent": "per_gate(0.9, gates='*_block*_gate') + "
    "const_quad(0.7, per=gate, gates='*_exit_gate')",
}


@pytest.fixture(scope="module", params=LOSSES)
def finished(request, tmp_path_factory):
    """A run whose images leave at exits: alone, and beside gates of blocks."""
    chosen = toy_settings(
        depth=8,
        gate=request.param,
        early_exit=True,
        exit_gate="dependent",
        exit_filters=4,
        gate_loss=LOSSES[request.param],
        epochs=1,
        taus="0.3",
    )
    workdir = Workdir(tmp_path_factory.mktemp(request.param) / "run")
    return chosen, run.run(chosen, toy_dataset(), workdir), workdir


def test_results_have_the_exits(finished):
    chosen, outcome, workdir = finished
    rows = json.loads(workdir.results.read_text())["exits"]
    assert rows == outcome["exits"]
    assert [row["exit"] for row in rows] == ["conv2_exit", "conv3_exit", "last", "all"]
    *leaving, whole = rows
    assert sum(row["images"] for row in leaving) == whole["images"] == 20
    assert sum(row["share"] for row in leaving) == pytest.approx(1.0, abs=1e-5)
    threshold = outcome["policies"]["threshold"]
    assert whole["accuracy_all"] == pytest.approx(threshold["accuracy"], abs=1e-5)
    macs = whole["executed_macs_mean"]
    assert macs == pytest.approx(threshold["executed_macs"], rel=1e-5)
    blocks = [gate for gate in threshold["rates"] if "block" in gate]
    assert len(blocks) == (0 if chosen.gate == "none" else 3)


def test_plots_have_the_exits(finished):
    _, outcome, workdir = finished
    assert (workdir.plots / "exits.png").stat().st_size > 1000
    written = tables.read_csv(workdir.plots / "exits.csv")
    assert [row["share"] for row in written] == [
        row["share"] for row in outcome["exits"]
    ]


def test_the_log_has_the_gate_loss_of_the_exits(finished):
    (row,) = tables.read_csv(finished[2].metrics)
    assert row["gate_loss"] > 0
    assert 0 <= row["rate/conv2_exit_gate"] <= 1


def test_an_evaluation_has_the_exits(finished, capsys):
    chosen, outcome, workdir = finished
    evaluation = toy_settings(split="test", evaluate_only=True, taus="0.3")
    directory = study.study(evaluation, chosen, toy_dataset(), workdir)
    assert (directory / "exits.png").exists() and (directory / "table.csv").exists()
    written = tables.read_csv(directory / "exits.csv")
    assert written == outcome["exits"]
    assert "conv3_exit" in capsys.readouterr().out


def test_other_networks_have_none(tmp_path):
    workdir = Workdir(tmp_path / "run")
    chosen = toy_settings(depth=8, gate="none", epochs=1)
    assert "exits" not in run.run(chosen, toy_dataset(), workdir)
    assert not (workdir.plots / "exits.csv").exists()
