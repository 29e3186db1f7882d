"""The files by which the app's reader of metadata is held to Python's."""

import json

import numpy as np
import pytest

from tests import conftest
from tflite import metadata
from tools import android_vectors

FOLDER = android_vectors.DEFAULT_OUTPUT
DOCUMENT = json.loads((FOLDER / "vectors.json").read_text("utf-8"))
FILES = {entry["file"]: entry for entry in DOCUMENT["files"]}


def read(name):
    document = android_vectors.documents()[name.removesuffix(".tflite")]
    version = document["schema_version"]
    if version > metadata.SCHEMA_VERSION:
        pytest.skip(f"tflite.metadata does not read schema version {version}.")
    return metadata.read(FOLDER / name)


@pytest.mark.parametrize("name", FILES)
def test_the_program_writes_this_file(name):
    # Not the bytes: how well zlib packs differs from version to version.
    written = json.loads(
        json.dumps(android_vectors.documents()[name[: -len(".tflite")]])
    )
    description = read(name)
    flatbuffer = description.document.pop("flatbuffer")
    assert description.document == written
    assert flatbuffer["bytes"] == len(android_vectors.FLATBUFFER)


@pytest.mark.parametrize("name", FILES)
def test_answers(name):
    description = read(name)
    got = json.loads(json.dumps(android_vectors.answers(description)))
    assert {"file": name} | got == FILES[name], "Run python -m tools.android_vectors."


@pytest.mark.parametrize("name", FILES)
def test_answers_of_one_image_are_those_of_many(name):
    description = read(name)
    queries = [q for q in FILES[name]["queries"] if q["decisions"] is not None]
    if not queries:
        assert description.undecided == [] or not description.has_decisions
        return
    decisions = np.array([q["decisions"] for q in queries], "float32")
    macs = description.executed_macs(decisions)
    np.testing.assert_array_equal(macs, [q["executed_macs"] for q in queries])


def test_all_files_are_of_the_program():
    names = {f"{name}.tflite" for name in android_vectors.documents()}
    assert names == set(FILES)
    assert {path.name for path in FOLDER.iterdir()} == names | {"vectors.json"}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 50_000
    assert DOCUMENT["format"] == android_vectors.FORMAT
    # Bazel shows its tests links to the files of the checkout.
    assert (FOLDER / "vectors.json").resolve().is_relative_to(conftest.ROOT)
