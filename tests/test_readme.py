"""The code in the README runs as it stands."""

import pathlib
import re

import keras
import pytest

import tfgate

README = pathlib.Path(__file__).resolve().parent.parent / "README.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("code", SNIPPETS, ids=["first", "own network"])
def test_snippet_makes_a_gated_model(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(code, str(README), "exec"), names)
    model = names["model"]
    assert isinstance(model, tfgate.GatedModel)
    images = keras.ops.ones((2, *model.input.shape[1:]))
    assert model(images).shape == (2, 10)


def test_first_snippet_is_15_lines_at_most_and_saves_a_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(SNIPPETS[0].splitlines()) <= 15
    exec(compile(SNIPPETS[0], str(README), "exec"), {})
    loaded = keras.saving.load_model("gated.keras")
    assert loaded.policy == tfgate.Threshold(0.7)
