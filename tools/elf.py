"""What the header of a native library says about its place in memory."""

import struct

_MAGIC = b"\x7fELF"
_LOAD = 1  # PT_LOAD
# By the class of the file, 1 for 32 and 2 for 64 bits: the type of an offset; where the
# header has that of the program headers, and their size and number; and where a program
# header has p_align.
_LAYOUTS = {1: ("<I", 28, 42, 28), 2: ("<Q", 32, 54, 48)}


def load_alignment(content):
    """Returns the smallest alignment of the segments that are mapped, in bytes.

    Args:
        content: of a little-endian ELF file.

    Raises:
        ValueError: it is none, or it has no such segment.
    """
    if content[:4] != _MAGIC or content[4] not in _LAYOUTS or content[5] != 1:
        raise ValueError("expected a little-endian ELF file")
    word, offset_at, size_at, align_at = _LAYOUTS[content[4]]
    (offset,) = struct.unpack_from(word, content, offset_at)
    size, count = struct.unpack_from("<HH", content, size_at)
    starts = [offset + i * size for i in range(count)]
    alignments = [
        struct.unpack_from(word, content, start + align_at)[0]
        for start in starts
        if struct.unpack_from("<I", content, start)[0] == _LOAD
    ]
    if not alignments:
        raise ValueError("expected an ELF file with segments to load")
    return min(alignments)
