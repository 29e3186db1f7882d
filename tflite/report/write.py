"""The page, put together."""

import os

from tflite import files
from tflite import results as result_files
from tflite.errors import InputError
from tflite.report import distribution
from tflite.report import entries as joined
from tflite.report import page
from tflite.report import scatter
from tflite.report import strip

_DEVICE = {
    "android_version": "Android",
    "android_api": "Android API",
    "runtime": "runtime",
    "runtime_version": "runtime version",
    "app_version": "app version",
    "debuggable": "app can be debugged",
    "thermal_status_before": "thermal status before",
    "thermal_status_after": "thermal status after",
    "thermal_status_highest": "highest thermal status",
    "battery_percent_before": "battery before, %",
    "battery_percent_after": "battery after, %",
    "battery_celsius_before": "battery before, °C",
    "battery_celsius_after": "battery after, °C",
    "battery_status_before": "battery before",
    "battery_status_after": "battery after",
    "charging": "charging",
    "power_save": "power save",
}


def report(results, output, *, verify=(), title="Latency of .tflite files"):
    """Writes a page of results.

    Args:
        results: paths of results of benchmarks.
        output: path of the HTML file.
        verify: paths of results of `tflite.verify`.
        title: heading of the page.

    Raises:
        InputError: an argument does not fit; nothing is written then.
    """
    if not results:
        raise InputError("Expected at least one file in --results, got none.")
    output = files.writable(output, "--output")
    documents = [result_files.read(path) for path in results]
    verified = [(path, joined.read_verified(path)) for path in verify]
    entries = joined.collect(documents, verified)
    body = [*_warnings(documents), *_panels(entries), *_all(entries)]
    body += [*_files(documents), *_conditions(documents, results)]
    with files.replaced(output) as unfinished:
        unfinished.write_text(page.whole(title, body), encoding="utf-8")


def _warnings(documents):
    lines = [
        f"run {joined.letter(index)}: {warning}"
        for index, document in enumerate(documents)
        for warning in document["warnings"]
    ]
    return [page.heading("Warnings"), page.bullets(lines, "warnings")] if lines else []


def _panels(entries):
    for (machine, threads), members in joined.panels(entries).items():
        counted = f"{threads} thread" + "s" * (threads > 1)
        where = f"{machine}, {counted}, batch 1"
        yield page.heading(where)
        yield from _tradeoff(members, where)
        yield from _distribution(members, where)
        yield from _strips(members, where)


def _tradeoff(members, where):
    known = [entry for entry in members if entry.accuracy is not None]
    if known:
        picture = scatter.draw(
            known,
            lambda entry: 100 * entry.accuracy,
            label="accuracy, %",
            title=f"Accuracy against latency, {where}",
        )
        caption = (
            "Accuracy against latency: up and left is better. Numbers are those of the "
            "table; points of one file are joined."
        )
        yield page.figure(picture, caption, scatter.legend(known))
    if len(known) < len(members):
        yield page.paragraph(
            f"{len(members) - len(known)} of {len(members)} points have no accuracy: "
            "no result of tflite.verify was given for these files at these settings."
        )
    counted = [e for e in members if e.point["executed_macs_mean"] is not None]
    if counted:
        picture = scatter.draw(
            counted,
            lambda entry: entry.point["executed_macs_mean"] / 1e6,
            label="executed MACs, millions",
            from_zero=True,
            title=f"Executed MACs against latency, {where}",
        )
        caption = "Executed MACs against latency: what is skipped should not take time."
        yield page.figure(picture, caption, scatter.legend(counted))


def _distribution(members, where):
    known = [entry for entry in members if entry.point.get("image_ms")]
    if known:
        picture = distribution.draw(known, title=f"Latency over images, {where}")
        caption = (
            "Latency over images: how many take how long, by each image's median. Bars "
            "are as high as their share of the fullest; the slowest 1 % may stand in "
            "the last bar."
        )
        yield page.figure(picture, caption)


def _strips(members, where):
    known = [entry for entry in members if entry.point.get("decisions")]
    shown = {}
    for entry in known:
        if 0.0 < strip.block_shares(entry).mean() < 1.0:
            shown.setdefault((entry.run, entry.file["name"]), entry)
    for entry in known:
        name = f"{entry.number}: {entry.name}"
        picture = strip.draw(entry, title=f"Executed blocks of {name}, {where}")
        images = entry.point["decisions"]["images"]
        caption = (
            f"Executed blocks of {name}: a column for each of {images} images, those "
            "that run least to the left; filled is open. At the right the share of "
            "images, or of components, that open a block."
        )
        drawn = page.figure(picture, caption)
        if entry in shown.values() and images > 1:
            yield drawn
        else:
            yield page.folded(f"Executed blocks of {name}", drawn)


