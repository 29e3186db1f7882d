"""The code in the README and in the how-to pages runs as it stands."""

import pathlib
import re

import keras
import pytest

import tfgate

ROOT = pathlib.Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
HOW_TO = sorted(
    path
    for path in (ROOT / "docs" / "how-to").glob("*.md")
    if "```python" in path.read_text("utf-8")
)


def snippets(path):
    return re.findall(r"```python\n(.*?)```", path.read_text("utf-8"), re.DOTALL)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "code", snippets(README), ids=["first", "own network", "any network", "dial"]
)
def test_snippet_makes_a_gated_model(code):
    names = {}
    exec(compile(code, str(README), "exec"), names)
    model = names["model"]
    assert isinstance(model, tfgate.GatedModel)
    images = keras.ops.ones((2, *keras.tree.flatten(model.input)[0].shape[1:]))
    assert model(images).shape == (2, 10)


def test_first_snippet_is_15_lines_at_most_and_saves_a_model():
    code = snippets(README)[0]
    assert len(code.splitlines()) <= 15
    exec(compile(code, str(README), "exec"), {})
    loaded = keras.saving.load_model("gated.keras")
    assert loaded.policy == tfgate.Threshold(0.7)


@pytest.mark.parametrize("path", HOW_TO, ids=lambda path: path.stem)
def test_how_to_page_runs_from_top_to_bottom(path):
    names = {}
    for code in snippets(path):
        exec(compile(code, str(path), "exec"), names)
    assert isinstance(names["model"], tfgate.GatedModel)
