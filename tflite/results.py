"""Result files of benchmarks, from this program or an app, read and checked."""

import base64
import binascii
import functools
import json
import pathlib

from tflite import files
from tflite.errors import InputError

SCHEMA = "tfgate.benchmark"
SCHEMA_VERSION = 4

# What a newer version adds may be missing, so documents of these are read as they are.
READABLE = (3, 4)

_FOLDER = pathlib.Path(__file__).parent / "schema"


def read(path, name="--results"):
    """Reads a result of a benchmark.

    Args:
        path: path of the file.
        name: name of the argument, for messages.

    Returns:
        Dict, as `tflite/schema/benchmark-4.json` or an older one that is read
        describes it.

    Raises:
        InputError: the file does not exist, is no such result, was written by a newer
            or a much older version, or does not follow its version's schema.
    """
    document = read_json(path, name)
    check_version(document, SCHEMA, SCHEMA_VERSION, f"{name}={path}")
    version = document["schema_version"]
    if version not in READABLE:
        raise InputError(
            f"Expected {name}={path} of schema version {READABLE[0]} to "
            f"{SCHEMA_VERSION}, got version {version}: measure again."
        )
    reason = violation(document)
    if reason is not None:
        raise InputError(
            f"Expected {name}={path} to follow {_path(version).name}, got {reason}."
        )
    return document


def read_json(path, name):
    """Reads a JSON object; raises `InputError` where the file is none."""
    path = files.existing(path, name)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, ValueError) as error:
        raise InputError(
            f"Expected {name} to be a JSON file, got {str(path)!r}: {error}"
        ) from None
    if not isinstance(document, dict):
        raise InputError(f"Expected a JSON object in {name}={path}.")
    return document


def check_version(document, schema, newest, where):
    """Raises `InputError` for another kind of document, or a newer one.

    Args:
        document: dict with `schema` and `schema_version`.
        schema: the name that is expected.
        newest: the newest version that can be read.
        where: what names the document in messages.
    """
    version = document.get("schema_version")
    if document.get("schema") != schema or type(version) is not int:
        raise InputError(
            f"Expected a document of schema {schema!r} in {where}, got schema "
            f"{document.get('schema')!r}, version {version!r}."
        )
    if version > newest:
        raise InputError(
            f"Expected {where} of schema version {newest} or older, got version "
            f"{version}: use a newer tfgate."
        )


def violation(document):
    """Says where a document does not follow the schema, or None.

    Args:
        document: dict, as read from JSON, with a `schema_version` that is read.

    Returns:
        One line, such as `"points[0].threads: 0 is less than the minimum of 1"`.
    """
    from jsonschema.exceptions import best_match

    error = best_match(_validator(document["schema_version"]).iter_errors(document))
    if error is not None:
        return f"{error.json_path.removeprefix('$').lstrip('.')}: {error.message[:200]}"
    names = [file["name"] for file in document["files"]]
    if len(set(names)) < len(names):
        return f"files: two of one name among {names}"
    components = {
        file["name"]: sum(gate["components"] for gate in file["gates"])
        for file in document["files"]
    }
    if document["baseline"] not in names:
        return f"baseline: {document['baseline']!r} is not among the files"
    for number, point in enumerate(document["points"]):
        if point["file"] not in names:
            return f"points[{number}].file: {point['file']!r} is not among the files"
        packed = point.get("decisions")
        if packed is not None and not _fits(packed, components[point["file"]]):
            return f"points[{number}].decisions: as many as the gates of the file"
    return None


def _fits(packed, components):
    """Whether packed decisions are those of so many components."""
    try:
        bits = base64.b64decode(packed["bits"], validate=True)
    except binascii.Error:
        return False
    row = -(-packed["components"] // 8)
    return packed["components"] == components and len(bits) == packed["images"] * row


def schema(version=SCHEMA_VERSION):
    """The JSON Schema of a version that is read, a dict."""
    return json.loads(_path(version).read_text(encoding="utf-8"))


@functools.cache
def _validator(version):
    import jsonschema

    return jsonschema.Draft202012Validator(schema(version))


def _path(version):
    return _FOLDER / f"benchmark-{version}.json"
