"""Multiply-accumulates (MACs), counted in this one place.

Every number of MACs that is printed, logged, trained against or plotted comes from
here. Counted are the products of convolutions and matrix multiplications (dense
layers); batch norm, activations, pooling and additions count nothing, as is usual in
the field. 1 MAC = 2 FLOPs; PG and CS write "FLOPs" for MACs.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import ArrayLike

from tfgate.typing import Shape
from tfgate.typing import Tensor


@dataclasses.dataclass(frozen=True, eq=False)
class Factor:
    """Number of open filters, linear in the decisions of one gate.

    `open filters = always + weights . z`.

    Attributes:
        gate: name of the gate.
        weights: float64 array `[components]`, the filters that each component
            switches; 1 for the component of a whole branch.
        always: number of filters that are open whatever the gate decides.
    """

    gate: str
    weights: np.ndarray
    always: float = 0.0

    @property
    def filters(self) -> float:
        """Number of filters, with every component open."""
        return self.always + float(np.sum(self.weights))


@dataclasses.dataclass(frozen=True, eq=False)
class Product:
    """MACs that run in proportion to the open filters at one or more places.

    A convolution from i of I filters to o of O costs `macs * (i / I) * (o / O)`; behind
    an early exit, it does so for the images that continue: one more factor.

    Attributes:
        macs: MACs for one image with every filter open. Negative for what runs in
            place of something else, such as the classifier of an early exit, for the
            images that leave.
        factors: `Factor`s, at least one.
        computed: the one of them that counts the filters which the layer computes; the
            others count what it reads. None where no gate switches what it computes,
            or where it is not known.

    Raises:
        ValueError: there are no factors.
    """

    macs: int
    factors: tuple[Factor, ...]
    computed: Factor | None = None

    def __post_init__(self) -> None:
        if not self.factors:
            raise ValueError("Expected at least 1 factor, got none.")


@dataclasses.dataclass(frozen=True)
class ModelCosts:
    """MACs of a gated model, per image.

    Attributes:
        dense: the same network without gates.
        gate: gate name -> MACs of computing that gate, in network order.
        products: what the gates switch; every gate is in at least one of them.

    Raises:
        ValueError: the products are not of these gates.

    Example:
    >>> halves = Factor("g", np.array([4.0, 4.0]))  # 8 filters, 4 a component
    >>> conv1, conv2 = Product(600, (halves,)), Product(400, (halves,))
    >>> costs = ModelCosts(dense=1500, gate={"g": 10}, products=(conv1, conv2))
    >>> costs.count({"g": [1, 0]}), costs.all_closed
    (1010, 510)
    """

    dense: int
    gate: dict[str, int]
    products: tuple[Product, ...]

    def __post_init__(self) -> None:
        named = {factor.gate for p in self.products for factor in p.factors}
        if named != set(self.gate):
            raise ValueError(
                f"Expected products of the gates {sorted(self.gate)}, got "
                f"{sorted(named)}."
            )

    @property
    def gate_total(self) -> int:
        """MACs of computing all gates."""
        return sum(self.gate.values())

    @property
    def all_open(self) -> int:
        """MACs with every component open: the dense network and the gates."""
        return self.dense + self.gate_total

    @functools.cached_property
    def all_closed(self) -> int:
        """MACs with every component closed: what runs for every image."""
        return self.count({name: np.zeros(n) for name, n in self.sizes.items()})

    @functools.cached_property
    def sizes(self) -> dict[str, int]:
        """Gate name -> number of components, in network order."""
        found = {f.gate: len(f.weights) for p in self.products for f in p.factors}
        return {name: found[name] for name in self.gate}

    @functools.cached_property
    def components(self) -> dict[str, np.ndarray]:
        """Gate name -> float64 array `[components]`: MACs that one component saves.

        That is what an image saves by closing this component while all others are
        open. Where two gated places meet in a convolution, closing both saves less
        than the sum; and so it does behind an early exit.
        """
        saved = np.zeros(sum(self.sizes.values()))
        for product in self.products:
            # 1 - (1 - a)(1 - b)..., over a common denominator, which keeps it exact.
            filters = math.prod(factor.filters for factor in product.factors)
            left = math.prod(f.filters - self._column(f) for f in product.factors)
            saved += product.macs * (filters - left) / filters
        ends = np.cumsum(list(self.sizes.values()))[:-1]
        return dict(zip(self.sizes, np.split(saved, ends), strict=True))

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
        self._check_names(decisions)
        columns = self._columns
        joined = ops.concatenate(
            [ops.cast(decisions[name], "float32") for name in self.sizes], axis=1
        )
        # The columns count filters, small whole numbers: exact in any precision that
        # a device may choose for a matrix product.
        opened = ops.matmul(joined, columns.weights) + columns.always
        total: Tensor = columns.constant
        start = 0
        for factors, macs in columns.macs_per_filter.items():
            size = len(macs)
            parts = [
                opened[:, start + place * size : start + (place + 1) * size]
                for place in range(factors)
            ]
            total = total + ops.sum(math.prod(parts[1:], start=parts[0]) * macs, axis=1)
            start += factors * size
        return total

    def count(self, decisions: Mapping[str, ArrayLike]) -> int:
        """MACs of one image under given decisions, exactly.

        Args:
            decisions: gate name -> array `[components]` of 0 and 1.

        Returns:
            int.

        Raises:
            ValueError: the names are not those of the model's gates.
        """
        self._check_names(decisions)
        macs = float(self.all_open)
        for product in self.products:
            filters = math.prod(factor.filters for factor in product.factors)
            opened = math.prod(
                factor.always + float(np.dot(factor.weights, decisions[factor.gate]))
                for factor in product.factors
            )
            macs -= product.macs * (filters - opened) / filters
        return round(macs)

    @functools.cached_property
    def _columns(self) -> "_Columns":
        factors: list[Factor] = []
        macs_per_filter: dict[int, np.ndarray] = {}
        for count in sorted({len(p.factors) for p in self.products}, reverse=True):
            products = [p for p in self.products if len(p.factors) == count]
            for place in range(count):
                factors += [p.factors[place] for p in products]
            macs_per_filter[count] = np.array(
                [p.macs / math.prod(f.filters for f in p.factors) for p in products],
                "float32",
            )
        return _Columns(
            weights=np.stack([self._column(f) for f in factors], 1).astype("float32"),
            always=np.array([factor.always for factor in factors], "float32"),
            macs_per_filter=macs_per_filter,
            constant=float(self.all_open - sum(p.macs for p in self.products)),
        )

    def _column(self, factor: Factor) -> np.ndarray:
        """The factor's weights among the components of all gates."""
        column = {name: np.zeros(size) for name, size in self.sizes.items()}
        column[factor.gate] = np.asarray(factor.weights, "float64")
        return np.concatenate(list(column.values()))

    def _check_names(self, decisions: Mapping[str, object]) -> None:
        if set(decisions) != set(self.gate):
            raise ValueError(
                f"Expected decisions of the gates {sorted(self.gate)}, got "
                f"{sorted(decisions)}."
            )


