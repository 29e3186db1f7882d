import json
import zipfile

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from tests.tflite import builders
from tflite import errors
from tflite import metadata

CONDITIONAL = {"lowering": "conditional", "gate_outputs": True}


def test_any_zip_reader_opens_it(converted):
    path = converted("dependent", **CONDITIONAL)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["tfgate.json"]
        document = json.loads(archive.read("tfgate.json"))
    assert document == metadata.read(path).document


def test_flatbuffer_stands_at_the_start_as_it_was(converted):
    path = converted("dependent", **CONDITIONAL)
    document = metadata.read(path)
    content = path.read_bytes()[: document["flatbuffer"]["bytes"]]
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    assert len(interpreter.get_input_details()) == 1


def test_describes_the_network(networks, keras_files, converted):
    costs = networks["dependent"].costs
    document = metadata.read(converted("dependent", **CONDITIONAL)).document
    assert document["schema_version"] == metadata.SCHEMA_VERSION
    assert document["model"] == "tiny"
    assert document["lowering"] == "conditional"
    assert document["quantization"] == "none"
    assert document["tau"] == {"input": False, "value": 0.5}
    assert document["input"] == {
        "name": "images",
        "shape": [1, 32, 32, 3],
        "dtype": "float32",
        "value_range": [0, 255],
        "normalization": {
            "in_graph": True,
            "mean": [90.0, 100.0, 110.0],
            "std": [60.0, 60.0, 60.0],
        },
    }
    assert document["outputs"]["predictions"]["shape"] == [1, builders.CLASSES]
    assert document["outputs"]["decisions"]["shape"] == [1, 3]
    assert document["labels"] is None
    assert document["macs"] == {
        "dense": costs.dense,
        "all_open": costs.all_open,
        "all_closed": costs.all_closed,
        "products": [
            {"macs": macs[0], "factors": [[index]], "shares": []}
            for index, macs in enumerate(costs.components.values())
        ],
    }
    assert document["source"]["file"] == keras_files["dependent"].name
    assert [gate["block"] for gate in document["gates"]] == list(builders.NAMES)
    assert document["gates"][1] == {
        "block": "second",
        "gate": "second_gate",
        "kind": "GatedResidual",
        "gate_kind": "DependentGate",
        "lowering": "if",
        "gate_macs": costs.gate["second_gate"],
        "behind": [],
        "components": [
            {
                "macs": costs.components["second_gate"][0],
                "decided": None,
                "index": 1,
            }
        ],
    }


def test_decided_gates_stand_in_the_document(networks, converted):
    costs = networks["independent"].costs
    description = metadata.read(converted("independent", **CONDITIONAL))
    assert [c["decided"] for c in description.components] == [1, 0, 1]
    assert [g["lowering"] for g in description["gates"]] == ["open", "closed", "open"]
    assert description["outputs"]["decisions"] is None
    left = costs.dense - costs.components["second_gate"][0]
    assert description["macs"]["all_open"] == description["macs"]["all_closed"] == left
    assert description.executed_macs() == left


def test_masked_files_always_execute_everything(networks, converted):
    costs = networks["dependent"].costs
    description = metadata.read(
        converted("dependent", lowering="masked", gate_outputs=True)
    )
    assert description.executed_macs(np.zeros((2, 3))) == costs.all_open


def test_dense_files_have_no_gates_to_compute(networks, converted):
    dense = networks["dependent"].costs.dense
    description = metadata.read(converted("dependent", lowering="dense"))
    counts = dict.fromkeys(["dense", "all_open", "all_closed"], dense)
    assert description["macs"] == counts | {"products": []}
    assert description["tau"] is None
    assert [gate["gate_macs"] for gate in description["gates"]] == [0, 0, 0]
    # The same network, built without gates.
    plain = metadata.read(converted("dense", lowering="dense"))
    assert plain["macs"] == description["macs"]
    assert plain["gates"] == []


def test_executed_macs_follow_the_decisions(networks, converted):
    costs = networks["dependent"].costs
    description = metadata.read(converted("dependent", **CONDITIONAL))
    decisions = np.array([[0, 0, 0], [1, 0, 1], [1, 1, 1]], "float32")
    expected = costs.executed(
        {name: decisions[:, [i]] for i, name in enumerate(costs.components)}
    )
    np.testing.assert_array_equal(description.executed_macs(decisions), expected)
    assert description.executed_macs() is None


