"""All plots of a network in one directory and on one page."""

import dataclasses
import pathlib
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from tfgate.analysis import page
from tfgate.analysis.easy_and_hard import plot_extreme_images
from tfgate.analysis.figures import NothingToDraw
from tfgate.analysis.frequencies import plot_frequencies
from tfgate.analysis.gate_pass import GatePass
from tfgate.analysis.gate_pass import check_comparable
from tfgate.analysis.polarization import plot_gate_states
from tfgate.analysis.polarization import plot_polarization
from tfgate.analysis.rates import plot_final_rates
from tfgate.analysis.rates import plot_rates_over_epochs
from tfgate.analysis.specialization import plot_gate_classes
from tfgate.analysis.specialization import plot_specialization
from tfgate.analysis.tradeoff import plot_tradeoff

_History = Sequence[Mapping[str, Any]]
_Table = Sequence[Mapping[str, Any]]


@dataclasses.dataclass(frozen=True)
class _Plot:
    """A plot of the gallery: file name, how to read it, and what draws it."""

    name: str
    caption: str
    draw: Callable[[pathlib.Path], pathlib.Path]


def gallery(
    directory: str | pathlib.Path,
    passes: GatePass | Sequence[GatePass],
    *,
    history: _History | None = None,
    table: _Table | None = None,
    dense: _Table = (),
    title: str | None = None,
) -> pathlib.Path:
    """Draws every plot, and a page that holds them all. No network is needed.

    Args:
        directory: where the PNG and CSV files and `report.html` go; created if
            missing. The page holds its pictures and needs no other file.
        passes: one `GatePass`, or several of the same network under different
            policies, such as stochastic and threshold. Plots of one policy show the
            first.
        history: the rows of `plot_rates_over_epochs`; None leaves that plot out.
        table: the rows of `tfgate.evaluate_policies`; None leaves out the plot of
            accuracy against MACs.
        dense: dense networks in that plot, see `plot_tradeoff`.
        title: heading of the page; None means the model's name.

    Returns:
        Path of `report.html`. Where a plot has nothing to show, such as the images
        with the most MACs if all execute the same, the page says so.

    Raises:
        ValueError: the passes are of different gates, two are of one policy, or the
            history or the table lacks a column.

    Example:
    >>> import tempfile
    >>> import tensorflow as tf
    >>> import tfgate
    >>> model = tfgate.applications.CifarResNet(20, gate="dependent")
    >>> images, labels = tf.random.uniform((4, 32, 32, 3)), [0, 1, 2, 3]
    >>> dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(4)
    >>> gate_pass = tfgate.analysis.record(model, dataset)
    >>> tfgate.analysis.gallery(tempfile.mkdtemp(), gate_pass).name
    'report.html'
    """
    directory = pathlib.Path(directory)
    passes = [passes] if isinstance(passes, GatePass) else list(passes)
    check_comparable(passes)
    directory.mkdir(parents=True, exist_ok=True)
    body = [page.bullets(_facts(passes))]
    if table:
        body.append(_table_of(table))
    for plot in _plots(passes, history, table, dense):
        body.append(page.heading(plot.name.replace("_", " ").capitalize()))
        try:
            png = plot.draw(directory / f"{plot.name}.png").read_bytes()
        except NothingToDraw as nothing:
            body.append(page.paragraph(f"Left out: {nothing}"))
        else:
            body.append(page.figure(plot.caption, png))
    report = directory / "report.html"
    page.write_page(report, title or f"Gates of {passes[0].model}", body)
    return report


def _plots(
    passes: Sequence[GatePass],
    history: _History | None,
    table: _Table | None,
    dense: _Table,
) -> list[_Plot]:
    first = passes[0]
    plots = [
        _Plot(
            "final_rates",
            "A bar is the share of images for which a gate is open; bars at 0 or 1 "
            "belong to gates that no longer decide.",
            lambda path: plot_final_rates(passes, path),
        ),
        _Plot(
            "gate_states",
            "Always on, or off: open, or closed, for more than 99 % of images. Always "
            "off can be cut away; only what is conditional saves image by image.",
            lambda path: plot_gate_states(first, path),
        ),
        _Plot(
            "polarization",
            "Bars at both ends and nothing between: the gates are sure, and the "
            "threshold hardly matters. Bars in the middle: it does.",
            lambda path: plot_polarization(first, path),
        ),
        _Plot(
            "frequencies",
            "Each bar is a component, sorted. A slope means work that depends on the "
            "image; a cliff from 1 to 0 means a fixed, smaller network.",
            lambda path: plot_frequencies(first, path),
        ),
        _Plot(
            "specialization",
            "A row is a class, a column a gate. A column of one shade ignores the "
            "class; a column of many shades is open for some classes.",
            lambda path: plot_specialization(passes, path),
        ),
        _Plot(
            "gate_classes",
            "The gates that tell classes apart best, and the classes that open each "
            "most often; the dashed line is the mean over all images.",
            lambda path: plot_gate_classes(first, path),
        ),
        _Plot(
            "extreme_images",
            "The number above an image is what it executes. The upper row costs most, "
            "the lower row least; below stands the class, and what was predicted if "
            "that was another.",
            lambda path: plot_extreme_images(first, path),
        ),
    ]
    if history is not None:
        over_epochs = _Plot(
            "rates_over_epochs",
            "How the gates settled in training; the line or row of all gates together "
            "is what a target rate steers.",
            lambda path: plot_rates_over_epochs(history, path),
        )
        plots.insert(0, over_epochs)
    if table:
        tradeoff = _Plot(
            "tradeoff",
            "A point is a policy, the points of a line differ in the threshold. Below "
            "and to the right of a dense network, gates do not pay.",
            lambda path: plot_tradeoff(table, path, dense),
        )
        plots.insert(0, tradeoff)
    return plots


def _facts(passes: Sequence[GatePass]) -> list[str]:
    first = passes[0]
    count = f"{len(first.gate_names)} gates with {sum(first.components)} components"
    return [
        f"{first.model}: {count}; MACs of an image: {first.dense_macs:,} dense, "
        f"{first.all_open_macs:,} with all gates open, {first.all_closed_macs:,} with "
        "all closed.",
        *(
            f"{each.label}: {each.images:,} images, accuracy {100 * each.accuracy:.2f} "
            f"%, mean executed MACs {each.executed_macs.mean(dtype='float64'):,.0f}, "
            f"activation rate {each.decisions.mean():.3f}."
            for each in passes
        ),
        f"Plots of one policy show {first.label}.",
    ]


def _table_of(table: _Table) -> str:
    columns = list(dict.fromkeys(column for row in table for column in row))
    return page.table(
        [column.replace("_", " ") for column in columns],
        [[_cell(column, row.get(column)) for column in columns] for row in table],
    )


def _cell(column: str, value: Any) -> str:
    if value is None:
        return "-"
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if column.startswith("executed_macs") else f"{value:.4g}"
