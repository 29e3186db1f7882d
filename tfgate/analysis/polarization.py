"""Polarization: how decided the gates are, and how many of them decide anything."""

import pathlib
from typing import Any

import numpy as np

from tfgate.analysis import figures
from tfgate.analysis import heatmaps
from tfgate.analysis.gate_pass import ALWAYS_OFF
from tfgate.analysis.gate_pass import ALWAYS_ON
from tfgate.analysis.gate_pass import CONDITIONAL
from tfgate.analysis.gate_pass import GatePass

_BINS = 20
_STATES = (ALWAYS_ON, CONDITIONAL, ALWAYS_OFF)
_LOOKS = {ALWAYS_ON: ("0.35", ""), CONDITIONAL: ("0.8", "///"), ALWAYS_OFF: ("1.0", "")}
_ALL = "all gates"


def plot_polarization(gate_pass: GatePass, path: str | pathlib.Path) -> pathlib.Path:
    """Draws how often each probability P(open) occurs, over images and components.

    Polarized gates have p near 0 or near 1 for every image.

    Args:
        gate_pass: a `GatePass`.
        path: the PNG file; the numbers go beside it as CSV: low and high end of p,
            and the share of all pairs of image and component between them.

    Returns:
        Path of the PNG file.

    Reference:
        BAS figure 1 (b): output distributions of gates.
    """
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    counts, _ = np.histogram(gate_pass.probabilities.astype("float32"), edges)
    rows: list[dict[str, Any]] = [
        {"p_low": round(float(low), 6), "p_high": round(float(high), 6), "share": share}
        for low, high, share in zip(
            edges[:-1], edges[1:], (counts / counts.sum()).tolist(), strict=True
        )
    ]
    figure = figures.new_figure(8, 4.5)
    axes = figure.subplots()
    shares = [row["share"] for row in rows]
    axes.bar(
        edges[:-1], shares, 1 / _BINS, align="edge", color="0.75", edgecolor="black"
    )
    for low, share in zip(edges[:-1], shares, strict=True):
        if share:
            axes.annotate(
                heatmaps.percent(share),
                (low + 0.5 / _BINS, share),
                (0, 2),
                textcoords="offset points",
                ha="center",
                fontsize=8,
            )
    axes.set(
        xlabel="probability that a component is open",
        ylabel="share of all images and components (number: in %)",
        xlim=(0.0, 1.0),
        title=f"Probabilities of {len(gate_pass.component_macs):,} components for "
        f"{gate_pass.images:,} images",
    )
    axes.grid(axis="y", alpha=0.3)
    return figures.write(figure, rows, path)


def plot_gate_states(gate_pass: GatePass, path: str | pathlib.Path) -> pathlib.Path:
    """Draws the shares of components always on, conditional and always off.

    Always on, or off, is a component that is open, or closed, for more than 99 % of
    images.

    Args:
        gate_pass: a `GatePass`.
        path: the PNG file; the numbers go beside it as CSV: gate, components, and the
            share of each state; the last row is all gates together.

    Returns:
        Path of the PNG file.

    Reference:
        BAS figure 5.
    """
    rows = _state_rows(gate_pass)
    figure = figures.new_figure(8, max(2.5, min(0.24 * len(rows), 20.0) + 1.6))
    axes = figure.subplots()
    left = np.zeros(len(rows))
    for state in _STATES:
        shares = np.array([row[state] for row in rows])
        colour, hatch = _LOOKS[state]
        axes.barh(
            range(len(rows)),
            shares,
            left=left,
            color=colour,
            hatch=hatch,
            edgecolor="black",
            lw=0.5,
            label=state,
        )
        for place, share in enumerate(shares):
            if share >= 0.05:
                axes.text(
                    left[place] + share / 2,
                    place,
                    heatmaps.percent(share),
                    ha="center",
                    va="center",
                    fontsize=7,
                    color="white" if state == ALWAYS_ON else "black",
                    bbox=None
                    if state == ALWAYS_ON
                    else {"facecolor": "white", "edgecolor": "none", "pad": 0.8},
                )
        left += shares
    names = [f"{figures.short(row['gate'])} ({row['components']})" for row in rows]
    axes.set_yticks(range(len(rows)), names, fontsize=8 if len(rows) <= 60 else 6)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.axhline(len(rows) - 1.5, color="black", linewidth=1.5)
    axes.set(
        xlabel="share of the gate's components (number: in %)",
        xlim=(0.0, 1.0),
        title=f"Which components decide anything ({gate_pass.label})",
    )
    figure.legend(loc="outside lower center", ncols=3)
    return figures.write(figure, rows, path)


def _state_rows(gate_pass: GatePass) -> list[dict[str, Any]]:
    states = np.array(gate_pass.states())
    parts = {name: gate_pass.columns(name) for name in gate_pass.gate_names}
    parts[_ALL] = slice(None)
    return [
        {
            "gate": name,
            "components": len(states[part]),
            **{state: float((states[part] == state).mean()) for state in _STATES},
        }
        for name, part in parts.items()
    ]
