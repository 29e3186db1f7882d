"""Flatbuffers as objects that can be changed, and back."""

import functools

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_IDENTIFIER = b"TFL3"
# Codes from here on stand in a field of their own, and this in the old one.
_PLACEHOLDER = 127


class Flatbuffer:
    """A TFLite model that can be changed.

    Args:
        content: bytes of a flatbuffer.

    Attributes:
        model: `ModelT` of TFLite's schema.
    """

    def __init__(self, content):
        self.model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
        for buffer in self.model.buffers:
            # Some writers put data behind the flatbuffer; 0 and 1 stand for "inside".
            if buffer.offset > 1:
                end = buffer.offset + buffer.size
                buffer.data = np.frombuffer(content[buffer.offset : end], np.uint8)
                buffer.offset = buffer.size = 0

    def content(self):
        """Bytes of the flatbuffer."""
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), _IDENTIFIER)
        return bytes(builder.Output())

    def operation(self, operator):
        """Name of an operator's operation, such as "CONV_2D"."""
        return _name(self.model.operatorCodes[operator.opcodeIndex])

    def versions(self):
        """Operation -> highest version that the file asks for."""
        highest = {}
        for code in self.model.operatorCodes:
            name = _name(code)
            highest[name] = max(highest.get(name, 0), code.version)
        return highest


def output_name(graph, operator):
    """Name of the first output of an operator of a subgraph."""
    return graph.tensors[operator.outputs[0]].name.decode()


def _name(code):
    if code.customCode:
        return f"CUSTOM:{code.customCode.decode()}"
    number = code.builtinCode
    if code.deprecatedBuiltinCode != _PLACEHOLDER:
        # Older files have the old field alone.
        number = max(number, code.deprecatedBuiltinCode)
    return _names()[number]


@functools.cache
def _names():
    return {
        code: name
        for name, code in vars(schema.BuiltinOperator).items()
        if isinstance(code, int)
    }
