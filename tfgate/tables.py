"""Tables as lists of dicts, written to and read from CSV files."""

import csv
import pathlib
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any


def write_csv(path: str | pathlib.Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes a table, its columns in order of appearance.

    Args:
        path: file to write. Its directory must exist.
        rows: dicts from column to value; None, or a missing column, leaves the cell
            empty. Numbers keep all their digits.
    """
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_csv(path: str | pathlib.Path) -> list[dict[str, Any]]:
    """Reads a table, such as a run's metrics.csv.

    Args:
        path: a CSV file whose first line names the columns.

    Returns:
        A list of dicts. Cells become int or float where they look like it; an empty
        cell is None.

    Raises:
        ValueError: a line has not as many cells as there are columns.
    """
    with open(path, newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    columns, *body = lines or [[]]
    for number, cells in enumerate(body, start=2):
        if len(cells) != len(columns):
            raise ValueError(
                f"Expected {len(columns)} cells in line {number} of {path}, got "
                f"{len(cells)}."
            )
    return [dict(zip(columns, map(_value, cells), strict=True)) for cells in body]


def check_columns(
    rows: Sequence[Mapping[str, Any]], name: str, columns: Sequence[str]
) -> None:
    """Checks that every row of a table has something in some columns.

    Args:
        rows: dicts from column to value.
        name: what the table is called in messages.
        columns: the columns.

    Raises:
        ValueError: a row has not; the message names the first one.
    """
    for number, row in enumerate(rows):
        missing = [column for column in columns if row.get(column) is None]
        if missing:
            raise ValueError(
                f"Expected {name} to have {missing} in every row, got row {number} "
                f"with {sorted(row)}."
            )


def _value(text: str) -> int | float | str | None:
    if text == "":
        return None
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
