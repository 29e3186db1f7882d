"""What all gated blocks have in common.

A block is called on a tensor and returns `(output, gate_outputs)`: the gate's
logits, probability and decision are explicit outputs, which `tfgate.GatedModel`
collects. A block of a throttled network (`tfgate.throttle`) is called on its input and
on the outputs of the network's gating function, `block(x, control)`. In training and
in batched inference a block masks; `tflite.lowering` holds the form of each that really
skips.
"""

from typing import Any
from typing import ClassVar
from typing import Self

import keras
from keras import ops

from tfgate import costs
from tfgate.gates import Gate
from tfgate.typing import Config
from tfgate.typing import GateOutputs
from tfgate.typing import Shape
from tfgate.typing import Tensor


class GatedBlock(keras.layers.Layer):
    """Base of the gated blocks: a layer with one gate.

    The gate is computed from the block's input, or takes its part of the outputs of a
    gating function, the second argument of the call.

    Attributes:
        gate: the `tfgate.gates.Gate`.
        built_shape: the input shape the block was built for.
    """

    gate: Gate
    built_shape: Shape

    # Arguments of the constructor that are layers, or None.
    layer_arguments: ClassVar[tuple[str, ...]] = ("gate",)

    @property
    def gate_outputs(self) -> GateOutputs:
        """Symbolic outputs of the gate, of the block's one call in a graph.

        Raises:
            ValueError: the block was called on more than one symbolic input.
        """
        if len(self._inbound_nodes) != 1:
            raise ValueError(
                f"Expected block {self.name!r} to be called once, got "
                f"{len(self._inbound_nodes)} calls: a gate decides for one place."
            )
        structure = dict.fromkeys(self.gate.outputs, 0)
        return keras.tree.pack_sequence_as(structure, self.output[1:])

    def products(self) -> tuple[costs.Product, ...]:
        """What the gate switches, in MACs for one image, of the built block."""
        raise NotImplementedError

    def gate_macs(self) -> int:
        """MACs of the gate itself for one image."""
        return self.gate.count_macs(self.built_shape)

    def take_gate(self, gate: Gate) -> None:
        """Sets the gate."""
        self.gate = gate
        # Keras would cast a gating function's outputs, float32, to the block's dtype.
        self.autocast = not gate.takes_control

    def cast_inputs(self, inputs: Tensor) -> Tensor:
        """Returns the block's input in the dtype of the block, as Keras would."""
        return inputs if self.autocast else ops.cast(inputs, self.compute_dtype)

    def gate_input(
        self, inputs: Tensor, control: GateOutputs | None
    ) -> Tensor | GateOutputs:
        """Returns what the gate is called on: the block's input, or its control.

        Raises:
            ValueError: the gate takes the one and the block was called with the other.
        """
        if self.gate.takes_control != (control is not None):
            expected = "with" if self.gate.takes_control else "without"
            raise ValueError(
                f"Expected block {self.name!r}, whose gate is a "
                f"{type(self.gate).__name__}, to be called {expected} the outputs of "
                "a gating function as its control."
            )
        return inputs if control is None else control

    def get_config(self) -> Config:
        serialize = keras.saving.serialize_keras_object
        layers = {name: getattr(self, name) for name in self.layer_arguments}
        return {
            **super().get_config(),
            **{
                name: None if layer is None else serialize(layer)
                for name, layer in layers.items()
            },
        }

    @classmethod
    def from_config(cls, config: Config) -> Self:
        config = dict(config)
        for name in cls.layer_arguments:
            if config[name] is not None:
                config[name] = keras.saving.deserialize_keras_object(config[name])
        return cls(**config)


def check_single_gate(gate: Any, purpose: str) -> None:
    """Checks the gate of a block that is open or closed as a whole.

    Args:
        gate: what was given.
        purpose: what the gate is for, such as "a residual branch".

    Raises:
        ValueError: it is no gate, or has more than one component.
    """
    if not isinstance(gate, Gate):
        raise ValueError(f"Expected gate to be a tfgate Gate, got {gate!r}.")
    if gate.components != 1:
        raise ValueError(
            f"Expected a gate with 1 component for {purpose}, got {gate.components}."
        )
