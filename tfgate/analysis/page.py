"""A self-contained HTML page of figures and tables."""

import base64
import html
import pathlib
import string
from collections.abc import Iterable
from collections.abc import Sequence


def write_page(path: str | pathlib.Path, title: str, body: Iterable[str]) -> None:
    """Writes a page.

    Args:
        path: the HTML file. Its directory must exist.
        title: heading of the page, as plain text.
        body: what follows, as HTML: see `figure`, `table`, `heading`, `bullets`.
    """
    page = string.Template(_PAGE).substitute(
        title=html.escape(title), body="\n".join(body)
    )
    pathlib.Path(path).write_text(page, encoding="utf-8")


def figure(caption: str, png: bytes) -> str:
    """A picture inside the page, with a caption of plain text."""
    data = base64.b64encode(png).decode()
    text = html.escape(caption)
    return (
        f'<figure><img alt="{text}" src="data:image/png;base64,{data}">'
        f"<figcaption>{text}</figcaption></figure>"
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of plain texts, the first column to the left, the others right."""
    lines = "\n".join(_line("td", row) for row in rows)
    return (
        f"<table>\n<thead>{_line('th', header)}</thead>\n<tbody>\n{lines}\n</tbody>\n"
        "</table>"
    )


def heading(text: str) -> str:
    """A heading of plain text."""
    return f"<h2>{html.escape(text)}</h2>"


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{html.escape(text)}</p>"


def bullets(lines: Iterable[str]) -> str:
    """A list of plain texts."""
    items = "\n".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<ul>\n{items}\n</ul>"


def _line(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"


_PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>$title</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem;
         padding: 0 1rem; color: #1a1a1a; background: #fff; }
  table { border-collapse: collapse; width: 100%; }
  th, td { padding: .35rem .6rem; border-bottom: 1px solid #ccc; text-align: right; }
  th:first-child, td:first-child { text-align: left; }
  figure { margin: 2rem 0; } img { max-width: 100%; }
  figcaption { color: #444; }
</style>
<h1>$title</h1>
$body
</html>
"""
