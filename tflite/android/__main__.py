"""`python -m tflite.android`, see `tflite.android`."""

import functools

from absl import flags

from tflite import errors
from tflite import files
from tflite.android.run import android
from tflite.benchmark import text


def define_flags():
    """Defines the flags of the command."""
    flags.DEFINE_multi_string("model", [], "A .tflite file to measure; several times.")
    flags.DEFINE_list(
        "models",
        [],
        "More of them, separated by commas; asset:NAME.tflite is one inside the app. "
        "The first of all is the baseline.",
    )
    flags.DEFINE_string("out", None, "Folder for the result; made where missing.")
    flags.DEFINE_string("serial", None, "Serial number of the phone (adb devices).")
    flags.DEFINE_string(
        "adb", None, "The program adb; else that on PATH or in ANDROID_HOME."
    )
    flags.DEFINE_string("apk", None, "An APK of the app to install before.")
    flags.DEFINE_list(
        "images",
        [],
        "Pictures, or folders of them, separated by commas; else those in the app.",
    )
    flags.DEFINE_integer("runs", 100, "Number of runs of each setting that count.")
    flags.DEFINE_integer("warmup", 10, "Number of runs before, which do not count.")
    flags.DEFINE_list("threads", ["1"], "Numbers of threads, separated by commas.")
    flags.DEFINE_list("tau", [], "Thresholds in [0, 1], for files with an input tau.")
    flags.DEFINE_list("u", [], "Controls in [0, 1], for files with an input u.")
    flags.DEFINE_bool("xnnpack", True, "Lets the interpreters use XNNPACK.")
    flags.DEFINE_integer("seed", 0, "Root of the order in which the files take turns.")
    flags.DEFINE_string("name", None, "Name of the result; else one of the time.")
    flags.DEFINE_float(
        "timeout", None, "Seconds it may take; else 1800, and one for every run."
    )
    flags.DEFINE_bool("report", False, "Writes the page of tflite.report, too.")
    flags.DEFINE_list("verify", [], "Results of tflite.verify for the page.")
    flags.mark_flags_as_required(["out"])


def main():
    """Measures as the flags say and prints a table."""
    values = flags.FLAGS
    passed = ("serial", "adb", "apk", "images", "runs", "warmup", "xnnpack", "seed")
    passed += ("name", "timeout", "report", "verify")
    result = android(
        [*values.model, *values.models],
        values.out,
        threads=files.integers(values.threads, "--threads"),
        tau=files.numbers(values.tau, "--tau"),
        u=files.numbers(values.u, "--u"),
        # A person watches: nothing is held back where the output is no screen.
        show=functools.partial(print, flush=True),
        **{name: getattr(values, name) for name in passed},
    )
    print(text.table(result))
    for warning in result["warnings"]:
        print(f"warning: {warning}")


if __name__ == "__main__":
    errors.run(main, define_flags)
