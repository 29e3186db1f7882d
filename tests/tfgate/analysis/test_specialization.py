"""Plots of gates by class."""

import numpy as np
import pytest

from tests.tfgate.analysis import builders
from tests.tfgate.analysis import pictures
from tfgate import analysis
from tfgate import tables


@pytest.mark.parametrize(
    ("components", "classes"), [((1, 3, 2), 4), ((1,), 1), ((1,) * 54, 200)]
)
def test_heatmap(tmp_path, components, classes):
    passes = [
        builders.gate_pass(components, images=400, classes=classes),
        builders.gate_pass(
            components, images=400, classes=classes, policy="stochastic", tau=None
        ),
    ]
    pictures.check(analysis.plot_specialization(passes, tmp_path / "heat.png"))
    rows = tables.read_csv(tmp_path / "heat.csv")
    present = sum(len(np.unique(each.labels)) for each in passes)
    assert len(rows) == len(components) * present
    for row in rows[:: max(1, len(rows) // 50)]:
        gate_pass = passes[row["policy"] == "stochastic"]
        own = gate_pass.labels == int(row["class"].split()[1])
        part = gate_pass.decisions[own][:, gate_pass.columns(row["gate"])]
        assert row["rate"] == pytest.approx(part.mean())


def test_classes_that_open_given_components(tmp_path):
    gate_pass = builders.gate_pass(images=400, classes=6)
    names = ["block0_gate", "block1_gate[2]"]
    path = analysis.plot_gate_classes(gate_pass, tmp_path / "c.png", names, 4)
    pictures.check(path)
    rows = tables.read_csv(tmp_path / "c.csv")
    assert [row["component"] for row in rows] == [names[0]] * 4 + [names[1]] * 4
    rates = [gate_pass.decisions[gate_pass.labels == c, 3].mean() for c in range(6)]
    best = sorted(range(6), key=lambda c: -rates[c])[:4]
    assert [row["class"] for row in rows[4:]] == [f"class {c}" for c in best]
    assert [row["rate"] for row in rows[4:]] == pytest.approx([rates[c] for c in best])
    assert rows[4]["images"] == (gate_pass.labels == best[0]).sum()


def test_chosen_components_tell_classes_apart(tmp_path):
    gate_pass = builders.gate_pass(components=(1, 30, 1), images=500, classes=5)
    pictures.check(analysis.plot_gate_classes(gate_pass, tmp_path / "c.png"))
    names = dict.fromkeys(r["component"] for r in tables.read_csv(tmp_path / "c.csv"))
    _, rates = gate_pass.class_rates()
    spread = dict(zip(gate_pass.component_names, rates.std(axis=0), strict=True))
    assert len(names) == 6
    rest = [spread[name] for name in gate_pass.component_names if name not in names]
    assert min(spread[name] for name in names) >= max(rest)


def test_nothing_to_tell_apart(tmp_path):
    one_class = builders.gate_pass(classes=1)
    with pytest.raises(analysis.NothingToDraw):
        analysis.plot_gate_classes(one_class, tmp_path / "c.png")
    assert not list(tmp_path.iterdir())


def test_bad_arguments(tmp_path):
    gate_pass = builders.gate_pass()
    with pytest.raises(ValueError, match=r"component among .*, got 'block1_gate\[3\]'"):
        analysis.plot_gate_classes(gate_pass, tmp_path / "c.png", ["block1_gate[3]"])
    with pytest.raises(ValueError, match="most_classes >= 1, got 0"):
        analysis.plot_gate_classes(gate_pass, tmp_path / "c.png", most_classes=0)
