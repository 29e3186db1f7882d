"""The images on which the network spends the fewest and the most MACs."""

import pathlib
from typing import Any

import numpy as np

from tfgate.analysis import figures
from tfgate.analysis.gate_pass import GatePass
from tfgate.analysis.thumbnails import extremes

_ENDS = ("highest", "lowest")


def plot_extreme_images(gate_pass: GatePass, path: str | pathlib.Path) -> pathlib.Path:
    """Draws the images with the highest and with the lowest executed MACs.

    Args:
        gate_pass: a `GatePass` with thumbnails.
        path: the PNG file; the numbers go beside it as CSV: end ("highest" or
            "lowest"), image (its number in the data set), class, prediction,
            executed_macs.

    Returns:
        Path of the PNG file.

    Raises:
        NothingToDraw: no thumbnails were kept, or all images execute the same MACs.

    Reference:
        BAS figure 4.
    """
    if not len(gate_pass.thumbnails):
        raise figures.NothingToDraw("No thumbnails were recorded.")
    if np.ptp(gate_pass.executed_macs) == 0:
        raise figures.NothingToDraw("All images execute the same MACs.")
    count = max(1, len(gate_pass.thumbnails) // 2)
    lowest, highest = extremes(gate_pass.executed_macs, count)
    rows = [
        row
        for end, numbers in zip(_ENDS, (highest, lowest), strict=True)
        for row in _rows(gate_pass, end, numbers)
    ]
    figure = figures.new_figure(max(6.0, 1.35 * count + 0.6), 4.4)
    all_axes = figure.subplots(2, count, squeeze=False)
    size, unit = figures.macs_unit([gate_pass.all_open_macs])
    for axes, row in zip(all_axes.ravel(), rows, strict=True):
        place = np.searchsorted(gate_pass.thumbnail_indices, row["image"])
        axes.imshow(
            gate_pass.thumbnails[place].squeeze(), cmap="gray", vmin=0, vmax=255
        )
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_title(f"{row['executed_macs'] / size:.4g}", fontsize=9)
        right = row["class"] == row["prediction"]
        axes.set_xlabel(
            row["class"] if right else f"{row['class']}\ntaken for {row['prediction']}",
            fontsize=8,
        )
    for line, end in enumerate(_ENDS):
        all_axes[line, 0].set_ylabel(end, fontsize=10)
    figure.suptitle(f"Executed MACs of single images ({unit}; {gate_pass.label})")
    return figures.write(figure, rows, path)


def _rows(gate_pass: GatePass, end: str, numbers: np.ndarray) -> list[dict[str, Any]]:
    names = gate_pass.class_names
    return [
        {
            "end": end,
            "image": int(number),
            "class": names[gate_pass.labels[number]],
            "prediction": names[gate_pass.predictions[number]],
            "executed_macs": float(gate_pass.executed_macs[number]),
        }
        for number in numbers
    ]
