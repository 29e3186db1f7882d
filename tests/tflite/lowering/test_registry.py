import keras
import pytest

import tfgate
from tests.tflite import builders
from tflite import convert
from tflite import errors
from tflite.lowering import registry


class OtherResidual(tfgate.GatedResidual):
    """A block of a class that nothing is registered for."""


@pytest.mark.parametrize("name", ["if", "masked", "open", "closed"])
def test_residual_has_all_lowerings(networks, name):
    block = networks["dependent"].blocks[0]
    assert callable(registry.find(block, name))


def test_filters_have_candidates():
    block = tfgate.GatedFilters(
        [keras.layers.Conv2D(4, 3)], tfgate.DependentGate, "output"
    )
    names = ["closed", "gather", "groups", "levels", "masked", "open", "variants"]
    assert registry.candidates(block) == names


def test_unknown_blocks_are_an_error_that_names_them(tmp_path):
    model = builders.network(block=OtherResidual)
    with pytest.raises(errors.InputError, match="'first'.*OtherResidual.*'if'.*none"):
        convert.convert(model, tmp_path / "f.tflite", lowering="conditional")
    assert not list(tmp_path.iterdir())


def test_choices_are_named(monkeypatch, networks):
    monkeypatch.setattr(registry, "_LOWERINGS", {})
    registry.register(tfgate.GatedResidual, "masked")(print)
    registry.register(tfgate.GatedResidual, "closed")(print)
    block = networks["dependent"].blocks[0]
    with pytest.raises(errors.InputError, match="only: closed, masked"):
        registry.find(block, "if")
    assert registry.find(block, "masked") is print


def test_registering_is_checked(monkeypatch):
    monkeypatch.setattr(registry, "_LOWERINGS", {})
    with pytest.raises(ValueError, match="Expected a lowering among"):
        registry.register(tfgate.GatedResidual, "unknown")
    registry.register(tfgate.GatedResidual, "if")(print)
    with pytest.raises(ValueError, match="Expected one lowering"):
        registry.register(tfgate.GatedResidual, "if")(print)
