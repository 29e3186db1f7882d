"""Plots of how often each component runs."""

import pytest

from tests.tfgate.analysis import builders
from tests.tfgate.analysis import pictures
from tfgate import analysis
from tfgate import tables


@pytest.mark.parametrize(
    ("components", "panels"),
    [((1,), 1), ((1,) * 54, 1), ((1, 3, 2, 1), 3), ((64,) * 16, 16), ((8,) * 40, 40)],
    ids=str,
)
def test_sorted_within_each_panel(tmp_path, components, panels):
    gate_pass = builders.gate_pass(components)
    pictures.check(analysis.plot_frequencies(gate_pass, tmp_path / "f.png"))
    rows = tables.read_csv(tmp_path / "f.csv")
    assert len({row["panel"] for row in rows}) == panels
    rates = dict(
        zip(gate_pass.component_names, gate_pass.component_rates(), strict=True)
    )
    assert sorted(row["component"] for row in rows) == sorted(rates)
    for row in rows:
        assert row["rate"] == pytest.approx(rates[row["component"]])
    for before, after in zip(rows, rows[1:], strict=False):
        if before["panel"] == after["panel"]:
            assert before["rate"] >= after["rate"]
            assert after["rank"] == before["rank"] + 1
        else:
            assert after["rank"] == 0


def test_gates_of_one_component_share_a_panel(tmp_path):
    analysis.plot_frequencies(builders.gate_pass((1, 3, 1)), tmp_path / "f.png")
    rows = tables.read_csv(tmp_path / "f.csv")
    shared = {
        row["component"] for row in rows if row["panel"] == "gates of one component"
    }
    assert shared == {"block0_gate", "block2_gate"}