@dataclasses.dataclass(frozen=True)
class _Columns:
    """What `ModelCosts.executed` multiplies.

    Products of equally many factors stand together: their first factors, then their
    second ones, and so on. Slices need no gather, whose gradient is a scatter.

    Attributes:
        weights: `[all components, all factors]`.
        always: `[all factors]`.
        macs_per_filter: number of factors -> `[products]`, in the order of the columns.
        constant: MACs that no product holds.
    """

    weights: np.ndarray
    always: np.ndarray
    macs_per_filter: dict[int, np.ndarray]
    constant: float


def count_macs(layer: keras.Layer, input_shape: Shape | None = None) -> int:
    """Counts the MACs that a layer or model executes for one image.

    The count is read off the TensorFlow graph of one inference call, so it is exact
    for any layer, whatever it is composed of.

    Args:
        layer: a built Keras layer or model.
        input_shape: `(batch, ...)`, or a structure of such tuples for a model of
            several inputs; the batch entries are ignored. None: those of a functional
            model's inputs.

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

    def one_image(shape: Shape, dtype: str = layer.compute_dtype) -> tf.TensorSpec:
        if None in shape[1:]:
            raise ValueError(
                f"Expected a fixed input shape to count the MACs of {layer.name!r}, "
                f"got {tuple(shape)}."
            )
        return tf.TensorSpec((1, *shape[1:]), dtype)

    if input_shape is None:
        # Not `layer.input_shape`: Keras sorts the inputs of a dict by name there.
        specs = keras.tree.map_structure(
            lambda tensor: one_image(tensor.shape, tensor.dtype), layer.input
        )
    else:
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
