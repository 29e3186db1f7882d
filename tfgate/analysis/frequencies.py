"""How often each component runs, layer by layer."""

import pathlib
from typing import Any

import numpy as np

from tfgate.analysis import figures
from tfgate.analysis.gate_pass import GatePass


def plot_frequencies(gate_pass: GatePass, path: str | pathlib.Path) -> pathlib.Path:
    """Draws how often each component runs, sorted, a panel for each gate.

    Gates of one component share a panel, in which they are sorted among each other.

    Args:
        gate_pass: a `GatePass`.
        path: the PNG file; the numbers go beside it as CSV: panel, rank (0 runs most
            often), component, rate.

    Returns:
        Path of the PNG file.

    Reference:
        BAS figure 6.
    """
    panels = _panels(gate_pass)
    rows = [row for panel in panels.values() for row in panel]
    columns = min(len(panels), 8 if len(panels) > 24 else 4)
    lines = -(-len(panels) // columns)
    wide = len(panels) == 1
    size = (9.0, 4.0) if wide else (2.2 * columns, 1.8 * lines + 0.6)
    figure = figures.new_figure(*size)
    all_axes = figure.subplots(lines, columns, squeeze=False, sharey=True).ravel()
    for axes, (name, panel) in zip(all_axes, panels.items(), strict=False):
        _draw_panel(axes, figures.short(name), panel, names=wide)
    for axes in all_axes[len(panels) :]:
        axes.set_visible(False)
    figure.suptitle(f"How often each component runs, sorted ({gate_pass.label})")
    figure.supylabel("share of images", fontsize=9)
    return figures.write(figure, rows, path)


def _panels(gate_pass: GatePass) -> dict[str, list[dict[str, Any]]]:
    rates, names = gate_pass.component_rates(), gate_pass.component_names
    members: dict[str, list[int]] = {}
    for gate, count in zip(gate_pass.gate_names, gate_pass.components, strict=True):
        panel = gate if count > 1 else "gates of one component"
        members.setdefault(panel, []).extend(
            range(gate_pass.columns(gate).start, gate_pass.columns(gate).stop)
        )
    return {
        panel: [
            {
                "panel": panel,
                "rank": rank,
                "component": names[index],
                "rate": float(rates[index]),
            }
            for rank, index in enumerate(sorted(indices, key=lambda i: -rates[i]))
        ]
        for panel, indices in members.items()
    }


def _draw_panel(
    axes: figures.Axes, title: str, panel: figures.Rows, names: bool
) -> None:
    rates = np.array([row["rate"] for row in panel])
    outlined = len(rates) <= 60
    axes.bar(
        range(len(rates)),
        rates,
        width=0.8 if outlined else 1.0,
        color="0.6" if outlined else "0.35",
        edgecolor="black" if outlined else "none",
        lw=0.5,
    )
    axes.set_ylim(0.0, 1.02)
    axes.set_xlim(-0.7, len(rates) - 0.3)
    axes.set_title(f"{title}\nmean {rates.mean():.2f}", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(axis="y", alpha=0.3)
    if names and outlined:
        labels = [figures.short(row["component"]) for row in panel]
        axes.set_xticks(range(len(rates)), labels, rotation=90, fontsize=7)
    else:
        axes.set_xticks([0, len(rates) - 1], ["1", str(len(rates))])
