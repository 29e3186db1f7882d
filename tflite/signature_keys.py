"""Signatures' names in a flatbuffer, changed in their place.

The converter orders signatures by name, and the first one's subgraph is the main one,
which runs fastest and which programs run that know of one signature only. So a file is
converted with names in the right order, and gets the others afterwards.
"""

import struct

from ai_edge_litert import schema_py_generated as schema

_KEY_FIELD = 8  # SignatureDef's third field, in its vtable


def renamed(content, names):
    """Changes names of signatures.

    Args:
        content: bytes of a flatbuffer.
        names: dict of old -> new name, each pair of one length.

    Returns:
        Bytes of the flatbuffer.

    Raises:
        ValueError: a name's length would change, or there is no signature of a name.
    """
    changed = bytearray(content)
    model = schema.Model.GetRootAs(content, 0)
    left = dict(names)
    for number in range(model.SignatureDefsLength()):
        table = model.SignatureDefs(number)._tab
        field = table.Pos + table.Offset(_KEY_FIELD)
        start = field + struct.unpack_from("<I", content, field)[0]
        (length,) = struct.unpack_from("<I", content, start)
        place = slice(start + 4, start + 4 + length)
        new = left.pop(content[place].decode(), None)
        if new is None:
            continue
        if len(new) != length:
            raise ValueError(f"Expected a name of {length} letters, got {new!r}.")
        changed[place] = new.encode()
    if left:
        raise ValueError(f"Expected signatures of the names {sorted(left)}, got none.")
    return bytes(changed)
