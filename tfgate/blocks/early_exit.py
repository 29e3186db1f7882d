"""An early exit: a classifier on the way, and the gate that sends images past it."""

from typing import Any

import keras

from tfgate import costs
from tfgate.blocks.base import GatedBlock
from tfgate.blocks.base import check_single_gate
from tfgate.gates import Gate
from tfgate.typing import Config
from tfgate.typing import GateOutputs
from tfgate.typing import Shape
from tfgate.typing import Tensor


@keras.saving.register_keras_serializable(package="tfgate")
class EarlyExit(GatedBlock):
    """An intermediate classifier and its gate, whose component is the rest.

    What the gate switches is the rest of the network: z = 1, open, continues; z = 0,
    closed, leaves here with the answer of this classifier. So closing saves work, as
    everywhere, `AlwaysOpen` runs the whole network, and the activation rate is the
    share of images for which the gate says to continue. (PG's gate returns true for
    an image that leaves: PG's target of .3 with "a quadratic before the target rate and
    a constant after" is `ConstQuad(0.7)` here, unmirrored.)

    The block gives both, the classifier's output and the gate's; a
    `tfgate.ExitSelection` at the end of the network makes the prediction of them. In
    training and in batched inference every classifier runs for every image. Counted
    are what an image needs: the gate first, then the classifier if it leaves, or else
    the rest.

    Args:
        classifier: any layer or model, `x -> [batch, classes]`, with the activation of
            the network's last classifier.
        gate: a `tfgate.Gate` with one component, such as `tfgate.ExitGate`.
        loss_weight: weight of the task loss of this classifier alone, on all images,
            which `GatedModel` adds in training and evaluation. PG does not say whether
            its classifiers have one; MSDNet's have, with weight 1, and without it a
            classifier learns from those images alone that leave here, and nothing at
            all while there are none. 0 leaves it out.
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: `[batch, ..., channels]`.
        training: as for any Keras layer.

    Returns:
        `(output, gate_outputs)`: output is `[batch, classes]`, gate_outputs is the
        gate's dict of `[batch, 1]` tensors.

    Raises:
        ValueError: classifier is no layer, the gate has more than one component or is
            one that averages at inference, such as `StochasticDepth`, or loss_weight
            is negative.

    Reference:
        PG 5 and S2.4; CS 5; Huang et al. 2018 (MSDNet); Teerapittayanon et al. 2016
        (BranchyNet).

    Example:
    >>> from tfgate.gates import DependentGate
    >>> classifier = keras.Sequential(
    ...     [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(5)])
    >>> leave = EarlyExit(classifier, DependentGate())
    >>> output, gate = leave(keras.ops.ones((2, 4, 4, 8)))
    >>> output.shape.as_list(), gate["decision"].shape.as_list()
    ([2, 5], [2, 1])
    """

    layer_arguments = ("classifier", "gate")

    def __init__(
        self,
        classifier: keras.Layer,
        gate: Gate,
        loss_weight: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(classifier, keras.Layer):
            raise ValueError(
                f"Expected classifier to be a Keras layer, got {classifier!r}."
            )
        check_single_gate(gate, "an early exit")
        if gate.open_weight != 1.0:
            raise ValueError(
                "Expected a gate that decides at inference for an early exit, got "
                f"{type(gate).__name__}, which averages."
            )
        if not 0.0 <= loss_weight < float("inf"):
            raise ValueError(f"Expected loss_weight >= 0, got {loss_weight!r}.")
        self.classifier = classifier
        self.gate = gate
        self.loss_weight = float(loss_weight)

    def build(self, input_shape: Shape) -> None:
        self.built_shape = tuple(input_shape)
        for layer in (self.classifier, self.gate):
            if not layer.built:
                layer.build(input_shape)
        self.built = True

    def call(
        self, inputs: Tensor, training: bool | None = None
    ) -> tuple[Tensor, GateOutputs]:
        return self.classifier(inputs), self.gate(inputs, training=training)

    def compute_output_spec(
        self, inputs: Tensor, training: bool | None = None
    ) -> tuple[Tensor, GateOutputs]:
        output = self.classifier.compute_output_spec(inputs)
        output = keras.KerasTensor((inputs.shape[0], *output.shape[1:]), output.dtype)
        return output, self.gate.compute_output_spec(inputs)

    def products(self) -> tuple[costs.Product, ...]:
        """Nothing of its own: the rest of the network, which the model counts."""
        return ()

    def classifier_macs(self) -> int:
        """MACs of the classifier for one image."""
        return costs.count_macs(self.classifier, self.built_shape)

    def get_config(self) -> Config:
        return {**super().get_config(), "loss_weight": self.loss_weight}
