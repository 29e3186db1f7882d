"""Multiply-accumulates (MACs), counted in this one place.

Every number of MACs that is printed, logged, trained against or plotted comes from
here. Counted are the products of convolutions and matrix multiplications (dense
layers); batch norm, activations, pooling and additions count nothing, as is usual in
the field. 1 MAC = 2 FLOPs; PG and CS write "FLOPs" for MACs.
"""

import dataclasses
import math
from collections.abc import Callable
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfgate.typing import Shape
from tfgate.typing import Tensor


@dataclasses.dataclass(frozen=True)
class ModelCosts:
    """MACs of a gated model, per image.

    Attributes:
        dense: the same network without gates.
        gate: gate name -> MACs of computing that gate.
        components: gate name -> float64 array `[components]`, MACs of each component.
    """

    dense: int
    gate: dict[str, int]
    components: dict[str, np.ndarray]

    @property
    def gate_total(self) -> int:
        """MACs of computing all gates."""
        return sum(self.gate.values())

    @property
    def all_open(self) -> int:
        """MACs with every component open: the dense network and the gates."""
        return self.dense + self.gate_total

    @property
    def all_closed(self) -> int:
        """MACs with every component closed: what runs for every image."""
        switched = sum(float(macs.sum()) for macs in self.components.values())
        return self.all_open - round(switched)

    def executed(self, decisions: Mapping[str, Tensor]) -> Tensor:
        """MACs that images execute under given decisions, the gates included.

        Differentiable with respect to the decisions.

        Args:
            decisions: gate name -> `[batch, components]`.

        Returns:
            float32 tensor `[batch]`.

        Raises:
            ValueError: the names are not those of the model's gates.
        """
        if set(decisions) != set(self.components):
            raise ValueError(
                f"Expected decisions of the gates {sorted(self.components)}, got "
                f"{sorted(decisions)}."
            )
        names = list(self.components)
        joined = ops.concatenate([ops.cast(decisions[n], "float32") for n in names], 1)
        macs = np.concatenate([self.components[n] for n in names]).astype("float32")
        return float(self.all_closed) + ops.sum(joined * macs[None], axis=1)


def count_macs(layer: keras.Layer, input_shape: Shape) -> int:
    """Counts the MACs that a layer or model executes for one image.

    The count is read off the TensorFlow graph of one inference call, so it is exact
    for any layer, whatever it is composed of.

    Args:
        layer: a built Keras layer or model.
        input_shape: `(batch, ...)`, or a structure of such tuples for a model of
            several inputs; the batch entries are ignored.

    Returns:
        int.

    Raises:
        ValueError: a dimension besides the batch is unknown, or the graph has a loop
            or a condition, whose count would depend on the data.

    Example:
    >>> import keras
    >>> layer = keras.layers.Conv2D(16, 3, padding="same", use_bias=False)
    >>> layer.build((None, 32, 32, 3))
    >>> count_macs(layer, (None, 32, 32, 3)) == 32 * 32 * 3 * 3 * 3 * 16
    True
    """

    def one_image(shape: Shape) -> tf.TensorSpec:
        if None in shape[1:]:
            raise ValueError(
                f"Expected a fixed input shape to count the MACs of {layer.name!r}, "
                f"got {tuple(shape)}."
            )
        return tf.TensorSpec((1, *shape[1:]), layer.compute_dtype)

    specs = keras.tree.map_shape_structure(one_image, input_shape)
    with tf.init_scope():
        traced = tf.function(
            lambda inputs: layer(inputs, training=False), autograph=False
        ).get_concrete_function(specs)
    return _graph_macs(traced.graph)


def _graph_macs(graph: tf.Graph) -> int:
    return sum(_operation_macs(operation) for operation in graph.get_operations())


def _operation_macs(operation: tf.Operation) -> int:
    kind = operation.type
    if kind in ("PartitionedCall", "StatefulPartitionedCall"):
        called = operation.graph._get_function(operation.get_attr("f").name)
        return _graph_macs(called.graph)
    if kind in (
        "If",
        "StatelessIf",
        "Case",
        "StatelessCase",
        "While",
        "StatelessWhile",
    ):
        raise ValueError(
            f"Expected a graph without data-dependent control flow to count MACs, got "
            f"the operation {operation.name!r} of type {kind}."
        )
    counter = _COUNTERS.get(kind)
    return 0 if counter is None else counter(operation)


def _convolution_macs(operation: tf.Operation) -> int:
    kernel = operation.inputs[1].shape  # [..., in_channels / groups, out_channels]
    return _size(_convolved_shape(operation)) * _size(kernel[:-1])


def _depthwise_macs(operation: tf.Operation) -> int:
    kernel = operation.inputs[1].shape  # [height, width, channels, multiplier]
    return _size(_convolved_shape(operation)) * _size(kernel[:2])


def _convolved_shape(operation: tf.Operation) -> tf.TensorShape:
    """Shape of a convolution's result, without the padding of a dilated one.

    TensorFlow dilates by SpaceToBatchND, convolution, BatchToSpaceND, and pads the
    space to a multiple of the dilation.
    """
    output = operation.outputs[0]
    for consumer in output.consumers():
        if consumer.type == "BatchToSpaceND":
            return consumer.outputs[0].shape
        if consumer.type == "Squeeze":  # a one-dimensional convolution
            return _convolved_shape(consumer)
    return output.shape


def _transposed_convolution_macs(operation: tf.Operation) -> int:
    kernel = operation.inputs[1].shape  # [height, width, out_channels, in_channels]
    return _size(operation.inputs[2].shape) * _size(kernel[:-1])


def _matmul_macs(operation: tf.Operation) -> int:
    transposed = _first_attribute(operation, ("transpose_a", "adj_x"))
    inner = operation.inputs[0].shape[-2 if transposed else -1]
    return _size(operation.outputs[0].shape) * inner


def _einsum_macs(operation: tf.Operation) -> int:
    equation = operation.get_attr("equation").decode()
    sizes: dict[str, int] = {}
    terms = equation.split("->")[0].split(",")
    for term, tensor in zip(terms, operation.inputs, strict=True):
        sizes.update(zip(term, tensor.shape, strict=True))
    return math.prod(sizes.values())


_COUNTERS: dict[str, Callable[[tf.Operation], int]] = {
    "Conv2D": _convolution_macs,
    "Conv3D": _convolution_macs,
    "DepthwiseConv2dNative": _depthwise_macs,
    "Conv2DBackpropInput": _transposed_convolution_macs,
    "Conv3DBackpropInputV2": _transposed_convolution_macs,
    "MatMul": _matmul_macs,
    "BatchMatMul": _matmul_macs,
    "BatchMatMulV2": _matmul_macs,
    "Einsum": _einsum_macs,
}


def _first_attribute(operation: tf.Operation, names: tuple[str, ...]) -> bool:
    definition = operation.node_def.attr
    return next(definition[name].b for name in names if name in definition)


def _size(shape: tf.TensorShape) -> int:
    return math.prod(int(size) for size in shape)
