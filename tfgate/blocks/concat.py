"""A densely connected layer: what it computes is appended, if its gate is open."""

import keras
from keras import ops

from tfgate.blocks.branch import GatedBranch
from tfgate.typing import GateOutputs
from tfgate.typing import Shape
from tfgate.typing import Tensor


@keras.saving.register_keras_serializable(package="tfgate")
class GatedConcat(GatedBranch):
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
        control: outputs of a gating function, in throttled networks alone.
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

    purpose = "a branch that is appended"

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
        self,
        inputs: Tensor,
        control: GateOutputs | None = None,
        training: bool | None = None,
    ) -> tuple[Tensor, GateOutputs]:
        inputs = self.cast_inputs(inputs)
        branch, gate_outputs = self.masked_branch(inputs, control, training)
        branch = ops.cast(branch, inputs.dtype)
        return ops.concatenate([inputs, branch], axis=-1), gate_outputs

    def compute_output_spec(
        self,
        inputs: Tensor,
        control: GateOutputs | None = None,
        training: bool | None = None,
    ) -> tuple[Tensor, GateOutputs]:
        appended = self.branch.compute_output_shape(inputs.shape)[-1]
        shape = (*inputs.shape[:-1], inputs.shape[-1] + appended)
        output = keras.KerasTensor(shape, dtype=self.compute_dtype)
        gate_input = self.gate_input(inputs, control)
        return output, self.gate.compute_output_spec(gate_input)
