"""`python -m tflite.report`, see `tflite.report`."""

from absl import flags

from tflite import errors
from tflite.report.write import report


def define_flags():
    """Defines the flags of the command."""
    flags.DEFINE_list("results", [], "Results of benchmarks, separated by commas.")
    flags.DEFINE_list("verify", [], "Results of tflite.verify, for the accuracy.")
    flags.DEFINE_string("output", None, "The HTML file to write.")
    flags.DEFINE_string("title", "Latency of .tflite files", "Heading of the page.")
    flags.mark_flags_as_required(["output"])


def main():
    """Writes the page as the flags say."""
    values = flags.FLAGS
    report(values.results, values.output, verify=values.verify, title=values.title)
    print(f"wrote {values.output}")


if __name__ == "__main__":
    errors.run(main, define_flags)
