"""Writes the files by which the Android app's reader of metadata is held to Python's.

    python -m tools.android_vectors [FOLDER]

FOLDER is android_demo/core/src/test/resources/metadata unless given. It gets small
.tflite files, in which a few bytes stand for a network, and vectors.json: what
tflite.metadata answers about each of them.
"""

import json
import pathlib

import numpy as np
from absl import app

from tflite import metadata

FORMAT = "tfgate.android.metadata_vectors"
VERSION = 1
ROOT = pathlib.Path(__file__).parent.parent
DEFAULT_OUTPUT = ROOT / "android_demo/core/src/test/resources/metadata"

# The least that the reader looks at: an identifier, and bytes to take a checksum of.
FLATBUFFER = b"\x1c\x00\x00\x00TFL3" + bytes(range(56))


def main(argv):
    """Writes the files."""
    if len(argv) > 2:
        raise app.UsageError(f"Expected one FOLDER at most, got {argv[1:]}.")
    folder = pathlib.Path(argv[1]) if argv[1:] else DEFAULT_OUTPUT
    if not folder.is_dir():
        raise app.UsageError(f"Expected FOLDER={folder} to exist.")
    newest = max(document["schema_version"] for document in documents().values())
    if metadata.SCHEMA_VERSION < newest:
        raise app.UsageError(
            f"Expected tflite.metadata of schema version {newest}, got "
            f"{metadata.SCHEMA_VERSION}."
        )
    for name, document in documents().items():
        content, _ = metadata.append(FLATBUFFER, document)
        (folder / f"{name}.tflite").write_bytes(content)
    text = json.dumps(vectors(), indent=1, allow_nan=False) + "\n"
    (folder / "vectors.json").write_text(text, encoding="utf-8", newline="\n")
    print(f"{folder}: {len(documents())} files and vectors.json")


def documents():
    """Returns the documents by the name of their file."""
    tau = {"input": True, "value": 0.5}
    two = _gate("block1", [1000]), _gate("block2", [2000, 3000], first=1)
    first = _document(1, tau=tau, gates=two, macs=_macs(9000, 9100, 3100))
    del first["u"]
    decided = _gate("block1", [700], decided=1), _gate("block2", [900])
    steps = [{"from": float(np.float32(i / 3)), "macs": 100 + 50 * i} for i in range(3)]
    return {
        "dense": _document(2, lowering="dense", labels=["cat", "Ünïcode τ 😀"]),
        "version_1": first,
        "decided": _document(2, tau=tau, gates=decided, macs=_macs(5000, 5010, 4110)),
        "untold": _document(
            2, tau=tau, gates=two, macs=_macs(9000, 9100, 3100), told=False
        ),
        "throttled": _document(
            2,
            u={"value": 1, "steps": steps},
            gates=[_gate("block1", [50, 50], lowering="levels")],
            macs=_macs(200, 200, 100),
        ),
        "learned": _learned(),
        "filters": _filters(),
        "early_exit": _early_exit(),
        "masked": _document(
            3,
            lowering="masked",
            tau={"input": False, "value": 0.25},
            gates=two,
            macs=_macs(9000, 9100, 9100) | {"products": []},
        ),
    }


def _filters():
    """Groups of filters: products of factors and of shares, as of version 3."""
    gates = [
        _gate("block1", [300, 300, 300], lowering="groups"),
        _gate("block2", [500, 500, 500], first=3, lowering="gather"),
    ]
    products = [
        {"macs": 1000, "factors": [[0, 1, 2]], "shares": []},
        {"macs": 901, "factors": [[0], [3, 4]], "shares": []},
        {"macs": 1001, "factors": [[3, 4, 5]], "shares": [[0, 1, 2], [3, 4, 5]]},
        {"macs": -77, "factors": [[5]], "shares": [[1, 2]]},
    ]
    macs = _macs(6000, 5925, 3100) | {"products": products}
    tau = {"input": True, "value": 0.5}
    return _document(3, tau=tau, gates=gates, macs=macs, signatures=["gated", "dense"])


def _learned():
    """A dial whose MACs follow from u and from the image: a learned gating function."""
    gates = [
        _gate("block1", [400, 400], lowering="groups"),
        _gate("block2", [600], first=2),
    ]
    products = [
        {"macs": 400, "factors": [[0]], "shares": []},
        {"macs": 400, "factors": [[1]], "shares": []},
        {"macs": 600, "factors": [[2]], "shares": []},
    ]
    macs = _macs(4000, 4090, 2690) | {"products": products}
    return _document(3, u={"value": 1, "steps": None}, gates=gates, macs=macs)


