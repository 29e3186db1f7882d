"""Throttled networks: accuracy over what is used, and which components that is."""

import pathlib
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfgate.analysis import figures
from tfgate.inference.throttling import AXES
from tfgate.inference.throttling import area_under_curve
from tfgate.tables import check_columns

_LABELS = {
    "utilization": "actual utilization: share of open components (%)",
    "macs": "executed MACs, of the dense network (%)",
}
_CURVE = ("u", *AXES.values(), "accuracy")
_RATES = ("u", "module", "component", "rate")
_MOST_NAMES = 12


def plot_throttling(
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    path: str | pathlib.Path,
    x: str = "utilization",
) -> pathlib.Path:
    """Draws accuracy against what is really used, a curve for each network.

    Every marker is a u. The legend has the area under each curve.

    Args:
        tables: name of a network -> rows of `tfgate.evaluate_throttling`, such as
            those of one that was trained without gating ("naive"), of one with nested
            and of one with independent gating.
        path: the PNG file; the numbers go beside it as CSV: network, u, utilization,
            executed_macs_share, accuracy.
        x: `"utilization"` or `"macs"`.

    Returns:
        Path of the PNG file.

    Raises:
        ValueError: there is no network, one has no rows, a row lacks a number, or x is
            neither.

    Reference:
        TNN figures 2, 3 and 4.
    """
    if not tables:
        raise ValueError("Expected tables of at least one network, got none.")
    areas = {name: area_under_curve(rows, x) for name, rows in tables.items()}
    for name, rows in tables.items():
        _check(rows, f"the table of {name!r}", _CURVE)
    tidy = [
        {"network": name, **{column: row[column] for column in _CURVE}}
        for name, rows in tables.items()
        for row in rows
    ]
    figure = figures.new_figure(8.5, 5.5)
    axes = figure.subplots()
    for index, (name, rows) in enumerate(tables.items()):
        ordered = sorted(rows, key=lambda row: row["u"])
        places = [100 * row[AXES[x]] for row in ordered]
        axes.plot(
            places,
            [100 * row["accuracy"] for row in ordered],
            color="black" if index % 2 == 0 else "0.45",
            linestyle=figures.LINE_STYLES[index % len(figures.LINE_STYLES)],
            linewidth=1.3,
            marker=figures.MARKERS[index % len(figures.MARKERS)],
            markersize=6,
            # Filled or not is told apart where markers lie on each other.
            markerfacecolor="white" if index % 2 else None,
            label=f"{name} (area {100 * areas[name]:.1f} %)",
        )
    axes.set(
        xlabel=_LABELS[x],
        ylabel="accuracy (%)",
        title="Accuracy over u: up and left is better, a marker for each u",
    )
    axes.set_xlim(left=0.0)
    axes.margins(y=0.08)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=9)
    return figures.write(figure, tidy, path)


def plot_component_utilization(
    rows: Sequence[Mapping[str, Any]], path: str | pathlib.Path
) -> pathlib.Path:
    """Draws how often each component is open, a panel for each u.

    Bars are components in network order, and stripes behind them are modules. The
    dotted line is uniform utilization: where all bars would end if the same were spread
    evenly.

    Args:
        rows: what `tfgate.inference.component_utilization` returned.
        path: the PNG file; the numbers go beside it as CSV: u, module, component, rate.

    Returns:
        Path of the PNG file.

    Raises:
        ValueError: there are no rows, or one lacks a number.

    Reference:
        TNN figure 5.
    """
    _check(rows, "rows", _RATES)
    panels: dict[float, list[Mapping[str, Any]]] = {}
    for row in rows:
        panels.setdefault(row["u"], []).append(row)
    width = min(16.0, max(7.0, 2.0 + 0.11 * max(map(len, panels.values()))))
    figure = figures.new_figure(width, 1.0 + 1.7 * len(panels))
    all_axes = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for axes, (u, panel) in zip(all_axes, panels.items(), strict=True):
        _draw_panel(axes, u, panel)
    _name_modules(all_axes[-1], panel)
    all_axes[0].set_title("How often each component is open; dotted: uniform")
    figure.supylabel("share of images (%)", fontsize=9)
    return figures.write(figure, [{n: row[n] for n in _RATES} for row in rows], path)


def _draw_panel(axes: figures.Axes, u: float, panel: figures.Rows) -> None:
    rates = [100 * row["rate"] for row in panel]
    for number, (_, start, stop) in enumerate(_stripes(panel)):
        if number % 2:
            axes.axvspan(start - 0.5, stop - 0.5, color="0.92", zorder=0)
    axes.bar(
        range(len(rates)), rates, width=0.9, color="0.45", edgecolor="black", lw=0.3
    )
    mean = float(np.mean(rates))
    axes.axhline(mean, color="black", linestyle=":", linewidth=1.5)
    axes.set(ylim=(0, 105), xlim=(-0.5, len(rates) - 0.5))
    axes.set_ylabel(f"u = {u:g}\nmean {mean:.0f} %", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.grid(axis="y", alpha=0.3)


def _name_modules(axes: figures.Axes, panel: figures.Rows) -> None:
    stripes = _stripes(panel)
    shown = figures.thinned(len(stripes), _MOST_NAMES)
    places = [(stripes[i][1] + stripes[i][2] - 1) / 2 for i in shown]
    names = [stripes[i][0] for i in shown]
    axes.set_xticks(places, names, fontsize=8, rotation=30, ha="right")
    axes.set_xlabel("components, by module")


def _stripes(panel: figures.Rows) -> list[tuple[str, int, int]]:
    """(module, first bar, one past the last bar), in the order of the bars."""
    stripes: list[tuple[str, int, int]] = []
    for place, row in enumerate(panel):
        if stripes and stripes[-1][0] == row["module"]:
            stripes[-1] = (row["module"], stripes[-1][1], place + 1)
        else:
            stripes.append((row["module"], place, place + 1))
    return stripes


def _check(
    rows: Sequence[Mapping[str, Any]], name: str, columns: Sequence[str]
) -> None:
    if not rows:
        raise ValueError(f"Expected {name} to have at least one row, got none.")
    check_columns(rows, name, columns)
