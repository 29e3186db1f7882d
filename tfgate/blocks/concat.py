"""A densely connected layer: what it computes is appended, if its gate is open."""

from typing import Any
from typing import Self

import keras
import numpy as np
from keras import ops

from tfgate import costs
from tfgate.blocks.base import GatedBlock
from tfgate.gates import Gate
from tfgate.typing import Config
from tfgate.typing import GateOutputs
from tfgate.typing import Shape
from tfgate.typing import Tensor


@keras.saving.register_keras_serializable(package="tfgate")
class GatedConcat(GatedBlock):
    """A layer that appends channels to its input, computed only when its gate is open.

    `y = concat(x, z * branch(x))` along the channels, x first: closed means zeros.
    There is nothing that would stand in for a skipped layer of a dense block, so the
    layers behind it read zeros in its place.

    Args:
        branch: any layer or model, `x -> [batch, ..., new channels]`, that keeps all
            axes of x but the last.
        gate: a `tfgate.gates.Gate` with one component.
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `[batch, ..., channels]`.
        training: as for any Keras layer.

    Returns:
        `(output, gate_outputs)`: output is `[batch, ..., channels + new channels]`,
        gate_outputs is the gate's dict of `[batch, 1]` tensors.

    Raises:
        ValueError: branch is no layer, the gate has more than one component, or the
            branch changes another axis than the channels.

    Reference:
        PG 5, where the gate of a DenseNet layer masks what the layer gives to all later
        ones; Huang et al. 2017, equation 2, for the dense connections.

    Example:
    >>> from tfgate.gates import DependentGate
    >>> branch = keras.layers.Conv2D(2, 3, padding="same")
    >>> output, gate = GatedConcat(branch, DependentGate())(ops.ones((3, 4, 4, 8)))
    >>> output.shape.as_list(), gate["decision"].shape.as_list()
    ([3, 4, 4, 10], [3, 1])
    """

    def __init__(self, branch: keras.Layer, gate: Gate, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(branch, keras.Layer):
            raise ValueError(f"Expected branch to be a Keras layer, got {branch!r}.")
        if not isinstance(gate, Gate):
            raise ValueError(f"Expected gate to be a tfgate Gate, got {gate!r}.")
        if gate.components != 1:
            raise ValueError(
                "Expected a gate with 1 component for a branch that is appended, got "
                f"{gate.components}."
            )
        self.branch = branch
        self.gate = gate

    def build(self, input_shape: Shape) -> None:
        self.built_shape = tuple(input_shape)
        for layer in (self.branch, self.gate):
            if not layer.built:
                layer.build(input_shape)
        branch_shape = tuple(self.branch.compute_output_shape(input_shape))
        if branch_shape[1:-1] != self.built_shape[1:-1]:
            raise ValueError(
                f"Expected the branch of block {self.name!r} to keep all axes of its "
                f"input but the channels, got {branch_shape} from {self.built_shape}."
            )
        self.built = True

    def call(
        self, inputs: Tensor, training: bool | None = None
    ) -> tuple[Tensor, GateOutputs]:
        gate_outputs = self.gate(inputs, training=training)
        branch = ops.cast(self.branch(inputs), inputs.dtype)
        weight = self.gate.weigh(gate_outputs["decision"], training=training)
        weight = ops.cast(weight, branch.dtype)
        weight = ops.reshape(weight, (-1,) + (1,) * (len(branch.shape) - 1))
        return ops.concatenate([inputs, weight * branch], axis=-1), gate_outputs

    def compute_output_spec(
        self, inputs: Tensor, training: bool | None = None
    ) -> tuple[Tensor, GateOutputs]:
        appended = self.branch.compute_output_shape(inputs.shape)[-1]
        shape = (*inputs.shape[:-1], inputs.shape[-1] + appended)
        output = keras.KerasTensor(shape, dtype=self.compute_dtype)
        return output, self.gate.compute_output_spec(inputs)

    def products(self) -> tuple[costs.Product, ...]:
        macs = costs.count_macs(self.branch, self.built_shape)
        is_open = costs.Factor(self.gate.name, np.ones(1))
        return (costs.Product(macs, (is_open,)),)

    def get_config(self) -> Config:
        config = super().get_config()
        serialize = keras.saving.serialize_keras_object
        config.update(branch=serialize(self.branch), gate=serialize(self.gate))
        return config

    @classmethod
    def from_config(cls, config: Config) -> Self:
        config = dict(config)
        for key in ("branch", "gate"):
            config[key] = keras.saving.deserialize_keras_object(config[key])
        return cls(**config)
