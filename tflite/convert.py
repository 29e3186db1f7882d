r"""Converts a trained network to TFLite.

    python -m tflite.convert --model=model.keras --output=model.tflite \
        --lowering=conditional [--tau=0.5] [--tau_input] [--gate_outputs] \
        [--quantize=none|dynamic|float16|int8] [--runtime=latest|2.16] \
        [--quantize_gates] [--labels=labels.txt] [--levels=4] [--min_group=16] \
        [--filters_at_once=32] [--max_growth=1.5] \
        [--signatures=gated,dense] \
        [--block_lowering=PATTERN=NAME] [--autotune] [--explain] \
        [--calibration_dataset=digits|cifar10|imagenet2012]

Lowerings:

- conditional: blocks whose gate decides the same for every image at this τ are
  compacted; every other block gets, of its exact lowerings, the one with the least
  expected time (`--explain` shows which): mostly it goes behind an IF and is skipped
  where it is closed, and what follows an early exit always is; of gated filters,
  clusters do, which run if any of their filters is open;
- masked: everything is computed and multiplied by the decisions, as in Keras;
- dense: all gates open and gone; also for networks without gates;
- pruned: the plain network that is left if every gate decides the same for every
  image, else an error.

A throttled network (`tfgate.throttle`) becomes a file with an input u: conditional
puts everything that u closes behind conditions on u, or on what a learned gating
function decides from u, and maybe the image, at this τ; dense opens everything.

The file has the signature images -> predictions (batch 1), on demand a second one
without gates, and carries a description of itself, see `tflite.metadata`.
"""

import os

from absl import flags

from tflite import datasets
from tflite import errors
from tflite import files
from tflite import quiet
from tflite.calibration import TrainingImages
from tflite.errors import InputError
from tflite.metadata import LOWERINGS
from tflite.metadata import QUANTIZATIONS
from tflite.metadata import RUNTIMES
from tflite.metadata import SIGNATURES
from tflite.options import Options


