"""Files of networks whose batch norms have statistics for each part of u's range."""

import numpy as np
import pytest

import tfgate
from tests.tflite import throttled
from tests.tflite.structure import Structure
from tflite import convert
from tflite import errors
from tflite import reference
from tflite import runtime
from tflite.lowering import buckets

BUCKETS = 3
TOLERANCE = 1e-4
# Between the bounds of the buckets, on them, and next to them.
_BOUND = np.float32(1 / 3)
US = (0.0, float(np.nextafter(_BOUND, np.float32(0))), float(_BOUND), 0.5, 0.7, 1.0)


def switched(model, images):
    """The network with statistics of its own in each bucket."""
    return tfgate.throttling.recalibrate(model, [images], steps=1, buckets=BUCKETS)


@pytest.mark.parametrize(
    ("name", "gating", "arguments"),
    [
        ("resnet", "nested", {}),
        ("resnext", "nested", {"min_group": 4}),
        ("mixed", "contextual", {"min_group": 4}),
    ],
)
def test_equals_keras_in_every_bucket(tmp_path, images, name, gating, arguments):
    if gating == "nested":
        model = throttled.network(name)
    else:
        model = throttled.learned(name, gating, images[:4])
    model = switched(model, images[:8])
    norms = buckets.switchable(model)
    # Before the first gate they are all alike.
    assert any(np.ptp(norm.moving_mean, axis=0).any() for norm in norms)
    path = tmp_path / "f.tflite"
    convert.convert(model, path, gate_outputs=True, **arguments)
    network = runtime.Network(path)
    for u in US:
        network.set_dial(u)
        predictions, told = network.run(images[:2])
        tau = None if gating == "nested" else 0.5
        expected, decisions = reference.run(model, images[:2], tau=tau, u=u)
        np.testing.assert_array_equal(told, decisions)
        np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)
    structure = Structure(path)
    # The rows are constants, and one of them is taken.
    assert "GATHER" in structure.all and "RSQRT" not in structure.all


def test_dense_has_the_last_bucket(tmp_path, images):
    model = switched(throttled.network("resnet"), images[:8])
    path = tmp_path / "f.tflite"
    convert.convert(model, path, lowering="dense")
    predictions, _ = runtime.Network(path).run(images[:2])
    expected, _ = reference.run(model, images[:2], tau=None, u=1.0)
    np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)
    # With one set of statistics they are part of the convolutions.
    assert not {"GATHER", "MUL"} & Structure(path).all


def test_int8_is_refused(tmp_path, images):
    model = switched(throttled.network("resnet"), images[:8])
    with pytest.raises(errors.InputError, match="one set of statistics"):
        convert.convert(
            model, tmp_path / "f.tflite", quantize="int8", calibration=images[:4]
        )
    assert not list(tmp_path.iterdir())
