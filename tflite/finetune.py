r"""Fine-tunes a trained network for small numbers.

    python -m tflite.finetune --model=model.keras --output=qat.keras --qat \
        --dataset=digits|cifar10|imagenet2012 [--data_dir=DIR] [--samples=N] \
        [--epochs=1] [--learning_rate=0.001] [--batch_size=64] [--tau=0.5] [--seed=0]

    python -m tflite.finetune --model=compact.keras --output=model.tflite \
        --tool=quantize|cluster|prune --dataset=... (as above, without --tau)

`--qat` is quantization-aware training of a network, gated or plain: `tflite.convert
--quantize=int8` takes its file without calibration. Gates are frozen and decide at τ.

`--tool` is for plain networks, such as compacted ones: tensorflow-model-optimization
trains them for int8 (`quantize`), with 16 different weights per layer (`cluster`), or
with half of the weights zero (`prune`), and what comes out is a .tflite file: its
networks cannot become Keras 3 files again.

One line for each epoch; the file is written at the end, whole. Exit code 2 for bad
input, such as a loss that is not finite: nothing is written then.
"""

import time

from absl import flags

from tflite import datasets
from tflite import errors
from tflite import files
from tflite import quiet
from tflite.errors import InputError

TOOLS = ("quantize", "cluster", "prune")


def finetune(
    model,
    output,
    *,
    dataset,
    qat=False,
    tool=None,
    samples=None,
    data_dir=None,
    epochs=1,
    learning_rate=0.001,
    batch_size=64,
    tau=0.5,
    seed=0,
    print_fn=print,
):
    """Fine-tunes a network and writes it.

    Args:
        model: path of a `.keras` file.
        output: path of the file to write: `.keras` for qat, `.tflite` for a tool.
        dataset: one of `tflite.datasets.NAMES`; its training images are used.
        qat: quantization-aware training, see `tflite.quantization.training`.
        tool: one of `TOOLS`, see `tflite.quantization.tfmot`. This or qat.
        samples: number of training images, the first ones; None for all.
        data_dir: directory of TFDS data sets, for cifar10 and imagenet2012.
        epochs: at least 1.
        learning_rate: above 0.
        batch_size: at least 1.
        tau: threshold in (0, 1) at which gates decide.
        seed: decides the order of the images.
        print_fn: receives a line for each epoch.

    Raises:
        InputError: an argument does not fit, or the loss is not finite; nothing is
            written then.
    """
    _check(qat, tool, output, epochs, learning_rate, batch_size, tau)
    output = files.writable(output, "--output")
    path = files.keras_archive(model, "--model")
    files.other_than(output, path)
    if samples is None:
        samples = datasets.available(dataset, data_dir=data_dir, split="train")
    choice = {"samples": samples, "data_dir": data_dir, "split": "train"}
    datasets.check(dataset, **choice)
    # Not before: what is wrong so far is reported without waiting for TensorFlow.
    quiet.import_tensorflow()
    from tflite import source

    network = source.load(path)
    source.check(network)
    network = source.in_float32(network)
    shape = source.input_shape(network)[1:]
    images = datasets.load(dataset, image_shape=shape, **choice)
    settings = {
        "epochs": epochs,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "seed": seed,
    }
    if qat:
        from tflite.quantization.training import Training

        training = Training(network, images.images, images.labels, tau=tau, **settings)
    else:
        from tflite.quantization.tfmot import Training

        training = Training(network, images.images, images.labels, tool, **settings)
    for number in range(1, epochs + 1):
        start = time.perf_counter()
        loss, accuracy = training.epoch()
        print_fn(
            f"epoch {number}/{epochs}: loss {loss:.4f}, accuracy {accuracy:.4f}, "
            f"{time.perf_counter() - start:.1f} s"
        )
    with files.replaced(output) as unfinished:
        if qat:
            training.model.save(unfinished)
        else:
            unfinished.write_bytes(training.to_tflite())


def _check(qat, tool, output, epochs, learning_rate, batch_size, tau):
    if qat == (tool is not None):
        raise InputError(
            f"Expected either --qat or --tool, got --qat={qat} and --tool={tool}."
        )
    if tool is not None and tool not in TOOLS:
        raise InputError(f"Expected --tool among {TOOLS}, got {tool!r}.")
    suffix = ".keras" if qat else ".tflite"
    if not str(output).endswith(suffix):
        raise InputError(f"Expected --output to end in {suffix}, got {str(output)!r}.")
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if value < 1:
            raise InputError(f"Expected --{name} of at least 1, got {value!r}.")
    if not 0.0 < learning_rate < float("inf"):
        raise InputError(f"Expected --learning_rate above 0, got {learning_rate!r}.")
    if not 0.0 < tau < 1.0:
        raise InputError(f"Expected --tau in (0, 1), got {tau!r}.")


def define_flags():
    """Defines the flags of the command."""
    flags.DEFINE_string("model", None, "The trained network, a .keras file.")
    flags.DEFINE_string(
        "output", None, "The file to write: .keras for --qat, .tflite for --tool."
    )
    flags.DEFINE_bool("qat", False, "Quantization-aware training.")
    flags.DEFINE_string(
        "tool", None, f"Of tensorflow-model-optimization: {', '.join(TOOLS)}."
    )
    flags.DEFINE_string(
        "dataset", None, f"Training images: {', '.join(datasets.NAMES)}."
    )
    flags.DEFINE_string(
        "data_dir", None, "Directory of TFDS data sets (it holds cifar10/)."
    )
    flags.DEFINE_integer("samples", None, "Number of training images; all.")
    flags.DEFINE_integer("epochs", 1, "Number of epochs.")
    flags.DEFINE_float("learning_rate", 0.001, "Learning rate at the start.")
    flags.DEFINE_integer("batch_size", 64, "Images of a step.")
    flags.DEFINE_float("tau", 0.5, "Threshold on P(open) in (0, 1), for --qat.")
    flags.DEFINE_integer("seed", 0, "Decides the order of the images.")
    flags.mark_flags_as_required(["model", "output", "dataset"])


def main():
    """Fine-tunes as the flags say."""
    values = flags.FLAGS
    names = "dataset qat tool samples data_dir epochs learning_rate batch_size tau seed"
    finetune(
        values.model,
        values.output,
        **{name: values[name].value for name in names.split()},
        # A run is watched while it runs.
        print_fn=lambda line: print(line, flush=True),
    )
    print(f"wrote {values.output}")


if __name__ == "__main__":
    errors.run(main, define_flags)
