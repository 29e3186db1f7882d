"""The network that becomes an int8 file."""

from tflite.errors import InputError
from tflite.quantization import ranges
from tflite.quantization.fake_quant import fake_quants
from tflite.quantization.insertion import insert


def prepare(model, quantization, calibration, *, tau, tau_input):
    """Puts fake quantization into a network, if its file will be in int8.

    Args:
        model: the trained network; one from `tflite.finetune` has it already.
        quantization: `tflite.quantization.Quantization`.
        calibration: `tflite.datasets.Images`, or None for no images.
        tau: threshold in (0, 1); None for a file with all gates open.
        tau_input: whether τ is an input of the file.

    Returns:
        The model itself, or a copy with calibrated fake quantization.

    Raises:
        InputError: there are no images where there have to be, or ranges and mode of
            quantization do not go together.
    """
    trained = bool(fake_quants(model))
    if quantization.mode != "int8":
        if trained:
            raise InputError(
                "Expected --quantize=int8 for a network that was fine-tuned for it, "
                f"got --quantize={quantization.mode}."
            )
        return model
    if trained:
        ranges.check(model)
        return model
    if calibration is None:
        raise InputError(
            "Expected --calibration_dataset for --quantize=int8, got none: its ranges "
            "come from images, or from `tflite.finetune --qat`."
        )
    copy = insert(model)
    ranges.calibrate(copy, calibration.images, tau=tau, tau_input=tau_input)
    return copy
