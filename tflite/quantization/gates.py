"""Which operations of a flatbuffer compute gates, and how they stay in float32.

The TFLite converter has no way to leave some operations out, so what it did to gates is
taken back in its file.
"""

import re

from ai_edge_litert import schema_py_generated as schema

from tflite.errors import InputError
from tflite.quantization.flatbuffer import Flatbuffer
from tflite.quantization.flatbuffer import output_name

# Layers of `tflite.lowering.gates` carry the name of their gate and this.
PATTERN = r"_log_odds(_\d+)?/"

_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_FLOAT32, _INT8 = schema.TensorType.FLOAT32, schema.TensorType.INT8


def restore_weights(quantized, plain):
    """Gives the gates of a dynamically quantized file their float32 weights back.

    Dynamic quantization changes constants alone, so the operations of both files
    correspond one by one.

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


def restore_means(quantized):
    """Lets gates take the mean of a float32 tensor where there is one.

    Behind a tensor with a range, the converter puts means into int8, too, with the
    scale of the tensor: far too coarse for a decision.

    Args:
        quantized: bytes of a flatbuffer with int8 activations.

    Returns:
        Bytes of the flatbuffer.

    Raises:
        InputError: a gate has int8 operations other than that.
    """
    file = Flatbuffer(quantized)
    changed = False
    for graph in file.model.subgraphs:
        for operator in list(graph.operators or ()):
            output = graph.tensors[operator.outputs[0]]
            gate = re.search(PATTERN, output_name(graph, operator))
            if gate and output.type == _INT8 and not _converts(file, operator):
                _compute_in_float32(file, graph, operator)
                changed = True
    return file.content() if changed else quantized


def _compute_in_float32(file, graph, operator):
    readers = [o for o in graph.operators if operator.outputs[0] in o.inputs]
    source = next(
        (
            o.outputs[0]
            for o in graph.operators
            if file.operation(o) == "DEQUANTIZE" and o.inputs[0] == operator.inputs[0]
        ),
        None,
    )
    if source is None or {file.operation(o) for o in readers} != {"DEQUANTIZE"}:
        raise InputError(
            "Expected gates that can be computed in float32 between int8 layers, got "
            f"{output_name(graph, operator)!r}; use --quantize=dynamic."
        )
    operator.inputs = [source, *operator.inputs[1:]]
    output = graph.tensors[operator.outputs[0]]
    output.type, output.quantization = _FLOAT32, None
    for reader in readers:
        graph.operators.remove(reader)
        for other in graph.operators:
            if reader.outputs[0] in other.inputs:
                other.inputs = [
                    operator.outputs[0] if i == reader.outputs[0] else i
                    for i in other.inputs
                ]


def _converts(file, operator):
    return file.operation(operator) in ("QUANTIZE", "DEQUANTIZE")


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
