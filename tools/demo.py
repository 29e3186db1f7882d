"""The whole way once, in a few minutes: train, convert, verify, benchmark, report.

    python -m tools.demo [--workdir=build/demo]

Trains on scikit-learn's handwritten digits a dense ResNet-20, one with data-dependent
gates and one with independent gates; prunes the last; converts all to TFLite; checks
that the files decide and predict as Keras does; and measures their latency on the test
images. Called again, it keeps the networks that it trained and measures anew.
"""

import json
import pathlib
import sys
import time

from absl import app
from absl import flags

from tflite import benchmark
from tflite.convert import convert
from tflite.verify import verify
from tools import demo_report
from trainers import digits
from trainers.common import program
from trainers.common import settings

WORKDIR = "build/demo"
_TAU = 0.5
_NETWORKS = {
    "dense": {"gate": "none"},
    "gated": {"gate": "dependent"},
    "independent": {"gate": "independent"},
}
_CONVERSIONS = {  # file: (network, arguments of convert)
    "dense": ("dense", {"lowering": "dense"}),
    "gated": (
        "gated",
        {"lowering": "conditional", "tau_input": True, "gate_outputs": True},
    ),
    "pruned": ("independent", {"lowering": "pruned"}),
}
_GATE_KINDS = {"gated": "data-dependent", "independent": "independent"}
_SAMPLES = 100
_RUNS = 500


def main(argv):
    """Runs the demo; returns the exit code."""
    if argv[1:]:
        print(f"expected flags only (--name=value), got {argv[1]!r}", file=sys.stderr)
        return 2
    started = time.monotonic()
    workdir = pathlib.Path(flags.FLAGS.workdir)
    results = {}
    for step, name in enumerate(_NETWORKS, start=1):
        _headline(step, f"train on digits: {name}")
        results[name] = train(name, workdir / name)
    _headline(4, "convert to TFLite, and compare with Keras")
    files = {
        name: convert_and_verify(name, workdir, workdir / f"{name}.tflite")
        for name in _CONVERSIONS
    }
    _headline(5, "measure latency: all files in alternation")
    latencies = _benchmark(files, workdir)
    rows = _rows(results, files, latencies)
    report = workdir / "report.html"
    seconds = time.monotonic() - started
    demo_report.write(
        report,
        rows,
        _distributions(latencies),
        _plots(workdir),
        _conditions(results, latencies, seconds),
    )
    print(f"\n{demo_report.text_table(rows)}\n")
    print(
        "Executed MACs include the gates'. Latency: one thread, batch 1, test images; "
        "its ratio is to\nthe dense file in the same run. The TFLite file decides by "
        "threshold, so it has no stochastic row."
    )
    print(f"\nReport with plots: {report} ({seconds:.0f} s in all)")
    return 0


def _headline(step, text):
    print(f"\n[{step}/5] {text}", flush=True)


def train(name, workdir):
    """Trains one of the networks, unless it is there; returns its results."""
    chosen = settings.make(**digits.DEFAULTS, **_NETWORKS[name], workdir=workdir)
    program.train(chosen)
    return json.loads((workdir / "results.json").read_text(encoding="utf-8"))


def convert_and_verify(name, workdir, path, *, samples=_SAMPLES, runtime="latest"):
    """Converts a network of the working directory, and compares with Keras.

    Args:
        name: the file's, among dense, gated and pruned.
        workdir: holds the networks; gets what the comparison found.
        path: of the file to write.
        samples: number of test images to compare on.
        runtime: the oldest that has to run the file, see `tflite.convert`.

    Returns:
        The path.
    """
    network, arguments = _CONVERSIONS[name]
    model = workdir / network / "model.keras"
    labels = [str(digit) for digit in range(10)]
    convert(model, path, labels=labels, runtime=runtime, **arguments)
    check = verify(
        model,
        path,
        dataset="digits",
        samples=samples,
        json=workdir / f"verify_{name}.json",
    )
    gates = check["gate_agreement"]
    print(
        f"{path}: same class as Keras for {100 * check['prediction_agreement']:.1f} % "
        f"of {check['samples']} images, "
        + ("" if gates is None else f"same decisions for {100 * gates:.1f} %, ")
        + f"largest difference {check['max_abs_error']:.1e}",
        flush=True,
    )
    return path


def _benchmark(files, workdir):
    """Runs all files; returns the point of each, and the conditions."""
    result = benchmark.benchmark(
        [files["gated"], files["pruned"]],
        files["dense"],
        dataset="digits",
        samples=_SAMPLES,
        runs=_RUNS,
        sweep="tau",
        sweep_values=(0.0,),
        json=workdir / "benchmark.json",
    )
    print(benchmark.table(result), flush=True)
    points = {
        "dense": benchmark.find(result, "dense"),
        f"gated, threshold {_TAU}": benchmark.find(result, "gated", tau=_TAU),
        "gated, all open": benchmark.find(result, "gated", tau=0.0),
        "pruned": benchmark.find(result, "pruned"),
    }
    return points, result["conditions"]


def _rows(results, files, latencies):
    dense_macs = results["dense"]["macs"]["dense"]
    sizes = {name: path.stat().st_size for name, path in files.items()}
    points, _ = latencies
    policies = results["gated"]["policies"]

    def row(network, measured, file=None):
        point = points.get(network)
        return demo_report.Row(
            network,
            measured["accuracy"],
            measured["executed_macs"],
            measured["executed_macs"] / dense_macs,
            measured["activation_rate"],
            None if point is None else point["latency_ms"]["p50"],
            None if point is None else point["ratio_p50"],
            None if file is None else sizes[file],
        )

    dense = {
        "accuracy": results["dense"]["test_accuracy"]["threshold"],
        "executed_macs": dense_macs,
        "activation_rate": 1.0,
    }
    independent = results["independent"]["policies"]["threshold"]
    return [
        row("dense", dense, "dense"),
        row("gated, stochastic", policies["stochastic"]),
        row(f"gated, threshold {_TAU}", policies["threshold"], "gated"),
        row("gated, all open", policies["always_open"], "gated"),
        row("pruned", independent, "pruned"),
    ]


def _distributions(latencies):
    return {name: point["latency_ms"] for name, point in latencies[0].items()}


def _plots(workdir):
    return [
        (f"{caption} ({name} gates)", workdir / folder / "plots" / file)
        for folder, name in _GATE_KINDS.items()
        for caption, file in (
            ("Activation rate of each block over the epochs", "activation_rates.png"),
            ("Activation rate of each block on the test set", "final_rates.png"),
        )
    ]


def _conditions(results, latencies, seconds):
    _, conditions = latencies
    machine = conditions["machine"]
    gated = results["gated"]
    versions = ", ".join(f"{k} {v}" for k, v in conditions["versions"].items())
    return [
        f"Command: python -m tools.demo, {seconds:.0f} s; {conditions['date']}.",
        f"Training: {gated['epochs']} epochs on digits, seed {gated['seed']}; gate "
        f"loss {digits.DEFAULTS['gate_loss']}; commit {gated['git_commit']}.",
        f"Latency: {conditions['runs']} runs of each file, image by image in "
        f"alternation, one thread, the first "
        f"{conditions['samples']} test images.",
        f"Machine: {machine['processor']}, {machine['architecture']}, "
        f"{machine['cores']} cores, load {machine['load']:.1f} before the measurement.",
        f"Versions: {versions}.",
        "Accuracy is Keras' on all test images. Executed MACs include the gates'.",
    ]


if __name__ == "__main__":
    flags.DEFINE_string(
        "workdir", WORKDIR, "Directory for networks, files, results and the report."
    )
    app.run(main)
