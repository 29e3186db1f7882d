import dataclasses

import pytest

from tflite import errors
from tflite.options import Options


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lowering": "if"}, r"--lowering among .*, got 'if'"),
        ({"quantize": "int3"}, r"--quantize among .*, got 'int3'"),
        ({"tau": 0.0}, r"--tau in \(0, 1\), got 0.0"),
        ({"tau": float("nan")}, r"--tau in \(0, 1\), got nan"),
        ({"lowering": "dense", "tau_input": True}, "--tau_input with"),
        ({"levels": 0}, "--levels of at least 1, got 0"),
        ({"min_group": -1}, "--min_group of at least 1, got -1"),
        ({"filters_at_once": 0}, "--filters_at_once of at least 1, got 0"),
        ({"max_growth": 0.5}, "--max_growth of at least 1, got 0.5"),
        ({"max_growth": float("nan")}, "--max_growth of at least 1, got nan"),
        ({"max_growth": float("inf")}, "--max_growth of at least 1, got inf"),
        ({"check_samples": -1}, "--check_samples of at least 0, got -1"),
        ({"signatures": ["dense"]}, "--signatures=gated,dense, got 'dense'"),
        ({"lowering": "masked", "autotune": True}, "--autotune with --lowering=cond"),
        (
            {"lowering": "dense", "block_lowering": [("*", "if")]},
            "--block_lowering with --lowering=conditional",
        ),
        ({"autotune_cache": "c.json"}, "--autotune with --autotune_cache"),
    ],
)
def test_values_are_checked(values, message):
    with pytest.raises(errors.InputError, match=message):
        Options(**values)


def test_options_do_not_change():
    options = Options(labels=["a", "b"], tau=0.25)
    assert options.labels == ("a", "b")
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.tau = 0.5