def _all(entries):
    header = (
        "point",
        "run",
        "file and setting",
        "threads",
        "batch",
        "accuracy",
        "MACs, millions",
        "rate",
        "p50 ms",
        "p90 ms",
        "p99 ms",
        "ratio",
        "CPU ratio",
        "skip efficiency",
        "overhead",
    )
    rows = [
        (
            str(entry.number),
            entry.run,
            entry.name,
            str(entry.point["threads"]),
            _batch(entry.point),
            _number(entry.accuracy, "{:.2%}"),
            _number(entry.point["executed_macs_mean"], "{:,.2f}", 1e-6),
            _number(entry.point["activation_rate"], "{:.3f}"),
            *(_number(entry.point["latency_ms"][key]) for key in ("p50", "p90", "p99")),
            *(
                _number(entry.point.get(key), "{:.3f}")
                for key in ("ratio_p50", "ratio_cpu", "skip_efficiency")
            ),
            ", ".join(f"{o['ratio']:.3f}" for o in entry.point.get("overhead", ()))
            or "–",
        )
        for entry in entries
    ]
    yield page.heading("All points")
    yield page.paragraph(
        "Ratio: median latency over the baseline's in the same run; CPU ratio: the "
        "same of processor time. Skip efficiency: speedup over the saving of MACs, 1 "
        "is proportional. Overhead: over the static network without the closed blocks. "
        "Rate: mean decision. Ratios compare within a run, across runs only with care."
    )
    yield page.table("All points", header, rows)


def _batch(point):
    mode = point.get("batch_mode")
    return f"{point['batch']} ({mode})" if mode else str(point["batch"])


def _files(documents):
    yield page.heading("Files")
    header = ("file", "run", "role", "lowering", "quantization", "size, MB", "threads")
    header += ("load ms", "first run ms", "memory MiB", "SHA-256")
    rows = []
    for index, document in enumerate(documents):
        for file in document["files"]:
            for start in file["cold_start"] or [{}]:
                rows.append(
                    (
                        file["name"],
                        joined.letter(index),
                        file["role"],
                        file["lowering"],
                        file["quantization"],
                        f"{file['file_bytes'] / 1e6:.2f}",
                        _threads(start),
                        *(
                            _number(start.get(key))
                            for key in ("load_ms", "first_run_ms", "model_memory_mib")
                        ),
                        file["sha256"][:12],
                    )
                )
    caption = "Files, and what loading them takes, in a fresh process if not said else"
    yield page.table(caption, header, rows)
    for index, document in enumerate(documents):
        for file in document["files"]:
            if file.get("blocks"):
                yield _blocks(file, joined.letter(index))


def _blocks(file, run):
    rows = [
        (row["block"], _number(row["open_ms"]), _number(row["closed_ms"]))
        for row in file["blocks"]
    ]
    name = f"Blocks of {file['name']} (run {run}), each alone"
    table = page.table(name, ("block", "open ms", "closed ms"), rows)
    return page.folded(name, table)


def _threads(start):
    """Number of threads of a cold start, and where it was if not apart."""
    threads = str(start.get("threads", "–"))
    apart = start.get("fresh_process") is not False
    return threads if apart else f"{threads} (in the program that measured)"


def _cores(device):
    """Each core's range and its frequency before and after, in MHz, as text."""
    words = []
    for core in device.get("cores") or ():
        low, high, before, after = (
            _number(core.get(name), "{:.0f}")
            for name in ("min_mhz", "max_mhz", "mhz_before", "mhz_after")
        )
        words.append(f"{core['number']}: {low} to {high}, {before} then {after}")
    return "; ".join(words) or None


def _conditions(documents, paths):
    yield page.heading("Conditions")
    columns = [_facts(document) for document in documents]
    names = list(dict.fromkeys(name for facts in columns for name in facts))
    letters = [joined.letter(index) for index in range(len(documents))]
    rows = [
        ("file", *(os.path.basename(path) for path in paths)),
        *((name, *(facts.get(name, "–") for facts in columns)) for name in names),
    ]
    header = ("", *(f"run {letter}" for letter in letters))
    table = page.table("How each run was measured", header, rows)
    yield table.replace("<table>", '<table class="facts">')


def _facts(document):
    """What is known of a run, as texts by name."""
    conditions, own = document["conditions"], document["conditions"]["machine"]
    device = conditions.get("device") or {}
    facts = {
        "program": conditions["program"],
        "date": conditions["date"],
        "data set": conditions["dataset"],
        "split": conditions.get("split"),
        "images": conditions["samples"],
        "runs of each": conditions["runs"],
        "runs before": conditions["warmup"],
        "ended": conditions.get("ended"),
        "baseline": document["baseline"],
        "machine": joined.machine(document),
        "architecture": own["architecture"],
        "cores": own["cores"],
        "system": own["system"],
        "load before": _number(own.get("load"), "{:.2f}"),
        "governor": own.get("governor"),
        "MHz before": _number(own.get("frequency_mhz"), "{:.0f}"),
        "MHz after": _number(conditions.get("frequency_mhz_after"), "{:.0f}"),
        "cores, MHz": _cores(device),
        **{label: device.get(key) for key, label in _DEVICE.items()},
        "waited for cooling, s": _number(conditions.get("thermal_wait_seconds")),
        "delegates": ", ".join(device.get("delegates", ())) or None,
        "commit": conditions.get("git_commit"),
        "versions": ", ".join(f"{k} {v}" for k, v in conditions["versions"].items()),
    }
    words = {True: "yes", False: "no"}
    return {
        name: words[value] if isinstance(value, bool) else str(value)
        for name, value in facts.items()
        if value is not None and value != "–"
    }


def _number(value, style="{:.3f}", factor=1.0):
    return "–" if value is None else style.format(value * factor)
