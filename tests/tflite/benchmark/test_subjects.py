import pathlib

import pytest

from tflite.benchmark import subjects


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["/a/dense.tflite", "/a/gated.tflite"], ["dense", "gated"]),
        (["/a/dense.tflite", "/b/m.tflite", "/c/m.tflite"], ["a/dense", "b/m", "c/m"]),
        (["/a/m.tflite", "/a/m.tflite"], ["m (baseline)", "m"]),
        (["/a/m.tflite", "/b/m.tflite"], ["m (baseline)", "m"]),
    ],
)
def test_names_tell_files_apart(paths, names):
    assert subjects._names([pathlib.Path(path) for path in paths]) == names
