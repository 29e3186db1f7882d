"""The plot of `make bench`: of the dense file's time and MACs, what each file takes.

On the diagonal the time falls with the MACs; what lies above it pays for gates,
conditions and copies, or for convolutions that are slower for each MAC. A picture is
drawn again from what was measured before by

    python -m tools.bench_plot --results=bench.json,... --output=bench.svg
"""

import pathlib

from absl import flags

from tflite import errors
from tflite import files
from tflite import results
from tflite.errors import InputError
from tflite.report import scatter
from tools.bench_lines import Measured

_TITLE = "Time of files against their MACs, of the dense file's"


def draw(points):
    """The plot, a picture of its own.

    Args:
        points: list of `tools.bench_lines.Measured`, at least one.

    Returns:
        SVG as text.
    """
    return scatter.plot(
        [
            scatter.Point(
                number,
                point.file,
                point.macs,
                point.time,
                f"{_name(point)}, {point.macs:.3f} of the MACs, {point.time:.3f} of "
                "the time",
            )
            for number, point in enumerate(points, 1)
        ],
        labels=("executed MACs, of the dense file's", "time, of the dense file's"),
        title=_TITLE,
        diagonal="proportional",
        alone=True,
    )


def table(points):
    """The points with their numbers in the plot, a table in Markdown."""
    rows = ["| | file | of the MACs | of the time |", "|---|---|---|---|"]
    rows += [
        f"| {number} | {_name(point)} | {point.macs:.3f} | {point.time:.3f} |"
        for number, point in enumerate(points, 1)
    ]
    return "\n".join(rows)


def read(path):
    """The points in a file of `make bench`.

    Args:
        path: of `bench.json`.

    Returns:
        List of `Measured`.

    Raises:
        InputError: it is no such file, or has no points.
    """
    document = results.read_json(path, "--results")
    try:
        points = [Measured(**point) for point in document["points"]]
        numbers = [float(n) for point in points for n in (point.macs, point.time)]
    except (KeyError, TypeError, ValueError):
        points, numbers = [], []
    if not points or min(numbers) < 0.0:
        raise InputError(
            f"Expected a bench.json of make bench with points in --results={path}."
        )
    return points


def define_flags():
    """Defines the flags of the command."""
    flags.DEFINE_list("results", None, "Files bench.json of make bench.")
    flags.DEFINE_string("output", None, "The .svg file to write.")
    flags.mark_flags_as_required(["results", "output"])


def main():
    """Draws the plot, and prints the table."""
    values = flags.FLAGS
    output = files.writable(pathlib.Path(values.output), "--output")
    points = [point for path in values.results for point in read(pathlib.Path(path))]
    with files.replaced(output) as unfinished:
        unfinished.write_text(draw(points), "utf-8")
    print(f"{table(points)}\n\nwrote {output}")


def _name(point):
    return ", ".join(filter(None, (point.file, point.setting)))


if __name__ == "__main__":
    errors.run(main, define_flags)
