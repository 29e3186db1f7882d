"""What all gated blocks have in common.

A block is called on a tensor and returns `(output, gate_outputs)`: the gate's
logits, probability and decision are explicit outputs, which `tfgate.GatedModel`
collects. In training and in batched inference a block masks; `tflite.lowering` holds
the form of each that really skips.
"""

import keras

from tfgate import costs
from tfgate.gates import Gate
from tfgate.typing import GateOutputs
from tfgate.typing import Shape


class GatedBlock(keras.layers.Layer):
    """Base of the gated blocks: a layer with one gate, computed from its input.

    Attributes:
        gate: the `tfgate.gates.Gate`.
        built_shape: the input shape the block was built for.
    """

    gate: Gate
    built_shape: Shape

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
        structure = {"logits": 0, "probability": 0, "decision": 0}
        return keras.tree.pack_sequence_as(structure, self.output[1:])

    def products(self) -> tuple[costs.Product, ...]:
        """What the gate switches, in MACs for one image, of the built block."""
        raise NotImplementedError

    def gate_macs(self) -> int:
        """MACs of the gate itself for one image."""
        return costs.count_macs(self.gate, self.built_shape)
