"""How latencies spread over images: a row of bars for every point."""

import numpy as np

from tflite.report import svg

_WIDTH, _LEFT, _RIGHT = 720, 250, 16
_ROW, _BOTTOM, _BARS = 34, 48, 60


def draw(entries, *, title):
    """Draws a histogram for each point over one axis of milliseconds.

    Args:
        entries: list of `tflite.report.entries.Entry` with `image_ms`.
        title: title of the picture.

    Returns:
        SVG as text.
    """
    values = [np.array(entry.point["image_ms"]) for entry in entries]
    longest = max(float(np.percentile(each, 99)) for each in values)
    scale = svg.Scale(0.0, longest, _LEFT, _WIDTH - _RIGHT, 8)
    bottom = _ROW * len(entries) + 8
    content = []
    for tick in scale.ticks:
        x = scale(tick)
        content.append(svg.line(x, 4, x, bottom, "grid"))
        content.append(svg.text(x, bottom + 18, scale.label(tick), anchor="middle"))
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    content.append(
        svg.text(middle, bottom + 40, "median latency of an image, ms", anchor="middle")
    )
    for number, (entry, own) in enumerate(zip(entries, values, strict=True)):
        content += _row(entry, own, scale, _ROW * number + 4)
    described = "; ".join(
        f"{entry.number}: {entry.name}, from {own.min():.3g} to {own.max():.3g} ms"
        for entry, own in zip(entries, values, strict=True)
    )
    height = bottom + _BOTTOM
    return svg.picture(_WIDTH, height, content, title=title, description=described)


def _row(entry, values, scale, top):
    edges = np.linspace(scale.ticks[0], scale.ticks[-1], _BARS + 1)
    shown = np.clip(values, edges[0], edges[-1])
    counts, _ = np.histogram(shown, edges)
    floor, room = top + _ROW - 4, _ROW - 8
    name = svg.shortened(f"{entry.number}  {entry.name}", _LEFT - 16)
    content = [svg.text(0, floor - 8, name)]
    for count, left, right in zip(counts, edges, edges[1:], strict=False):
        if count:
            # At least a pixel: a single image shows.
            height = max(1.0, room * count / counts.max())
            x, width = scale(left), scale(right) - scale(left)
            content.append(
                svg.element(
                    "rect",
                    x=x,
                    y=floor - height,
                    width=width,
                    height=height,
                    class_="bar",
                )
            )
    content.append(svg.line(_LEFT, floor, _WIDTH - _RIGHT, floor, "axis"))
    return content
