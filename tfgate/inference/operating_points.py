"""Which policy to run: the most accurate one that a budget allows, or the cheapest."""

import math
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

_MACS = "executed_macs_mean"
_LATENCY = "latency_ms"


def choose_operating_point(
    table: Sequence[Mapping[str, Any]],
    *,
    max_macs: float | None = None,
    max_latency: float | None = None,
    min_accuracy: float | None = None,
) -> dict[str, Any]:
    """Chooses a row of `evaluate_policies`: a policy, and its threshold.

    Measure the table on a validation split, never on the test split: the best of
    many rows is best partly by luck, and its accuracy is too high on the images that
    chose it. Measure the one chosen policy on the test split afterwards.

    Limits may be combined; the row keeps all of them. Without `min_accuracy` it is
    the most accurate such row, of equals the cheapest. With `min_accuracy` it is the
    cheapest such row, of equals the most accurate. Cheap means few MACs, or a short
    time where `max_latency` is given.

    Args:
        table: rows with `accuracy` and `executed_macs_mean`; for `max_latency` also
            `latency_ms`, which comes from a benchmark on the device in question.
            Rows without a latency are left out then.
        max_macs: most MACs that an image may execute in the mean.
        max_latency: longest time for one image in milliseconds.
        min_accuracy: lowest accuracy, in [0, 1].

    Returns:
        A copy of the chosen row.

    Raises:
        ValueError: no limit is given, a limit is out of its range, the table lacks a
            column, or no row keeps the limits.

    Reference:
        PG 3.2 leaves open how to choose τ and sets it to 0.5.

    Example:
    >>> table = [
    ...     {"tau": 0.3, "accuracy": 0.92, "executed_macs_mean": 30e6},
    ...     {"tau": 0.5, "accuracy": 0.91, "executed_macs_mean": 20e6},
    ...     {"tau": 0.7, "accuracy": 0.87, "executed_macs_mean": 10e6},
    ... ]
    >>> choose_operating_point(table, max_macs=25e6)["tau"]
    0.5
    >>> choose_operating_point(table, min_accuracy=0.85)["tau"]
    0.7
    """
    _check_limits(max_macs, max_latency, min_accuracy)
    if not table:
        raise ValueError("Expected a table of at least one row, got none.")
    _check_column(table, "accuracy")
    _check_column(table, _MACS)
    rows = list(table)
    if max_latency is not None:
        rows = [row for row in rows if row.get(_LATENCY) is not None]
        if not rows:
            raise ValueError(
                f"Expected rows with {_LATENCY!r}, from a benchmark, for max_latency="
                f"{max_latency!r}, got none."
            )
    rows = _within(rows, _LATENCY, "max_latency", max_latency)
    rows = _within(rows, _MACS, "max_macs", max_macs)
    if min_accuracy is not None:
        rows = _accurate(rows, min_accuracy)
    cost = _MACS if max_latency is None else _LATENCY
    if min_accuracy is None:
        chosen = min(rows, key=lambda row: (-row["accuracy"], row[cost]))
    else:
        chosen = min(rows, key=lambda row: (row[cost], -row["accuracy"]))
    return dict(chosen)


def _check_limits(
    max_macs: float | None, max_latency: float | None, min_accuracy: float | None
) -> None:
    if max_macs is None and max_latency is None and min_accuracy is None:
        raise ValueError(
            "Expected at least one of max_macs, max_latency and min_accuracy, got none."
        )
    for name, value in (("max_macs", max_macs), ("max_latency", max_latency)):
        if value is not None and not 0.0 < value < math.inf:
            raise ValueError(
                f"Expected {name} to be positive and finite, got {value!r}."
            )
    if min_accuracy is not None and not 0.0 <= min_accuracy <= 1.0:
        raise ValueError(f"Expected min_accuracy in [0, 1], got {min_accuracy!r}.")


def _check_column(table: Sequence[Mapping[str, Any]], column: str) -> None:
    for number, row in enumerate(table):
        if row.get(column) is None:
            raise ValueError(
                f"Expected every row of the table to have {column!r}, got row {number} "
                f"with {sorted(row)}."
            )


def _within(
    rows: list[Mapping[str, Any]], column: str, name: str, limit: float | None
) -> list[Mapping[str, Any]]:
    if limit is None:
        return rows
    kept = [row for row in rows if row[column] <= limit]
    if not kept:
        least = min(row[column] for row in rows)
        raise ValueError(
            f"Expected {name} of at least {least:,.6g}, the least {column} of the rows "
            f"that the other limits leave, got {limit!r}."
        )
    return kept


def _accurate(
    rows: list[Mapping[str, Any]], min_accuracy: float
) -> list[Mapping[str, Any]]:
    kept = [row for row in rows if row["accuracy"] >= min_accuracy]
    if not kept:
        most = max(row["accuracy"] for row in rows)
        raise ValueError(
            f"Expected min_accuracy of at most {most:.6g}, the highest accuracy of the "
            f"rows that the other limits leave, got {min_accuracy!r}."
        )
    return kept
