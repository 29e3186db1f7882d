import json

import numpy as np
import pytest

from tflite import autotune
from tflite import conversion
from tflite import errors
from tflite import plan
from tflite.autotune import Autotune
from tflite.options import Options

HALF = np.array([[1.0], [0.0]], "float32")


@pytest.fixture(scope="module")
def cache(networks, tmp_path_factory):
    """A cache after the lowerings of one block were measured."""
    path = tmp_path_factory.mktemp("autotune") / "cache.json"
    options = Options(autotune=True, autotune_cache=path)
    block = networks["dependent"].blocks[0]
    Autotune(options, {}).estimate(block, ["if", "masked"], HALF)
    return path


@pytest.fixture
def no_measuring(monkeypatch):
    def measure(*arguments):
        raise AssertionError("measured")

    monkeypatch.setattr(autotune.Autotune, "_measure", measure)


def test_shapes_are_measured_once(networks, cache, no_measuring):
    first, second, third = networks["dependent"].blocks
    tuned = Autotune(Options(autotune=True, autotune_cache=cache), {})
    estimates = tuned.estimate(first, ["if", "masked"], HALF)
    assert all(ms > 0 for ms in estimates.values())
    # The third block has the shape of the first on smaller feature maps.
    for block in (second, third):
        with pytest.raises(AssertionError, match="measured"):
            tuned.estimate(block, ["if"], HALF)


def test_time_follows_the_executed_macs(networks, cache, no_measuring):
    entries = autotune.read(cache)
    assert len(entries) == 2
    key = next(key for key in entries if " | if | " in key)
    entries[key] |= {"open_ms": 3.0, "closed_ms": 1.0}
    tuned = Autotune(Options(autotune=True, autotune_cache=cache), {})
    tuned._entries = entries
    block = networks["dependent"].blocks[0]
    for opened, expected in ((0.0, 1.0), (1.0, 3.0)):
        decisions = np.full((4, 1), opened)
        assert tuned.estimate(block, ["if"], decisions)["if"] == expected
    assert tuned.estimate(block, ["if"], HALF)["if"] == pytest.approx(2.0)


def test_conditions_are_part_of_the_key(networks, cache):
    block = networks["dependent"].blocks[0]
    plain = Autotune(Options(autotune=True, autotune_cache=cache), {})
    small = Autotune(
        Options(autotune=True, autotune_cache=cache, quantize="dynamic"), {}
    )
    assert plain._key(block, "if") in autotune.read(cache)
    assert small._key(block, "if") not in autotune.read(cache)
    assert "threads 1" in plain._key(block, "if")


def test_measured_files_are_quantized_as_the_conversion_is(
    networks, tmp_path, monkeypatch
):
    choices = {"quantize": "dynamic", "runtime": "2.16", "quantize_gates": True}
    tried = []

    def run(network, options, *arguments, **more):
        tried.append(options)
        raise errors.InputError("not now")

    monkeypatch.setattr(conversion, "run", run)
    monkeypatch.setattr(autotune.micro_benchmark, "milliseconds", lambda subjects: [])
    block, keys = networks["dependent"].blocks[0], set()
    for name in (None, "runtime", "quantize_gates"):
        left = {k: v for k, v in choices.items() if k != name}
        path = tmp_path / "cache.json"
        tuned = Autotune(Options(autotune=True, autotune_cache=path, **left), {})
        tuned.estimate(block, ["if"], HALF)
        keys.add(tuned._key(block, "if"))
    assert len(keys) == 3
    found = [(o.quantize, o.runtime, o.quantize_gates) for o in tried]
    assert found == [
        ("dynamic", "2.16", True),
        ("dynamic", "latest", True),
        ("dynamic", "2.16", False),
    ]


def test_plans_use_what_was_measured(networks, cache, monkeypatch):
    def estimate(self, block, names, decisions):
        return {name: float(len(name)) for name in names}

    monkeypatch.setattr(autotune.Autotune, "estimate", estimate)
    options = Options(autotune=True, autotune_cache=cache)
    plans = plan.make(networks["dependent"], options)
    assert {p.lowering for p in plans} == {"if"}
    assert plans[0].why == "least expected time, autotune"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], "damaged"),
        (lambda text: "[]", "damaged"),
        (lambda text: text.replace('"open_ms"', '"ms"'), "damaged"),
        (lambda text: text.replace('"all_open"', '"all"'), "damaged"),
        (lambda text: text.replace("tfgate.autotune", "other"), "of the schema"),
        (
            lambda text: json.dumps(json.loads(text) | {"schema_version": 99}),
            "version 99; remove it",
        ),
    ],
)
def test_damaged_caches_are_refused(cache, tmp_path, damage, message):
    path = tmp_path / "cache.json"
    path.write_text(damage(cache.read_text()))
    with pytest.raises(errors.InputError, match=message):
        Autotune(Options(autotune=True, autotune_cache=path), {})


def test_default_cache_is_the_users(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    tuned = Autotune(Options(autotune=True), {})
    assert tuned._path == tmp_path / "tfgate" / "autotune.json"
    with pytest.raises(errors.InputError, match="--autotune_cache in an existing"):
        Autotune(Options(autotune=True, autotune_cache=tmp_path / "no" / "c.json"), {})


def test_a_default_cache_that_cannot_be_made(tmp_path, monkeypatch):
    # A file where a directory should be refuses root, too.
    (tmp_path / "cache").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(errors.InputError, match="--autotune_cache, or a directory"):
        Autotune(Options(autotune=True), {})
