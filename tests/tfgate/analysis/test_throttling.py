"""Plots of throttled networks."""

import itertools

import numpy as np
import pytest

import tfgate
from tests.tfgate.analysis import pictures
from tfgate import analysis
from tfgate import tables
from tfgate.analysis import figures


def curve(accuracies, greatest=1.0):
    us = np.linspace(0.0, 1.0, len(accuracies))
    return [
        {
            "u": float(u),
            "policy": "threshold",
            "accuracy": accuracy,
            "utilization": float(greatest * u),
            "executed_macs_share": float(0.1 + 0.9 * greatest * u),
            "images": 100,
        }
        for u, accuracy in zip(us, accuracies, strict=True)
    ]


CURVES = {
    "naive": curve([0.1, 0.1, 0.12, 0.3, 0.9]),
    "nested": curve([0.5, 0.7, 0.8, 0.86, 0.88]),
    "independent": curve([0.3, 0.5, 0.65, 0.8, 0.85]),
    "independent + learner": curve([0.4, 0.6, 0.7, 0.8, 0.84], greatest=0.8),
}
RATES = [
    {"u": u, "module": f"stage{stage}", "component": 3 * stage + own, "rate": u * own}
    for u in (0.25, 0.5)
    for stage in range(2)
    for own in range(3)
]


@pytest.fixture
def drawn(monkeypatch):
    """The axes that were drawn on."""
    kept = []
    new_figure = figures.new_figure

    def keep(*size):
        kept.append(new_figure(*size))
        return kept[-1]

    monkeypatch.setattr(figures, "new_figure", keep)
    return kept


@pytest.mark.parametrize("x", ["utilization", "macs"])
def test_curves_and_their_numbers(tmp_path, x):
    path = analysis.plot_throttling(CURVES, tmp_path / "curve.png", x)
    pictures.check(path)
    written = tables.read_csv(tmp_path / "curve.csv")
    assert len(written) == 4 * 5
    assert list(written[0]) == [
        "network",
        "u",
        "utilization",
        "executed_macs_share",
        "accuracy",
    ]
    assert [row["accuracy"] for row in written[5:10]] == [0.5, 0.7, 0.8, 0.86, 0.88]


def test_networks_differ_in_more_than_colour(tmp_path, drawn):
    analysis.plot_throttling(CURVES, tmp_path / "curve.png")
    lines = drawn[0].axes[0].get_lines()
    assert [line.get_label().split(" (")[0] for line in lines] == list(CURVES)
    area = tfgate.area_under_curve(CURVES["nested"])
    assert lines[1].get_label().endswith(f"(area {100 * area:.1f} %)")
    for one, other in itertools.combinations(lines, 2):
        assert one.get_marker() != other.get_marker()
        assert one.get_linestyle() != other.get_linestyle()
    for line, rows in zip(lines, CURVES.values(), strict=True):
        places, heights = line.get_data()
        np.testing.assert_allclose(places, [100 * row["utilization"] for row in rows])
        np.testing.assert_allclose(heights, [100 * row["accuracy"] for row in rows])


def test_what_cannot_be_drawn(tmp_path):
    path = tmp_path / "curve.png"
    with pytest.raises(ValueError, match="at least one network"):
        analysis.plot_throttling({}, path)
    with pytest.raises(ValueError, match="at least one row"):
        analysis.plot_throttling({"a": []}, path)
    with pytest.raises(ValueError, match="Expected x to be one of"):
        analysis.plot_throttling(CURVES, path, "u")
    with pytest.raises(ValueError, match=r"'a' to have \['u'\] in every row.* row 0"):
        rows = [{n: v for n, v in CURVES["naive"][0].items() if n != "u"}]
        analysis.plot_throttling({"a": rows}, path)
    with pytest.raises(ValueError, match=r"rows to have \['rate'\]"):
        rows = [{"u": 0.5, "module": "a", "component": 0}]
        analysis.plot_component_utilization(rows, path)
    assert not path.exists()


def test_components(tmp_path, drawn):
    path = analysis.plot_component_utilization(RATES, tmp_path / "components.png")
    pictures.check(path)
    assert tables.read_csv(tmp_path / "components.csv") == RATES
    first, second = drawn[0].axes
    heights = [bar.get_height() for bar in second.patches if bar.get_zorder() == 1]
    assert heights == pytest.approx([0, 50, 100, 0, 50, 100])
    (uniform,) = second.get_lines()
    assert uniform.get_linestyle() == ":"
    assert uniform.get_ydata() == pytest.approx([50.0, 50.0])
    assert [label.get_text() for label in second.get_xticklabels()] == [
        "stage0",
        "stage1",
    ]


@pytest.mark.parametrize("modules", [1, 60])
def test_few_and_many_modules(tmp_path, modules):
    rows = [
        {"u": 0.5, "module": f"m{index}", "component": index, "rate": 0.5}
        for index in range(modules)
    ]
    path = analysis.plot_component_utilization(rows, tmp_path / "components.png")
    pictures.check(path)
