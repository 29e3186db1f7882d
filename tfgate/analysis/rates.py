"""Activation rates: over the epochs of a training, and at its end."""

import pathlib
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfgate.analysis import figures
from tfgate.analysis import heatmaps
from tfgate.analysis.gate_pass import GatePass
from tfgate.analysis.gate_pass import check_comparable

_PREFIX = "rate/"
_ALL = "all gates"
_MOST_LINES = 10


def plot_rates_over_epochs(
    history: Sequence[Mapping[str, Any]], path: str | pathlib.Path
) -> pathlib.Path:
    """Draws the activation rate of each gate over the epochs.

    Up to ten gates are lines; more are rows of a heatmap, since nobody can follow
    fifty lines.

    Args:
        history: a row for each epoch with `epoch`, `activation_rate` and, for each
            gate, `rate/NAME`: what `tfgate.tables.read_csv` reads from the file of a
            `keras.callbacks.CSVLogger` or from a trainer's metrics.csv.
        path: the PNG file; the numbers go beside it as CSV: epoch, gate, rate.

    Returns:
        Path of the PNG file.

    Raises:
        ValueError: the history is empty or has no activation rates.

    Reference:
        PG figures 10 to 13.
    """
    return figures.write(draw_rates_over_epochs(history), _tidy(history), path)


def draw_rates_over_epochs(history: Sequence[Mapping[str, Any]]) -> figures.Figure:
    """The figure of `plot_rates_over_epochs`."""
    rows = _tidy(history)
    gates = list(dict.fromkeys(row["gate"] for row in rows))
    epochs = [row["epoch"] for row in history]
    rates = np.array([row["rate"] for row in rows]).reshape(len(epochs), len(gates)).T
    few = len(gates) - 1 <= _MOST_LINES
    return (_lines if few else _heatmap)(gates, epochs, rates)


def plot_final_rates(
    passes: GatePass | Sequence[GatePass], path: str | pathlib.Path
) -> pathlib.Path:
    """Draws the activation rate of each gate, for one policy or several.

    Args:
        passes: one `GatePass`, or several of the same gates under different
            policies: the first as bars, the others as markers.
        path: the PNG file; the numbers go beside it as CSV: gate, policy, rate.

    Returns:
        Path of the PNG file.

    Raises:
        ValueError: the passes are of different gates, or two are of one policy.

    Reference:
        PG figures 5 and 7.
    """
    passes = [passes] if isinstance(passes, GatePass) else list(passes)
    check_comparable(passes)
    rates = {each.label: each.gate_rates() for each in passes}
    rows = [
        {"gate": gate, "policy": label, "rate": rate}
        for label, each in rates.items()
        for gate, rate in each.items()
    ]
    return figures.write(draw_final_rates(rates), rows, path)


def draw_final_rates(rates: Mapping[str, Mapping[str, float]]) -> figures.Figure:
    """Draws rates of gates as bars and markers.

    Args:
        rates: policy -> gate name -> activation rate in [0, 1]. The first is drawn as
            bars with numbers, the others as markers.
    """
    label, *others = rates
    bars = rates[label]
    size = 8 if len(bars) <= 60 else 6
    height = max(3.0, (0.3 if len(bars) <= 60 else 0.15) * len(bars) + 1.5)
    figure = figures.new_figure(7, height)
    axes = figure.subplots()
    places = range(len(bars))
    axes.barh(
        places, bars.values(), color="0.75", edgecolor="black", lw=0.7, label=label
    )
    for index, other in enumerate(others):
        values = [rates[other][gate] for gate in bars]
        marker = figures.MARKERS[(2 + index) % len(figures.MARKERS)]
        axes.plot(values, places, f"k{marker}", ms=5, mfc="white", label=other)
    for place, rate in zip(places, bars.values(), strict=True):
        axes.text(1.03, place, heatmaps.percent(rate), va="center", fontsize=size)
    axes.set_yticks(places, [figures.short(name) for name in bars], fontsize=size)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set(
        xlabel=f"activation rate (number: {label}, in %)",
        xlim=(0.0, 1.1),
        title="Share of images for which a gate is open",
    )
    axes.set_xticks(np.linspace(0.0, 1.0, 6))
    axes.grid(axis="x", alpha=0.3)
    if others:
        handles, _ = axes.get_legend_handles_labels()
        order = [handles[-1], *handles[:-1]]  # matplotlib lists bars last
        figure.legend(
            handles=order, loc="outside lower center", ncols=min(3, len(rates))
        )
    return figure


def _tidy(history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of epoch, gate and rate; the last gate of each epoch is all together."""
    first = history[0] if history else {}
    names = [name for name in first if name.startswith(_PREFIX)]
    if not names or "epoch" not in first or "activation_rate" not in first:
        raise ValueError(
            "Expected a history with the columns 'epoch', 'activation_rate' and "
            f"'rate/NAME' for each gate, got {len(history)} rows with "
            f"{sorted(first)}."
        )
    columns = {name.removeprefix(_PREFIX): name for name in names}
    return [
        {"epoch": row["epoch"], "gate": gate, "rate": row[column]}
        for row in history
        for gate, column in {**columns, _ALL: "activation_rate"}.items()
    ]


def _lines(
    gates: Sequence[str], epochs: Sequence[float], rates: np.ndarray
) -> figures.Figure:
    figure = figures.new_figure(9, 5.5)
    axes = figure.subplots()
    colours = figures.shades(len(gates) - 1)
    for index in range(len(gates) - 1):
        axes.plot(
            epochs,
            rates[index],
            color=colours[index],
            linestyle=figures.LINE_STYLES[index % len(figures.LINE_STYLES)],
            marker=figures.MARKERS[index % len(figures.MARKERS)],
            markersize=5,
            markevery=max(1, len(epochs) // 15),
        )
    axes.plot(epochs, rates[-1], color="black", linewidth=3, marker=".")
    places = figures.spread(rates[:, -1], 0.045, 0.0, 1.0)
    for index, (gate, rate, place) in enumerate(
        zip(gates, rates[:, -1], places, strict=True)
    ):
        last = gate == _ALL
        axes.annotate(
            f"{figures.short(gate)}  {heatmaps.percent(rate)}",
            xy=(epochs[-1], rate),
            xytext=(1.06, place),
            textcoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=9,
            fontweight="bold" if last else "normal",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": "black" if last else colours[index],
                "lw": 0.8,
            },
        )
    axes.set(
        xlabel="epoch",
        ylabel="activation rate in training",
        ylim=(-0.02, 1.02),
        title="Share of images for which a gate is open (label: last epoch, in %)",
    )
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    return figure


def _heatmap(
    gates: Sequence[str], epochs: Sequence[float], rates: np.ndarray
) -> figures.Figure:
    figure = figures.new_figure(9, max(4.0, min(0.19 * len(gates), 14.0) + 1.5))
    axes = figure.subplots()
    names = [
        f"{figures.short(gate)}  {heatmaps.percent(rate)}"
        for gate, rate in zip(gates, rates[:, -1], strict=True)
    ]
    image = heatmaps.draw(
        axes,
        rates,
        names,
        [str(epoch) for epoch in epochs],
        most_ticks=25,
        most_numbers=25,
    )
    axes.axhline(len(gates) - 1.5, color="black", linewidth=1.5)
    axes.set(
        xlabel="epoch",
        title="Activation rate in training (number: last epoch, in %)",
    )
    figure.colorbar(
        image,
        ax=axes,
        label="share of images for which the gate is open",
        aspect=40,
        pad=0.01,
    )
    return figure
