"""What blocks have in common whose one branch a gate opens as a whole."""

from typing import Any
from typing import ClassVar

import keras
import numpy as np
from keras import ops

from tfgate import costs
from tfgate.blocks.base import GatedBlock
from tfgate.blocks.base import check_single_gate
from tfgate.gates import Gate
from tfgate.typing import GateOutputs
from tfgate.typing import Tensor


class GatedBranch(GatedBlock):
    """Base of the blocks with one branch, which runs only when its gate is open.

    Args:
        branch: any layer or model, of the block's input.
        gate: a `tfgate.gates.Gate` with one component.
        **kwargs: arguments of `keras.layers.Layer`.

    Raises:
        ValueError: branch is no layer, or the gate has more than one component.
    """

    purpose: ClassVar[str] = "a branch"
    layer_arguments: ClassVar[tuple[str, ...]] = ("branch", "gate")

    def __init__(self, branch: keras.Layer, gate: Gate, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(branch, keras.Layer):
            raise ValueError(f"Expected branch to be a Keras layer, got {branch!r}.")
        check_single_gate(gate, self.purpose)
        self.branch = branch
        self.take_gate(gate)

    def masked_branch(
        self, inputs: Tensor, control: GateOutputs | None, training: bool | None
    ) -> tuple[Tensor, GateOutputs]:
        """Returns the branch's output, zeros where it is closed, and the gate's."""
        gate_input = self.gate_input(inputs, control)
        gate_outputs = self.gate(gate_input, training=training)
        branch = self.branch(inputs)
        weight = self.gate.weigh(gate_outputs, training=training)
        weight = ops.cast(weight, branch.dtype)
        weight = ops.reshape(weight, (-1,) + (1,) * (len(branch.shape) - 1))
        return weight * branch, gate_outputs

    def products(self) -> tuple[costs.Product, ...]:
        macs = costs.count_macs(self.branch, self.built_shape)
        is_open = costs.Factor(self.gate.name, np.ones(1))
        return (costs.Product(macs, (is_open,)),)
