"""Which versions of which operations a TFLite runtime knows, asked of the runtime.

    pip install tensorflow-cpu==2.16.1      # in an environment of its own
    python tools/tflite_op_versions.py

prints `VERSIONS` of tflite/quantization/tflite_2_16.py. It asks for every operation
and version with a file that has nothing else: a runtime refuses to load what it does
not know. Needs nothing of this project, so that it runs beside an old TensorFlow.
"""

import logging

import flatbuffers
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

_MOST = 40


def load(code, version):
    """Loads a file with one operation code; raises ValueError where it is unknown."""
    operator = schema.OperatorCodeT()
    operator.builtinCode = code
    operator.deprecatedBuiltinCode = min(code, 127)
    operator.version = version
    graph = schema.SubGraphT()
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [], [], []
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [operator], [graph]
    model.buffers = [schema.BufferT()]
    builder = flatbuffers.Builder(256)
    builder.Finish(model.Pack(builder), b"TFL3")
    tf.lite.Interpreter(model_content=bytes(builder.Output()))


def knows(code, version):
    try:
        load(code, version)
    except ValueError:
        return False
    return True


def main():
    logging.disable(logging.CRITICAL)
    names = {
        code: name
        for name, code in vars(schema.BuiltinOperator).items()
        if isinstance(code, int)
    }
    print(f"# TensorFlow {tf.__version__}\nVERSIONS = {{")
    for code in sorted(names):
        versions = [v for v in range(1, _MOST) if knows(code, v)]
        if versions:
            print(f'    "{names[code]}": {versions[-1]},')
    print("}")


if __name__ == "__main__":
    main()
