"""Which files are measured, under which names and at which settings."""

import dataclasses
import pathlib

from tflite import metadata
from tflite.errors import InputError


@dataclasses.dataclass(frozen=True)
class Subject:
    """A file that is measured.

    Attributes:
        name: what the result calls it; no two have the same.
        role: "baseline", "model", "static" or "extra".
        path: path of the `.tflite` file.
        metadata: its `tflite.metadata.Metadata`.
        settings: its settings of τ or u, the main one first; `(None,)` without gates.
    """

    name: str
    role: str
    path: pathlib.Path
    metadata: metadata.Metadata
    settings: tuple = (None,)


def choose(models, baseline, static, *, tau, u, sweep, sweep_values):
    """Reads the files' descriptions and settles names and settings.

    Args:
        models: list of paths.
        baseline: a path.
        static: list of paths.
        tau: see `tflite.benchmark.benchmark`, as the others.
        u: control.
        sweep: name of an input.
        sweep_values: its settings.

    Returns:
        List of `Subject`, the baseline first.

    Raises:
        InputError: a file or a setting does not fit.
    """
    if not models:
        raise InputError("Expected at least one --model, got none.")
    files = [("baseline", baseline)]
    files += [("model", path) for path in models]
    files += [("static", path) for path in static]
    read = [(role, path, metadata.read(path, f"--{role}")) for role, path in files]
    for role, path, description in read:
        if role == "static" and description.static is None:
            raise InputError(
                f"Expected --static files of tflite.static, got {str(path)!r}."
            )
    gated = [description for role, _, description in read if role == "model"]
    settings = iter(_settings(gated, tau, u, sweep, sweep_values))
    names = _names([path for _, path in files])
    return [
        Subject(
            name,
            role,
            pathlib.Path(path),
            description,
            next(settings) if role == "model" else (description.checked_setting(None),),
        )
        for name, (role, path, description) in zip(names, read, strict=True)
    ]


def _names(paths):
    """Short names: of the last parts of the paths as few as tell them apart."""
    parts = [pathlib.Path(path).with_suffix("").absolute().parts for path in paths]
    models = ["/".join(own) for own in parts[1:]]
    twice = {str(paths[1 + models.index(x)]) for x in models if models.count(x) > 1}
    if twice:
        raise InputError(f"Expected every file once, got twice: {sorted(twice)}.")
    for depth in range(1, max(map(len, parts)) + 1):
        names = ["/".join(own[-depth:]) for own in parts]
        if len(set(names[1:])) == len(names) - 1:
            break
    # A file measured against itself shows what is noise.
    if names[0] in names[1:]:
        names[0] += " (baseline)"
    return names


def _settings(models, tau, u, sweep, sweep_values):
    """For each model its settings of τ or u, the main one first."""
    if sweep not in (None, *metadata.SWEEPS):
        raise InputError(
            f"Expected --sweep among {tuple(metadata.SWEEPS)}, got {sweep!r}."
        )
    if sweep is None and len(sweep_values):
        raise InputError("Expected --sweep with --sweep_values, got none.")
    if sweep is not None and all(model.dial != sweep for model in models):
        raise InputError(
            f"Expected a --model with an input {sweep} for --sweep={sweep}, got none; "
            "convert with --tau_input, or a throttled network with "
            "--lowering=conditional."
        )
    chosen = [_own(model, models, tau, u) for model in models]
    settings = []
    for model, value in zip(models, chosen, strict=True):
        values = [value]
        if sweep is not None and model.dial == sweep:
            values += sweep_values or metadata.SWEEPS[sweep]
        values = [model.checked_setting(each) for each in values]
        settings.append(tuple(dict.fromkeys(values)))
    return settings


def _own(model, models, tau, u):
    """What of τ and u is meant for a model: for all, where none has the input."""
    for name, value in (("tau", tau), ("u", u)):
        takers = [each for each in models if each.dial == name]
        if value is None or (takers and model.dial != name):
            continue
        if not takers and model.dial is not None:
            raise InputError(
                f"Expected no --{name} for a file with an input {model.dial}, got "
                f"{value!r}."
            )
        return model.checked_u(value) if name == "u" else value
    return None
