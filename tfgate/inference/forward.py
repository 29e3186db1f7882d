"""A gated model run batch by batch, with what its gates decided."""

import dataclasses
from collections.abc import Callable
from collections.abc import Hashable

import numpy as np
import tensorflow as tf
from keras import ops

from tfgate.model import GatedModel
from tfgate.policies import Policy
from tfgate.typing import Tensor
from tfgate.typing import TensorTree


@dataclasses.dataclass(frozen=True)
class Outputs:
    """What a batch gave.

    Attributes:
        scores: `[batch, classes]`, float32, the model's predictions.
        decisions: `[batch, components of all gates]`, bool, gates in network order.
        probabilities: the same shape, float32, P(open).
        executed_macs: `[batch]`, float32, the gates included.
    """

    scores: np.ndarray
    decisions: np.ndarray
    probabilities: np.ndarray
    executed_macs: np.ndarray


class Forward:
    """Runs a model on batches under any policy.

    The model keeps the last policy; wrap the calls in `use_policy`.

    Args:
        model: a `tfgate.GatedModel` whose predictions are one tensor
            `[batch, classes]`.
    """

    def __init__(self, model: GatedModel) -> None:
        self._model = model
        # By class of policy: its numbers are variables, which retrace nothing.
        self._functions: dict[Hashable, Callable[..., tuple[Tensor, ...]]] = {}

    def __call__(self, x: TensorTree, policy: Policy) -> Outputs:
        """Runs one batch.

        Args:
            x: a batch of inputs.
            policy: how the gates decide.

        Raises:
            ValueError: the predictions are not `[batch, classes]`.
        """
        self._model.policy = policy
        function = self._functions.get(policy.graph_key)
        if function is None:
            function = self._functions[policy.graph_key] = self._compiled()
        arrays = [ops.convert_to_numpy(tensor) for tensor in function(x)]
        return Outputs(arrays[0], arrays[1] > 0.5, arrays[2], arrays[3])

    def _compiled(self) -> Callable[..., tuple[Tensor, ...]]:
        core, costs, names = (
            self._model.core,
            self._model.costs,
            self._model.gate_names,
        )

        @tf.function(autograph=False, reduce_retracing=True)
        def run(x: TensorTree) -> tuple[Tensor, ...]:
            outputs = core(x, training=False)
            scores, gates = outputs["predictions"], outputs["gates"]
            shape = getattr(scores, "shape", None)
            if shape is None or len(shape) != 2 or shape[1] < 2:
                raise ValueError(
                    "Expected a model whose predictions are one tensor [batch, "
                    f"classes] of at least 2 classes, got {scores!r}."
                )
            decisions = {name: gates[name]["decision"] for name in names}
            return (
                ops.cast(scores, "float32"),
                ops.concatenate([decisions[name] for name in names], axis=1),
                ops.concatenate([gates[name]["probability"] for name in names], axis=1),
                costs.executed(decisions),
            )

        return run
