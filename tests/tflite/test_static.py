import numpy as np
import pytest

from tests.tflite import builders
from tests.tflite import throttled
from tests.tflite.structure import Structure
from tflite import errors
from tflite import metadata
from tflite import runtime
from tflite import static

GATES = [f"{name}_gate" for name in builders.NAMES]


def convolutions(path):
    return Structure(path).main["CONV_2D"]


@pytest.mark.parametrize(
    ("closed", "tau"), [([], 0.0), (list(builders.NAMES), 1.0)], ids=["open", "closed"]
)
def test_is_the_gated_file_with_those_decisions(
    keras_files, converted, images, tmp_path, closed, tau
):
    path = tmp_path / "static.tflite"
    static.static(keras_files["dependent"], path, closed=closed)
    gated = runtime.Network(converted("dependent", tau_input=True, gate_outputs=True))
    gated.set_dial(tau)
    expected, _ = gated.run(images[:4])
    got, _ = runtime.Network(path).run(images[:4])
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_closed_blocks_are_removed(keras_files, tmp_path):
    path = tmp_path / "static.tflite"
    description = static.static(
        keras_files["dependent"], path, closed=["first", "third"]
    )
    assert "IF" not in Structure(path).all
    static.static(keras_files["dependent"], tmp_path / "open.tflite", closed=[])
    # Two convolutions in each branch.
    assert convolutions(path) == convolutions(tmp_path / "open.tflite") - 4
    assert description.static == dict(zip(GATES, ([0], [1], [0]), strict=True))
    assert metadata.read(path).document == description.document
    assert description["source"]["file"] == keras_files["dependent"].name


def test_components_of_filter_gates(tmp_path):
    model = throttled.resnext()
    block = model.blocks[0]
    whole, part = tmp_path / "whole.tflite", tmp_path / "part.tflite"
    static.static(model, whole, closed=[])
    description = static.static(
        model, part, closed=[f"{block.name}:1", f"{block.name}:5-7"]
    )
    decisions = description.static[block.gate.name]
    assert decisions == [1, 0, 1, 1, 1, 0, 0, 0]
    assert description["macs"]["dense"] < metadata.read(whole)["macs"]["dense"]


@pytest.mark.parametrize(
    ("closed", "message"),
    [
        (["fourth"], "--closed among the blocks first, second, third, got 'fourth'"),
        (["first:1"], "components from 0 to 0"),
        (["first:0-"], "components from 0 to 0"),
        (["first:x"], "components from 0 to 0"),
        (["first:-1"], "components from 0 to 0"),
    ],
)
def test_bad_blocks(keras_files, tmp_path, closed, message):
    output = tmp_path / "static.tflite"
    with pytest.raises(errors.InputError, match=message):
        static.static(keras_files["dependent"], output, closed=closed)
    assert not output.exists()


def test_networks_without_gates_are_refused(keras_files, tmp_path):
    with pytest.raises(errors.InputError, match="with gates"):
        static.static(keras_files["dense"], tmp_path / "s.tflite", closed=[])
