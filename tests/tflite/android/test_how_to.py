"""docs/how-to/phone.md names what there is."""

import re
import shlex

from absl import flags

from tests import conftest
from tflite.android import __main__ as command
from tflite.android import app
from tflite.android.request import Request

TEXT = (conftest.ROOT / "docs" / "how-to" / "phone.md").read_text("utf-8")


def commands():
    """The words of all commands in the page."""
    blocks = "".join(re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL))
    return [shlex.split(line) for line in blocks.replace("\\\n", " ").splitlines()]


def test_flags_are_those_of_the_program(monkeypatch):
    defined = flags.FlagValues()
    monkeypatch.setattr(flags, "FLAGS", defined)
    for kind in ("bool", "float", "integer", "list", "multi_string", "string"):
        define = getattr(flags, f"DEFINE_{kind}")
        monkeypatch.setattr(
            flags,
            f"DEFINE_{kind}",
            lambda *words, define=define: define(*words, flag_values=defined),
        )
    monkeypatch.setattr(flags, "mark_flags_as_required", lambda names: None)
    command.define_flags()
    own = [words for words in commands() if "tflite.android" in words]
    assert len(own) == 2
    used = {word for words in own for word in words if word.startswith("--")}
    named = set(re.findall(r"`(--[a-z]+)", TEXT.partition("## 4.")[0]))
    named -= {"--gate", "--tau_input", "--helpfull", "--runtime"}
    for word in used | named:
        assert word.removeprefix("--").partition("=")[0] in defined, word


def test_the_command_by_hand_is_that_of_the_program():
    (words,) = [
        words for words in commands() if words[:4] == "adb shell am start".split()
    ]
    request = Request(
        models=("dense.tflite", "gated.tflite"),
        runs=200,
        threads=(1, 2),
        tau=(0.3, 0.5, 0.7),
        result="mine",
    )
    assert words == f"adb shell am start -W -n {app.BENCHMARK}".split() + (
        request.extras()
    )
    assert f"{app.MODELS}/" in TEXT and f"{app.RESULTS}/mine.json" in TEXT
