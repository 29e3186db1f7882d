"""What each block of a file takes, open and closed.

The branches of every IF are cut out of the flatbuffer and become files of their own,
with the weights that they hold, so XNNPACK prepares and runs them as it does inside
the whole. They run on random inputs in [0, 1), in alternation. What lies outside of the
IFs, the gates too, is not measured here.

A block alone finds its weights in the cache more often than in the whole network, so
the sum is a lower bound of what the whole takes.
"""

import copy

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from tflite import metadata
from tflite import runtime

_RUNS = 50
_WARMUP = 5
_IDENTIFIER = b"TFL3"
_BRANCHES = ("open", "closed")


def measure(path, *, seed, runs=_RUNS):
    """Measures the blocks of a file, one thread, batch 1.

    Args:
        path: path of a file that `tflite.convert` wrote.
        seed: of inputs and order.
        runs: number of runs of each block that count.

    Returns:
        List with a dict for each IF in the main graph, in the file's order: `block`,
        the block's name, or the operation's where it belongs to no single block;
        medians `open_ms` and `closed_ms`, by the clock, `open_cpu_ms` and
        `closed_cpu_ms`, processor time.
    """
    description = metadata.read(path)
    names = [gate["block"] for gate in description["gates"]]
    random = np.random.default_rng(seed)
    rows, networks = [], []
    for operation, branches in cut(path.read_bytes()):
        rows.append({"block": _block(operation, names)})
        networks += [_Branch(content, random) for content in branches]
    taken = np.zeros((len(networks), 2, runs))
    for run in range(-_WARMUP, runs):
        for index in random.permutation(len(networks)):
            taken[index, :, max(run, 0)] = networks[index].invoke()
    medians = 1000 * np.median(taken, axis=2).reshape(len(rows), 2, 2)
    for row, times in zip(rows, medians, strict=True):
        for branch, (wall, cpu) in zip(_BRANCHES, times, strict=True):
            row |= {f"{branch}_ms": float(wall), f"{branch}_cpu_ms": float(cpu)}
    return rows


def cut(content):
    """Cuts the branches of all IFs of the main graph out of a file.

    Args:
        content: bytes of the file.

    Returns:
        List of `(name, (open, closed))`: name of the IF's output, and the bytes of two
        flatbuffers.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    main = model.subgraphs[0]
    found = []
    for operator in main.operators:
        options = operator.builtinOptions
        if isinstance(options, schema.IfOptionsT):
            name = main.tensors[operator.outputs[0]].name.decode()
            chosen = options.thenSubgraphIndex, options.elseSubgraphIndex
            found.append((name, tuple(_alone(model, index) for index in chosen)))
    return found


class _Branch:
    """A branch in an interpreter of its own, on a random input."""

    def __init__(self, content, random):
        self._interpreter = Interpreter(model_content=content, num_threads=1)
        self._interpreter.allocate_tensors()
        for tensor in self._interpreter.get_input_details():
            values = random.uniform(size=tensor["shape"])
            if np.issubdtype(tensor["dtype"], np.integer):
                values = values * 100
            self._interpreter.set_tensor(
                tensor["index"], values.astype(tensor["dtype"])
            )

    def invoke(self):
        return runtime.timed(self._interpreter.invoke)


def _alone(model, index):
    """The flatbuffer of one subgraph and those that it calls."""
    order, place = [index], 0
    while place < len(order):
        for operator in model.subgraphs[order[place]].operators or ():
            options = operator.builtinOptions
            if isinstance(options, schema.IfOptionsT):
                called = (options.thenSubgraphIndex, options.elseSubgraphIndex)
                order += [each for each in called if each not in order]
        place += 1
    alone = copy.copy(model)
    alone.subgraphs = [copy.deepcopy(model.subgraphs[number]) for number in order]
    alone.signatureDefs = alone.metadata = alone.metadataBuffer = None
    alone.buffers = [model.buffers[0]]
    for subgraph in alone.subgraphs:
        for tensor in subgraph.tensors:
            if tensor.buffer:
                alone.buffers.append(model.buffers[tensor.buffer])
                tensor.buffer = len(alone.buffers) - 1
        for operator in subgraph.operators or ():
            options = operator.builtinOptions
            if isinstance(options, schema.IfOptionsT):
                options.thenSubgraphIndex = order.index(options.thenSubgraphIndex)
                options.elseSubgraphIndex = order.index(options.elseSubgraphIndex)
    builder = flatbuffers.Builder(1024)
    builder.Finish(alone.Pack(builder), file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def _block(operation, names):
    """The block that an IF belongs to: Keras puts its name into the operation's."""
    scopes = operation.split("/")
    fitting = [
        name
        for name in names
        if any(scope == name or scope.startswith(f"{name}_") for scope in scopes)
    ]
    return max(fitting, key=len, default=operation)
