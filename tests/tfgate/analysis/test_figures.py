"""What all plots share."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib import colors

import tfgate
from tfgate.analysis import figures
from tfgate.analysis import heatmaps

SCRIPT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "matplotlib":
            raise ImportError(name)
sys.meta_path.insert(0, Missing())
import tfgate
try:
    tfgate.analysis.draw_final_rates({"threshold": {"g": 0.5}})
except ImportError as error:
    print(error)
"""


def test_without_matplotlib_only_drawing_fails():
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=pathlib.Path(tfgate.__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pip install 'tfgate[analysis]'" in result.stdout


def test_path_must_be_png(tmp_path):
    with pytest.raises(ValueError, match="end in .png, got .*plot.pdf"):
        figures.write(figures.new_figure(2, 2), [], tmp_path / "plot.pdf")
    assert not list(tmp_path.iterdir())


def test_directory_is_created(tmp_path):
    path = figures.write(figures.new_figure(2, 2), [{"a": 1}], tmp_path / "x" / "y.png")
    assert sorted(each.name for each in path.parent.iterdir()) == ["y.csv", "y.png"]


def lightness(samples):
    """L* of CIELAB."""
    linear = np.asarray(
        [
            [(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in rgb]
            for rgb in samples
        ]
    )
    y = linear @ [0.2126, 0.7152, 0.0722]
    return 116 * np.cbrt(np.maximum(y, 0.008856)) - 16


def test_colour_map_only_darkens():
    shades = colormaps[figures.COLOURS](np.linspace(0.0, 1.0, 21))[:, :3]
    assert (np.diff(lightness(shades)) < 0.0).all()


def test_lines_differ_in_lightness():
    shades = [colors.to_rgb(shade) for shade in figures.shades(10)]
    assert (np.diff(lightness(shades)) > 1.0).all()


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_spread(count):
    values = np.random.default_rng(count).uniform(0.2, 0.4, count)
    placed = figures.spread(values, 0.05, 0.0, 1.0)
    assert placed.min() >= -1e-9 and placed.max() <= 1.0 + 1e-9
    gaps = np.diff(np.sort(placed))
    assert (gaps >= min(0.05, 1.0 / max(1, count - 1)) - 1e-9).all()
    # The order stays, so that lines to the labels do not cross.
    np.testing.assert_array_equal(np.argsort(placed), np.argsort(values))


def test_spread_leaves_alone_what_is_apart():
    values = [0.9, 0.1, 0.5]
    np.testing.assert_allclose(figures.spread(values, 0.05, 0.0, 1.0), values)


@pytest.mark.parametrize(
    ("most", "expected"),
    [(4e9, "billion"), (41e6, "million"), (5e3, "thousand"), (12, "single")],
)
def test_macs_unit(most, expected):
    size, name = figures.macs_unit([1.0, most])
    assert name == expected
    assert 1.0 <= most / size < 1000.0


def test_ticks_are_thinned():
    assert list(figures.thinned(5, 10)) == [0, 1, 2, 3, 4]
    assert len(figures.thinned(1000, 60)) <= 60


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0.0, "0"), (1e-6, "<1"), (0.005, "0"), (0.07, "7"), (0.994, "99"), (1.0, "100")],
)
def test_percent(rate, text):
    assert heatmaps.percent(rate) == text


def test_heatmaps_hold_numbers_while_they_fit():
    for count, shown in ((5, 15), (51, 0)):
        axes = figures.new_figure(4, 4).subplots()
        values = np.full((3, count), 0.5)
        heatmaps.draw(axes, values, ["a"] * 3, ["b"] * count)
        assert len(axes.texts) == shown
