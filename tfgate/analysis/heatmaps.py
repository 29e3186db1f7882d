"""Heatmaps of rates: the darker, the more often; numbers where they fit."""

from collections.abc import Sequence

import numpy as np

from tfgate.analysis import figures


def draw(
    axes: figures.Axes,
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    most_ticks: int = 60,
    most_numbers: int = 50,
) -> figures.Axes:
    """Draws rates as a heatmap.

    Args:
        axes: matplotlib axes.
        values: `[rows, columns]`, in [0, 1].
        rows: a name for each row.
        columns: a name for each column.
        most_ticks: number of columns that are named; rows are named up to 60.
        most_numbers: cells hold their number if rows and columns are no more.

    Returns:
        The image, for a colour bar.
    """
    image = axes.imshow(
        values,
        cmap=figures.COLOURS,
        vmin=0.0,
        vmax=1.0,
        aspect="auto",
        interpolation="nearest",
    )
    shown = figures.thinned(len(columns), most_ticks)
    axes.set_xticks(shown, [columns[i] for i in shown], rotation=90, fontsize=7)
    shown = figures.thinned(len(rows), 60)
    axes.set_yticks(shown, [rows[i] for i in shown], fontsize=7)
    if max(values.shape) <= most_numbers:
        _write_numbers(axes, values)
    return image


def _write_numbers(axes: figures.Axes, values: np.ndarray) -> None:
    for (row, column), value in np.ndenumerate(values):
        axes.text(
            column,
            row,
            percent(value),
            ha="center",
            va="center",
            fontsize=6,
            color="white" if value > 0.55 else "black",
        )


def percent(rate: float) -> str:
    """A rate in percent; only a rate of exactly 0 or 1 is written so.

    Example:
    >>> percent(0.5), percent(0.999), percent(1.0), percent(0.001)
    ('50', '>99', '100', '<1')
    """
    if 0.0 < rate < 0.005:
        return "<1"
    if 0.995 <= rate < 1.0:
        return ">99"
    return f"{100 * rate:.0f}"
