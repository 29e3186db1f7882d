"""Plots of early exits."""

import pytest

from tests.tfgate.analysis import pictures
from tfgate import analysis
from tfgate import tables


def row(name, share, on_all, on_chosen):
    return {
        "exit": name,
        "images": round(1000 * share),
        "share": share,
        "accuracy_all": on_all,
        "accuracy_chosen": on_chosen,
        "executed_macs_mean": 1e6 if share else None,
    }


# The shares and accuracies of CS table 5; and an exit that nobody takes.
PUBLISHED = [
    row("conv2_exit", 0.2871, 0.8136, 0.9637),
    row("conv3_exit", 0.1156, 0.9335, 0.9853),
    row("last", 0.5973, 0.9419, 0.9263),
    row("all", 1.0, 0.9439, 0.9439),
]
UNUSED = [
    row("conv2_exit", 0.0, 0.5, None),
    row("last", 1.0, 0.9, 0.9),
    row("all", 1.0, 0.9, 0.9),
]


@pytest.mark.parametrize("table", [PUBLISHED, UNUSED, UNUSED[1:2]])
def test_numbers_are_the_table_s(tmp_path, table):
    pictures.check(analysis.plot_exits(table, tmp_path / "exits.png"))
    assert tables.read_csv(tmp_path / "exits.csv") == table


def test_every_exit_and_bar_is_labelled(tmp_path, monkeypatch):
    labels = []
    monkeypatch.setattr(
        "matplotlib.axes.Axes.bar_label",
        lambda self, bars, **_: labels.append([b.get_height() for b in bars]),
    )
    analysis.plot_exits(UNUSED, tmp_path / "exits.png")
    assert labels == [[0.0, 100.0], [50.0, 90.0], [90.0]]


def test_missing_numbers(tmp_path):
    with pytest.raises(ValueError, match="at least one exit"):
        analysis.plot_exits([PUBLISHED[-1]], tmp_path / "exits.png")
    with pytest.raises(ValueError, match=r"table to have \['share'\].* row 0"):
        analysis.plot_exits([{"exit": "a", "accuracy_all": 0.5}], tmp_path / "e.png")
