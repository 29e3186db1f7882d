"""Plots of accuracy against executed MACs."""

import pytest

from tests.tfgate.analysis import builders
from tests.tfgate.analysis import pictures
from tfgate import analysis
from tfgate import tables

DENSE = [
    {"network": "ResNet-32", "accuracy": 0.925, "macs": 69e6},
    {"network": "ResNet-20", "accuracy": 0.915, "macs": 41e6},
]


@pytest.mark.parametrize("dense", [(), DENSE], ids=["alone", "dense"])
def test_numbers_are_the_tables(tmp_path, dense):
    table = builders.table()
    pictures.check(analysis.plot_tradeoff(table, tmp_path / "t.png", dense))
    rows = tables.read_csv(tmp_path / "t.csv")
    assert len(rows) == len(table) + len(dense)
    for row, measured in zip(rows, table, strict=False):
        assert row["network"] == measured["policy"]
        assert row["macs"] == measured["executed_macs_mean"]
        assert row["macs_p95"] == measured["executed_macs_p95"]
        for name in ("tau", "accuracy", "accuracy_std", "runs"):
            assert row[name] == measured[name]
    for row, network in zip(rows[len(table) :], dense, strict=True):
        assert {name: row[name] for name in network} == network


def test_one_row_of_few_columns(tmp_path):
    table = [{"policy": "own", "accuracy": 0.5, "executed_macs_mean": 12.0}]
    pictures.check(analysis.plot_tradeoff(table, tmp_path / "t.png"))
    (row,) = tables.read_csv(tmp_path / "t.csv")
    assert (row["network"], row["accuracy"], row["macs"]) == ("own", 0.5, 12.0)


def test_every_threshold_is_labelled(tmp_path, monkeypatch):
    labels = []
    monkeypatch.setattr(
        "matplotlib.axes.Axes.annotate",
        lambda self, text, *_, **__: labels.append(text),
    )
    analysis.plot_tradeoff(builders.table(), tmp_path / "t.png", DENSE)
    assert sorted(labels) == ["ResNet-20", "ResNet-32", "τ 0.3", "τ 0.5", "τ 0.7"]


def test_missing_numbers(tmp_path):
    with pytest.raises(ValueError, match="table of at least one row"):
        analysis.plot_tradeoff([], tmp_path / "t.png")
    with pytest.raises(ValueError, match=r"table to have \['accuracy'\].* row 0"):
        analysis.plot_tradeoff(
            [{"policy": "own", "executed_macs_mean": 1.0}], tmp_path / "t.png"
        )
    with pytest.raises(ValueError, match=r"dense to have \['macs'\]"):
        analysis.plot_tradeoff(
            builders.table(), tmp_path / "t.png", [{"network": "a", "accuracy": 0.5}]
        )
