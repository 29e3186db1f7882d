"""What pictures are drawn with: text of SVG elements, scales and markers.

Colours come from a style sheet by class, the page's or the picture's own, so that they
follow light and dark.
"""

import html
import itertools
import math

# Width of a character over the size of the font, on the safe side.
_CHARACTER = 0.58
FONT = 13

COLOURS = """
:root { color-scheme: light dark; --ink: #1b1b1b; --soft: #595959; --paper: #fff;
  --grid: #e2e2e2; --rule: #c4c4c4; --accent: #00579c; --warn: #fff3d6; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececec; --soft: #b3b3b3;
  --paper: #161616; --grid: #333; --rule: #555; --accent: #7cc0ff; --warn: #3d3010; } }
"""
STYLE = """
text { fill: var(--ink); font: 13px system-ui, sans-serif; }
text.number { font-size: 12px; paint-order: stroke; stroke: var(--paper);
  stroke-width: 3px; }
text.small { font-size: 12px; }
.grid { stroke: var(--grid); } .axis { stroke: var(--rule); }
.leader { stroke: var(--soft); stroke-width: .6; }
.curve { fill: none; stroke: var(--accent); stroke-width: 1.2; opacity: .6; }
.filled { fill: var(--ink); stroke: var(--paper); }
.hollow { fill: var(--paper); stroke: var(--ink); stroke-width: 1.8; }
.bar { fill: var(--accent); } .paper { fill: var(--paper); }
.open1, .open2, .open3, .open4 { fill: var(--ink); }
.open1 { opacity: .25; } .open2 { opacity: .5; } .open3 { opacity: .75; }
"""
# Drawn around the origin with a radius of about 5; filled and hollow ones.
_SHAPES = (
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z",
    "M-4.5 -4.5h9v9h-9Z",
    "M0 -6.5L6.5 0L0 6.5L-6.5 0Z",
    "M0 -6L6 5H-6Z",
    "M0 6L6 -5H-6Z",
    "M-2 -6h4v4h4v4h-4v4h-4v-4h-4v-4h4Z",
)
MARKERS = tuple(itertools.product(("filled", "hollow"), range(len(_SHAPES))))


class Scale:
    """From values to places on the page.

    Args:
        low, high: range of the values.
        start, stop: places of its ends.
        count: about how many ticks.
    """

    def __init__(self, low, high, start, stop, count=6):
        # One value alone gets an axis around it that can be read.
        least = 0.02 * max(abs(high), 1e-6)
        if high - low < least:
            low, high = low - least / 2, high + least / 2
        step = _step(high - low, count)
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        last = max(last, first + 1)
        self.ticks = [number * step for number in range(first, last + 1)]
        self._digits = max(0, -math.floor(math.log10(step) + 1e-9))
        self._low, self._high = first * step, last * step
        self._start, self._stop = start, stop

    def __call__(self, value):
        share = (value - self._low) / (self._high - self._low)
        return self._start + share * (self._stop - self._start)

    def label(self, tick):
        """A tick as text."""
        return f"{tick:.{self._digits}f}"


def element(name, content="", **attributes):
    """An element as text; `_` in names becomes `-`, `class_` is `class`."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_text(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>"


def text(x, y, content, *, anchor="start", class_="", **attributes):
    """A line of plain text."""
    place = {"x": x, "y": y, "text_anchor": anchor, "class_": class_ or "label"}
    return element("text", html.escape(content), **place, **attributes)


def line(x1, y1, x2, y2, class_):
    """A line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def marker(number, x, y):
    """The marker of a series, by its number from 0."""
    fill, shape = MARKERS[number % len(MARKERS)]
    transform = f"translate({_text(x)} {_text(y)})"
    return element("path", d=_SHAPES[shape], class_=fill, transform=transform)


def picture(width, height, content, *, title, description, alone=False):
    """A whole picture with what screen readers say of it.

    Args:
        width: in pixels.
        height: likewise.
        content: list of elements.
        title: short text.
        description: longer text.
        alone: whether it is a file of its own, which brings its style.
    """
    head = element("title", html.escape(title))
    head += element("desc", html.escape(description))
    if alone:
        head += element("style", COLOURS + STYLE)
        head += element("rect", width="100%", height="100%", class_="paper")
    return element(
        "svg",
        head + "".join(content),
        viewBox=f"0 0 {_text(width)} {_text(height)}",
        width=width,
        height=height,
        role="img",
        xmlns="http://www.w3.org/2000/svg",
    )


def width_of(content, size=FONT):
    """About the width of a line of text."""
    return _CHARACTER * size * len(content)


def shortened(content, width, size=FONT):
    """The text, cut in its middle where it is wider than `width`."""
    fitting = max(3, int(width / (_CHARACTER * size)))
    if len(content) <= fitting:
        return content
    head = (fitting - 1) // 2
    return f"{content[:head]}…{content[-(fitting - 1 - head) :]}"


def _step(span, count):
    """A round step that divides a span into about `count` parts."""
    rough = span / count
    power = 10.0 ** math.floor(math.log10(rough))
    return min((m * power for m in (1, 2, 5, 10)), key=lambda s: abs(s - rough))


def _text(value):
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return html.escape(str(value))
