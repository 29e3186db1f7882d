"""The table of a model's gates."""

from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from tfgate.blocks import GatedBlock
from tfgate.blocks import GatedFilters
from tfgate.blocks import Site
from tfgate.costs import ModelCosts
from tfgate.typing import Tensor

_HEADER = ("block", "gate", "components", "MACs/component", "gate MACs", "rate")

_Row = tuple[str, ...]


def gates_table(
    blocks: Sequence[GatedBlock], costs: ModelCosts, rates: Mapping[str, Tensor]
) -> str:
    """Formats what is known of each gate.

    Args:
        blocks: the gated blocks, in network order.
        costs: the model's costs.
        rates: what `tfgate.metrics.GateMetrics` gives; empty if nothing is known.

    Returns:
        A table of several lines: a row per gate, below it one per gated place of
        blocks with filter gates, and a total.
    """
    rows: list[_Row] = []
    for block in blocks:
        macs = costs.components[block.gate.name]
        rows.append(
            (
                block.name,
                f"{block.gate.name} ({type(block.gate).__name__})",
                str(block.gate.components),
                _format_range(macs),
                f"{costs.gate[block.gate.name]:,}",
                _format_rate(rates.get(f"rate/{block.gate.name}")),
            )
        )
        if isinstance(block, GatedFilters):
            rows += [_place_row(site, macs[site.components]) for site in block.sites]
    total = (
        "total",
        f"{len(blocks)} gates",
        str(sum(costs.sizes.values())),
        f"{costs.all_open - costs.all_closed:,}",
        f"{costs.gate_total:,}",
        _format_rate(rates.get("activation_rate")),
    )
    return _format_table(_HEADER, rows, total)


def _place_row(site: Site, macs: np.ndarray) -> _Row:
    groups = f"{site.filters} filters by {site.filters_per_gate}"
    always = site.filters_always_open
    text = f"{groups}, {always} always open" if always else groups
    return (f"  {site.name}", text, str(site.count), _format_range(macs), "", "")


def _format_range(macs: np.ndarray) -> str:
    low, high = float(min(macs)), float(max(macs))
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"


def _format_rate(rate: Tensor | None) -> str:
    return "-" if rate is None else f"{float(rate):.3f}"


def _format_table(header: _Row, rows: Sequence[_Row], total: _Row) -> str:
    lines = [header, *rows, total]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]

    def format_line(cells: _Row) -> str:
        left = [cell.ljust(w) for cell, w in zip(cells[:2], widths[:2], strict=True)]
        right = [cell.rjust(w) for cell, w in zip(cells[2:], widths[2:], strict=True)]
        return "  ".join(left + right)

    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join(
        [
            format_line(header),
            rule,
            *(format_line(row) for row in rows),
            rule,
            format_line(total),
        ]
    )
