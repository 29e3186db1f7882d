"""Reads Java's class files: names, members, code and what it refers to.

As in the Java Virtual Machine Specification, chapter 4. Names are the file's own, with
slashes: `java/lang/Object`.
"""

import dataclasses
import struct

_MAGIC = 0xCAFEBABE
_UTF8, _CLASS = 1, 7
_MEMBERS = (9, 10, 11)  # Fieldref, Methodref, InterfaceMethodref
_WIDE = (5, 6)  # Long and Double take two places.
_SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 16: 2, 19: 2, 20: 2} | dict.fromkeys(
    (9, 10, 11, 12, 17, 18), 4
)
_METHOD_HANDLE, _DYNAMIC = 15, (17, 18)
PUBLIC, PROTECTED = 1, 4


@dataclasses.dataclass(frozen=True)
class Member:
    """A reference to a field or method of a class, or, without a name, to the class."""

    owner: str
    name: str = ""
    descriptor: str = ""

    def __str__(self):
        if not self.name:
            return self.owner
        between = "" if self.descriptor.startswith("(") else ":"
        return f"{self.owner}.{self.name}{between}{self.descriptor}"


@dataclasses.dataclass(frozen=True)
class Code:
    """The bytes of a method, and (start, end, handler) of what it catches."""

    content: bytes
    handlers: tuple[tuple[int, int, int], ...]


@dataclasses.dataclass(frozen=True)
class Declaration:
    """A field or method of the class itself; without code, `code` is None."""

    name: str
    descriptor: str
    flags: int
    code: Code | None

    @property
    def is_inheritable(self):
        return bool(self.flags & (PUBLIC | PROTECTED))


@dataclasses.dataclass(frozen=True)
class ClassFile:
    """A class: `constants` has a `Member` at every place that refers to one."""

    name: str
    version: int
    super_name: str | None
    interfaces: tuple[str, ...]
    constants: dict[int, Member]
    has_dynamic_calls: bool
    fields: tuple[Declaration, ...]
    methods: tuple[Declaration, ...]

    @property
    def parents(self):
        return ((self.super_name,) if self.super_name else ()) + self.interfaces

    def declares(self, name, descriptor):
        """Whether others can use such a member of this very class."""
        return any(
            member.is_inheritable
            for member in (*self.fields, *self.methods)
            if (member.name, member.descriptor) == (name, descriptor)
        )


def parse(content):
    """Returns the `ClassFile`; raises ValueError if the bytes are none."""
    reader = _Reader(content)
    if reader.number(">I") != _MAGIC:
        raise ValueError("expected a class file")
    reader.number(">H")
    version = reader.number(">H")
    pool = _constants(reader)
    reader.number(">H")
    name = _class_name(pool, reader.number(">H"))
    super_at = reader.number(">H")
    interfaces = tuple(
        _class_name(pool, reader.number(">H")) for _ in range(reader.number(">H"))
    )
    return ClassFile(
        name=name,
        version=version,
        super_name=_class_name(pool, super_at) if super_at else None,
        interfaces=interfaces,
        constants=_members(pool),
        has_dynamic_calls=any(tag in _DYNAMIC for tag, _ in pool.values()),
        fields=_declarations(reader, pool),
        methods=_declarations(reader, pool),
    )


class _Reader:
    def __init__(self, content):
        self._content = content
        self._place = 0

    def number(self, form):
        (value,) = struct.unpack_from(form, self._content, self._place)
        self._place += struct.calcsize(form)
        return value

    def bytes(self, size):
        self._place += size
        return self._content[self._place - size : self._place]


def _constants(reader):
    pool = {}
    count = reader.number(">H")
    place = 1
    while place < count:
        tag = reader.number(">B")
        if tag == _UTF8:
            # Java's own kind of UTF-8 differs in what no name has.
            value = reader.bytes(reader.number(">H")).decode("utf-8", "replace")
        elif tag == _METHOD_HANDLE:
            value = reader.bytes(3)
        else:
            value = reader.bytes(_SIZES[tag])
        pool[place] = tag, value
        place += 2 if tag in _WIDE else 1
    return pool


def _places(value):
    return struct.unpack(f">{len(value) // 2}H", value)


def _class_name(pool, place):
    return pool[_places(pool[place][1])[0]][1]


def _members(pool):
    members = {}
    for place, (tag, value) in pool.items():
        if tag == _CLASS:
            members[place] = Member(_class_name(pool, place))
        elif tag in _MEMBERS:
            owner, both = _places(value)
            name, descriptor = (pool[at][1] for at in _places(pool[both][1]))
            members[place] = Member(_class_name(pool, owner), name, descriptor)
    return members


def _declarations(reader, pool):
    found = []
    for _ in range(reader.number(">H")):
        flags = reader.number(">H")
        name = pool[reader.number(">H")][1]
        descriptor = pool[reader.number(">H")][1]
        code = None
        for _ in range(reader.number(">H")):
            attribute = pool[reader.number(">H")][1]
            content = reader.bytes(reader.number(">I"))
            if attribute == "Code":
                code = _code(_Reader(content))
        found.append(Declaration(name, descriptor, flags, code))
    return tuple(found)


def _code(reader):
    reader.bytes(4)
    content = reader.bytes(reader.number(">I"))
    handlers = []
    for _ in range(reader.number(">H")):
        handlers.append(tuple(reader.number(">H") for _ in range(3)))
        reader.number(">H")
    return Code(content, tuple(handlers))
