"""The gallery: every plot, drawn from a file alone."""

import html.parser
import pathlib
import subprocess
import sys

import pytest

import tfgate
from tests.tfgate.analysis import builders
from tests.tfgate.analysis import pictures
from tfgate import analysis
from tfgate.analysis import page

ROOT = pathlib.Path(tfgate.__file__).parent.parent
PLOTS = {
    "extreme_images",
    "final_rates",
    "frequencies",
    "gate_classes",
    "gate_states",
    "polarization",
    "rates_over_epochs",
    "specialization",
    "tradeoff",
}


class Reader(html.parser.HTMLParser):
    """Collects images, links and texts."""

    def __init__(self, path):
        super().__init__()
        self.sources, self.links, self.texts, self.open = [], [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.sources += [attributes["src"]] if "src" in attributes else []
        self.links += [attributes["href"]] if "href" in attributes else []

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("components", [(1, 1, 1), (1, 16, 8)], ids=["one", "many"])
def test_everything(tmp_path, components):
    passes = [
        builders.gate_pass(components),
        builders.gate_pass(components, policy="stochastic", tau=None),
    ]
    report = analysis.gallery(
        tmp_path / "plots",
        passes,
        history=builders.history(3, 4),
        table=builders.table(),
        dense=[{"network": "ResNet-20", "accuracy": 0.9, "macs": 4e7}],
    )
    names = {path.name for path in report.parent.iterdir()}
    suffixes = (".png", ".csv")
    assert names == {n + s for n in PLOTS for s in suffixes} | {"report.html"}
    for name in PLOTS:
        pictures.check(report.with_name(f"{name}.png"))
    read = Reader(report)
    assert len(read.sources) == len(PLOTS)
    assert all(source.startswith("data:image/png;base64,") for source in read.sources)
    assert not read.links
    assert "Gates of net" in read.texts
    assert "0.935" in read.texts  # of the table


def test_only_a_pass(tmp_path):
    report = analysis.gallery(tmp_path, builders.gate_pass(), title="A < B")
    written = {path.stem for path in tmp_path.glob("*.png")}
    assert written == PLOTS - {"rates_over_epochs", "tradeoff"}
    assert "A < B" in Reader(report).texts


def test_what_has_nothing_to_show_is_said(tmp_path):
    gate_pass = builders.gate_pass(classes=1, thumbnails=0)
    report = analysis.gallery(tmp_path, gate_pass)
    texts = " ".join(Reader(report).texts)
    assert "Left out: No thumbnails were recorded." in texts
    assert "Left out: No component is open more often" in texts
    assert not (tmp_path / "extreme_images.png").exists()


def test_one_image_of_one_class(tmp_path):
    gate_pass = builders.gate_pass(images=1, classes=1)
    report = analysis.gallery(tmp_path, gate_pass)
    assert len(Reader(report).sources) == 5


def test_redrawn_from_the_file_in_another_process(tmp_path):
    gate_pass = builders.gate_pass()
    gate_pass.save(tmp_path / "gates.npz")
    first = analysis.gallery(tmp_path / "first", gate_pass)
    script = (
        "import pathlib, sys\n"
        "from tfgate import analysis\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "gate_pass = analysis.GatePass.load(folder / 'gates.npz')\n"
        "analysis.gallery(folder / 'second', gate_pass)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True)
    for path in first.parent.glob("*.csv"):
        again = tmp_path / "second" / path.name
        assert again.read_bytes() == path.read_bytes()


def test_passes_of_different_gates(tmp_path):
    passes = [builders.gate_pass(), builders.gate_pass((2, 2), tau=0.1)]
    with pytest.raises(ValueError, match="the same gates"):
        analysis.gallery(tmp_path / "plots", passes)
    assert not (tmp_path / "plots").exists()


def test_page_escapes_texts(tmp_path):
    body = [page.table(["<a>"], [["<b>"]]), page.bullets(["<c>"]), page.heading("<d>")]
    page.write_page(tmp_path / "p.html", "<t>$body", [*body, page.paragraph("<e>")])
    texts = Reader(tmp_path / "p.html").texts
    for text in ("<a>", "<b>", "<c>", "<d>", "<e>", "<t>$body"):
        assert text in texts
