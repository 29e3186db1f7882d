"""The page around tables and pictures."""

import html
import string

from tflite.report import svg


def whole(title, body):
    """A page.

    Args:
        title: heading, plain text.
        body: list of HTML, in the order of the page.

    Returns:
        HTML as text.
    """
    return string.Template(_PAGE).substitute(
        title=html.escape(title), style=_STYLE, body="\n".join(body)
    )


def heading(text, level=2):
    """A heading of plain text."""
    return f"<h{level}>{html.escape(text)}</h{level}>"


def paragraph(text):
    """A paragraph of plain text."""
    return f"<p>{html.escape(text)}</p>"


def table(caption, header, rows):
    """A table of plain texts; the first cell of a row is its heading.

    Args:
        caption: what it shows.
        header: texts of the columns.
        rows: list of lists of text.

    Returns:
        HTML, which scrolls sideways where the screen is too narrow.
    """
    head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in header)
    lines = "\n".join(
        f'<tr><th scope="row">{html.escape(first)}</th>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return _scrolling(
        caption,
        f"<table>\n<caption>{html.escape(caption)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table>",
    )


def figure(picture, caption, legend=()):
    """A picture with its caption.

    Args:
        picture: SVG as text.
        caption: plain text.
        legend: list of pairs of SVG and plain text.
    """
    items = "".join(
        f"<li>{marker} <span>{html.escape(name)}</span></li>" for marker, name in legend
    )
    key = f'<ul class="legend">{items}</ul>' if legend else ""
    return (
        f"<figure>{_scrolling(caption, picture)}{key}"
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def bullets(lines, class_=""):
    """A list of plain texts."""
    items = "\n".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return (
        f'<ul class="{class_}">\n{items}\n</ul>' if class_ else f"<ul>\n{items}\n</ul>"
    )


def folded(summary, body):
    """What is shown on demand: a line of plain text, and HTML."""
    return f"<details><summary>{html.escape(summary)}</summary>\n{body}\n</details>"


def _scrolling(name, content):
    # Reachable by keyboard, or it could not be scrolled without a mouse.
    return (
        f'<div class="scroll" role="region" tabindex="0" '
        f'aria-label="{html.escape(name)}">{content}</div>'
    )


_STYLE = (
    svg.COLOURS
    + """* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem;
  padding: 1rem; color: var(--ink); background: var(--paper); overflow-wrap: anywhere; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
.scroll { overflow-x: auto; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem;
  font-size: .85rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
th, td { padding: .3rem .35rem; border-bottom: 1px solid var(--grid);
  text-align: right; vertical-align: top; }
thead th { border-bottom-color: var(--rule); vertical-align: bottom; }
tbody th { font-weight: 600; }
th:first-child, table.facts th, table.facts td { text-align: left; }
figure { margin: 1.5rem 0; } figcaption { color: var(--soft); }
svg { display: block; } .scroll > svg { min-width: 34rem;
  width: 100%; max-width: 56rem; height: auto; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap;
  gap: .3rem 1.2rem; }
.legend li { display: flex; align-items: center; gap: .4rem; }
.warnings { background: var(--warn); padding: .6rem .6rem .6rem 2rem;
  border: 1px solid var(--rule); }
details { margin: .5rem 0; } summary { cursor: pointer; }
"""
    + svg.STYLE
    + """@media print { .scroll { overflow: visible; } }
"""
)

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>$title</title>
<style>$style</style>
</head>
<body>
<main>
<h1>$title</h1>
$body
</main>
</body>
</html>
"""
