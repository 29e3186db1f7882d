"""Java's instructions, and what a method knows of the system's version at each.

As in the Java Virtual Machine Specification, chapter 6.
"""

import dataclasses
import struct

from tools import class_files

SDK_INT = class_files.Member("android/os/Build$VERSION", "SDK_INT", "I")

# Bytes of operands of the instructions that have any; those of variable length apart.
_OPERANDS = {
    **dict.fromkeys((16, 18, *range(21, 26), *range(54, 59), 169, 188), 1),
    **dict.fromkeys((17, 19, 20, 132, *range(153, 169), *range(178, 185)), 2),
    **dict.fromkeys((187, 189, 192, 193, 198, 199), 2),
    **dict.fromkeys((185, 186, 200, 201), 4),
    197: 3,
}
_TABLE, _LOOKUP, _WIDE, _IINC = 170, 171, 196, 132
_LDC, _LDC_W = 18, 19
_GETSTATIC = 178
_REFERRING = (_LDC, _LDC_W, *range(178, 186), 187, 189, 192, 193, 197)
_JUMPS = (*range(153, 169), 198, 199)
_GOTO, _GOTO_W = 167, 200
_ENDS = (169, *range(172, 178), 191, _GOTO, _GOTO_W, _TABLE, _LOOKUP)
_COMPARISONS = {159: "eq", 160: "ne", 161: "lt", 162: "ge", 163: "gt", 164: "le"}
# What is known of the version after `version OP number`: (if it jumps, if not), as what
# to add to the number; None is nothing.
_KNOWN = {
    "eq": (0, None),
    "ne": (None, 0),
    "lt": (None, 0),
    "ge": (0, None),
    "gt": (1, None),
    "le": (None, 1),
}


@dataclasses.dataclass(frozen=True)
class Instruction:
    """An instruction; `targets` are where it may jump, `after` is the next one."""

    offset: int
    opcode: int
    operands: bytes
    targets: tuple[int, ...]
    after: int

    @property
    def constant(self):
        """The place of the constant that it refers to, or None."""
        if self.opcode not in _REFERRING:
            return None
        return int.from_bytes(self.operands[: 1 if self.opcode == _LDC else 2], "big")

    @property
    def pushed(self):
        """The number that it pushes, or None; numbers over 32767 are not looked at."""
        if 2 <= self.opcode <= 8:
            return self.opcode - 3
        if self.opcode in (16, 17):
            return int.from_bytes(self.operands, "big", signed=True)
        return None

    @property
    def continues(self):
        """Whether what follows may be next."""
        return self.opcode not in _ENDS


def instructions(content):
    """Returns the `Instruction`s of a method by their offset."""
    found = {}
    offset = 0
    while offset < len(content):
        opcode = content[offset]
        if opcode in (_TABLE, _LOOKUP):
            targets, after = _switch(content, offset)
        else:
            size = _OPERANDS.get(opcode, 0)
            if opcode == _WIDE:
                size = 5 if content[offset + 1] == _IINC else 3
            after = offset + 1 + size
            targets = _jump(content, offset)
        operands = content[offset + 1 : after]
        found[offset] = Instruction(offset, opcode, operands, targets, after)
        offset = after
    return found


def references(class_file, lowest):
    """Yields (`Member`, version): what the code of a class refers to, and when.

    The version is the lowest that the system may have where the reference is: what the
    method has found out by comparing `Build.VERSION.SDK_INT` with a number, on all ways
    that lead there.

    Args:
        class_file: a `ClassFile`.
        lowest: what is known when a method begins.
    """
    for method in class_file.methods:
        if method.code is None:
            continue
        found = instructions(method.code.content)
        versions = _versions(class_file, method.code, found, lowest)
        for offset, version in versions.items():
            member = class_file.constants.get(found[offset].constant)
            if member is not None:
                yield member, version


def _versions(class_file, code, found, lowest):
    """The lowest version by offset; what is never reached is left out."""
    versions = {}
    waiting = [(0, lowest)]
    while waiting:
        offset, version = waiting.pop()
        if offset in versions and versions[offset] <= version:
            continue
        versions[offset] = version
        instruction = found[offset]
        jumped, passed = _after(class_file, found, instruction, version)
        waiting += [(target, jumped) for target in instruction.targets]
        if instruction.continues:
            waiting.append((instruction.after, passed))
        waiting += [
            (handler, version)
            for start, end, handler in code.handlers
            if start <= offset < end
        ]
    return versions


def _after(class_file, found, instruction, version):
    """What is known after an instruction: where it has jumped, and where not."""
    comparison = _COMPARISONS.get(instruction.opcode)
    number = _compared(class_file, found, instruction) if comparison else None
    if number is None:
        return version, version
    jumped, passed = _KNOWN[comparison]
    return (
        version if jumped is None else max(version, number + jumped),
        version if passed is None else max(version, number + passed),
    )


def _compared(class_file, found, comparison):
    """The number with which SDK_INT is compared, or None."""
    before = [i for i in found.values() if i.after == comparison.offset]
    if not before or before[0].pushed is None:
        return None
    loads = [i for i in found.values() if i.after == before[0].offset]
    if not loads or loads[0].opcode != _GETSTATIC:
        return None
    if class_file.constants.get(loads[0].constant) != SDK_INT:
        return None
    return before[0].pushed


def _jump(content, offset):
    opcode = content[offset]
    if opcode in _JUMPS:
        return (offset + struct.unpack_from(">h", content, offset + 1)[0],)
    if opcode == _GOTO_W:
        return (offset + struct.unpack_from(">i", content, offset + 1)[0],)
    return ()


def _switch(content, offset):
    place = (offset + 4) & ~3
    default, low = struct.unpack_from(">ii", content, place)
    place += 8
    if content[offset] == _TABLE:
        (high,) = struct.unpack_from(">i", content, place)
        count, step, place = high - low + 1, 4, place + 4
    else:
        count, step, place = low, 8, place + 4  # After the first key.
    jumps = [
        struct.unpack_from(">i", content, place + i * step)[0] for i in range(count)
    ]
    after = place + count * step - (0 if step == 4 else 4)
    return tuple(offset + jump for jump in (default, *jumps)), after
