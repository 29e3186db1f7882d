"""The ranges of int8, from images."""

import numpy as np

import tfgate
from tflite import reference
from tflite import source
from tflite.errors import InputError
from tflite.quantization.fake_quant import fake_quants
from tflite.quantization.fake_quant import observed

# As near to 1 as float32 log odds tell apart: all gates that depend on images close.
_LARGEST_TAU = 1.0 - 2.0**-20
_US = (0.0, 0.25, 0.5, 0.75, 1.0)


def calibrate(model, images, *, tau, tau_input=False):
    """Sets all ranges in a model to what images make of them.

    Keras computes every branch whatever its gate says, so each branch has ranges even
    if a calibration set never opens, or never closes, its gate. Where τ is an input of
    the file, the images also run with all gates open, and with τ as large as it may
    be, because other gates change what later branches see; and so at several u in
    throttled networks, unless all gates are open.

    Args:
        model: from `tflite.quantization.insertion.insert`.
        images: float32 `[images, height, width, channels]`.
        tau: threshold in (0, 1); None opens all gates.
        tau_input: whether τ is an input of the file.

    Raises:
        InputError: the images do not fit, or a layer sees only zeros.
    """
    shape = source.input_shape(model)
    if tuple(images.shape[1:]) != tuple(shape[1:]) or not len(images):
        raise InputError(
            f"Expected at least one calibration image of the shape {shape[1:]}, got an "
            f"array of {images.shape}."
        )
    if not np.isfinite(images).all():
        raise InputError("Expected finite calibration images, got NaN or infinity.")
    settings = [(tau, None)]
    if isinstance(model, tfgate.ThrottledModel) and tau is not None:
        settings = [(tau, u) for u in _US]
    elif tau_input:
        settings += [(None, None), (_LARGEST_TAU, None)]
    with observed(model):
        for threshold, u in settings:
            reference.run(model, images, tau=threshold, u=u)
    check(model)


def check(model):
    """Checks that all ranges in a model are known.

    Raises:
        InputError: one is not.
    """
    for layer in fake_quants(model):
        ends = np.asarray(layer.range)
        if not np.isfinite(ends).all():
            raise InputError(
                f"Expected finite ranges for int8, got {ends.tolist()} at "
                f"{layer.range.path!r}: the network computes NaN or infinity."
            )
        if not layer.is_calibrated:
            raise InputError(
                "Expected ranges for int8 from calibration images, got only zeros at "
                f"{layer.range.path!r}; is this part of the network dead?"
            )
