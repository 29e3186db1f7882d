"""Losses, priors and schedules as flags write them: per_batch(linear(1, 0.6, end=8)).

A text is a number or a call: a name of the tables below and its arguments, which are
numbers, lists, words, booleans or calls in turn, in the order of the table or by name.
Nothing is executed, and nothing here imports TensorFlow, so that a misspelt flag is
reported at once; whether the numbers are in their ranges, the classes say that
`trainers.common.network` makes of them.
"""

import ast
import dataclasses
import math

# Name -> arguments in their order; those in brackets may be left out.
SCHEDULES = {
    "anneal": "initial change every final",
    "linear": "initial final end [begin]",
    "cosine": "initial final end [begin]",
    "piecewise": "values [boundaries]",
}
PRIORS = {
    "beta": "a b",
    "symmetric_beta": "a",
    "relaxed_bernoulli": "p temperature",
    "normal": "mean std",
    "uniform": "low high",
}
TARGETS = {"variable": "initial [momentum]"}
LOSSES = {
    "per_batch": "target [coefficient] [gates]",
    "per_gate": "targets [rate] [coefficient] [gates]",
    "const_quad": "target [mirrored] [per] [coefficient] [gates]",
    "macs": "target [coefficient] [gates]",
    "batch_shaping": "[prior] [coefficient] [reduction] [gates]",
    "l0": "[coefficient] [reduction] [gates]",
    "polarization": "[coefficient] [gates]",
}
CONTROLS = {
    "uniform": "[low] [high]",
    "beta": "alpha beta",
    "constant": "[u]",
}
_NESTED = SCHEDULES | PRIORS | TARGETS

SCHEDULE_HELP = (
    "a number, or a schedule over epochs: anneal(1, -0.05, every=1, final=0.6), "
    "linear(1, 0.6, begin=2, end=8), cosine(1, 0.6, end=8) or "
    "piecewise([1, 0.8, 0.6], boundaries=[2, 4])"
)


def _signatures(table):
    return ", ".join(f"{name}({', '.join(a.split())})" for name, a in table.items())


CONTROL_HELP = f"one of {_signatures(CONTROLS)}"
LOSS_HELP = f"gate losses joined by +, each one of {_signatures(LOSSES)}; or none"


@dataclasses.dataclass(frozen=True)
class Call:
    """What a text like `linear(1, 0.6, end=8)` stands for.

    Attributes:
        name: a name of the tables.
        arguments: argument name -> float, bool, word, list of these, or `Call`.
    """

    name: str
    arguments: dict


def parse_losses(text):
    """Reads gate losses, such as `batch_shaping(beta(0.6, 0.4)) + l0(0.01)`.

    Args:
        text: the text of a flag: losses joined by `+`, or `none`.

    Returns:
        List of `Call`s whose names are keys of `LOSSES`.

    Raises:
        ValueError: the text is something else.
    """
    if text.strip() == "none":
        return []
    return [_call(node, LOSSES) for node in _terms(_tree(text, LOSS_HELP), text)]


def parse_number(text):
    """Reads a number or a schedule, such as `linear(1, 0.6, end=8)`.

    Args:
        text: the text of a flag, or a number.

    Returns:
        A float, or a `Call` whose name is a key of `SCHEDULES`.

    Raises:
        ValueError: the text is something else.
    """
    try:
        return _finite(float(text))
    except (TypeError, ValueError):
        node = _tree(text, SCHEDULE_HELP)
    if not isinstance(node, ast.Call) or _name(node) not in SCHEDULES:
        raise ValueError(f"expected {SCHEDULE_HELP}, got {text!r}")
    return _call(node, SCHEDULES)


def parse_control(text):
    """Reads a distribution of u, such as `uniform(anneal(1, -0.05, 1, 0), 1)`.

    Args:
        text: the text of a flag.

    Returns:
        A `Call` whose name is a key of `CONTROLS`.

    Raises:
        ValueError: the text is something else.
    """
    node = _tree(text, CONTROL_HELP)
    if not isinstance(node, ast.Call) or _name(node) not in CONTROLS:
        raise ValueError(f"expected {CONTROL_HELP}, got {text!r}")
    call = _call(node, CONTROLS)
    for name, value in call.arguments.items():
        if isinstance(value, Call) and value.name in SCHEDULES:
            continue
        if isinstance(value, bool) or not isinstance(value, float):
            raise ValueError(f"expected {name} of {text!r} to be {SCHEDULE_HELP}")
    return call


def _tree(text, expected):
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        raise ValueError(f"expected {expected}, got {text!r}") from None


def _terms(node, text):
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _terms(node.left, text) + _terms(node.right, text)
    if not isinstance(node, ast.Call) or _name(node) not in LOSSES:
        raise ValueError(f"expected {LOSS_HELP}, got {text!r}")
    return [node]


def _name(node):
    return getattr(node.func, "id", None)


def _call(node, table):
    name = _name(node)
    if name not in table:
        found = ast.unparse(node)
        raise ValueError(f"expected one of {_signatures(table)}, got {found!r}")
    words = table[name].split()
    order = [word.strip("[]") for word in words]
    given = [keyword.arg for keyword in node.keywords]
    named = order[: len(node.args)] + given
    needed = {word for word in words if not word.startswith("[")}
    if (
        len(node.args) > len(order)
        or len(set(named)) < len(named)
        or not needed <= set(named) <= set(order)
    ):
        signature = f"{name}({', '.join(words)})"
        raise ValueError(f"expected {signature}, got {ast.unparse(node)!r}")
    values = [*node.args, *(keyword.value for keyword in node.keywords)]
    pairs = zip(named, values, strict=True)
    return Call(name, {word: _value(value) for word, value in pairs})


def _value(node):
    if isinstance(node, ast.Call):
        return _call(node, _NESTED)
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(item) for item in node.elts]
    if isinstance(node, ast.Name):
        return node.id
    try:
        value = ast.literal_eval(node)
    except ValueError:
        raise ValueError(f"expected a number, got {ast.unparse(node)!r}") from None
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return _finite(float(value))
    raise ValueError(f"expected a number, got {ast.unparse(node)!r}")


def _finite(value):
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number, got {value!r}")
    return value
