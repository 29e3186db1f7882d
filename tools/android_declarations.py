"""Android's public API by level, as TypeScript declarations tell it.

The npm package @nativescript/types-android declares what the SDK's android.jar has, and
with `@since` the API level that brought it. Java's types are merged there (all integers
and floats are `number`), so that a member may have several declarations.
"""

import dataclasses
import re

_SINCE = re.compile(r"@since (\d+)")
_MODULE = re.compile(r"(?:declare|export) module ([\w$.]+) \{")
_CLASS = re.compile(r"export (?:abstract )?class ([\w$]+)(.*)\{")
_MEMBER = re.compile(r"(?:public|protected) (?:static |abstract )*([\w$]+)(.*);$")
_LONG_BEGIN = re.compile(r"(?:public|protected) constructor\(implementation: \{$")
_LONG_END = "});"
_NUMBERS = "BSIJFD"
_TEXTS = ("java.lang.String", "java.lang.CharSequence")
_ANY = "any"


@dataclasses.dataclass
class Class:
    """A class: `members` has (types of parameters or None, type, level) by name."""

    level: int
    parents: tuple[str, ...]
    members: dict[str, list[tuple[tuple[str, ...] | None, str, int]]]


class Declarations:
    """What a file declares.

    Args:
        text: of the file.
        oldest: the level of what has no `@since`.
    """

    def __init__(self, text, oldest):
        self._oldest = oldest
        self._classes = {}
        self._parse(text)

    def level(self, member):
        """The level that brought a member of a class, or the class; None: not public.

        Args:
            member: a `class_files.Member`; a method may be a parent's.
        """
        name = _dotted(member.owner)
        if name not in self._classes:
            return None
        level = self._classes[name].level
        if not member.name:
            return level
        inherited = self._member_level(name, member)
        return None if inherited is None else max(level, inherited)

    def _member_level(self, name, member):
        known = self._classes.get(name)
        if known is None:
            return None
        simple = "constructor" if member.name == "<init>" else member.name
        levels = [
            level
            for parameters, result, level in known.members.get(simple, ())
            if _fits(member, parameters, result)
        ]
        if levels:
            # Of those that TypeScript cannot tell apart, the one that promises least.
            return max(*levels, known.level) if levels else None
        if member.name == "<init>":
            return None
        found = [self._member_level(parent, member) for parent in known.parents]
        if "java.lang.Object" not in known.parents and name != "java.lang.Object":
            found.append(self._member_level("java.lang.Object", member))
        return min((level for level in found if level is not None), default=None)

    def _parse(self, text):
        names, since, skipping = [], None, False
        for line in map(str.strip, text.splitlines()):
            if skipping:
                skipping = line != _LONG_END
            elif match := _SINCE.search(line):
                since = int(match[1])
            elif line.startswith(("*", "/*", "//")):
                continue
            elif match := _MODULE.match(line):
                names.append(match[1])
                since = None
            elif match := _CLASS.match(line):
                names.append(match[1])
                self._add_class(".".join(names), match[2], since)
                since = None
            elif _LONG_BEGIN.match(line):
                skipping, since = True, None
            elif line == "}":
                names.pop()
            elif match := _MEMBER.match(line):
                self._add_member(".".join(names), match[1], match[2], since)
                since = None

    def _add_class(self, name, heading, since):
        heading = _without_generics(heading)
        parents = re.split(r"extends|implements|,", heading)
        known = self._classes.setdefault(name, Class(since or self._oldest, (), {}))
        known.parents = tuple(parent.strip() for parent in parents if parent.strip())

    def _add_member(self, name, member, rest, since):
        rest = _without_generics(rest)
        result = rest.rpartition(":")[2]
        parameters = None
        if rest.startswith("("):
            inner, _, result = rest[1:].rpartition(")")
            parameters = tuple(
                _clean(part.partition(":")[2]) for part in inner.split(",") if part
            )
        level = since or self._oldest
        known = self._classes[name].members.setdefault(member, [])
        known.append((parameters, _clean(result.lstrip(":")), level))


def _fits(member, parameters, result):
    if parameters is None or not member.descriptor.startswith("("):
        return parameters is None and not member.descriptor.startswith("(")
    inner, _, returned = member.descriptor[1:].rpartition(")")
    expected = [_type(part) for part in re.findall(r"\[*(?:L[^;]+;|[A-Z])", inner)]
    if len(parameters) != len(expected):
        return False
    if member.name != "<init>":
        expected, parameters = [*expected, _type(returned)], [*parameters, result]
    return all(
        _ANY in (want, have) or want == have or _is_variable(have)
        for want, have in zip(expected, parameters, strict=True)
    )


def _type(descriptor):
    """The TypeScript type of a descriptor."""
    if descriptor.startswith("["):
        return "androidNative.Array"
    if descriptor in _NUMBERS:
        return "number"
    if not descriptor.startswith("L"):
        return {"Z": "boolean", "C": "string", "V": "void"}[descriptor]
    name = _dotted(descriptor[1:-1])
    if name in _TEXTS:
        return "string"
    return _ANY if name == "java.lang.Object" else name


def _is_variable(name):
    """Whether it is a variable for types, such as T; Java has any object there."""
    return re.fullmatch(r"[A-Z]\w?", name) is not None


def _clean(text):
    return text.replace("| null", "").replace("| undefined", "").strip()


def _dotted(name):
    return name.replace("/", ".").replace("$", ".")


def _without_generics(text):
    before = None
    while before != text:
        before, text = text, re.sub(r"<[^<>]*>", "", text)
    return text
