r"""Measures a converted network against another one, on real images.

    python -m tflite.benchmark --model=gated.tflite --baseline=dense.tflite \
        [--dataset=digits|cifar10|imagenet2012] [--data_dir=DIR] --runs=N --threads=1 \
        [--tau=0.5 | --u=1] [--sweep=tau|u [--sweep_values=0.05,0.3,0.5]] \
        --json=result.json

Both run image by image, in alternation, in one process; load time and memory are
measured in processes of their own. `--sweep` runs a file with an input τ or u at each
of several settings in the same run, and prints a table. MACs come from the files'
metadata and decisions: convert with `--gate_outputs`, unless the file has an input u.
"""

import os

from absl import flags

from tflite import datasets
from tflite import errors
from tflite import files
from tflite import machine
from tflite import metadata
from tflite import probe
from tflite import runtime
from tflite import timing
from tflite.errors import InputError

SCHEMA_VERSION = 2

_DISTURBED = 0.1


def benchmark(
    model,
    baseline,
    *,
    dataset="digits",
    data_dir=None,
    samples=50,
    runs=1000,
    warmup=20,
    threads=1,
    tau=None,
    u=None,
    sweep=None,
    sweep_values=(),
    seed=0,
    json=None,
):
    """Measures a .tflite file against a baseline, usually the dense network.

    Args:
        model: path of the file to measure.
        baseline: path of the file to compare it with.
        dataset: one of `tflite.datasets.NAMES`.
        data_dir: directory of TFDS data sets, for cifar10 and imagenet2012.
        samples: number of test images that are taken in turn; at most `runs` of them.
        runs: number of runs of each file that count.
        warmup: number of runs before that, at least 1.
        threads: number of threads of the interpreters.
        tau: threshold in [0, 1], for a file with an input τ; None takes the file's.
        u: control in [0, 1], for a file with an input u; None takes the file's, 1.
        sweep: `"tau"` or `"u"`, to run the file at several settings of this input
            besides; None for no sweep.
        sweep_values: these settings, in [0, 1]; none means those of
            `tflite.metadata.SWEEPS`.
        seed: root of the order in which the files take turns.
        json: path to write the result to, or None.

    Returns:
        Dict for JSON:

        - `model`, `baseline`: `file`, `lowering`, `quantization`, `tau`, `u`,
          `file_bytes`; `latency_ms`: `p50`, `p90`, `p99`, `mean`, `std`, and more
          (see `tflite.timing.summarize`); `executed_macs_mean`,
          `activation_rate`; `load_ms`, `first_run_ms`, `peak_memory_mib`,
          `model_memory_mib` (see `tflite.probe.measure`);
        - `ratio_p50`: model's p50 / baseline's; `ratio_cpu`: the same of the processor
          time, for a machine that others use too;
        - `macs_ratio`: model's executed MACs / baseline's;
        - `skip_efficiency`: (T_baseline / T_model) / (MACs_baseline / MACs_model) with
          T the `image_mean`; 1 is proportional, None where MACs are not known;
        - `sweep`: for every setting, `tau`, `u`, `latency_ms`, `executed_macs_mean`,
          `activation_rate`, `ratio_p50`, `ratio_cpu`, `macs_ratio`, `skip_efficiency`;
        - `conditions`: data set, samples, runs, warmup, threads, seed, machine, date,
          git_commit and versions.

    Raises:
        InputError: an argument does not fit; nothing is written then.
    """
    paths = {"model": model, "baseline": baseline}
    _check_numbers(samples=samples, runs=runs, warmup=warmup, threads=threads)
    described = {key: metadata.read(path, f"--{key}") for key, path in paths.items()}
    settings = _check_settings(described["model"], tau, u, sweep, sweep_values)
    baseline_setting = described["baseline"].checked_setting(None)
    samples = min(samples, runs)
    choice = {"samples": samples, "data_dir": data_dir}
    for description in described.values():
        datasets.check(dataset, image_shape=description.image_shape, **choice)
    json = None if json is None else files.writable(json, "--json")
    shape = described["model"].image_shape
    images = datasets.load(dataset, image_shape=shape, **choice).images
    networks = {
        key: runtime.Network(path, threads=threads, name=f"--{key}")
        for key, path in paths.items()
    }
    reference = timing.Candidate(networks["baseline"], baseline_setting)
    candidates = [timing.Candidate(networks["model"], value) for value in settings]
    timing.measure(
        [reference, *candidates], images, runs=runs, warmup=warmup, seed=seed
    )
    rows = [_row(candidate, reference, samples) for candidate in candidates]
    result = _result(rows, reference, described, paths, samples, threads)
    result["conditions"] = {
        "dataset": dataset,
        "samples": samples,
        "runs": runs,
        "warmup": warmup,
        "threads": threads,
        "seed": seed,
        "machine": machine.describe(),
        **machine.provenance(),
    }
    if json is not None:
        files.write_json(json, result)
    return result


def table(result):
    """Formats a result: a line for the baseline and one for every setting.

    Args:
        result: what `benchmark` returns.

    Returns:
        The table as a string.
    """
    dial = "tau" if result["model"]["u"] is None else "u"
    header = (
        dial,
        "rate",
        "MACs",
        "mean ms",
        "p50 ms",
        "ratio",
        "CPU ratio",
        "skip efficiency",
    )
    ratios = {"ratio_p50": 1.0, "ratio_cpu": 1.0, "skip_efficiency": None}
    first = result["baseline"] | ratios
    rows = [_cells("baseline", first)]
    rows += [
        _cells("-" if row[dial] is None else f"{row[dial]:g}", row)
        for row in [result["model"] | result, *result["sweep"]]
    ]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in [header, *rows]
    )


