"""Which operations of a flatbuffer compute gates, and how they stay in float32."""

import re

from ai_edge_litert import schema_py_generated as schema

from tflite.errors import InputError
from tflite.quantization.flatbuffer import Flatbuffer
from tflite.quantization.flatbuffer import output_name

# Layers of `tflite.lowering.gates` carry the name of their gate and this.
PATTERN = r"_log_odds(_\d+)?/"

_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_FLOAT32 = schema.TensorType.FLOAT32


def in_float32(quantized, plain):
    """Gives the gates of a dynamically quantized file their float32 weights back.

    The TFLite converter has no way to leave some operations out. Dynamic quantization
    changes constants alone, so the operations of both files correspond one by one.

    Args:
        quantized: bytes of the flatbuffer.
        plain: function that returns those of the same network in float32; called if
            needed only.

    Returns:
        Bytes of the flatbuffer.

    Raises:
        InputError: the two do not correspond.
    """
    file = Flatbuffer(quantized)
    found = list(_quantized_weights(file))
    if not found:
        return quantized
    source = Flatbuffer(plain())
    if _operations(file) != _operations(source):
        raise InputError(
            "Expected a network whose operations stay the same when its weights are "
            "quantized, got one where they differ; use --quantize_gates."
        )
    for graph, number in found:
        operator = source.model.subgraphs[graph].operators[number]
        original = source.model.subgraphs[graph].tensors[operator.inputs[1]]
        buffer = schema.BufferT()
        buffer.data = source.model.buffers[original.buffer].data
        file.model.buffers.append(buffer)
        # A tensor of its own: others may share the quantized one.
        original.buffer = len(file.model.buffers) - 1
        tensors = file.model.subgraphs[graph].tensors
        tensors.append(original)
        changed = file.model.subgraphs[graph].operators[number]
        changed.inputs = [changed.inputs[0], len(tensors) - 1, *changed.inputs[2:]]
    return file.content()


def _quantized_weights(file):
    for index, graph in enumerate(file.model.subgraphs):
        for number, operator in enumerate(graph.operators or ()):
            if (
                file.operation(operator) in _WEIGHTED
                and re.search(PATTERN, output_name(graph, operator))
                and graph.tensors[operator.inputs[1]].type != _FLOAT32
            ):
                yield index, number


def _operations(file):
    return [
        [file.operation(operator) for operator in graph.operators or ()]
        for graph in file.model.subgraphs
    ]
