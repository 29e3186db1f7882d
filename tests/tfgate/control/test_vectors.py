"""test_vectors.json: the controller gives its numbers, the program gives the file."""

import json

import pytest

from tfgate import control
from tools import control_vectors

FILE = control_vectors.DEFAULT_OUTPUT
DOCUMENT = json.loads(FILE.read_text(encoding="utf-8"))


def test_the_program_writes_this_file():
    written = control_vectors.render(control_vectors.document())
    assert FILE.read_text(encoding="utf-8") == written, (
        "Run python -m tools.control_vectors, and bump its VERSION if the "
        "algorithm has changed."
    )


def test_format():
    assert DOCUMENT["format"] == "tfgate.control.test_vectors"
    assert DOCUMENT["version"] == 1
    names = [case["name"] for case in DOCUMENT["cases"]]
    assert len(set(names)) == len(names) > 25


@pytest.mark.parametrize("case", DOCUMENT["cases"], ids=lambda case: case["name"])
def test_replay(case):
    # On its own, not through the program: read, call, compare every bit.
    controller = control.BudgetController.from_config(case["settings"])
    if case["restore"] is not None:
        controller.restore(case["restore"])
    for step in case["steps"]:
        call = {
            key: float(value) if isinstance(value, str) else value
            for key, value in step["call"].items()
        }
        if "error" in step:
            before = controller.state()
            with pytest.raises(ValueError, match=f"^Expected {step['error']} "):
                controller.update(**call)
            assert controller.state() == before
        else:
            assert controller.update(**call) == step["u"]
            assert controller.state()["target"] == step["target"]
    assert controller.state() == case["state"]


@pytest.mark.parametrize("index", range(len(DOCUMENT["invalid_settings"])))
def test_invalid_settings(index):
    item = DOCUMENT["invalid_settings"][index]
    with pytest.raises(ValueError, match="^Expected ") as caught:
        control_vectors.control_from(item["settings"])
    assert control_vectors.argument_of(caught.value) == item["error"]


@pytest.mark.parametrize("index", range(len(DOCUMENT["invalid_states"])))
def test_invalid_states(index):
    item = DOCUMENT["invalid_states"][index]
    controller = control_vectors.control_from(item["settings"])
    with pytest.raises(ValueError, match="^Expected ") as caught:
        controller.restore(item["state"])
    assert control_vectors.argument_of(caught.value) == item["error"]


def test_every_argument_and_status_is_in_the_file():
    called = {
        key
        for case in DOCUMENT["cases"]
        for step in case["steps"]
        for key in step["call"]
    }
    assert called == {
        "time",
        "latency_ms",
        "battery_share",
        "thermal_status",
        "confidence",
    }
    errors = {
        step["error"]
        for case in DOCUMENT["cases"]
        for step in case["steps"]
        if "error" in step
    }
    assert errors == called
    statuses = {
        step["call"].get("thermal_status")
        for case in DOCUMENT["cases"]
        for step in case["steps"]
        if "error" not in step
    }
    assert statuses >= set(range(7))
