"""Early exits have no lowering yet: the conversion says so."""

import pytest

import tfgate
from tests.tfgate.exit_networks import exit_model
from tflite.convert import convert
from tflite.errors import InputError


@pytest.mark.parametrize("lowering", ["conditional", "masked", "dense", "pruned"])
def test_conversion_is_refused(lowering, tmp_path):
    model = exit_model(gate=lambda name, seed: tfgate.IndependentGate(name=name))
    with pytest.raises(InputError, match="'exit1' of class EarlyExit.*tfgate.compact"):
        convert(model, tmp_path / "m.tflite", lowering=lowering)
    assert not list(tmp_path.iterdir())
