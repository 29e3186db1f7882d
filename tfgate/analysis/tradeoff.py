"""Accuracy against executed MACs: all policies, and dense networks beside them."""

import pathlib
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from tfgate.analysis import figures
from tfgate.tables import check_columns

_LOOKS = {  # marker and filling
    "threshold": ("o", "0.35"),
    "always_open": ("^", "0.85"),
    "stochastic": ("D", "1.0"),
    "ensemble_mean": ("P", "0.7"),
    "ensemble_vote": ("X", "0.7"),
    "ensemble_weighted": ("*", "0.7"),
}
_OTHER = ("v", "0.5")
_WIDE = 4.0  # highest to lowest MACs from which the axis is logarithmic


def plot_tradeoff(
    table: Sequence[Mapping[str, Any]],
    path: str | pathlib.Path,
    dense: Sequence[Mapping[str, Any]] = (),
) -> pathlib.Path:
    """Draws accuracy against executed MACs, up and left is better.

    The horizontal bar of a policy reaches from the 5th to the 95th percentile of the
    images' MACs, the vertical one a standard deviation over runs up and down.

    Args:
        table: rows of `tfgate.evaluate_policies`.
        path: the PNG file; the numbers go beside it as CSV: network, tau, runs,
            accuracy, accuracy_std, macs, macs_p5, macs_p95.
        dense: networks without gates to compare with, such as ResNets of other
            depths: rows of `network` (a name), `accuracy` in [0, 1] and `macs`.

    Returns:
        Path of the PNG file.

    Raises:
        ValueError: the table is empty, or a row lacks a number.

    Reference:
        BAS figure 3; PG figure 4.
    """
    rows = _tidy(table, dense)
    figure = figures.new_figure(8.5, 5.5)
    axes = figure.subplots()
    size, unit = figures.macs_unit([row["macs"] for row in rows])
    names = dict.fromkeys(row["network"] for row in rows[: len(table)])
    for name in names:
        own = [row for row in rows[: len(table)] if row["network"] == name]
        _draw_policy(axes, name, own, size)
    if dense:
        _draw_dense(axes, rows[len(table) :], size)
    most = max(row["macs"] for row in rows)
    if most > _WIDE * min(row["macs"] for row in rows):
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("{x:g}")
        axes.tick_params(axis="x", which="both", labelsize=8)
    axes.set(
        xlabel=f"mean executed MACs of an image ({unit}; bar: 5th to 95th percentile)",
        ylabel="accuracy (%)",
        title="Accuracy against executed MACs: up and left is better",
    )
    axes.margins(0.08)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=9)
    return figures.write(figure, rows, path)


def _tidy(
    table: Sequence[Mapping[str, Any]], dense: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    if not table:
        raise ValueError("Expected a table of at least one row, got none.")
    check_columns(table, "table", ("policy", "accuracy", "executed_macs_mean"))
    check_columns(dense, "dense", ("network", "accuracy", "macs"))
    policies = [
        {
            "network": row["policy"],
            "tau": row.get("tau"),
            "runs": row.get("runs"),
            "accuracy": row["accuracy"],
            "accuracy_std": row.get("accuracy_std"),
            "macs": row["executed_macs_mean"],
            "macs_p5": row.get("executed_macs_p5"),
            "macs_p95": row.get("executed_macs_p95"),
        }
        for row in table
    ]
    return policies + [
        {name: row[name] for name in ("network", "accuracy", "macs")} for row in dense
    ]


def _draw_policy(
    axes: figures.Axes, name: str, rows: list[dict[str, Any]], size: float
) -> None:
    marker, filling = _LOOKS.get(name, _OTHER)
    rows = sorted(rows, key=lambda row: row["macs"])
    macs = [row["macs"] / size for row in rows]
    accuracies = [100 * row["accuracy"] for row in rows]
    for row, x, y in zip(rows, macs, accuracies, strict=True):
        if row["macs_p5"] is not None and row["macs_p95"] is not None:
            ends = [row["macs_p5"] / size, row["macs_p95"] / size]
            axes.plot(ends, [y, y], color="0.6", linewidth=1.2, zorder=1)
        if row["accuracy_std"] is not None:
            spread = 100 * row["accuracy_std"]
            axes.plot([x, x], [y - spread, y + spread], color="0.6", lw=1.2, zorder=1)
    # Under the labels, which stand under the markers.
    axes.plot(macs, accuracies, color="black", linewidth=0.8, zorder=2)
    axes.plot(
        macs,
        accuracies,
        marker=marker,
        color="black",
        markerfacecolor=filling,
        markersize=8,
        linestyle="none",
        label=_legend(name, rows),
        zorder=4,
    )
    for number, (row, x, y) in enumerate(zip(rows, macs, accuracies, strict=True)):
        if row["tau"] is not None:
            above = number % 2 == 0
            axes.annotate(
                f"τ {row['tau']:g}",
                (x, y),
                (0, 8 if above else -8),
                textcoords="offset points",
                ha="center",
                va="bottom" if above else "top",
                fontsize=8,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
                zorder=3,
            )


def _draw_dense(axes: figures.Axes, rows: list[dict[str, Any]], size: float) -> None:
    rows = sorted(rows, key=lambda row: row["macs"])
    macs = [row["macs"] / size for row in rows]
    accuracies = [100 * row["accuracy"] for row in rows]
    axes.plot(macs, accuracies, "ks--", markersize=8, lw=1.2, label="dense", zorder=2)
    for row, x, y in zip(rows, macs, accuracies, strict=True):
        axes.annotate(
            row["network"],
            (x, y),
            (8, -4),
            textcoords="offset points",
            va="top",
            fontsize=8,
        )


def _legend(name: str, rows: list[dict[str, Any]]) -> str:
    runs = {row["runs"] for row in rows}
    words = name.replace("_", " ")
    many = len(runs) == 1 and (number := runs.pop()) is not None and number > 1
    return f"{words}, {number} runs" if many else words
