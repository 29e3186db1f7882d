"""The network that becomes an int8 file."""

from tflite.calibration import TrainingImages
from tflite.errors import InputError
from tflite.quantization import ranges
from tflite.quantization.fake_quant import fake_quants
from tflite.quantization.insertion import insert


def prepare(model, options):
    """Puts fake quantization into a network, if its file will be in int8.

    Args:
        model: the trained network; one from `tflite.finetune` has it already.
        options: `tflite.options.Options`; `calibration` an array of images, or None.

    Returns:
        The model itself, or a copy with calibrated fake quantization.

    Raises:
        InputError: there are no images where there have to be, or ranges and mode of
            quantization do not go together.
    """
    trained = bool(fake_quants(model))
    if options.quantize != "int8":
        if trained:
            raise InputError(
                "Expected --quantize=int8 for a network that was fine-tuned for it, "
                f"got --quantize={options.quantize}."
            )
        return model
    if trained:
        ranges.check(model)
        return model
    if options.calibration is None:
        raise InputError(
            "Expected --calibration_dataset for --quantize=int8, got none: its ranges "
            "come from images, or from `tflite.finetune --qat`."
        )
    copy = insert(model)
    ranges.calibrate(
        copy,
        options.calibration,
        tau=None if options.lowering == "dense" else options.tau,
        tau_input=options.tau_input,
    )
    return copy


def provenance(model, calibration, quantize):
    """Where the ranges of an int8 file come from, for its metadata.

    Args:
        model: the trained network.
        calibration: array of images, `tflite.calibration.TrainingImages`, or None.
        quantize: one of `tflite.metadata.QUANTIZATIONS`.

    Returns:
        None, "training", or a dict as described in `tflite.metadata`.
    """
    if quantize != "int8":
        return None
    if fake_quants(model):
        return "training"
    if isinstance(calibration, TrainingImages):
        name, samples = calibration.dataset, calibration.samples
    else:
        name, samples = None, len(calibration)
    split = None if name is None else "train"
    # The first images of the data set: no seed decides which.
    return {"dataset": name, "split": split, "samples": samples, "seed": None}
