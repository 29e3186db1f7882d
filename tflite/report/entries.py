"""What the page is about: points of all results, each with its accuracy."""

import dataclasses
import math
import string

from tflite import results
from tflite.errors import InputError

VERIFY_SCHEMA = "tfgate.verify"
VERIFY_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Entry:
    """A point of a result.

    Attributes:
        number: its number on the page, from 1.
        run: letter of the result.
        machine: where it was measured.
        file: the entry of the result's `files`.
        point: the entry of its `points`.
        accuracy: of the .tflite file at this setting, in [0, 1]; None if not known.
        samples: number of images on which it was measured; None if not known.
    """

    number: int
    run: str
    machine: str
    file: dict
    point: dict
    accuracy: float | None = None
    samples: int | None = None

    @property
    def setting(self):
        """The setting of τ or u as text, empty without one."""
        for name, sign in (("tau", "τ"), ("u", "u")):
            if self.point[name] is not None and self.file["dial"] == name:
                return f"{sign} = {self.point[name]:.4g}"
        return ""

    @property
    def name(self):
        """File and setting as text."""
        return ", ".join(filter(None, (self.file["name"], self.setting)))

    @property
    def latency(self):
        """Median latency of a run in milliseconds."""
        return self.point["latency_ms"]["p50"]


def collect(documents, verified):
    """Joins results and accuracies.

    Args:
        documents: list of results, as `tflite.results.read` gives them.
        verified: list of pairs of a path and a result of `tflite.verify`.

    Returns:
        List of `Entry`, in the results' order.

    Raises:
        InputError: a result of `tflite.verify` is of a file that was not measured.
    """
    accuracies = _accuracies(documents, verified)
    entries = []
    for index, document in enumerate(documents):
        files = {file["name"]: file for file in document["files"]}
        for point in document["points"]:
            file = files[point["file"]]
            found = (None, None)
            for tau, u, accuracy, samples in accuracies.get(_key(file), ()):
                if _same(tau, point["tau"]) and _same(u, point["u"]):
                    found = accuracy, samples
            entry = Entry(
                len(entries) + 1,
                letter(index),
                machine(document),
                file,
                point,
                *(found if file["role"] != "extra" else (None, None)),
            )
            entries.append(entry)
    return entries


def panels(entries):
    """Groups what can be compared: one machine, one number of threads, batch 1.

    Returns:
        Dict from `(machine, threads)` to a list of `Entry`.
    """
    found = {}
    for entry in entries:
        if entry.point["batch"] == 1:
            key = entry.machine, entry.point["threads"]
            found.setdefault(key, []).append(entry)
    return found


def letter(index):
    """Letter of a result: A, B, ..., Z, A2, B2, ..."""
    letters = string.ascii_uppercase
    turn = index // len(letters)
    return letters[index % len(letters)] + (str(turn + 1) if turn else "")


def machine(document):
    """Where a result was measured, as text."""
    conditions = document["conditions"]
    device = conditions.get("device")
    if device is None:
        own = conditions["machine"]
        return own["processor"] or own["architecture"]
    name = " ".join(filter(None, (device.get("manufacturer"), device["model"])))
    return name + (f" ({device['soc']})" if device.get("soc") else "")


def read_verified(path):
    """Reads a result of `tflite.verify`.

    Raises:
        InputError: the file is none, or of a newer version.
    """
    where = f"--verify={path}"
    document = results.read_json(path, "--verify")
    results.check_version(document, VERIFY_SCHEMA, VERIFY_VERSION, where)
    rows = [document, *(document.get("us") or ())]
    compared = document.get("compared") or {}
    complete = (
        {"tflite", "tflite_sha256"} <= set(compared)
        and {"samples", "tau", "us"} <= set(document)
        and all(_is_share(_accuracy(row)) for row in rows)
    )
    if not complete:
        raise InputError(f"Expected a whole result of tflite.verify in {where}.")
    return document


def _accuracies(documents, verified):
    """(file name, SHA-256) -> list of (tau, u, accuracy, samples)."""
    measured = {_key(file) for document in documents for file in document["files"]}
    accuracies = {}
    for path, result in verified:
        compared = result["compared"]
        key = compared["tflite"], compared["tflite_sha256"]
        if key not in measured:
            names = sorted({name for name, _ in measured})
            reason = "its bytes differ" if key[0] in names else f"measured are {names}"
            raise InputError(
                f"Expected --verify={path} of a file in --results, got {key[0]}: "
                f"{reason}."
            )
        if result["us"] is None:
            rows = [(result["tau"], None, result)]
        else:
            rows = [(None, row["u"], row) for row in result["us"]]
        accuracies.setdefault(key, []).extend(
            (tau, u, _accuracy(row), result["samples"]) for tau, u, row in rows
        )
    return accuracies


def _accuracy(row):
    accuracy = row.get("accuracy")
    return accuracy.get("tflite") if isinstance(accuracy, dict) else None


def _is_share(value):
    return isinstance(value, int | float) and 0.0 <= value <= 1.0


def _key(file):
    return file["file"], file["sha256"]


def _same(first, second):
    if first is None or second is None:
        return first is second
    # u is rounded to float32 by one program, and may not be by another.
    return math.isclose(first, second, abs_tol=1e-6)
