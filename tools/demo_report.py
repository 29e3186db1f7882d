"""The demo's table, as text and as one self-contained HTML page with plots."""

import dataclasses
import io

from matplotlib.figure import Figure

from tfgate.analysis import page

COLUMNS = (
    "network",
    "test accuracy",
    "executed MACs",
    "of dense",
    "blocks run",
    "TFLite p50",
    "of dense",
    "file size",
)


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        network: what was measured.
        accuracy: test accuracy in [0, 1], in Keras.
        macs: mean MACs executed per image.
        macs_ratio: the same as a share of the dense network's.
        blocks_run: share of residual blocks that ran, in [0, 1].
        p50: median TFLite latency per image in milliseconds; None where the file
            cannot run so.
        p50_ratio: the same as a share of the dense network's, measured alternating.
        file_size: bytes of the TFLite file, or None.
    """

    network: str
    accuracy: float
    macs: float
    macs_ratio: float
    blocks_run: float
    p50: float | None
    p50_ratio: float | None
    file_size: int | None

    def cells(self):
        """The row's cells as text."""
        return (
            self.network,
            f"{100 * self.accuracy:.2f} %",
            f"{self.macs / 1e6:.2f} M",
            f"{self.macs_ratio:.3f}",
            f"{self.blocks_run:.3f}",
            _or_dash(self.p50, "{:.3f} ms"),
            _or_dash(self.p50_ratio, "{:.3f}"),
            _or_dash(self.file_size and self.file_size / 1e6, "{:.2f} MB"),
        )


def text_table(rows):
    """The table as aligned text.

    Args:
        rows: list of `Row`.
    """
    lines = [COLUMNS, *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    texts = [
        "  ".join(
            [line[0].ljust(widths[0])]
            + [c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True)]
        )
        for line in lines
    ]
    return "\n".join([texts[0], "-" * len(texts[0]), *texts[1:]])


def write(path, rows, latencies, pictures, conditions):
    """Writes the page.

    Args:
        path: `pathlib.Path` of the HTML file.
        rows: list of `Row`.
        latencies: network -> dict of percentiles `p50`, `p90`, `p99` in milliseconds.
        pictures: list of `(caption, path of a PNG)`.
        conditions: list of lines on how it was measured.
    """
    figures = [
        ("Accuracy against executed MACs: up and left is better", _tradeoff(rows)),
        ("TFLite latency of single test images", _latencies(latencies)),
        *((caption, file.read_bytes()) for caption, file in pictures),
    ]
    body = [
        page.table(COLUMNS, [row.cells() for row in rows]),
        page.heading("How it was measured"),
        page.bullets(conditions),
        page.heading("Plots"),
        *(page.figure(caption, png) for caption, png in figures),
    ]
    page.write_page(path, "A gated ResNet-20 on handwritten digits", body)


def _tradeoff(rows):
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for row, marker in zip(rows, "os^Dv", strict=True):
        axes.plot(
            row.macs / 1e6,
            100 * row.accuracy,
            marker,
            color="black",
            markerfacecolor="0.75",
            markersize=9,
            linestyle="none",
            label=row.network,
        )
    axes.set(xlabel="mean executed MACs per image (millions)", ylabel="accuracy (%)")
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    axes.legend()
    return _png(figure)


def _latencies(latencies):
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.subplots()
    places = range(len(latencies))
    percentiles = {
        name: [row[name] for row in latencies.values()]
        for name in ("p50", "p90", "p99")
    }
    axes.barh(places, percentiles["p50"], color="0.75", edgecolor="black", label="p50")
    axes.plot(percentiles["p90"], places, "k|", markersize=14, label="p90")
    axes.plot(percentiles["p99"], places, "kx", markersize=7, label="p99")
    axes.set_yticks(places, list(latencies))
    axes.invert_yaxis()
    axes.set(xlabel="milliseconds per image")
    axes.grid(axis="x", alpha=0.3)
    axes.legend()
    return _png(figure)


def _png(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def _or_dash(value, form):
    return "-" if value is None else form.format(value)
