"""Schedules of a target or a coefficient as flags write them: linear(1, 0.6, end=8).

Nothing here imports TensorFlow, so that a wrong flag is reported at once.
"""

import ast
import math

# The arguments in their order; times are in epochs.
_ARGUMENTS = {
    "anneal": ("initial", "change", "every", "final"),
    "linear": ("initial", "final", "end", "begin"),
    "cosine": ("initial", "final", "end", "begin"),
    "piecewise": ("values", "boundaries"),
}
_OPTIONAL = ("begin", "boundaries")
_LISTS = ("values", "boundaries")
_LEVELS = ("initial", "final", "values")  # the numbers that a schedule goes between

HELP = (
    "a number, or a schedule over epochs: anneal(1, -0.05, every=1, final=0.6), "
    "linear(1, 0.6, begin=2, end=8), cosine(1, 0.6, end=8) or "
    "piecewise([1, 0.8, 0.6], boundaries=[2, 4])"
)


def is_schedule(text):
    """Whether a flag's text is meant as a schedule and not as a number."""
    return isinstance(text, str) and "(" in text


def parse(text):
    """Reads the text of a schedule.

    Args:
        text: such as `linear(1, 0.6, begin=2, end=8)`.

    Returns:
        Name of the schedule, a key of `trainers.common.schedules.CLASSES`, and its
        arguments by name: floats, or lists of them.

    Raises:
        ValueError: the text is something else.
    """
    try:
        call = ast.parse(text.strip(), mode="eval").body
        name = call.func.id
        positional = [ast.literal_eval(argument) for argument in call.args]
        named = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
        order = _ARGUMENTS[name]
    except (SyntaxError, AttributeError, KeyError, ValueError):
        raise ValueError(f"expected {HELP}, got {text!r}") from None
    given = dict(zip(order, positional, strict=False))
    twice = sorted(set(given) & set(named))
    given.update(named)
    missing = [word for word in order if word not in given and word not in _OPTIONAL]
    unknown = sorted(set(given) - set(order))
    if missing or unknown or twice or len(positional) > len(order):
        raise ValueError(f"expected {name}({', '.join(order)}), got {text!r}")
    return name, {word: _checked(word, value, text) for word, value in given.items()}


def levels(text):
    """The numbers between which the schedule of a text goes, a list of floats."""
    _, arguments = parse(text)
    found = []
    for word in _LEVELS:
        value = arguments.get(word, [])
        found += value if isinstance(value, list) else [value]
    return found


def split(text):
    """Splits a flag's text at the commas that are outside all parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _checked(word, value, text):
    numbers = value if isinstance(value, list) else [value]
    if isinstance(value, list) != (word in _LISTS) or not all(map(_finite, numbers)):
        kind = "a list of numbers" if word in _LISTS else "a number"
        raise ValueError(f"expected {word} to be {kind} in {text!r}")
    numbers = [float(number) for number in numbers]
    return numbers if word in _LISTS else numbers[0]


def _finite(value):
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
    )
