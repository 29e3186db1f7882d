"""What a .tflite file consists of, read from its flatbuffer."""

import collections

from ai_edge_litert import schema_py_generated as schema

_NAMES = {
    code: name
    for name, code in vars(schema.BuiltinOperator).items()
    if isinstance(code, int)
}


class Structure:
    """Operations of a file.

    Args:
        path: path of the file.

    Attributes:
        subgraphs: for each subgraph, the list of its operations' names.
    """

    def __init__(self, path):
        self._model = schema.ModelT.InitFromObj(
            schema.Model.GetRootAs(path.read_bytes(), 0)
        )
        self.subgraphs = [
            [self._name(operator) for operator in subgraph.operators or []]
            for subgraph in self._model.subgraphs
        ]

    @property
    def main(self):
        """Operation name -> number, in the main subgraph."""
        return collections.Counter(self.subgraphs[0])

    @property
    def all(self):
        """Names of all operations, as a set."""
        return {name for subgraph in self.subgraphs for name in subgraph}

    @property
    def branches(self):
        """For each IF, the operations of its open and of its closed branch."""
        return [
            (
                self.subgraphs[operator.builtinOptions.thenSubgraphIndex],
                self.subgraphs[operator.builtinOptions.elseSubgraphIndex],
            )
            for operator in self._ifs()
        ]

    def ifs(self, subgraph=0):
        """For each IF of a subgraph, the numbers of its open and closed branches."""
        return [
            (
                operator.builtinOptions.thenSubgraphIndex,
                operator.builtinOptions.elseSubgraphIndex,
            )
            for operator in self._ifs(subgraph)
        ]

    @property
    def if_inputs(self):
        """For each IF, the number of its inputs, the condition included."""
        return [len(operator.inputs) for operator in self._ifs()]

    def tensor_types(self, subgraph):
        """Types of the constant tensors of a subgraph, as a set of numbers."""
        return {
            tensor.type
            for tensor in self._model.subgraphs[subgraph].tensors
            if self._model.buffers[tensor.buffer].data is not None
        }

    def _ifs(self, subgraph=0):
        return [
            operator
            for operator in self._model.subgraphs[subgraph].operators or []
            if self._name(operator) == "IF"
        ]

    def _name(self, operator):
        code = self._model.operatorCodes[operator.opcodeIndex]
        if code.customCode:
            return f"CUSTOM:{code.customCode.decode()}"
        return _NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
