"""`python -m tflite.benchmark`, see `tflite.benchmark`."""

from absl import flags

from tflite import datasets
from tflite import errors
from tflite import files
from tflite.benchmark import extra
from tflite.benchmark import text
from tflite.benchmark.run import benchmark


def define_flags():
    """Defines the flags of the command."""
    flags.DEFINE_multi_string("model", [], "A .tflite file to measure; several times.")
    flags.DEFINE_list("models", [], "More of them, separated by commas.")
    flags.DEFINE_string("baseline", None, "The .tflite file to compare them with.")
    flags.DEFINE_list("static", [], "Files of tflite.static, for the overhead.")
    flags.DEFINE_string(
        "dataset", "digits", f"Test images: {' or '.join(datasets.NAMES)}."
    )
    flags.DEFINE_string(
        "data_dir",
        None,
        "Directory of TFDS data sets (it holds cifar10/ or imagenet2012/).",
    )
    flags.DEFINE_integer(
        "samples", 50, "Number of test images, taken in turn; at most --runs of them."
    )
    flags.DEFINE_integer("runs", 1000, "Number of runs of each file that count.")
    flags.DEFINE_integer("warmup", 20, "Number of runs before, which do not count.")
    flags.DEFINE_list("threads", ["1"], "Numbers of threads, separated by commas.")
    flags.DEFINE_list(
        "batches", ["1"], "Numbers of images of a run, separated by commas."
    )
    flags.DEFINE_float("tau", None, "Threshold in [0, 1], for files with an input tau.")
    flags.DEFINE_float("u", None, "Control in [0, 1], for files with an input u.")
    flags.DEFINE_string(
        "sweep", None, "An input to run at several settings besides: tau or u."
    )
    flags.DEFINE_list(
        "sweep_values",
        [],
        "These settings in [0, 1], separated by commas; for u 0, 1/16, ..., 1.",
    )
    flags.DEFINE_bool("per_block", False, "Measures each block alone, too.")
    flags.DEFINE_list(
        "extra_baselines",
        [],
        f"The baseline in other runtimes, if installed: {', '.join(extra.NAMES)}.",
    )
    flags.DEFINE_integer("seed", 0, "Root of the order in which the files take turns.")
    flags.DEFINE_string("json", None, "File for the result.")
    flags.mark_flags_as_required(["baseline"])


def main():
    """Measures as the flags say and prints tables."""
    values = flags.FLAGS
    passed = ("baseline", "static", "dataset", "data_dir", "samples", "runs", "warmup")
    passed += ("tau", "u", "sweep", "per_block", "extra_baselines", "seed", "json")
    result = benchmark(
        [*values.model, *values.models],
        threads=files.integers(values.threads, "--threads"),
        batches=files.integers(values.batches, "--batches"),
        sweep_values=files.numbers(values.sweep_values, "--sweep_values"),
        **{name: getattr(values, name) for name in passed},
    )
    print(text.table(result))
    for warning in result["warnings"]:
        print(f"warning: {warning}")
    for file in result["files"]:
        _print_file(file)


def _print_file(file):
    print(f"{file['name']}: {file['file']}, {file['file_bytes']:,} bytes")
    for start in file["cold_start"]:
        memory = start["model_memory_mib"]
        print(
            f"  {start['threads']} threads: loaded in {start['load_ms']:.1f} ms, first "
            f"run {start['first_run_ms']:.1f} ms, memory "
            f"{'not known' if memory is None else f'{memory:.1f} MiB'}"
        )
    if file["blocks"]:
        print(text.blocks(file))


if __name__ == "__main__":
    errors.run(main, define_flags)
