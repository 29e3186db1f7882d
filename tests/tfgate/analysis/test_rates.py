"""Plots of activation rates."""

import pytest

from tests.tfgate.analysis import builders
from tests.tfgate.analysis import pictures
from tfgate import analysis
from tfgate import tables


@pytest.mark.parametrize(
    ("gates", "epochs"), [(1, 1), (9, 20), (10, 350), (11, 2), (54, 30)]
)
def test_over_epochs(tmp_path, gates, epochs):
    history = builders.history(gates, epochs)
    tables.write_csv(tmp_path / "metrics.csv", history)
    path = analysis.plot_rates_over_epochs(
        tables.read_csv(tmp_path / "metrics.csv"), tmp_path / "rates.png"
    )
    pictures.check(path)
    rows = tables.read_csv(tmp_path / "rates.csv")
    assert len(rows) == (gates + 1) * epochs
    for row in rows:
        column = (
            "activation_rate" if row["gate"] == "all gates" else f"rate/{row['gate']}"
        )
        assert row["rate"] == history[row["epoch"] - 1][column]


def test_few_lines_carry_their_names():
    axes = analysis.draw_rates_over_epochs(builders.history(10, 3)).axes[0]
    names = {text.get_text().split()[0] for text in axes.texts}
    assert names == {*(f"g{index}" for index in range(10)), "all"}
    looks = {(line.get_linestyle(), line.get_marker()) for line in axes.get_lines()}
    assert len(looks) == 11


@pytest.mark.parametrize(
    "history",
    [
        [],
        [{"epoch": 1, "activation_rate": 0.5}],
        [{"epoch": 1, "rate/g": 0.5}],
        [{"activation_rate": 0.5, "rate/g": 0.5}],
    ],
)
def test_history_without_rates(tmp_path, history):
    with pytest.raises(ValueError, match="Expected a history with the columns"):
        analysis.plot_rates_over_epochs(history, tmp_path / "rates.png")


@pytest.mark.parametrize(
    "components", [(1,), (1, 3, 2), (1,) * 54, (4,) * 110], ids=len
)
def test_final_rates(tmp_path, components):
    passes = [
        builders.gate_pass(components, images=10),
        builders.gate_pass(components, images=10, policy="stochastic", tau=None),
    ]
    pictures.check(analysis.plot_final_rates(passes, tmp_path / "final.png"))
    rows = tables.read_csv(tmp_path / "final.csv")
    assert len(rows) == 2 * len(components)
    for row in rows:
        gate_pass = passes[row["policy"] == "stochastic"]
        part = gate_pass.decisions[:, gate_pass.columns(row["gate"])]
        assert row["rate"] == pytest.approx(part.mean())


def test_final_rates_of_one_pass(tmp_path):
    gate_pass = builders.gate_pass()
    analysis.plot_final_rates(gate_pass, tmp_path / "final.png")
    rows = tables.read_csv(tmp_path / "final.csv")
    assert {row["policy"] for row in rows} == {"threshold 0.5"}


def test_passes_of_one_policy(tmp_path):
    with pytest.raises(ValueError, match="different policies"):
        analysis.plot_final_rates([builders.gate_pass()] * 2, tmp_path / "final.png")
