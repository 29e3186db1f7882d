r"""Measures TFLite files against their goals: `make bench`.

    python -m tools.tflite_bench [--workdir=build/bench] [--rows=blocks,conversion] \
        [--runs=200] [--reuse] [--data_dir=TFDS] [--trained=model.keras]

Builds networks of random weights, converts them by the commands that a user has,
measures, and prints a table in Markdown, and another one of the points of a plot. In
the workdir `bench.json` has the same with machine and versions, `bench.svg` is the
plot, and `*.benchmark.json` are the single benchmarks, of which `report.html` is the
report. One thread, batch 1. Latency does not depend on what a network has
learned, but on which of its parts run. So images are random, but for rows on gates
that look at them, and calibration: these need ImageNet or CIFAR-10 in `--data_dir`.
Rows without what they need are skipped, with a reason. A row that fails is told at the
end, with exit code 1; what was measured stands in `bench.json` all the same.

Ratios are of processor time, files in alternation, in a process without TensorFlow; the
files are made in others.
"""

import dataclasses
import pathlib
import subprocess
import time

from absl import flags

from tflite import errors
from tflite import files
from tflite import machine
from tflite.errors import InputError
from tflite.report import report
from tools import bench_lines
from tools import bench_plot
from tools import bench_rows
from tools.bench_files import Workshop


def measure(
    names,
    workshop,
    *,
    runs,
    seed,
    trained=None,
    data_dir=None,
    after_row=None,
    points=None,
):
    """Measures rows. One that fails leaves the others as they are.

    Args:
        names: some of `tools.bench_rows.ROWS`.
        workshop: `tools.bench_files.Workshop`.
        runs: number of runs of each file that count.
        seed: int, of the order of files.
        trained: path of a `.keras` file of a gated network trained on CIFAR-10, for
            rows on accuracy; None skips them.
        data_dir: directory of TFDS data sets, or None.
        after_row: function of the same three lists, called after each row; None for
            none.
        points: list that gets a `tools.bench_lines.Measured` for each file and
            setting; None for none.

    Returns:
        `(lines, skipped, failed)`: list of `tools.bench_lines.Line`, and two lists of
        messages.
    """
    points = [] if points is None else points
    conditions = bench_lines.Conditions(workshop, runs, seed, trained, data_dir, points)
    lines, skipped, failed = [], [], []
    for name in names:
        found = []
        try:
            found = bench_rows.ROWS[name](conditions)
        except bench_lines.Skipped as reason:
            skipped.append(f"{name} is skipped: {reason}")
            print(skipped[-1], flush=True)
        except (InputError, subprocess.CalledProcessError) as error:
            failed.append(f"{name} failed: {error}")
            print(failed[-1], flush=True)
        for line in found:
            print(line.text(), flush=True)
        lines += found
        if after_row is not None:
            after_row(lines, skipped, failed)
    return lines, skipped, failed


def table(lines):
    """The lines as a table in Markdown."""
    rows = ["| what | measured | goal | reached |", "|---|---|---|---|"]
    rows += [f"| {' | '.join(line.cells())} |" for line in lines]
    return "\n".join(rows)


def write_pictures(workdir, points, began):
    """Writes `bench.svg` of points, and `report.html` of new benchmarks.

    Args:
        workdir: `pathlib.Path`.
        points: list of `Measured`.
        began: time since the epoch in seconds, before which benchmarks are old.

    Returns:
        List of the paths that were written.
    """
    written = []
    results = sorted(
        path
        for path in workdir.glob("*.benchmark.json")
        if path.stat().st_mtime >= began
    )
    if points:
        with files.replaced(workdir / "bench.svg") as unfinished:
            unfinished.write_text(bench_plot.draw(points), "utf-8")
        written.append(workdir / "bench.svg")
    if results:
        report(results, workdir / "report.html", title="make bench")
        written.append(workdir / "report.html")
    return written


def define_flags():
    """Defines the flags of the command."""
    flags.DEFINE_list(
        "rows", list(bench_rows.ROWS), f"Some of {', '.join(bench_rows.ROWS)}."
    )
    flags.DEFINE_string("workdir", "build/bench", "Directory for files and results.")
    flags.DEFINE_bool("reuse", False, "Takes files that are in the workdir already.")
    flags.DEFINE_integer("runs", 200, "Runs of each file that count.", 2)
    flags.DEFINE_integer("seed", 0, "Of weights, images and order.", 0)
    flags.DEFINE_string(
        "trained", None, "A gated network trained on CIFAR-10, for rows on accuracy."
    )
    flags.DEFINE_string("data_dir", None, "Directory of TFDS data sets.")


def main():
    """Measures, prints, writes."""
    values = flags.FLAGS
    unknown = [name for name in values.rows if name not in bench_rows.ROWS]
    if unknown or not values.rows:
        raise InputError(
            f"Expected --rows among {tuple(bench_rows.ROWS)}, got {values.rows}."
        )
    workdir = pathlib.Path(values.workdir).resolve()
    workdir.mkdir(parents=True, exist_ok=True)
    # Commands run in the checkout, wherever this one was started.
    trained, data_dir = (
        None if path is None else str(pathlib.Path(path).expanduser().resolve())
        for path in (values.trained, values.data_dir)
    )
    before, began, points = machine.describe(), time.time(), []
    workshop = Workshop(workdir, seed=values.seed, reuse=values.reuse)

    def write(lines, skipped, failed):
        outcome = {
            "command": "python -m tools.tflite_bench",
            "rows": [line.document() for line in lines],
            "points": [dataclasses.asdict(point) for point in points],
            "skipped": skipped,
            "failed": failed,
            "conversions": workshop.conversions,
            "runs": values.runs,
            "seed": values.seed,
            "machine": before,
            "frequency_mhz_after": machine.frequency_mhz(),
            **machine.provenance(),
        }
        files.write_json(workdir / "bench.json", outcome)

    lines, _, failed = measure(
        values.rows,
        workshop,
        runs=values.runs,
        seed=values.seed,
        trained=trained,
        data_dir=data_dir,
        after_row=write,
        points=points,
    )
    print(f"\n{table(lines)}\n")
    if points:
        print(f"{bench_plot.table(points)}\n")
    for path in [workdir / "bench.json", *write_pictures(workdir, points, began)]:
        print(f"wrote {path}")
    if failed:
        raise SystemExit("\n".join(failed))


if __name__ == "__main__":
    errors.run(main, define_flags)