def _early_exit():
    """Gates behind exits that may close: one stands before them, one after them."""
    gates = [
        _gate("exit1", [6000], lowering="if"),
        _gate("decided", [10], decided=1) | {"behind": [0, 4]},
        _gate("block1", [1000, 2000], first=1) | {"behind": [0, 4]},
        _gate("exit2", [4000], first=3) | {"behind": [0]},
    ]
    products = [
        {"macs": 3000, "factors": [[0]], "shares": []},
        {"macs": 1000, "factors": [[0], [3], [1]], "shares": []},
        {"macs": 2000, "factors": [[0], [3], [2]], "shares": []},
        {"macs": -50, "factors": [[0], [3]], "shares": []},
    ]
    macs = _macs(10000, 9950, 4000) | {"products": products}
    return _document(3, tau={"input": False, "value": 0.5}, gates=gates, macs=macs)


def vectors():
    """Returns what Python answers, as JSON has it."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "command": "python -m tools.android_vectors",
        "files": [
            {"file": f"{name}.tflite"} | answers(metadata.Metadata(document))
            for name, document in documents().items()
        ],
    }


def answers(description):
    """Returns what a document's metadata answer, as JSON has it."""
    columns = len(description.undecided)
    random = np.random.default_rng(7)
    rows = np.unique(random.integers(0, 2, [24, columns]), axis=0) if columns else []
    queries = [_query(description, None, u) for u in _settings(description)]
    queries += [_query(description, row, None) for row in rows]
    if len(rows) and description.has_u_input and description["u"]["steps"] is None:
        queries += [_query(description, row, 0.25) for row in rows]
    return {
        "dial": description.dial,
        "has_decisions": description.has_decisions,
        "image_shape": list(description.image_shape),
        "labels": description["labels"],
        "undecided": columns,
        "queries": queries,
    }


def _settings(description):
    if not description.has_u_input:
        return [None]
    if description["u"]["steps"] is None:
        return [None, 0.25]
    # On both sides of every step, and on it.
    places = [np.float32(i / 3) for i in range(4)]
    near = [np.nextafter(p, np.float32(q)) for p in places for q in (-1, 2)]
    return [None] + [float(u) for u in (*places, *near) if 0.0 <= u <= 1.0]


def _query(description, decisions, u):
    rows = None if decisions is None else np.float32([decisions])
    macs = description.executed_macs(rows, u)
    every = description.all_decisions(rows, 1)
    return {
        "decisions": None if rows is None else rows[0].tolist(),
        "u": u,
        "executed_macs": None if macs is None else float(np.mean(macs)),
        "all_decisions": None if every is None else every[0].tolist(),
    }


def _document(
    version,
    *,
    lowering="conditional",
    tau=None,
    u=None,
    gates=(),
    macs=None,
    labels=None,
    told=True,
    signatures=None,
):
    undecided = sum(c["decided"] is None for gate in gates for c in gate["components"])
    predictions = {"name": "predictions", "shape": [1, 10], "dtype": "float32"}
    decisions = {"name": "decisions", "shape": [1, undecided], "dtype": "float32"}
    later = {} if signatures is None else {"signatures": signatures}
    return later | {
        "schema": metadata.SCHEMA,
        "schema_version": version,
        "model": "small",
        "lowering": lowering,
        "quantization": "none",
        "tau": tau,
        "u": u,
        "input": {
            "name": "images",
            "shape": [1, 32, 24, 3],
            "dtype": "float32",
            "value_range": [0, 255],
            "normalization": {
                "in_graph": True,
                "mean": [125.3, 123.0, 113.9],
                "std": 63.0,
            },
        },
        "outputs": {
            "predictions": predictions,
            "decisions": decisions if told and undecided else None,
        },
        "labels": labels,
        "gates": list(gates),
        "macs": _macs(8000, 8000, 8000) if macs is None else macs,
        "versions": {"tfgate": "0", "tensorflow": "0", "keras": "0"},
        "source": {"file": "small.keras", "sha256": "ab" * 32},
    }


def _macs(dense, all_open, all_closed):
    return {"dense": dense, "all_open": all_open, "all_closed": all_closed}


def _gate(block, macs, *, first=0, decided=None, lowering="if"):
    return {
        "block": block,
        "gate": f"{block}_gate",
        "kind": "GatedResidual",
        "gate_kind": "DependentGate",
        "lowering": lowering if decided is None else "open",
        "gate_macs": 50,
        "components": [
            {
                "macs": each,
                "decided": decided,
                "index": first + i if decided is None else None,
            }
            for i, each in enumerate(macs)
        ],
    }


if __name__ == "__main__":
    app.run(main)
