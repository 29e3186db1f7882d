"""Two signatures in one file, which share their weights."""

import numpy as np
import pytest

import tfgate
from tests.tflite.structure import Structure
from tflite import convert
from tflite import errors
from tflite import metadata
from tflite import reference
from tflite import runtime
from tflite import signature_keys

TAU_INPUT = {"lowering": "conditional", "tau_input": True, "gate_outputs": True}
BOTH = TAU_INPUT | {"signatures": ("gated", "dense")}


def test_files_have_one_signature_unless_told(converted):
    path = converted("dependent", **TAU_INPUT)
    assert metadata.read(path).signatures == ["serving_default"]
    with pytest.raises(errors.InputError, match="among serving_default of .*'dense'"):
        runtime.Network(path, signature="dense")


def test_both_give_what_keras_gives(networks, converted, images):
    model, path = networks["dependent"], converted("dependent", **BOTH)
    assert metadata.read(path).signatures == ["gated", "dense"]
    gated = runtime.Network(path, signature="gated")
    dense = runtime.Network(path, signature="dense")
    for tau in (0.3, 0.8):
        gated.set_dial(tau)
        predictions, told = gated.run(images)
        expected, decisions = reference.run(model, images, tau=tau)
        np.testing.assert_allclose(predictions, expected, atol=1e-4)
        np.testing.assert_array_equal(told, decisions)
    predictions, told = dense.run(images)
    expected, _ = reference.run(model, images, tau=None)
    np.testing.assert_allclose(predictions, expected, atol=1e-4)
    assert told is None


def test_the_first_is_the_main_one(converted, images):
    path = converted("dependent", **BOTH)
    one = Structure(converted("dependent", **TAU_INPUT))
    both = Structure(path)
    assert both.main == one.main
    # One more subgraph, without conditions.
    assert len(both.subgraphs) == len(one.subgraphs) + 1
    found, _ = runtime.Network(path).run(images[:4])
    expected, _ = runtime.Network(path, signature="gated").run(images[:4])
    np.testing.assert_array_equal(found, expected)


def test_weights_stand_in_the_file_once(tmp_path):
    model = tfgate.applications.CifarResNet(8, gate="dependent")
    sizes = []
    for number, arguments in enumerate((TAU_INPUT, BOTH)):
        path = tmp_path / f"{number}.tflite"
        convert.convert(model, path, **arguments, check_samples=0)
        sizes.append(path.stat().st_size)
    # 0.3 MB of weights; the second graph's operations are what is added.
    assert sizes[1] < 1.1 * sizes[0]


@pytest.mark.large
@pytest.mark.timeout(1200)
def test_a_second_signature_of_resnet50_takes_three_percent_at_most(tmp_path):
    model = tfgate.applications.ResNet50(gate="dependent", weights=None)
    sizes = []
    for number, signatures in enumerate((("gated",), ("gated", "dense"))):
        path = tmp_path / f"{number}.tflite"
        convert.convert(model, path, signatures=signatures, check_samples=0)
        sizes.append(path.stat().st_size)
    assert sizes[1] <= 1.03 * sizes[0]


def test_names_change_in_their_place(converted):
    content = converted("dependent", **BOTH).read_bytes()
    size = metadata.read(converted("dependent", **BOTH))["flatbuffer"]["bytes"]
    content = content[:size]
    changed = signature_keys.renamed(content, {"dense": "whole"})
    assert changed.replace(b"whole", b"dense") == content
    with pytest.raises(ValueError, match="5 letters"):
        signature_keys.renamed(content, {"dense": "all"})
    with pytest.raises(ValueError, match="names .'other'., got none"):
        signature_keys.renamed(content, {"other": "whole"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"signatures": ("dense",)}, "--signatures=gated or --signatures=gated,dense"),
        ({"signatures": ("gated", "dense"), "lowering": "dense"}, "gates are gone"),
    ],
)
def test_what_is_asked_for_is_checked(networks, tmp_path, arguments, message):
    with pytest.raises(errors.InputError, match=message):
        convert.convert(networks["dependent"], tmp_path / "f.tflite", **arguments)
    assert not list(tmp_path.iterdir())


def test_another_signature_takes_one_image_at_a_time(converted):
    with pytest.raises(errors.InputError, match="one image at a time"):
        runtime.Network(converted("dependent", **BOTH), signature="dense", batch=2)
