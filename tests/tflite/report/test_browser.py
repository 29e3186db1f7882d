"""The page in a real browser: headless Chromium, where it is installed."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from tests.tflite import results as examples
from tflite.report import report

# Writes what is wrong into the page: texts of a picture that cover one another or
# leave it, and anything wider than the screen that does not scroll.
_CHECK = """
<pre id="found"></pre><script>
const found = [];
for (const details of document.querySelectorAll('details')) details.open = true;
for (const picture of document.querySelectorAll('svg[role=img]')) {
  const frame = picture.getBoundingClientRect();
  const boxes = [...picture.querySelectorAll('text')].map(
      t => [t.textContent, t.getBoundingClientRect()]);
  boxes.forEach(([name, a], i) => {
    if (a.left < frame.left - 1 || a.right > frame.right + 1 ||
        a.top < frame.top - 2 || a.bottom > frame.bottom + 2)
      found.push('outside: ' + name);
    for (const [other, b] of boxes.slice(i + 1))
      if (a.left < b.right - 1 && b.left < a.right - 1 &&
          a.top < b.bottom - 4 && b.top < a.bottom - 4)
        found.push('overlap: ' + name + ' | ' + other);
  });
}
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth > width) found.push('page too wide');
for (const e of document.querySelectorAll('main > *'))
  if (e.getBoundingClientRect().right > width + 1) found.push('too wide: ' + e.tagName);
document.getElementById('found').textContent = JSON.stringify(found);
</script>
"""


@pytest.fixture(scope="module")
def chromium():
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("Neither chromium nor google-chrome is installed.")
    return found


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page of two runs: a phone's, and one with many blocks and settings."""
    directory = tmp_path_factory.mktemp("report")
    documents = {"phone": examples.phone(), "many": _many()}
    for name, document in documents.items():
        (directory / f"{name}.json").write_text(json.dumps(document))
    verified = directory / "verify.json"
    verified.write_text(json.dumps(examples.verified("resnet20_gated", 0.915, 0.5)))
    path = directory / "report.html"
    report([directory / f"{name}.json" for name in documents], path, verify=[verified])
    return path


def _many():
    random = np.random.default_rng(0)
    document = examples.phone()
    document["conditions"].pop("device")
    document["conditions"]["machine"]["processor"] = "A processor of a long name " * 3
    gated = document["files"][1]
    gated["gates"] = [
        {"block": f"conv{i}_block{j}", "gate": f"gate{i}_{j}", "components": i}
        for i in range(1, 5)
        for j in range(8)
    ]
    components = sum(gate["components"] for gate in gated["gates"])
    for tau in np.linspace(0.1, 0.9, 9):
        decisions = random.uniform(size=(100, components)) > tau
        macs = 4e7 * decisions.mean()
        document["points"].append(
            examples.point("resnet20_gated", macs / 2e6, macs, float(tau), decisions)
        )
    del document["points"][1:3]
    return document


def run(chromium, *arguments):
    return subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )


@pytest.mark.large
@pytest.mark.parametrize("width", [360, 1200])
def test_texts_do_not_overlap(chromium, page, width):
    checked = page.with_name(f"checked_{width}.html")
    text = page.read_text(encoding="utf-8")
    checked.write_text(text.replace("</body>", _CHECK + "</body>"), encoding="utf-8")
    done = run(chromium, f"--window-size={width},2000", "--dump-dom", checked.as_uri())
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout)
    assert found is not None and json.loads(found[1]) == []
    assert "CONSOLE" not in done.stderr


@pytest.mark.large
@pytest.mark.parametrize("scheme", [0, 1], ids=["dark", "light"])
def test_follows_light_and_dark(chromium, page, tmp_path, scheme):
    from matplotlib import image

    shot = tmp_path / "shot.png"
    done = run(
        chromium,
        f"--blink-settings=preferredColorScheme={scheme}",
        "--window-size=1000,1500",
        "--hide-scrollbars",
        f"--screenshot={shot}",
        page.as_uri(),
    )
    pixels = image.imread(shot)[..., :3]
    assert (np.median(pixels) < 0.3) == (scheme == 0)
    # More than an empty page.
    assert np.std(pixels) > 0.05
    assert "CONSOLE" not in done.stderr
