"""A residual block whose branch one gate switches as a whole."""

from typing import Any

import keras

from tfgate.blocks.branch import GatedBranch
from tfgate.gates import Gate
from tfgate.typing import Activation
from tfgate.typing import Config
from tfgate.typing import GateOutputs
from tfgate.typing import Shape
from tfgate.typing import Tensor


@keras.saving.register_keras_serializable(package="tfgate")
class GatedResidual(GatedBranch):
    """A residual block whose branch runs only when its gate is open.

    `y = activation(shortcut(x) + z * branch(x))`: closed means shortcut only.

    Args:
        branch: any layer or model, `x -> [batch, ..., channels]`.
        gate: a `tfgate.gates.Gate` with one component.
        shortcut: any layer or model whose output has the branch's shape; None means
            the identity.
        activation: name or function applied to the sum; None means none.
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `[batch, ..., channels]`.
        control: outputs of a gating function, in throttled networks alone.
        training: as for any Keras layer.

    Returns:
        `(output, gate_outputs)`: output has the branch's shape, gate_outputs is the
        gate's dict of `[batch, 1]` tensors.

    Raises:
        ValueError: the gate has more than one component, or branch and shortcut have
            different shapes.

    Reference:
        PG 2.1, `x_l = x_{l-1} + z_l F_l(x_{l-1})`.

    Example:
    >>> from tfgate.gates import DependentGate
    >>> branch = keras.layers.Conv2D(8, 3, padding="same")
    >>> images = keras.ops.ones((2, 4, 4, 8))
    >>> output, gate = GatedResidual(branch, DependentGate())(images)
    >>> output.shape.as_list(), gate["decision"].shape.as_list()
    ([2, 4, 4, 8], [2, 1])
    """

    purpose = "a residual branch"
    layer_arguments = ("branch", "gate", "shortcut")

    def __init__(
        self,
        branch: keras.Layer,
        gate: Gate,
        shortcut: keras.Layer | None = None,
        activation: Activation | None = "relu",
        **kwargs: Any,
    ) -> None:
        super().__init__(branch, gate, **kwargs)
        self.shortcut = shortcut
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: Shape) -> None:
        self.built_shape = tuple(input_shape)
        for layer in (self.branch, self.shortcut, self.gate):
            if layer is not None and not layer.built:
                layer.build(input_shape)
        branch_shape = self.branch.compute_output_shape(input_shape)
        shortcut_shape = self._shortcut_shape(input_shape)
        if tuple(branch_shape[1:]) != tuple(shortcut_shape[1:]):
            raise ValueError(
                f"Expected branch and shortcut of block {self.name!r} to have one "
                f"shape, got {tuple(branch_shape)} and {tuple(shortcut_shape)}."
            )
        self.built = True

    def call(
        self,
        inputs: Tensor,
        control: GateOutputs | None = None,
        training: bool | None = None,
    ) -> tuple[Tensor, GateOutputs]:
        inputs = self.cast_inputs(inputs)
        branch, gate_outputs = self.masked_branch(inputs, control, training)
        shortcut = inputs if self.shortcut is None else self.shortcut(inputs)
        return self.activation(shortcut + branch), gate_outputs

    def compute_output_spec(
        self,
        inputs: Tensor,
        control: GateOutputs | None = None,
        training: bool | None = None,
    ) -> tuple[Tensor, GateOutputs]:
        shape = self.branch.compute_output_shape(inputs.shape)
        output = keras.KerasTensor(shape, dtype=self.compute_dtype)
        gate_input = self.gate_input(inputs, control)
        return output, self.gate.compute_output_spec(gate_input)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "activation": keras.activations.serialize(self.activation),
        }

    def _shortcut_shape(self, input_shape: Shape) -> Shape:
        if self.shortcut is None:
            return input_shape
        return self.shortcut.compute_output_shape(input_shape)
