"""A phone that is none, and files for it."""

import json
import pathlib
import sys

import pytest

from tests.tflite import results
from tests.tflite.android import fake_adb
from tflite.android import wait
from tools import android_vectors


class FakePhone:
    """A folder that `fake_adb.py` shows as a phone.

    Attributes:
        adb: path of the executable.
        app: folder of the app's files.
    """

    def __init__(self, folder):
        self._folder = folder
        self.adb = folder / "adb"
        self.adb.write_text(
            f"#!/bin/sh\nexec '{sys.executable}' -IS '{fake_adb.__file__}' '{folder}' "
            '"$@"\n'
        )
        self.adb.chmod(0o755)
        self.app = folder / fake_adb.FILES.lstrip("/")
        self.app.parent.mkdir(parents=True)
        (folder / "log").touch()
        (folder / "calls").touch()
        (folder / "phone.json").write_text(json.dumps(fake_adb.DEFAULTS))

    def behave(self, **changes):
        """Changes how it behaves: see `fake_adb.DEFAULTS`."""
        assert set(changes) <= set(fake_adb.DEFAULTS)
        fake_adb.Phone(self._folder).change(**changes)

    def finds(self, document):
        """Sets what the app finds."""
        (self._folder / "result.json").write_text(json.dumps(document))

    @property
    def state(self):
        return fake_adb.Phone(self._folder).state

    @property
    def calls(self):
        """The commands that were given, without the serial number; a list of lists."""
        lines = (self._folder / "calls").read_text().splitlines()
        calls = [json.loads(line) for line in lines]
        return [call[2:] if call[0] == "-s" else call for call in calls]

    def count(self, *words):
        """Number of commands that begin so."""
        return sum(call[: len(words)] == list(words) for call in self.calls)

    def shell_lines(self, program):
        """What was run on the phone with this program, a list of str."""
        lines = [call[1] for call in self.calls if call[0] == "shell"]
        return [line for line in lines if line.split()[0] == program]


@pytest.fixture
def models(tmp_path):
    """Paths of a dense file and of one with an input τ; bytes stand for networks."""
    paths = []
    for name, document in (("dense", "dense"), ("gated", "version_1")):
        content, _ = android_vectors.metadata.append(
            android_vectors.FLATBUFFER, android_vectors.documents()[document]
        )
        paths.append(tmp_path / f"{name}.tflite")
        paths[-1].write_bytes(content)
    return paths


def found():
    """What the app finds about `models`."""
    document = results.phone()
    del document["files"][2], document["points"][3]
    for file, name in zip(document["files"], ("dense", "gated"), strict=True):
        file["file"] = f"{name}.tflite"
    return document


@pytest.fixture
def phone(tmp_path, monkeypatch):
    """A `FakePhone`, whose app finds what `found` says."""
    monkeypatch.setattr(wait, "SILENCE", 0.3)
    monkeypatch.setattr(wait, "GONE", 0.5)
    folder = pathlib.Path(tmp_path, "a phone")
    folder.mkdir()
    made = FakePhone(folder)
    made.finds(found())
    return made
