"""Dynamic range quantization by ai-edge-quantizer, for older runtimes.

Its operations carry the versions of the float32 file, where the TFLite converter asks
for new ones (FULLY_CONNECTED 12).
"""

import contextlib
import io

from tflite.errors import InputError
from tflite.quantization.flatbuffer import Flatbuffer
from tflite.quantization.gates import PATTERN

_LEAST_ELEMENTS = 1024
_ALGORITHM, _NONE = "min_max_uniform_quantize", "no_quantize"


def quantize(content, *, quantize_gates):
    """Quantizes the weights of a float32 file.

    Args:
        content: bytes of the flatbuffer.
        quantize_gates: whether those of gates are quantized, too.

    Returns:
        Bytes of the quantized flatbuffer.

    Raises:
        InputError: ai-edge-quantizer is not installed.
    """
    try:
        from ai_edge_quantizer import quantizer
    except ImportError as error:
        raise InputError(
            "Expected ai-edge-quantizer for --quantize=dynamic with --runtime=2.16, "
            f"got: {error}; install it (the extra tflite of setup.py), or use "
            "--runtime=latest."
        ) from None
    file = Flatbuffer(content)
    names = _make_names_unique(file)
    worker = quantizer.Quantizer(file.content(), _recipe(quantize_gates))
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bars
        result = worker.quantize(enable_progress_report=False)
    quantized = Flatbuffer(bytes(result.quantized_model))
    for graph in quantized.model.subgraphs:
        for tensor in graph.tensors:
            tensor.name = names.get(tensor.name, tensor.name)
    return quantized.content()


def _recipe(quantize_gates):
    weights = {
        "num_bits": 8,
        "symmetric": True,
        "granularity": "CHANNELWISE",
        "dtype": "INT",
        "block_size": 0,
    }
    everything = {
        "weight_tensor_config": weights,
        "compute_precision": "INTEGER",
        "explicit_dequantize": False,
        "skip_checks": False,
        "min_weight_elements": _LEAST_ELEMENTS,
    }
    # Later entries win. Inputs and outputs of a branch are operands of an IF, which
    # would stay in float32 outside.
    recipe = [_entry("*", _ALGORITHM, op_config=everything)]
    recipe += [_entry(operation, _NONE) for operation in ("INPUT", "OUTPUT")]
    if not quantize_gates:
        recipe.append(_entry("*", _NONE, regex=PATTERN))
    return recipe


def _entry(operation, algorithm, regex=".*", **config):
    return {
        "regex": regex,
        "operation": operation,
        "algorithm_key": algorithm,
        **config,
    }


def _make_names_unique(file):
    """Renames tensors, which ai-edge-quantizer tells apart by name over all subgraphs.

    Returns:
        Dict of bytes: new name -> old name.
    """
    old = {}
    for number, graph in enumerate(file.model.subgraphs):
        for index, tensor in enumerate(graph.tensors):
            name = tensor.name or b""
            tensor.name = f"{number}:{index}:".encode() + name
            old[tensor.name] = name
    return old
