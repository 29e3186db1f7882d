"""Figures and what they share: sizes, short names, labels that do not overlap.

Every plot is readable in grey: things differ by lightness, hatching, marker, line
style and a label of their own, and colour maps only grow darker.
"""

import pathlib
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfgate import tables

Figure = Any  # matplotlib has no types
Axes = Any
Rows = Sequence[Mapping[str, Any]]

MARKERS = "osD^v<>PX*"
LINE_STYLES = ("-", "--", "-.", ":")
COLOURS = "Blues"  # its lightness only falls: light is 0, dark is 1


class NothingToDraw(ValueError):
    """Raised where a gate pass has nothing that a plot could show."""


def new_figure(width: float, height: float) -> Figure:
    """An empty figure.

    Args:
        width: inches.
        height: inches.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        # Not pyplot: that keeps figures alive and chooses a window system.
        from matplotlib.figure import Figure as MatplotlibFigure
    except ImportError as error:
        raise ImportError(
            "tfgate.analysis draws with matplotlib, which is not installed: "
            "pip install 'tfgate[analysis]'."
        ) from error
    return MatplotlibFigure(figsize=(width, height), layout="constrained")


def write(figure: Figure, rows: Rows, path: str | pathlib.Path) -> pathlib.Path:
    """Writes a figure, and beside it the numbers that it shows.

    Args:
        figure: a matplotlib figure.
        rows: the numbers drawn, see `tfgate.tables.write_csv`.
        path: the PNG file; the table has the suffix `.csv` instead. The directory is
            created if missing.

    Returns:
        Path of the PNG file.

    Raises:
        ValueError: the path has another suffix.
    """
    path = pathlib.Path(path)
    if path.suffix != ".png":
        raise ValueError(f"Expected path to end in .png, got {str(path)!r}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    tables.write_csv(path.with_suffix(".csv"), rows)
    return path


def short(gate: str) -> str:
    """A gate's name for labels: that of its block, where it is called so."""
    return gate.removesuffix("_gate")


def shades(count: int) -> list[Any]:
    """Colours of growing lightness, without the lightest fifth, which fades."""
    from matplotlib import colormaps

    return list(colormaps["cividis"](np.linspace(0.0, 0.8, count)))


def spread(
    values: Sequence[float] | np.ndarray, gap: float, low: float, high: float
) -> np.ndarray:
    """Moves label positions apart, as little as it takes.

    Args:
        values: positions wanted.
        gap: least distance of two.
        low: lowest position.
        high: highest position. The gap shrinks where so many do not fit.

    Returns:
        float64 positions in the order of the values.

    Example:
    >>> spread([0.5, 0.5, 0.9], gap=0.2, low=0.0, high=1.0).round(2).tolist()
    [0.4, 0.6, 0.9]
    """
    wanted = np.asarray(values, "float64")
    if len(wanted) < 2:
        return np.clip(wanted, low, high)
    gap = min(gap, (high - low) / (len(wanted) - 1))
    order = np.argsort(wanted, kind="stable")
    # Positions less their gaps may not fall: a regression that keeps the order.
    steps = np.arange(len(wanted)) * gap
    blocks: list[list[float]] = []  # of (sum, number)
    for value in wanted[order] - steps:
        blocks.append([value, 1])
        while len(blocks) > 1 and _mean(blocks[-2]) > _mean(blocks[-1]):
            total, number = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += number
    level = np.concatenate([[_mean(block)] * int(block[1]) for block in blocks])
    placed = np.empty_like(wanted)
    placed[order] = np.clip(level, low, high - steps[-1]) + steps
    return placed


def macs_unit(values: Sequence[float]) -> tuple[float, str]:
    """A unit for MACs, as a number and its name, such as (1e6, "million")."""
    most = max(values)
    for size, name in ((1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
        if most >= size:
            return size, name
    return 1.0, "single"


def thinned(count: int, most: int) -> range:
    """Evenly spaced numbers below `count`, `most` of them at most, for tick labels."""
    return range(0, count, max(1, -(-count // most)))


def _mean(block: Sequence[float]) -> float:
    return block[0] / block[1]
