r"""Converts a trained network to TFLite.

    python -m tflite.convert --model=model.keras --output=model.tflite \
        --lowering=conditional [--tau=0.5] [--tau_input] [--gate_outputs] \
        [--quantize=none|dynamic|float16] [--labels=labels.txt] \
        [--levels=4] [--min_group=16]

Lowerings:

- conditional: blocks whose gate decides the same for every image at this τ are
  compacted; every other block goes behind an IF and is skipped where it is closed; of
  gated filters, clusters of consecutive ones do, and run if any of them is open;
- masked: everything is computed and multiplied by the decisions, as in Keras;
- dense: all gates open and gone; also for networks without gates;
- pruned: the plain network that is left if every gate decides the same for every
  image, else an error.

A throttled network (`tfgate.throttle`) becomes a file with an input u: conditional
puts everything that u closes behind conditions on u, and dense fixes u at 1.

The file has the signature images -> predictions (batch 1), and carries a description
of itself, see `tflite.metadata`.
"""

import os

from absl import flags

from tflite import errors
from tflite import files
from tflite import quiet
from tflite.errors import InputError
from tflite.metadata import LOWERINGS
from tflite.metadata import QUANTIZATIONS


def convert(
    model,
    output,
    *,
    lowering="conditional",
    tau=0.5,
    tau_input=False,
    gate_outputs=False,
    quantize="none",
    labels=None,
    levels=None,
    min_group=None,
):
    """Converts a trained network and writes the file.

    Args:
        model: path of a `.keras` file, or a `keras.Model`: a `tfgate.GatedModel`, or
            any network of one input and one output for `lowering="dense"`.
        output: path of the `.tflite` file; its directory must exist.
        lowering: one of `LOWERINGS`.
        tau: threshold in (0, 1).
        tau_input: makes τ an input of the file, the float32 scalar `tau` in [0, 1]; 0
            opens and 1 closes all gates, and `tau` is the proposal in the metadata.
            For conditional and masked.
        gate_outputs: adds the output `decisions`, float32 `[1, n]`, for the n
            undecided components in network order; where none is undecided, there is
            no such output, and all decisions are in the metadata.
        quantize: one of `QUANTIZATIONS`.
        labels: names of the classes, or None.
        levels: for a throttled network, in how many widths the file has each block of
            gated filters, at least 1: more follow u more closely, and take more bytes.
            None means 4.
        min_group: least number of filters by which these widths differ, at least 1; of
            gated filters in other networks, least number of filters of a cluster. None
            means 16: convolutions of fewer filters hardly get faster.

    Returns:
        `tflite.metadata.Metadata` of the file.

    Raises:
        InputError: an argument does not fit; nothing is written then.
    """
    _check_arguments(lowering, tau, tau_input, quantize)
    for name, value in (("levels", levels), ("min_group", min_group)):
        if value is not None and value < 1:
            raise InputError(f"Expected --{name} of at least 1, got {value!r}.")
    output = files.writable(output, "--output")
    if isinstance(model, str | os.PathLike):
        model = files.keras_archive(model, "--model")
    # Not before: what is wrong so far is reported without waiting for TensorFlow.
    quiet.import_tensorflow()
    from tflite import conversion

    content, description = conversion.run(
        model,
        lowering=lowering,
        tau=float(tau),
        tau_input=tau_input,
        gate_outputs=gate_outputs,
        quantize=quantize,
        labels=None if labels is None else list(labels),
        levels=levels,
        min_group=min_group,
    )
    with files.replaced(output) as unfinished:
        unfinished.write_bytes(content)
    return description


def _check_arguments(lowering, tau, tau_input, quantize):
    if lowering not in LOWERINGS:
        raise InputError(f"Expected --lowering among {LOWERINGS}, got {lowering!r}.")
    if quantize not in QUANTIZATIONS:
        raise InputError(
            f"Expected --quantize among {QUANTIZATIONS}, got {quantize!r}."
        )
    if not 0.0 < tau < 1.0:
        raise InputError(f"Expected --tau in (0, 1), got {tau!r}.")
    if tau_input and lowering not in ("conditional", "masked"):
        raise InputError(
            "Expected --tau_input with --lowering=conditional or masked, got "
            f"--lowering={lowering}, whose gates are decided."
        )


def define_flags():
    """Defines the flags of the command."""
    flags.DEFINE_string("model", None, "The trained network, a .keras file.")
    flags.DEFINE_string("output", None, "The .tflite file to write.")
    flags.DEFINE_string(
        "lowering", "conditional", f"What becomes of the gates: {', '.join(LOWERINGS)}."
    )
    flags.DEFINE_float("tau", 0.5, "Threshold on P(open), in (0, 1).")
    flags.DEFINE_bool(
        "tau_input", False, "Makes the threshold an input of the file, `tau`."
    )
    flags.DEFINE_bool(
        "gate_outputs", False, "Adds an output with the decisions, `decisions`."
    )
    flags.DEFINE_string(
        "quantize", "none", f"Numbers of the weights: {', '.join(QUANTIZATIONS)}."
    )
    flags.DEFINE_string(
        "labels", None, "Text file with the names of the classes, one a line."
    )
    flags.DEFINE_integer(
        "levels", None, "Widths of each block in a throttled network's file; 4."
    )
    flags.DEFINE_integer(
        "min_group",
        None,
        "Least number of filters by which these widths differ, or of a cluster of "
        "gated filters; 16.",
    )
    flags.mark_flags_as_required(["model", "output"])


def main():
    """Converts as the flags say and prints what the file does."""
    values = flags.FLAGS
    labels = None
    if values.labels is not None:
        path = files.existing(values.labels, "--labels")
        labels = path.read_text(encoding="utf-8").split("\n")
        labels = [label.strip() for label in labels if label.strip()]
    description = convert(
        values.model,
        values.output,
        lowering=values.lowering,
        tau=values.tau,
        tau_input=values.tau_input,
        gate_outputs=values.gate_outputs,
        quantize=values.quantize,
        labels=labels,
        levels=values.levels,
        min_group=values.min_group,
    )
    _print_summary(values.output, description)


def _print_summary(path, description):
    for gate in description["gates"]:
        decided = [component["decided"] for component in gate["components"]]
        closed, opened = decided.count(0), decided.count(1)
        print(
            f"{gate['block']}: {gate['lowering']} ({closed} closed, {opened} open, "
            f"{len(decided) - closed - opened} undecided)"
        )
    macs = description["macs"]
    print(
        f"MACs per image: dense {macs['dense']:,}, all open {macs['all_open']:,}, all "
        f"closed {macs['all_closed']:,}"
    )
    print(f"wrote {path}, {os.path.getsize(path):,} bytes")


if __name__ == "__main__":
    errors.run(main, define_flags)
