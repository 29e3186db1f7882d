"""Which blocks run for which image: a row for each block, a column for each image."""

import numpy as np

from tflite.benchmark.document import unpack
from tflite.report import svg

_WIDTH, _LEFT, _RIGHT = 720, 190, 60
_LEVELS = 4


def draw(entry, *, title):
    """Draws the decisions of a point, images sorted by how much they run.

    Args:
        entry: `tflite.report.entries.Entry` with `decisions`.
        title: title of the picture.

    Returns:
        SVG as text. Filled is open; a block of several components is filled the more,
        the more of them are open.
    """
    shares = block_shares(entry)
    blocks, images = shares.shape
    order = np.lexsort((*shares[::-1], shares.sum(axis=0)))
    row = 16 if blocks <= 24 else 14
    names = [gate["block"] for gate in entry.file["gates"]]
    content = []
    for number, (name, own) in enumerate(zip(names, shares, strict=True)):
        y = row * number + row - 4
        content.append(
            svg.text(0, y, svg.shortened(name, _LEFT - 8, 12), class_="small")
        )
        rate = f"{100 * own.mean():.0f} %"
        content.append(svg.text(_WIDTH, y, rate, anchor="end", class_="small"))
    height = row * blocks
    content.append(
        svg.element(
            "svg",
            "".join(_runs(shares[:, order])),
            x=_LEFT,
            y=0,
            width=_WIDTH - _LEFT - _RIGHT,
            height=height,
            viewBox=f"0 0 {images} {blocks}",
            preserveAspectRatio="none",
        )
    )
    described = "; ".join(
        f"{name}: {100 * own.mean():.0f} % open"
        for name, own in zip(names, shares, strict=True)
    )
    return svg.picture(_WIDTH, height, content, title=title, description=described)


def block_shares(entry):
    """Share of open components, float64 `[blocks, images]`."""
    decisions = unpack(entry.point["decisions"]).astype("float64")
    sizes = [gate["components"] for gate in entry.file["gates"]]
    starts = np.cumsum([0, *sizes[:-1]])
    return np.add.reduceat(decisions, starts, axis=1).T / np.array(sizes)[:, None]


def _runs(shares):
    """A path for each level of darkness, of rectangles over equal neighbours."""
    levels = np.ceil(_LEVELS * shares).astype(int)
    for level in range(1, _LEVELS + 1):
        parts = []
        for block, own in enumerate(levels):
            edges = np.flatnonzero(np.diff(np.pad(own == level, 1).astype(int)))
            for start, stop in edges.reshape(-1, 2):
                # A narrow gap between the rows.
                parts.append(
                    f"M{start} {block + 0.06:.2f}h{stop - start}v.88h{start - stop}z"
                )
        if parts:
            yield svg.element("path", d="".join(parts), class_=f"open{level}")