def test_documents_of_version_2_have_no_products(converted):
    document = dict(metadata.read(converted("dependent", **CONDITIONAL)).document)
    products = document["macs"]["products"]
    old = metadata.Metadata(
        document
        | {
            "schema_version": 2,
            "macs": {k: v for k, v in document["macs"].items() if k != "products"},
        }
    )
    decisions = np.array([[0, 0, 0], [0, 1, 1]], "float32")
    fixed = document["macs"]["all_closed"]
    expected = [fixed, fixed + products[1]["macs"] + products[2]["macs"]]
    np.testing.assert_array_equal(old.executed_macs(decisions), expected)
    assert old.executed_macs() is None


def test_products_run_where_every_factor_is_open():
    products = [
        {"macs": 100, "factors": [[0, 1], [2]], "shares": []},
        {"macs": 10, "factors": [], "shares": [[0, 1]]},
    ]
    macs = {"dense": 111, "all_open": 111, "all_closed": 1, "products": products}
    description = metadata.Metadata({"macs": macs, "u": None})
    decisions = np.array([[0, 0, 0], [1, 1, 0], [0, 1, 1], [1, 1, 1]], "float32")
    executed = description.executed_macs(decisions)
    np.testing.assert_array_equal(executed, [1, 11, 106, 111])


def test_all_decisions_joins_what_is_decided():
    components = [
        {"macs": 1, "decided": 1, "index": None},
        {"macs": 2, "decided": None, "index": 0},
        {"macs": 4, "decided": 0, "index": None},
        {"macs": 8, "decided": None, "index": 1},
    ]
    description = metadata.Metadata({"gates": [{"components": components}]})
    joined = description.all_decisions(np.array([[0, 1], [1, 0]]), images=2)
    np.testing.assert_array_equal(joined, [[1, 0, 0, 1], [1, 1, 0, 0]])
    assert description.all_decisions(None, images=2) is None


def test_the_same_network_gives_the_same_document(networks, converted, tmp_path):
    first = converted("dependent", **CONDITIONAL)
    document = dict(metadata.read(first).document)
    size = document.pop("flatbuffer")["bytes"]
    content, description = metadata.append(first.read_bytes()[:size], document)
    assert content == first.read_bytes()
    assert description.document == metadata.read(first).document


def damaged(path, where):
    content = bytearray(path.read_bytes())
    content[where] ^= 0xFF
    return bytes(content)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda p: b"text", "to be a .tflite file"),
        (lambda p: b"", "to be a .tflite file"),
        (lambda p: p.read_bytes()[:5000], "truncated"),
        (lambda p: p.read_bytes()[:-10], "truncated"),
        (lambda p: damaged(p, 2000), "checksum differs"),
        (lambda p: damaged(p, -400), "damaged|truncated"),
    ],
)
def test_damaged_files_are_refused(converted, tmp_path, damage, message):
    path = tmp_path / "damaged.tflite"
    path.write_bytes(damage(converted("dependent", **CONDITIONAL)))
    with pytest.raises(errors.InputError, match=message):
        metadata.read(path)


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(errors.InputError, match="Expected --baseline to be a file"):
        metadata.read(tmp_path / "none.tflite", "--baseline")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": metadata.SCHEMA_VERSION + 1}, "use a newer tfgate"),
        ({"schema": "other"}, "Expected a document of schema"),
        ({"schema_version": None}, "Expected a document of schema"),
    ],
)
def test_other_schemas_are_refused(converted, tmp_path, change, message):
    source = converted("dependent", **CONDITIONAL)
    document = dict(metadata.read(source).document)
    size = document.pop("flatbuffer")["bytes"]
    path = tmp_path / "other.tflite"
    path.write_bytes(metadata.append(source.read_bytes()[:size], document | change)[0])
    with pytest.raises(errors.InputError, match=message):
        metadata.read(path)


@pytest.mark.parametrize(
    ("tau", "message"), [(1.5, r"in \[0, 1\]"), (0.7, "fixed|own")]
)
def test_tau_is_checked(converted, tau, message):
    description = metadata.read(converted("dependent", **CONDITIONAL))
    assert description.checked_tau(None) == description.checked_tau(0.5) == 0.5
    with pytest.raises(errors.InputError, match=message):
        description.checked_tau(tau)
