import html.parser
import json
import re

import pytest

from tests.tflite import results as examples
from tflite import errors
from tflite.report import report

_VOID = {"meta", "link", "br"}


class Page(html.parser.HTMLParser):
    """What a page consists of; fails where elements are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.cells = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in _VOID:
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.cells[-1] += data

    def count(self, tag):
        return sum(name == tag for name, _ in self.elements)


def write(tmp_path, documents, verified=(), **arguments):
    groups = []
    for kind, contents in (("r", documents), ("v", verified)):
        paths = [tmp_path / f"{kind}{i}.json" for i in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_text(json.dumps(content))
        groups.append(paths)
    output = tmp_path / "report.html"
    report(groups[0], output, verify=groups[1], **arguments)
    return output.read_text(encoding="utf-8")


VERIFIED = [
    examples.verified("resnet20_dense", 0.925),
    examples.verified("resnet20_gated", 0.915, tau=0.5),
    examples.verified("resnet14_dense", 0.905),
]


def test_page_of_a_phone(tmp_path):
    text = write(tmp_path, [examples.phone()], VERIFIED, title="A <phone>")
    page = Page(text)
    assert "<h1>A &lt;phone&gt;</h1>" in text
    for expected in ("Imaginary Phone 1 (SoC 1)", "the phone was warm", "92.50%"):
        assert expected in text
    assert "1 of 4 points have no accuracy" in text
    assert {"android_demo", "15", "light", "no", "2.16.1"} <= set(page.cells)
    # Two scatter plots, latencies over images, two strips with pixels of their own,
    # and the legends' markers.
    assert page.count("figure") == 5 and page.count("svg") == 5 + 2 + 2 * 3
    assert page.count("details") == 1


def test_nothing_comes_from_elsewhere_and_nothing_runs(tmp_path):
    text = write(tmp_path, [examples.phone()], VERIFIED)
    assert not Page(text).count("script")
    links = re.findall(r'(?:href|src)="([^"]*)"|url\(', text)
    assert set(links) == {"data:,"}
    assert "prefers-color-scheme: dark" in text


def test_tables_can_be_read_aloud(tmp_path):
    page = Page(write(tmp_path, [examples.phone()], VERIFIED))
    assert page.count("table") == page.count("caption") == 3
    scopes = [
        attributes.get("scope") for tag, attributes in page.elements if tag == "th"
    ]
    assert set(scopes) == {"row", "col"}
    pictures = [
        a for tag, a in page.elements if tag == "svg" and a.get("role") == "img"
    ]
    assert len(pictures) == page.count("desc") == 5
    regions = [a for _, a in page.elements if a.get("role") == "region"]
    assert all(a["aria-label"] and a["tabindex"] == "0" for a in regions)


def test_a_page_tells_how_the_phone_was(tmp_path):
    cells = Page(write(tmp_path, [examples.phone()], VERIFIED)).cells
    cores = "0: 300 to 1800, – then –; 1: – to 2800, 2000 then 1900"
    assert {cores, "moderate", "29.5", "discharging", "completed"} <= set(cells)
    assert "1 (in the program that measured)" in cells


def test_a_page_of_an_older_version(tmp_path):
    cells = Page(write(tmp_path, [examples.phone_of_version_3()], VERIFIED)).cells
    assert "light" in cells and "moderate" not in cells


def test_several_runs_have_letters_and_panels(tmp_path):
    other = examples.phone()
    other["conditions"]["device"]["model"] = "Phone 2"
    text = write(tmp_path, [examples.phone(), other], VERIFIED)
    assert "run A" in text and "run B" in text
    assert text.count("<h2>Imaginary Phone") == 2


def test_runs_of_one_machine_share_a_plot(tmp_path):
    text = write(tmp_path, [examples.phone(), examples.phone()], VERIFIED)
    assert text.count("<h2>Imaginary Phone") == 1
    assert "resnet20_gated (run B)" in text


def test_a_page_without_accuracy_says_so(tmp_path):
    text = write(tmp_path, [examples.phone()])
    assert "4 of 4 points have no accuracy" in text
    assert "up and left is better" not in text


def test_a_page_of_few_facts(tmp_path):
    phone = examples.phone()
    del phone["conditions"]["device"]
    phone["warnings"] = []
    phone["points"] = phone["points"][:1]
    phone["points"][0] |= {"image_ms": None, "executed_macs_mean": None}
    text = write(tmp_path, [phone])
    assert not Page(text).count("figure") and "arm64-v8a" in text
    assert "<h2>Warnings" not in text


def test_refuses_newer_files(tmp_path):
    newer = examples.phone() | {"schema_version": 5}
    with pytest.raises(errors.InputError, match="version 5: use a newer tfgate"):
        write(tmp_path, [newer])
    newer = VERIFIED[0] | {"schema_version": 2}
    with pytest.raises(errors.InputError, match="version 2: use a newer tfgate"):
        write(tmp_path, [examples.phone()], [newer])
    assert not (tmp_path / "report.html").exists()


def test_refuses_accuracies_of_other_files(tmp_path):
    with pytest.raises(errors.InputError, match="a file in --results, got other"):
        write(tmp_path, [examples.phone()], [examples.verified("other", 0.9)])
    changed = examples.verified("resnet20_gated", 0.9, 0.5)
    changed["compared"]["tflite_sha256"] = examples.sha("changed")
    with pytest.raises(errors.InputError, match="its bytes differ"):
        write(tmp_path, [examples.phone()], [changed])


@pytest.mark.parametrize("key", ["accuracy", "compared", "tau", "samples"])
def test_refuses_incomplete_accuracies(tmp_path, key):
    broken = dict(VERIFIED[0])
    del broken[key]
    with pytest.raises(errors.InputError, match="whole result of tflite.verify"):
        write(tmp_path, [examples.phone()], [broken])


def test_needs_results(tmp_path):
    with pytest.raises(errors.InputError, match="at least one file in --results"):
        report([], tmp_path / "report.html")
    with pytest.raises(errors.InputError, match="existing directory"):
        write(tmp_path, [examples.phone()]) and report(
            [tmp_path / "r0.json"], tmp_path / "missing" / "report.html"
        )
