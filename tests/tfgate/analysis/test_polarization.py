"""Plots of probabilities, and of what never decides."""

import dataclasses

import numpy as np
import pytest

from tests.tfgate.analysis import builders
from tests.tfgate.analysis import pictures
from tfgate import analysis
from tfgate import tables


@pytest.mark.parametrize("components", [(1,), (1, 3, 2), (64,) * 20], ids=sum)
def test_histogram(tmp_path, components):
    gate_pass = builders.gate_pass(components)
    pictures.check(analysis.plot_polarization(gate_pass, tmp_path / "p.png"))
    rows = tables.read_csv(tmp_path / "p.csv")
    p = gate_pass.probabilities.astype("float64")
    assert (rows[0]["p_low"], rows[-1]["p_high"]) == (0, 1)
    for row in rows:
        inside = (p >= row["p_low"]) & (p < row["p_high"])
        assert row["share"] == pytest.approx(inside.mean(), abs=1e-9)
    assert sum(row["share"] for row in rows) == pytest.approx(1.0)


def test_histogram_of_polarized_gates(tmp_path):
    ends = np.repeat([[0.0, 0.0, 0.0, 1.0, 1.0, 0.5]], 40, axis=0).astype("float16")
    gate_pass = dataclasses.replace(builders.gate_pass(), probabilities=ends)
    analysis.plot_polarization(gate_pass, tmp_path / "p.png")
    shares = [row["share"] for row in tables.read_csv(tmp_path / "p.csv")]
    assert shares == pytest.approx([1 / 2] + [0] * 9 + [1 / 6] + [0] * 8 + [1 / 3])


@pytest.mark.parametrize("components", [(2,), (1, 3, 2), (1,) * 110], ids=len)
def test_states(tmp_path, components):
    gate_pass = builders.gate_pass(components, images=300)
    pictures.check(analysis.plot_gate_states(gate_pass, tmp_path / "s.png"))
    *rows, total = tables.read_csv(tmp_path / "s.csv")
    assert [row["gate"] for row in rows] == list(gate_pass.gate_names)
    assert (total["gate"], total["components"]) == ("all gates", sum(components))
    rates = gate_pass.component_rates()
    for row in [*rows, total]:
        everything = row is total
        part = rates if everything else rates[gate_pass.columns(row["gate"])]
        assert row["components"] == len(part)
        assert row["always on"] == pytest.approx((part > 0.99).mean())
        assert row["always off"] == pytest.approx((part < 0.01).mean())
        shares = row["always on"] + row["conditional"] + row["always off"]
        assert shares == pytest.approx(1.0)
    assert total["always on"] > 0.0
    assert total["always off"] > 0.0
