"""Writes the test vectors of the budget controller.

    python -m tools.control_vectors [FILE]

What tfgate.control.BudgetController answers to recorded calls, so that another
implementation, in Java on a phone, can be held to the same bits. FILE is
tfgate/control/test_vectors.json unless given. docs/control.md describes the algorithm
and the file. The same program writes the same file, byte for byte, on any machine.
"""

import json
import math
import pathlib
import types

from absl import app

from tfgate import control
from tools import control_bad_input
from tools import control_plants
from tools import control_scenarios

FORMAT = "tfgate.control.test_vectors"
VERSION = 1
DEFAULT_OUTPUT = (
    pathlib.Path(__file__).parent.parent / "tfgate" / "control" / "test_vectors.json"
)


def main(argv):
    """Writes the file."""
    if len(argv) > 2:
        raise app.UsageError(f"Expected one FILE at most, got {argv[1:]}.")
    path = pathlib.Path(argv[1]) if argv[1:] else DEFAULT_OUTPUT
    if not path.absolute().parent.is_dir():
        raise app.UsageError(f"Expected FILE={path} in an existing directory.")
    text = render(document())
    path.write_text(text, encoding="utf-8", newline="\n")
    print(f"{path}: {len(text)} bytes")


def document():
    """Returns all test vectors, as JSON has them."""
    cases = [*control_scenarios.cases(), *control_bad_input.cases()]
    return {
        "format": FORMAT,
        "version": VERSION,
        "cases": [_case(*case) for case in cases],
        "invalid_settings": [
            {"settings": settings, "error": _error(control_from, settings)}
            for settings in control_bad_input.invalid_settings()
        ],
        "invalid_states": [
            {
                "settings": settings,
                "state": state,
                "error": _error(control_from(settings).restore, state),
            }
            for settings, state in control_bad_input.invalid_states()
        ],
    }


def control_from(settings):
    """Returns a controller with settings as the file has them."""
    return control.BudgetController.from_config(decoded(settings))


def replay(case):
    """Runs a case's calls through a new controller; returns the case anew."""
    controller = control_from(case["settings"])
    if case["restore"] is not None:
        controller.restore(case["restore"])
    steps = []
    for step in case["steps"]:
        call = decoded(step["call"])
        try:
            controller.update(**call)
        except ValueError as error:
            outcome = {"error": argument_of(error)}
        else:
            state = controller.state()
            outcome = {"u": state["u"], "target": state["target"]}
        steps.append({"call": step["call"], **outcome})
    return {**case, "steps": steps, "state": controller.state()}


def argument_of(error):
    """Returns the argument's name from a message "Expected NAME ...".

    >>> argument_of(ValueError("Expected latency_ms to be a finite number, got nan."))
    'latency_ms'
    """
    return str(error).split()[1].rstrip(",")


def encoded(value):
    """Numbers that JSON does not have, as the words Java's Double.parseDouble reads.

    >>> encoded({"time": float("inf"), "latency_ms": 2.0})
    {'time': 'Infinity', 'latency_ms': 2.0}
    """
    if isinstance(value, dict):
        return {key: encoded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encoded(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    return value


def decoded(value):
    """The inverse of `encoded`."""
    if isinstance(value, dict):
        return {key: decoded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [decoded(item) for item in value]
    words = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
    return words.get(value, value) if isinstance(value, str) else value


def render(value):
    """Returns the document as text: one line for each step, or list's item."""
    lines = ["{"]
    lines.append(f' "format": {json.dumps(value["format"])},')
    lines.append(f' "version": {json.dumps(value["version"])},')
    lines.append(' "cases": [')
    for index, case in enumerate(value["cases"]):
        comma = "," if index < len(value["cases"]) - 1 else ""
        lines.extend(_case_lines(case, comma))
    lines.append(" ],")
    for name, comma in (("invalid_settings", ","), ("invalid_states", "")):
        items = [f"  {_compact(item)}" for item in value[name]]
        lines.append(f' "{name}": [\n' + ",\n".join(items) + f"\n ]{comma}")
    lines.append("}")
    return "\n".join(lines) + "\n"


def _case(name, covers, settings, calls, restore=None):
    """Records a case.

    `calls` is a list of calls, or a plant in closed loop. The calls of a plant are
    replayed like the others.
    """
    controller = control.BudgetController.from_config(settings)
    case = {
        "name": name,
        "covers": covers,
        "settings": controller.get_config(),
        "restore": restore,
        "steps": [],
    }
    if restore is not None:
        controller.restore(restore)
    if isinstance(calls, types.GeneratorType):
        calls = control_plants.drive(controller, calls)
    case["steps"] = [{"call": encoded(call)} for call in calls]
    return replay(case)


def _error(function, argument):
    try:
        function(argument)
    except ValueError as error:
        return argument_of(error)
    raise AssertionError(f"Expected an error for {argument!r}.")


def _case_lines(case, comma):
    head = ("name", "covers", "settings", "restore")
    return [
        "  {",
        *(f'   "{key}": {_compact(case[key])},' for key in head),
        '   "steps": [',
        ",\n".join(f"    {_compact(step)}" for step in case["steps"]),
        "   ],",
        f'   "state": {_compact(case["state"])}',
        f"  }}{comma}",
    ]


def _compact(value):
    return json.dumps(value, allow_nan=False)


if __name__ == "__main__":
    app.run(main)
