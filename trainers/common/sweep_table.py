"""What a sweep writes: a row for each finished run, and the curves over u."""

import csv
import io
import json

from trainers.common import files
from trainers.common import quiet

_COLUMNS = (
    "name",
    "threshold",
    "stochastic",
    "always_open",
    "ensemble",
    "top5_accuracy",
    "activation_rate",
    "area_utilization",
    "area_macs",
    "executed_macs",
    "dense_macs",
    "parameters",
    "epochs",
    "seed",
    "git_commit",
)


def write(runs, workdir):
    """Writes `table.csv` and `table.md` with a row for every finished run.

    Args:
        runs: list of `trainers.sweep.Run`.
        workdir: `pathlib.Path` of the sweep.
    """
    rows = [
        _row(run.name, json.loads(path.read_text(encoding="utf-8")))
        for run in runs
        if (path := workdir / run.name / "results.json").exists()
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    files.write(workdir / "table.csv", text.getvalue())
    files.write(workdir / "table.md", _markdown(rows))


def draw_curves(runs, workdir):
    """Draws the throttled networks among the finished runs, a figure for each kind.

    Args:
        runs: list of `trainers.sweep.Run`.
        workdir: `pathlib.Path` of the sweep.

    Returns:
        Paths of the figures, `curve_NETWORK.png`; each has its numbers beside it.
    """
    networks = {}
    for run in runs:
        path = workdir / run.name / "results.json"
        if not path.exists():
            continue
        found = json.loads(path.read_text(encoding="utf-8")).get("throttling")
        if found:
            curve = [row for row in found["curve"] if row["policy"] == found["policy"]]
            networks.setdefault(found["network"], {})[run.name] = curve
    if not networks:
        return []
    quiet.load_tensorflow()
    from tfgate import analysis

    return [
        analysis.plot_throttling(curves, workdir / f"curve_{network}.png")
        for network, curves in networks.items()
    ]


def _row(name, results):
    return {
        "name": name,
        **results["test_accuracy"],
        **_areas(results.get("throttling")),
        "top5_accuracy": _top5(results["policies"]),
        "activation_rate": results["activation_rate"],
        "executed_macs": results["macs"]["executed_mean"],
        "dense_macs": results["macs"]["dense"],
        "parameters": results["parameters"],
        "epochs": results["epochs"],
        "seed": results["seed"],
        "git_commit": results["git_commit"],
    }


def _top5(policies):
    """That of the threshold policy; None where there are too few classes for one."""
    measured = policies["threshold" if "threshold" in policies else "dense"]
    return measured.get("top5_accuracy")


def _areas(throttling):
    """Areas under the curve of a throttled network; its other numbers are at u = 1."""
    if throttling is None:
        return {}
    areas = throttling["areas"][throttling["policy"]]
    return {f"area_{x}": area for x, area in areas.items()}


def _markdown(rows):
    throttled = any("area_utilization" in row for row in rows)
    heads = ["name", "threshold", "stochastic", "always open", "ensemble"]
    heads += ["activation rate", "executed MACs, of dense", "parameters"]
    heads += ["area over utilization", "over MACs"] if throttled else []
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in rows:
        cells = [row["name"]]
        cells += [
            _percent(row.get(policy))
            for policy in ("threshold", "stochastic", "always_open", "ensemble")
        ]
        share = row["executed_macs"] / row["dense_macs"]
        cells += [f"{row['activation_rate']:.3f}", f"{share:.3f}"]
        cells += [f"{row['parameters']:,}"]
        if throttled:
            cells += [_percent(row.get(f"area_{x}")) for x in ("utilization", "macs")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _percent(share):
    return "-" if share is None else f"{100 * share:.2f} %"