def convert(
    model,
    output,
    *,
    lowering="conditional",
    tau=0.5,
    tau_input=False,
    gate_outputs=False,
    quantize="none",
    runtime="latest",
    quantize_gates=False,
    labels=None,
    levels=None,
    min_group=None,
    filters_at_once=None,
    max_growth=None,
    calibration=None,
    check_samples=4,
    signatures=SIGNATURES[:1],
    block_lowering=(),
    autotune=False,
    autotune_cache=None,
    print_fn=None,
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
        quantize: one of `QUANTIZATIONS`, see `tflite.quantization`; int8 needs
            calibration, or a network of `tflite.finetune`.
        runtime: one of `RUNTIMES`: the oldest that has to run the file.
        quantize_gates: whether gates are quantized, too.
        labels: names of the classes, or None.
        levels: for a throttled network of nested or independent gating, in how many
            widths the file has each block of gated filters, at least 1: more follow u
            more closely, and take more bytes. None means 4.
        min_group: least number of filters by which these widths differ, at least 1; of
            gated filters in other networks, least number of filters of a cluster. None
            means 16: convolutions of fewer filters hardly get faster.
        filters_at_once: for gated filters, with calibration, how many filters the
            target's convolutions compute at once, at least 1: clusters and variants
            are made to fill them. None means 32, as with AVX-512; XNNPACK's kernels
            for ARM compute 8.
        max_growth: for gated filters, with calibration, how large the file may become
            by variants of blocks, in times the dense file's size, at least 1: more of
            them follow an image's gates more closely. None means 1.5.
        calibration: float32 `[images, height, width, channels]`, images as the network
            takes them, of its training set; or `tflite.calibration.TrainingImages`;
            None for none.
        check_samples: on how many images, of these or else of noise, the file is
            compared with Keras before it is written, see `tflite.self_check`; 0 for no
            comparison.
        signatures: `("gated",)`, or `("gated", "dense")` for a file with two of these
            names: the second runs the same network with all gates open and gone.
            Weights that both have stand in the file once. For conditional and masked.
        block_lowering: pairs of a pattern of block names, as for `fnmatch`, and the
            lowering of these blocks, one of those that are exact for them. Of several
            that match the last counts. For conditional.
        autotune: chooses lowerings by measuring them on this machine, instead of by
            `tflite.cost_model`. For conditional.
        autotune_cache: path of a JSON file that keeps what was measured; None is
            tfgate/autotune.json in the user's cache directory.
        print_fn: receives a table, a string, of the lowerings of the blocks: what was
            expected of each, what was chosen, and why; `print` shows it. None for none.

    Returns:
        `tflite.metadata.Metadata` of the file.

    Raises:
        InputError: an argument does not fit, or the file does not do what Keras does;
            nothing is written then.
    """
    options = Options(
        lowering=lowering,
        tau=tau,
        tau_input=tau_input,
        gate_outputs=gate_outputs,
        quantize=quantize,
        runtime=runtime,
        quantize_gates=quantize_gates,
        labels=labels,
        levels=levels,
        min_group=min_group,
        filters_at_once=filters_at_once,
        max_growth=max_growth,
        calibration=calibration,
        check_samples=check_samples,
        signatures=signatures,
        block_lowering=block_lowering,
        autotune=autotune,
        autotune_cache=autotune_cache,
    )
    output = files.writable(output, "--output")
    if isinstance(model, str | os.PathLike):
        model = files.keras_archive(model, "--model")
        files.other_than(output, model)
    # Not before: what is wrong so far is reported without waiting for TensorFlow.
    quiet.import_tensorflow()
    from tflite import conversion

    content, description = conversion.run(model, options, print_fn=print_fn)
    with files.replaced(output) as unfinished:
        unfinished.write_bytes(content)
    return description


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
        "runtime",
        "latest",
        f"Oldest TFLite that has to run the file: {', '.join(RUNTIMES)}.",
    )
    flags.DEFINE_bool("quantize_gates", False, "Quantizes gates, too.")
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
    flags.DEFINE_integer(
        "filters_at_once",
        None,
        "Filters that convolutions compute at once where the file will run, which "
        "clusters and variants of gated filters should fill: 32 with AVX-512, the "
        "default; 8 on ARM.",
    )
    flags.DEFINE_float(
        "max_growth",
        None,
        "Largest size of the file, in times the dense one's, to which variants of "
        "blocks with gated filters may make it grow; 1 for no variants; 1.5.",
    )
    flags.DEFINE_string(
        "calibration_dataset",
        None,
        f"Training images to calibrate on: {', '.join(datasets.NAMES)}.",
    )
    flags.DEFINE_integer(
        "calibration_samples",
        None,
        "Number of these images, the first of the data set; 100.",
    )
    flags.DEFINE_string(
        "data_dir", None, "Directory of TFDS data sets (it holds cifar10/)."
    )
    flags.DEFINE_integer(
        "check_samples",
        4,
        "Images on which the file is compared with Keras before it is written; 0 for "
        "no comparison.",
    )
    flags.DEFINE_list(
        "signatures",
        list(SIGNATURES[:1]),
        "gated, or gated,dense for a second signature without gates.",
    )
    flags.DEFINE_multi_string(
        "block_lowering",
        [],
        "PATTERN=NAME: the lowering of blocks whose names match, for "
        "--lowering=conditional; may be repeated, the last that matches counts.",
    )
    flags.DEFINE_bool(
        "autotune", False, "Chooses lowerings by measuring them on this machine."
    )
    flags.DEFINE_string(
        "autotune_cache",
        None,
        "JSON file that keeps what was measured; tfgate/autotune.json in the user's "
        "cache directory.",
    )
    flags.DEFINE_bool(
        "explain", False, "Prints what was expected of each block's lowerings, and why."
    )
    flags.mark_flags_as_required(["model", "output"])


def main():
    """Converts as the flags say and prints what the file does."""
    values = flags.FLAGS
    labels = None
    if values.labels is not None:
        labels = files.lines(values.labels, "--labels")
    description = convert(
        values.model,
        values.output,
        lowering=values.lowering,
        tau=values.tau,
        tau_input=values.tau_input,
        gate_outputs=values.gate_outputs,
        quantize=values.quantize,
        runtime=values.runtime,
        quantize_gates=values.quantize_gates,
        labels=labels,
        levels=values.levels,
        min_group=values.min_group,
        filters_at_once=values.filters_at_once,
        max_growth=values.max_growth,
        calibration=_calibration(values),
        check_samples=values.check_samples,
        signatures=values.signatures,
        block_lowering=_block_lowering(values.block_lowering),
        autotune=values.autotune,
        autotune_cache=values.autotune_cache,
        print_fn=print if values.explain else None,
    )
    _print_summary(values.output, description)


def _block_lowering(texts):
    """Pairs of a pattern and a lowering."""
    for text in texts:
        if not all(text.rpartition("=")):
            raise InputError(f"Expected --block_lowering=PATTERN=NAME, got {text!r}.")
    return [text.rpartition("=")[::2] for text in texts]


def _calibration(values):
    """The calibration images that the flags ask for, or None."""
    if values.calibration_dataset is None:
        for name in ("data_dir", "calibration_samples"):
            value = values[name].value
            if value is not None:
                raise InputError(
                    f"Expected --calibration_dataset with --{name}={value}."
                )
        return None
    choice = {"data_dir": values.data_dir}
    if values.calibration_samples is not None:
        choice["samples"] = values.calibration_samples
    return TrainingImages(values.calibration_dataset, **choice)


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
