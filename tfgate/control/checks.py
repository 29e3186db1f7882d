"""Checks of numbers that come from outside: settings, times, measurements."""

import math
import numbers
from collections.abc import Mapping
from typing import Any


def number(
    value: object,
    name: str,
    *,
    at_least: float = -math.inf,
    at_most: float = math.inf,
    above: float = -math.inf,
) -> float:
    """Returns a finite number in a range as float.

    Args:
        value: what was given; booleans are no numbers.
        name: the argument's name, for the message.
        at_least: lowest allowed value.
        at_most: highest allowed value.
        above: the value must be greater than this.

    Raises:
        ValueError: not a number, not finite, or out of the range.

    Example:
    >>> number(30, "target_ms", above=0.0)
    30.0
    >>> number(float("nan"), "latency_ms", above=0.0)
    Traceback (most recent call last):
    ValueError: Expected latency_ms to be a finite number > 0, got nan.
    """
    limits = [
        f"{sign} {limit:g}"
        for sign, limit in ((">", above), (">=", at_least), ("<=", at_most))
        if math.isfinite(limit)
    ]
    wanted = f"{name} to be a finite number {' and '.join(limits)}".rstrip()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(f"Expected {wanted}, got {value!r}.")
    result = float(value)
    in_range = above < result and at_least <= result <= at_most
    if not (math.isfinite(result) and in_range):
        raise ValueError(f"Expected {wanted}, got {value!r}.")
    return result


def integer(value: object, name: str, *, at_least: int, at_most: int) -> int:
    """Returns a whole number in a range as int; booleans are no numbers.

    Raises:
        ValueError: not a whole number, or out of the range.
    """
    if not isinstance(value, bool) and isinstance(value, numbers.Integral):
        result = int(value)
        if at_least <= result <= at_most:
            return result
    raise ValueError(
        f"Expected {name} to be a whole number from {at_least} to {at_most}, "
        f"got {value!r}."
    )


def mapping(
    value: object, name: str, keys: tuple[str, ...], *, complete: bool
) -> dict[str, Any]:
    """Returns a dict that has no keys but the given ones, and all if `complete`.

    Raises:
        ValueError: not a dict, or its keys are others.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"Expected {name} to be a dict, got {value!r}.")
    unknown = sorted(str(key) for key in value if key not in keys)
    missing = [key for key in keys if key not in value] if complete else []
    if unknown or missing:
        wanted = "exactly" if complete else "only"
        raise ValueError(
            f"Expected {name} to have {wanted} the keys {', '.join(keys)}, "
            f"got unknown {unknown} and missing {missing}."
        )
    return dict(value)
