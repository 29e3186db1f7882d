"""The demo's table, as text and as one self-contained HTML page with plots."""

import base64
import dataclasses
import html
import io
import string

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402

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
    page = string.Template(_PAGE).substitute(
        header=_line("th", COLUMNS),
        rows="\n".join(_line("td", row.cells()) for row in rows),
        conditions="\n".join(f"<li>{html.escape(line)}</li>" for line in conditions),
        figures="\n".join(_figure(caption, png) for caption, png in figures),
    )
    path.write_text(page, encoding="utf-8")


def _tradeoff(rows):
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
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
    figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
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
    plt.close(figure)
    return buffer.getvalue()


def _figure(caption, png):
    data = base64.b64encode(png).decode()
    text = html.escape(caption)
    return (
        f'<figure><img alt="{text}" src="data:image/png;base64,{data}">'
        f"<figcaption>{text}</figcaption></figure>"
    )


def _line(tag, cells):
    return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"


def _or_dash(value, form):
    return "-" if value is None else form.format(value)


_PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>tfgate demo</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem;
         padding: 0 1rem; color: #1a1a1a; background: #fff; }
  table { border-collapse: collapse; width: 100%; }
  th, td { padding: .35rem .6rem; border-bottom: 1px solid #ccc; text-align: right; }
  th:first-child, td:first-child { text-align: left; }
  figure { margin: 2rem 0; } img { max-width: 100%; }
  figcaption { color: #444; }
</style>
<h1>A gated ResNet-20 on handwritten digits</h1>
<table>
<thead>$header</thead>
<tbody>
$rows
</tbody>
</table>
<h2>How it was measured</h2>
<ul>
$conditions
</ul>
<h2>Plots</h2>
$figures
</html>
"""
