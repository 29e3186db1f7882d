"""What a .tflite file executes for an image, counted operation by operation."""

import math

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.interpreter import OpResolverType

from tflite import metadata

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_NAMES = {
    code: name
    for name, code in vars(schema.BuiltinOperator).items()
    if isinstance(code, int)
}


class Counter:
    """Follows the IFs of a file as the interpreter takes them.

    Args:
        path: path of a file that `tflite.convert` wrote.
    """

    def __init__(self, path):
        self._model = schema.ModelT.InitFromObj(
            schema.Model.GetRootAs(path.read_bytes(), 0)
        )
        self._interpreter = Interpreter(
            model_path=str(path),
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        self._interpreter.allocate_tensors()
        runner = self._interpreter.get_signature_runner()
        details = runner.get_input_details() | runner.get_output_details()
        self._tensors = {name: detail["index"] for name, detail in details.items()}
        self._description = metadata.read(path)

    def run(self, image, setting):
        """Runs the file.

        Args:
            image: `[height, width, channels]`.
            setting: of the file's dial, its input tau or u.

        Returns:
            `(macs, told)`: MACs of the operations that were executed, without the
            gates'; the same by the file's metadata.
        """
        interpreter = self._interpreter
        interpreter.set_tensor(self._tensors["images"], image[None])
        dial = self._description.dial
        interpreter.set_tensor(self._tensors[dial], np.float32(setting))
        interpreter.invoke()
        decisions = interpreter.get_tensor(self._tensors["decisions"])
        gates = sum(gate["gate_macs"] for gate in self._description["gates"])
        u = setting if dial == "u" else None
        (told,) = np.ravel(self._description.executed_macs(decisions, u))
        return self._macs(0, interpreter.get_tensor), told - gates

    def _macs(self, number, value):
        """MACs of a subgraph; `value` gives the tensors that are conditions."""
        subgraph, total = self._model.subgraphs[number], 0
        for operator in subgraph.operators or []:
            code = self._model.operatorCodes[operator.opcodeIndex]
            name = _NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
            shapes = [
                list(subgraph.tensors[i].shape) for i in operator.inputs if i >= 0
            ]
            made = list(subgraph.tensors[operator.outputs[0]].shape)
            if name in _CONVOLUTIONS and math.prod(made[:-1]) > 1:  # no gate
                kernel = shapes[1][1:] if name == "CONV_2D" else shapes[1][:-1]
                total += math.prod(made) * math.prod(kernel)
            elif name == "FULLY_CONNECTED":
                total += math.prod(shapes[1])
            elif name == "IF":
                total += self._branch(operator, value)
        return total

    def _branch(self, operator, value):
        options = operator.builtinOptions
        is_open = bool(value(operator.inputs[0]))
        branch = options.thenSubgraphIndex if is_open else options.elseSubgraphIndex
        given = self._model.subgraphs[branch].inputs
        outer = dict(zip(given, operator.inputs[1:], strict=True))
        return self._macs(branch, lambda tensor: value(outer[tensor]))
