import json

import jsonschema
import pytest

from tests.tflite import results as examples
from tflite import errors
from tflite import results


def written(tmp_path, document):
    path = tmp_path / "result.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("version", results.READABLE)
def test_the_schema_is_one(version):
    schema = results.schema(version)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["schema_version"]["const"] == version
    # Nothing unknown passes, but in the versions, whose names are free.
    objects = [schema, *schema["$defs"].values()]
    assert all(each["additionalProperties"] is False for each in objects)


def test_reads_what_a_phone_wrote(tmp_path):
    phone = examples.phone()
    assert results.read(written(tmp_path, phone)) == phone


def test_the_newest_version_is_read():
    assert max(results.READABLE) == results.SCHEMA_VERSION


def test_reads_an_older_version_by_its_own_schema(tmp_path):
    older = examples.phone_of_version_3()
    assert results.read(written(tmp_path, older)) == older
    older["conditions"]["ended"] = "completed"
    with pytest.raises(errors.InputError, match="benchmark-3.json.*'ended' was unex"):
        results.read(written(tmp_path, older))


@pytest.mark.parametrize("version", results.READABLE[:-1])
def test_a_version_takes_nothing_away(version):
    older, newest = results.schema(version), results.schema()
    assert newest["required"] == older["required"]
    assert set(newest["properties"]) >= set(older["properties"])
    for name, part in older["$defs"].items():
        now = newest["$defs"][name]
        assert now.get("required") == part.get("required")
        for key, value in part["properties"].items():
            assert now["properties"][key] == value


def test_device_facts_are_optional(tmp_path):
    phone = examples.phone()
    phone["conditions"]["device"] = {"model": "Phone 2"}
    assert results.read(written(tmp_path, phone)) == phone
    del phone["conditions"]["device"]
    assert results.read(written(tmp_path, phone)) == phone


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("schema_version",), 5, "version 4 or older, got version 5: use a newer"),
        (("schema_version",), 2, "got version 2: measure again"),
        (("schema_version",), "3", "of schema 'tfgate.benchmark'"),
        (("schema_version",), True, "of schema 'tfgate.benchmark'"),
        (("schema",), "other", "got schema 'other'"),
        (("points",), [], "points: "),
        (("points", 1, "threads"), 0, r"points\[1\].threads: 0 is less"),
        (("points", 1, "latency_ms", "p50"), "fast", r"latency_ms.p50: 'fast' is not"),
        (("points", 0, "speed"), 1, r"points\[0\]: .*'speed' was unexpected"),
        (("points", 0, "file"), "other", "'other' is not among the files"),
        (("baseline",), "other", "baseline: 'other' is not among"),
        (("files", 2, "name"), "resnet20_gated", "two of one name"),
        (("files", 1, "gates"), [], "as many as the gates"),
        (("points", 1, "decisions", "images"), 13, "as many as the gates"),
        (("points", 1, "decisions", "bits"), "A", "as many as the gates"),
        (("files", 0, "sha256"), "abc", r"files\[0\].sha256"),
        (("conditions", "ended"), "failed", "conditions.ended"),
        (("conditions", "device", "cores", 0, "number"), -1, r"cores\[0\].number"),
        (("points", 0, "runs"), 0, r"points\[0\].runs: 0 is less"),
        (("conditions", "device", "charging"), "yes", "device.charging"),
        (("conditions", "device", "thermal_status_after"), "hot", "thermal_status"),
    ],
)
def test_refuses_what_does_not_follow_the_schema(tmp_path, path, value, message):
    phone = examples.phone()
    place = phone
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(errors.InputError, match=message):
        results.read(written(tmp_path, phone))


@pytest.mark.parametrize("text", ["", "{", "[1]", "\xff"])
def test_refuses_other_files(tmp_path, text):
    path = tmp_path / "result.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(errors.InputError, match="JSON"):
        results.read(path)
    with pytest.raises(errors.InputError, match="to be a file"):
        results.read(tmp_path / "missing.json")
