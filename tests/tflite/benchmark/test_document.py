import json

import numpy as np
import pytest

from tflite import results
from tflite.benchmark import document


@pytest.mark.parametrize("components", [1, 7, 8, 9, 54])
def test_decisions_survive_packing(components):
    decisions = np.random.default_rng(0).integers(0, 2, (5, components))
    packed = json.loads(json.dumps(document.pack(decisions)))
    np.testing.assert_array_equal(document.unpack(packed), decisions)


def test_the_first_component_is_the_highest_bit():
    packed = document.pack(np.array([[1, 0, 0, 0, 0, 0, 0, 0, 1], [0] * 9]))
    assert packed == {"images": 2, "components": 9, "bits": "gIAAAA=="}


def test_unknown_decisions():
    assert document.pack(None) is None


def test_too_few_bits_are_an_error():
    with pytest.raises(ValueError, match="reshape"):
        document.unpack({"images": 3, "components": 9, "bits": "gIAAAA=="})


def conditions(before, after):
    return {"machine": {"frequency_mhz": before}, "frequency_mhz_after": after}


@pytest.mark.parametrize(
    ("before", "after", "warned"),
    [(2000.0, 2100.0, 0), (2000.0, 3000.0, 1), (None, 3000.0, 0)],
)
def test_warns_of_another_frequency(before, after, warned):
    result = document.Document([Named()], 1).finish(conditions(before, after))
    assert len(result["warnings"]) == warned
    assert result["schema_version"] == results.SCHEMA_VERSION


def test_warnings_are_told_once():
    grown = document.Document([Named()], 1)
    grown.warn("a", "b")
    grown.warn("a")
    assert grown.finish(conditions(None, None))["warnings"] == ["a", "b"]


class Named:
    """Stands in for a subject whose file is not looked at."""

    name, role = "dense", "baseline"


@pytest.fixture(autouse=True)
def no_files(monkeypatch):
    monkeypatch.setattr(document, "_file", lambda subject: {"name": subject.name})
