"""Early exits: who leaves where, and how well."""

import pathlib
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from tfgate.analysis import figures

_COLUMNS = ("exit", "share", "accuracy_all")
_WIDTH = 0.38


def plot_exits(
    table: Sequence[Mapping[str, Any]], path: str | pathlib.Path
) -> pathlib.Path:
    """Draws, for each exit, the share that leaves there and its classifier's accuracy.

    The gates know easy images where an early classifier is right more often on those
    that leave than on all.

    Args:
        table: rows of `tfgate.evaluate_exits`.
        path: the PNG file; the numbers go beside it as CSV, with the columns of the
            table.

    Returns:
        Path of the PNG file.

    Raises:
        ValueError: the table is empty, or a row lacks a number.

    Reference:
        PG figure 9; CS table 5.
    """
    for number, row in enumerate(table):
        missing = [column for column in _COLUMNS if row.get(column) is None]
        if missing:
            raise ValueError(
                f"Expected table to have {missing} in every row, got row {number} with "
                f"{sorted(row)}."
            )
    exits = [row for row in table if row["exit"] != "all"]
    if not exits:
        raise ValueError("Expected a table of at least one exit, got none.")
    figure = figures.new_figure(2.5 + 1.3 * len(exits), 6.0)
    above, below = figure.subplots(2, 1, sharex=True)
    light, dark = figures.shades(3)[2], figures.shades(3)[0]
    _bars(above, 0.0, 2 * _WIDTH, [row["share"] for row in exits], "0.6", None)
    above.set(ylabel="images that leave (%)", title="Early exits", ylim=(0, 112))
    of_all = [row["accuracy_all"] for row in exits]
    chosen = [row.get("accuracy_chosen") for row in exits]
    _bars(below, -_WIDTH / 2, _WIDTH, of_all, light, "on all images")
    _bars(below, _WIDTH / 2, _WIDTH, chosen, dark, "on those that leave here")
    for row in table:
        if row["exit"] == "all":
            level = 100 * row["accuracy_all"]
            below.axhline(level, color="black", lw=1, ls="--", label="whole network")
    below.set(ylabel="accuracy (%)", ylim=(0, 112))
    below.set_xticks(range(len(exits)), [str(row["exit"]) for row in exits])
    below.legend(fontsize=9, loc="lower left", framealpha=1.0)
    return figures.write(figure, table, path)


def _bars(
    axes: figures.Axes,
    shift: float,
    width: float,
    values: Sequence[float | None],
    colour: Any,
    label: str | None,
) -> None:
    places = [place + shift for place, v in enumerate(values) if v is not None]
    heights = [100 * value for value in values if value is not None]
    bars = axes.bar(places, heights, width, color=colour, label=label, edgecolor="0.2")
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # over the line
    axes.bar_label(bars, fmt="%.1f", fontsize=8, padding=2, bbox=paper)
