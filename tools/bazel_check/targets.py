"""Writes the BUILD files of the Python packages, or checks that they are right.

    python -m tools.bazel_check.targets --write
    python -m tools.bazel_check.targets --check

A target for every module: `py_library`, `py_binary` for programs, `pytest_test` for
files of tests. Their dependencies are their imports. What imports do not tell stands in
`extras.py`; BUILD files of other folders are written by hand.
"""

import argparse
import dataclasses
import sys

from tools.bazel_check import extras
from tools.bazel_check import groups
from tools.bazel_check import modules as python

_HEAD = """# Written by `python -m tools.bazel_check.targets --write`.
"""
_PYTEST = "//tools/bazel_check:pytest.bzl"
# The package whose docstrings have examples that are run.
_DOCTESTS = "tfgate"
_RULES = "@rules_python//python:defs.bzl"


@dataclasses.dataclass(frozen=True)
class Target:
    """A target of a BUILD file.

    Attributes:
        label: where others find it.
        rule: name of the rule.
        modules: the `Module`s that it consists of.
        deps: labels.
    """

    label: str
    rule: str
    modules: tuple
    deps: tuple

    @property
    def folder(self):
        """Folder of its BUILD file, below the root."""
        return self.label.removeprefix("//").partition(":")[0]

    @property
    def name(self):
        """Its name there."""
        return self.label.partition(":")[2]


def targets(root=python.ROOT):
    """All targets of the Python packages, a list."""
    found = python.find(root)
    needed = groups.dependencies(found)
    for test, programs in extras.PROGRAMS.items():
        needed[test].update(programs)
    grouped = groups.group(needed)
    labels = {name: _label(members, found) for name, members in grouped.items()}
    return [
        _target(members, found, needed, labels)
        for members in sorted(set(grouped.values()))
    ]


def _label(members, found):
    paths = [found[name].path for name in members]
    folder = str(paths[0].parent)
    if any(str(path.parent) != folder for path in paths):
        raise ValueError(f"Expected {members} not to import one another.")
    return f"//{folder}:{'_'.join(map(_stem, paths))}"


def _stem(path):
    if path.stem == "__init__":
        return path.parent.name
    return "main" if path.stem == "__main__" else path.stem


def _target(members, found, needed, labels):
    own = [found[name] for name in members]
    label = labels[members[0]]
    deps = {labels[each] for name in members for each in needed[name]} - {label}
    deps.update(f"@pypi//{each}" for module in own for each in module.others)
    rule = "py_library"
    if own[0].is_test:
        rule = "pytest_test"
        # The macro brings it.
        deps.discard("@pypi//pytest")
    elif any(module.runs for module in own):
        rule = "py_binary"
    return Target(label, rule, tuple(own), tuple(sorted(deps, key=_order)))


def files(root=python.ROOT):
    """The BUILD files: dict from path to text."""
    folders, everything = {}, targets(root)
    for target in everything:
        folders.setdefault(target.folder, []).append(target)
    return {
        root / folder / "BUILD": _file(folder, members, everything)
        for folder, members in folders.items()
    }


def _file(folder, members, everything):
    used = {target.rule for target in members}
    rules = sorted(used - {"pytest_test"})
    loads = [(_RULES, rules)] if rules else []
    macros = ["doctests"] if folder == _DOCTESTS else []
    macros += sorted(used & {"pytest_test"})
    if macros:
        loads.append((_PYTEST, macros))
    parts = [
        "\n".join(
            f"load({', '.join(_quoted(each) for each in (label, *names))})"
            for label, names in loads
        ),
        _package(folder),
        *(_text(target) for target in sorted(members, key=lambda each: each.name)),
    ]
    if folder == _DOCTESTS:
        parts.append(_doctests(everything))
    if folder in extras.TARGETS:
        parts.append(extras.TARGETS[folder].rstrip("\n"))
    return _HEAD + "\n" + "\n\n".join(parts) + "\n"


def _package(folder):
    if folder.split("/")[0] == "tests":
        return _call(
            "package",
            {
                "default_testonly": "True",
                "default_visibility": ["//tests:__subpackages__"],
            },
        )
    return _call("package", {"default_visibility": ["//visibility:public"]})


def _doctests(everything):
    """The target that runs the examples in docstrings."""
    labels = [
        target.label
        for target in everything
        if target.label.startswith((f"//{_DOCTESTS}:", f"//{_DOCTESTS}/"))
    ]
    deps = sorted((_seen_from(_DOCTESTS, label) for label in labels), key=_order)
    return _call("doctests", {"name": "doctests", "deps": deps})


def _text(target):
    sources = [module.path.name for module in target.modules]
    arguments = {"name": target.name, "srcs": sources}
    paths = [str(module.path) for module in target.modules]
    if target.rule == "py_binary" and sources != [f"{target.name}.py"]:
        arguments["main"] = sources[0]
    data = _data(target)
    if data:
        arguments["data"] = data
    if target.rule == "pytest_test" and paths[0].startswith(extras.FAST):
        arguments["tags"] = ["fast"]
        if paths[0] in extras.EXTERNAL:
            arguments["tags"].insert(0, "external")
    if target.deps:
        deps = [_seen_from(target.folder, each) for each in target.deps]
        arguments["deps"] = sorted(deps, key=_order)
    return _call(target.rule, arguments)


def _data(target):
    """Labels of what its modules read, or a glob; none for nothing."""
    for module in target.modules:
        path = str(module.path)
        if path in extras.DATA:
            return extras.DATA[path]
        if module.is_test and f"{module.path.parent}/" in extras.DATA:
            return extras.DATA[f"{module.path.parent}/"]
    return None


def _seen_from(here, label):
    """`:b` for `//a:b` in `a`, `//a/b` for `//a/b:b` elsewhere."""
    folder, _, name = label.partition(":")
    if folder == f"//{here}":
        return f":{name}"
    return folder if folder.rpartition("/")[2] == name else label


def _order(label):
    """Buildifier's order of labels."""
    kinds = (":", "//", "@")
    kind = next(i for i, start in enumerate(kinds) if label.startswith(start))
    return kind, label.replace(":", ".").split("."), label


def _call(rule, arguments):
    """A call as buildifier formats it."""
    lines = []
    for name, value in arguments.items():
        if isinstance(value, list) and len(value) > 1:
            inside = "".join(f"        {_quoted(each)},\n" for each in value)
            lines.append(f"    {name} = [\n{inside}    ],\n")
            continue
        if isinstance(value, list):
            value = f"[{_quoted(value[0])}]"
        elif name in ("name", "main"):
            value = _quoted(value)
        lines.append(f"    {name} = {value},\n")
    if len(lines) == 1:
        return f"{rule}({lines[0].strip().rstrip(',')})"
    return f"{rule}(\n{''.join(lines)})"


def _quoted(text):
    return f'"{text}"'


def differing(root=python.ROOT):
    """Paths of BUILD files that are not as they should be, and their text."""
    return {
        path: text
        for path, text in files(root).items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    }


def main(argv=None, root=python.ROOT):
    """Writes or checks; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="write them")
    what.add_argument("--check", action="store_true", help="name those that differ")
    write = parser.parse_args(argv).write
    wrong = differing(root)
    for path, text in wrong.items():
        if write:
            path.write_text(text, encoding="utf-8", newline="\n")
        print(f"{'wrote' if write else 'differs:'} {path.relative_to(root)}")
    if wrong and not write:
        print("error: run python -m tools.bazel_check.targets --write", file=sys.stderr)
    return 1 if wrong and not write else 0


if __name__ == "__main__":
    sys.exit(main())
