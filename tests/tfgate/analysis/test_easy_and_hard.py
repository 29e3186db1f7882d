"""Plots of the images that cost most and least."""

import dataclasses

import numpy as np
import pytest

from tests.tfgate.analysis import builders
from tests.tfgate.analysis import pictures
from tfgate import analysis
from tfgate import tables


@pytest.mark.parametrize("thumbnails", [1, 3, 8])
def test_both_ends(tmp_path, thumbnails):
    gate_pass = builders.gate_pass(thumbnails=thumbnails)
    pictures.check(analysis.plot_extreme_images(gate_pass, tmp_path / "e.png"))
    rows = tables.read_csv(tmp_path / "e.csv")
    macs = gate_pass.executed_macs
    highest = [row["executed_macs"] for row in rows if row["end"] == "highest"]
    lowest = [row["executed_macs"] for row in rows if row["end"] == "lowest"]
    assert highest == sorted(macs, reverse=True)[:thumbnails]
    assert lowest == sorted(macs)[:thumbnails]
    for row in rows:
        number = row["image"]
        assert macs[number] == row["executed_macs"]
        assert row["class"] == gate_pass.class_names[gate_pass.labels[number]]
        assert row["prediction"] == gate_pass.class_names[gate_pass.predictions[number]]


def test_each_image_stands_at_its_number(tmp_path, monkeypatch):
    gate_pass = builders.gate_pass(thumbnails=3)
    drawn = []
    monkeypatch.setattr(
        "matplotlib.axes.Axes.imshow", lambda self, image, **_: drawn.append(image)
    )
    analysis.plot_extreme_images(gate_pass, tmp_path / "e.png")
    numbers = [row["image"] for row in tables.read_csv(tmp_path / "e.csv")]
    places = [gate_pass.thumbnail_indices.tolist().index(n) for n in numbers]
    np.testing.assert_array_equal(drawn, gate_pass.thumbnails[places])


def test_fewer_images_than_thumbnails(tmp_path):
    gate_pass = builders.gate_pass(images=5, thumbnails=8)
    pictures.check(analysis.plot_extreme_images(gate_pass, tmp_path / "e.png"))
    assert len(tables.read_csv(tmp_path / "e.csv")) == 4


def test_grey_images(tmp_path):
    gate_pass = builders.gate_pass()
    grey = dataclasses.replace(gate_pass, thumbnails=gate_pass.thumbnails[..., :1])
    pictures.check(analysis.plot_extreme_images(grey, tmp_path / "e.png"))
    analysis.plot_extreme_images(gate_pass, tmp_path / "coloured.png")
    rows = tables.read_csv(tmp_path / "e.csv")
    assert rows == tables.read_csv(tmp_path / "coloured.csv") != []


def test_no_thumbnails(tmp_path):
    with pytest.raises(analysis.NothingToDraw, match="thumbnails"):
        analysis.plot_extreme_images(
            builders.gate_pass(thumbnails=0), tmp_path / "e.png"
        )


def test_all_images_cost_the_same(tmp_path):
    gate_pass = dataclasses.replace(
        builders.gate_pass(), executed_macs=np.full(40, 5.0, "float32")
    )
    with pytest.raises(analysis.NothingToDraw, match="the same MACs"):
        analysis.plot_extreme_images(gate_pass, tmp_path / "e.png")