def _cells(name, row):
    def number(value, style):
        return "-" if value is None else format(value, style)

    latency = row["latency_ms"]
    return (
        name,
        number(row["activation_rate"], ".3f"),
        number(row["executed_macs_mean"], ",.0f"),
        number(latency["mean"], ".3f"),
        number(latency["p50"], ".3f"),
        number(row["ratio_p50"], ".3f"),
        number(row["ratio_cpu"], ".3f"),
        number(row["skip_efficiency"], ".3f"),
    )


def _check_numbers(**numbers):
    for name, value in numbers.items():
        if value < 1:
            raise InputError(f"Expected --{name} of at least 1, got {value!r}.")


def _check_settings(model, tau, u, sweep, sweep_values):
    """Returns the setting of τ or u of every candidate, the main one first."""
    if sweep not in (None, *metadata.SWEEPS):
        raise InputError(
            f"Expected --sweep among {tuple(metadata.SWEEPS)}, got {sweep!r}."
        )
    if sweep is None and len(sweep_values):
        raise InputError("Expected --sweep with --sweep_values, got none.")
    if sweep is not None and model.dial != sweep:
        raise InputError(
            f"Expected a --model with an input {sweep} for --sweep={sweep}, got one "
            "without; convert it with --tau_input, or a throttled network with "
            "--lowering=conditional."
        )
    model.checked_u(u)
    values = [u if model.has_u_input else tau]
    if model.has_u_input and tau is not None:
        raise InputError(f"Expected no --tau for a file with an input u, got {tau!r}.")
    if sweep is not None:
        values += sweep_values or metadata.SWEEPS[sweep]
    return [model.checked_setting(value) for value in values]


def _settings(candidate):
    """The candidate's τ and u, one of which it has not."""
    has_u = candidate.network.metadata.has_u_input
    return {
        "tau": None if has_u else candidate.setting,
        "u": candidate.setting if has_u else None,
    }


def _row(candidate, reference, samples):
    own = timing.summarize(candidate, samples)
    other = timing.summarize(reference, samples)
    macs, other_macs = candidate.executed_macs, reference.executed_macs
    macs_ratio = None
    if macs is not None and other_macs is not None:
        macs_ratio = macs / other_macs
    time_ratio = own["image_mean"] / other["image_mean"]
    return {
        **_settings(candidate),
        "latency_ms": own,
        "executed_macs_mean": macs,
        "activation_rate": candidate.activation_rate,
        "ratio_p50": own["p50"] / other["p50"],
        "ratio_cpu": own["cpu_p50"] / other["cpu_p50"],
        "macs_ratio": macs_ratio,
        "skip_efficiency": None if macs_ratio is None else macs_ratio / time_ratio,
    }


def _result(rows, reference, described, paths, samples, threads):
    ratios = ("ratio_p50", "ratio_cpu", "macs_ratio", "skip_efficiency")
    main = rows[0]
    measured = {
        "model": {key: main[key] for key in main if key not in ratios},
        "baseline": {
            **_settings(reference),
            "latency_ms": timing.summarize(reference, samples),
            "executed_macs_mean": reference.executed_macs,
            "activation_rate": reference.activation_rate,
        },
    }
    for key, path in paths.items():
        measured[key] = {
            "file": os.path.basename(path),
            "lowering": described[key]["lowering"],
            "quantization": described[key]["quantization"],
            "file_bytes": os.path.getsize(path),
            **measured[key],
            **probe.measure_apart(path, threads),
        }
    return {
        "schema_version": SCHEMA_VERSION,
        **measured,
        **{key: main[key] for key in ratios},
        "sweep": rows[1:],
    }


def define_flags():
    """Defines the flags of the command."""
    flags.DEFINE_string("model", None, "The .tflite file to measure.")
    flags.DEFINE_string("baseline", None, "The .tflite file to compare it with.")
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
    flags.DEFINE_integer("threads", 1, "Number of threads of the interpreters.")
    flags.DEFINE_float(
        "tau", None, "Threshold in [0, 1], for a file with an input tau."
    )
    flags.DEFINE_float("u", None, "Control in [0, 1], for a file with an input u.")
    flags.DEFINE_string(
        "sweep", None, "An input to run at several settings besides: tau or u."
    )
    flags.DEFINE_list(
        "sweep_values",
        [],
        "These settings in [0, 1], separated by commas; for u 0, 1/16, ..., 1.",
    )
    flags.DEFINE_integer("seed", 0, "Root of the order in which the files take turns.")
    flags.DEFINE_string("json", None, "File for the result.")
    flags.mark_flags_as_required(["model", "baseline"])


def main():
    """Measures as the flags say and prints a table."""
    values = flags.FLAGS
    result = benchmark(
        values.model,
        values.baseline,
        dataset=values.dataset,
        data_dir=values.data_dir,
        samples=values.samples,
        runs=values.runs,
        warmup=values.warmup,
        threads=values.threads,
        tau=values.tau,
        u=values.u,
        sweep=values.sweep,
        sweep_values=files.numbers(values.sweep_values, "--sweep_values"),
        seed=values.seed,
        json=values.json,
    )
    print(table(result))
    disturbed = result["baseline"]["latency_ms"]["disturbed"]
    if disturbed > _DISTURBED:
        print(
            f"note: {disturbed:.0%} of the baseline's runs shared the processor with "
            "other programs; trust the CPU ratio, or measure again on a quiet machine"
        )
    for key in ("model", "baseline"):
        row = result[key]
        memory = row["model_memory_mib"]
        print(
            f"{key}: {row['file']}, {row['file_bytes']:,} bytes, loaded in "
            f"{row['load_ms']:.1f} ms, memory "
            f"{'not known' if memory is None else f'{memory:.1f} MiB'}"
        )


if __name__ == "__main__":
    errors.run(main, define_flags)
