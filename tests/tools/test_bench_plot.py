import dataclasses
import json
import subprocess
import sys
import xml.etree.ElementTree

import pytest

from tflite import errors
from tools import bench_plot
from tools.bench_lines import Measured

SVG = "{http://www.w3.org/2000/svg}"
POINTS = [
    Measured("gated", "τ = 0.5", 0.5, 0.55),
    Measured("gated", "τ = 0", 1.0, 1.02),
    Measured("static", "", 0.5, 0.51),
]


def bench(path, points):
    rows = [dataclasses.asdict(point) for point in points]
    path.write_text(json.dumps({"rows": [], "points": rows}))
    return path


def test_the_picture_stands_alone():
    picture = xml.etree.ElementTree.fromstring(bench_plot.draw(POINTS))
    assert "prefers-color-scheme" in picture.find(f"{SVG}style").text
    assert picture.find(f"{SVG}rect").get("class") == "paper"
    description = picture.find(f"{SVG}desc").text
    assert "1: gated, τ = 0.5, 0.500 of the MACs, 0.550 of the time" in description
    texts = [e.text for e in picture.iter(f"{SVG}text")]
    assert "proportional" in texts and "executed MACs, of the dense file's" in texts


def test_points_lie_above_the_diagonal_by_what_they_lose():
    picture = xml.etree.ElementTree.fromstring(bench_plot.draw(POINTS))
    (diagonal,) = (e for e in picture.iter(f"{SVG}line") if e.get("class") == "axis")
    x1, y1, x2, y2 = (float(diagonal.get(key)) for key in ("x1", "y1", "x2", "y2"))
    markers = [e for e in picture.iter(f"{SVG}path") if "transform" in e.attrib]
    assert len(markers) == 3
    lost = []
    for point, element in zip(POINTS, markers, strict=True):
        text = element.get("transform").removeprefix("translate(").removesuffix(")")
        x, y = map(float, text.split())
        assert x == pytest.approx(x1 + point.macs * (x2 - x1), abs=0.1)
        assert y == pytest.approx(y1 + point.time * (y2 - y1), abs=0.1)
        lost.append(y1 + point.macs * (y2 - y1) - y)
    assert min(lost) > 0 and lost[0] > lost[2]
    # The two settings of one file are joined.
    curves = [e for e in picture.iter(f"{SVG}path") if e.get("class") == "curve"]
    assert len(curves) == 1


def test_every_point_of_the_plot_stands_in_the_table():
    lines = bench_plot.table(POINTS).splitlines()
    assert lines[2] == "| 1 | gated, τ = 0.5 | 0.500 | 0.550 |"
    assert lines[4] == "| 3 | static | 0.500 | 0.510 |" and len(lines) == 5


def test_the_command_joins_results(tmp_path):
    first = bench(tmp_path / "a.json", POINTS[:2])
    second = bench(tmp_path / "b.json", POINTS[2:])
    output = tmp_path / "plot.svg"
    command = [sys.executable, "-m", "tools.bench_plot"]
    command += [f"--results={first},{second}", f"--output={output}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert bench_plot.table(POINTS) in told
    assert output.read_text("utf-8") == bench_plot.draw(POINTS)


@pytest.mark.parametrize(
    "content",
    ["{}", '{"points": []}', '{"points": [{"file": "a"}]}', '{"points": 3}', "[]", "x"],
)
def test_files_without_points_are_refused(tmp_path, content):
    path = tmp_path / "wrong.json"
    path.write_text(content)
    with pytest.raises(errors.InputError, match="--results"):
        bench_plot.read(path)


@pytest.mark.parametrize("value", [None, "a", -1.0])
def test_points_are_numbers(tmp_path, value):
    own = [Measured("gated", "", 0.5, value)]
    path = bench(tmp_path / "wrong.json", own)
    with pytest.raises(errors.InputError, match="with points in --results"):
        bench_plot.read(path)
