import re
import xml.etree.ElementTree

import numpy as np
import pytest

from tests.tflite import results as examples
from tflite.benchmark import document
from tflite.report import distribution
from tflite.report import entries
from tflite.report import scatter
from tflite.report import strip
from tflite.report import svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def found():
    return entries.collect([examples.phone()], [])


def parse(text):
    return xml.etree.ElementTree.fromstring(text)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 24.0, ["0", "5", "10", "15", "20", "25"]),
        (0.901, 0.925, ["0.900", "0.905", "0.910", "0.915", "0.920", "0.925"]),
        (5.0, 5.0, None),
    ],
)
def test_ticks_are_round_and_cover_the_values(low, high, ticks):
    scale = svg.Scale(low, high, 0.0, 100.0)
    assert scale.ticks[0] <= low and scale.ticks[-1] >= high
    assert scale(scale.ticks[0]) == 0.0 and scale(scale.ticks[-1]) == 100.0
    if ticks is not None:
        assert [scale.label(tick) for tick in scale.ticks] == ticks


def test_markers_all_differ():
    drawn = {svg.marker(number, 0, 0) for number in range(len(svg.MARKERS))}
    assert len(drawn) == len(svg.MARKERS) == 12


def test_names_are_cut_in_the_middle():
    assert svg.shortened("short", 100) == "short"
    cut = svg.shortened("a_very_long_name, τ = 0.5", 100)
    assert cut.startswith("a_") and cut.endswith("0.5") and "…" in cut


def test_every_point_has_a_marker_and_a_number(found):
    picture = parse(scatter.draw(found, lambda e: e.latency, label="ms", title="a & b"))
    markers = [e for e in picture.iter(f"{SVG}path") if "transform" in e.attrib]
    numbers = [e.text for e in picture.iter(f"{SVG}text") if e.get("class") == "number"]
    assert len(markers) == 4 and numbers == ["1", "2", "3", "4"]
    # The gated file's two points are joined.
    assert sum(e.get("class") == "curve" for e in picture.iter(f"{SVG}path")) == 1
    assert picture.find(f"{SVG}title").text == "a & b"
    assert len(scatter.legend(found)) == 3


def test_points_on_one_place_keep_their_numbers_apart(found):
    twelve = [found[0]] * 12
    picture = parse(scatter.draw(twelve, lambda e: 1.0, label="", title="t"))
    numbers = [e for e in picture.iter(f"{SVG}text") if e.get("class") == "number"]
    places = {(e.get("x"), e.get("y")) for e in numbers}
    assert len(places) == len(numbers) == 12


def test_bars_add_up_to_the_images(found):
    picture = parse(distribution.draw(found[:1], title="t"))
    heights = [float(e.get("height")) for e in picture.iter(f"{SVG}rect")]
    # Four values, each as often.
    assert len(heights) >= 1 and max(heights) == pytest.approx(26.0)
    assert "from 20 to 20.3 ms" in picture.find(f"{SVG}desc").text


def test_strips_fill_what_is_open(found):
    entry = found[1]
    shares = strip.block_shares(entry)
    assert shares.shape == (3, examples.IMAGES)
    picture = parse(strip.draw(entry, title="t"))
    (path,) = picture.iter(f"{SVG}path")
    widths = [int(width) for width in re.findall(r"h(\d+)v", path.get("d"))]
    assert sum(widths) == shares.sum()
    texts = [e.text for e in picture.iter(f"{SVG}text")]
    assert texts[::2] == ["block1", "block2", "block3"]


def test_blocks_of_several_components_are_shares(found):
    entry = found[1]
    entry.file["gates"] = [
        {"block": "a", "components": 4},
        {"block": "b", "components": 1},
    ]
    decisions = np.array([[1, 0, 0, 0, 1], [1, 1, 1, 1, 0]])
    entry.point["decisions"] = document.pack(decisions)
    np.testing.assert_array_equal(strip.block_shares(entry), [[0.25, 1], [1, 0]])
    picture = parse(strip.draw(entry, title="t"))
    classes = [path.get("class") for path in picture.iter(f"{SVG}path")]
    assert classes == ["open1", "open4"]
