"""Specialization: which classes a gate opens for."""

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfgate.analysis import figures
from tfgate.analysis import heatmaps
from tfgate.analysis.gate_pass import CONDITIONAL
from tfgate.analysis.gate_pass import GatePass
from tfgate.analysis.gate_pass import check_comparable

_MOST_PANELS = 6


def plot_specialization(
    passes: GatePass | Sequence[GatePass], path: str | pathlib.Path
) -> pathlib.Path:
    """Draws how often each gate is open for each class, one heatmap a policy.

    A gate of several components is drawn with the mean of their rates.

    Args:
        passes: one `GatePass`, or several of the same gates under different
            policies, drawn side by side.
        path: the PNG file; the numbers go beside it as CSV: policy, class, gate, rate.

    Returns:
        Path of the PNG file.

    Raises:
        ValueError: the passes are of different gates, or two are of one policy.

    Reference:
        PG figure 8: stochastic at the left, threshold at the right.
    """
    passes = [passes] if isinstance(passes, GatePass) else list(passes)
    check_comparable(passes)
    tables = {each.label: _gate_rates_by_class(each) for each in passes}
    rows = [
        {"policy": label, "class": name, "gate": gate, "rate": float(rate)}
        for label, (names, rates) in tables.items()
        for name, line in zip(names, rates, strict=True)
        for gate, rate in zip(passes[0].gate_names, line, strict=True)
    ]
    gates = [figures.short(name) for name in passes[0].gate_names]
    classes = max(len(names) for names, _ in tables.values())
    width = 2.0 + len(passes) * max(3.0, min(0.24 * len(gates), 12.0))
    figure = figures.new_figure(width, max(4.0, min(0.2 * classes, 14.0) + 2.0))
    all_axes = figure.subplots(1, len(passes), squeeze=False)[0]
    for axes, (label, (names, rates)) in zip(all_axes, tables.items(), strict=True):
        image = heatmaps.draw(axes, rates, names, gates)
        axes.set(title=label, xlabel="gate")
    all_axes[0].set_ylabel("class")
    label = "share of the class's images"
    figure.colorbar(image, ax=all_axes, label=label, aspect=40, pad=0.01)
    figure.suptitle("How often a gate is open for the images of a class")
    return figures.write(figure, rows, path)


def plot_gate_classes(
    gate_pass: GatePass,
    path: str | pathlib.Path,
    components: Sequence[str] | None = None,
    most_classes: int = 8,
) -> pathlib.Path:
    """Draws which classes open a component most often, a panel each.

    Args:
        gate_pass: a `GatePass`.
        path: the PNG file; the numbers go beside it as CSV: component, class, images,
            rate.
        components: names among `GatePass.component_names`: a gate's, or `"gate[3]"`
            where it has several components. None takes the six that tell classes
            apart best: the conditional ones whose rates differ most.
        most_classes: number of classes in each panel.

    Returns:
        Path of the PNG file.

    Raises:
        NothingToDraw: no components are given, and none tells classes apart.
        ValueError: there is no component of a given name, or no class is asked for.

    Reference:
        BAS figure 7.
    """
    if int(most_classes) < 1:
        raise ValueError(f"Expected most_classes >= 1, got {most_classes!r}.")
    numbers, rates = gate_pass.class_rates()
    chosen = (
        _most_telling(gate_pass, rates)
        if components is None
        else [_index(gate_pass, name) for name in components]
    )
    rows = [
        row
        for index in chosen
        for row in _class_rows(gate_pass, numbers, rates, index, int(most_classes))
    ]
    return figures.write(_draw_panels(gate_pass, chosen, rows), rows, path)


def _gate_rates_by_class(gate_pass: GatePass) -> tuple[list[str], np.ndarray]:
    numbers, rates = gate_pass.class_rates()
    columns = [gate_pass.columns(name) for name in gate_pass.gate_names]
    means = np.stack([rates[:, column].mean(axis=1) for column in columns], axis=1)
    return [gate_pass.class_names[number] for number in numbers], means


def _most_telling(gate_pass: GatePass, rates: np.ndarray) -> list[int]:
    conditional = np.array([state == CONDITIONAL for state in gate_pass.states()])
    differences = np.where(conditional, rates.std(axis=0), 0.0)
    order = np.argsort(-differences, kind="stable")[:_MOST_PANELS]
    chosen = [int(index) for index in order if differences[index] > 0.0]
    if not chosen:
        raise figures.NothingToDraw(
            "No component is open more often for one class than for another."
        )
    return chosen


def _index(gate_pass: GatePass, name: str) -> int:
    names = gate_pass.component_names
    if name not in names:
        raise ValueError(
            f"Expected a component among {names[:20]}{', ...' * (len(names) > 20)}, "
            f"got {name!r}."
        )
    return names.index(name)


def _class_rows(
    gate_pass: GatePass,
    numbers: np.ndarray,
    rates: np.ndarray,
    index: int,
    most_classes: int,
) -> list[dict[str, Any]]:
    order = np.argsort(-rates[:, index], kind="stable")[:most_classes]
    return [
        {
            "component": gate_pass.component_names[index],
            "class": gate_pass.class_names[numbers[place]],
            "images": int((gate_pass.labels == numbers[place]).sum()),
            "rate": float(rates[place, index]),
        }
        for place in order
    ]


def _draw_panels(
    gate_pass: GatePass, chosen: Sequence[int], rows: figures.Rows
) -> figures.Figure:
    columns = min(3, len(chosen))
    lines = -(-len(chosen) // columns)
    bars = len(rows) // len(chosen)
    figure = figures.new_figure(4.0 * columns, lines * (0.28 * bars + 1.2) + 0.5)
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    means = gate_pass.component_rates()
    for axes, (place, index) in zip(panels, enumerate(chosen), strict=False):
        own = rows[place * bars : (place + 1) * bars]
        axes.barh(
            range(bars),
            [row["rate"] for row in own],
            color="0.75",
            edgecolor="black",
            lw=0.7,
        )
        for line, row in enumerate(own):
            axes.text(
                1.03, line, heatmaps.percent(row["rate"]), va="center", fontsize=8
            )
        axes.axvline(means[index], color="black", linestyle="--", linewidth=1.2)
        axes.set_yticks(range(bars), [row["class"] for row in own], fontsize=8)
        axes.set_ylim(bars - 0.4, -0.6)
        axes.set_xlim(0.0, 1.15)
        axes.set_xticks([0.0, 0.5, 1.0])
        name = figures.short(own[0]["component"])
        axes.set_title(f"{name}: {heatmaps.percent(means[index])} % of all", fontsize=9)
    for axes in panels[len(chosen) :]:
        axes.set_visible(False)
    figure.suptitle("Classes that open a gate most often (dashed: all images)")
    figure.supxlabel("share of the class's images (number: in %)", fontsize=9)
    return figure
