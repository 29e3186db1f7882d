"""The gate of a throttled block: its part of what the gating function decides."""

from typing import Any

import keras

from tfgate.gates import Gate
from tfgate.policies import Policy
from tfgate.throttling.gating import OUTPUTS
from tfgate.typing import Config
from tfgate.typing import GateOutputs
from tfgate.typing import Shape
from tfgate.typing import Tensor


@keras.saving.register_keras_serializable(package="tfgate")
class SlicedGate(Gate):
    """Takes the decisions of some components from a gating function's.

    It has no weights, and neither estimator nor policy of its own: they are the gating
    function's.

    Args:
        components: number of components.
        start: index of the first of them among all components of the network.
        macs: the gate's share of the gating function's MACs for one image.
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: what the gating function returned, each `[batch, all components]`.
        training: without effect.

    Returns:
        dict of `[batch, components]`, as of the gating function.

    Raises:
        ValueError: an argument is out of its range.
    """

    outputs = OUTPUTS
    takes_control = True

    def __init__(
        self, components: int = 1, start: int = 0, macs: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(components=components, seed=0, **kwargs)
        if start < 0 or macs < 0:
            raise ValueError(
                f"Expected start and macs >= 0, got {start!r} and {macs!r}."
            )
        self.start = int(start)
        self.macs = int(macs)

    @property
    def policy(self) -> Policy:
        """Not asked: the gating function's decides."""
        return self._policy

    @policy.setter
    def policy(self, policy: Policy) -> None:
        self._policy = policy

    def build(self, input_shape: Shape) -> None:
        self.built = True

    def call(self, inputs: GateOutputs, training: bool | None = None) -> GateOutputs:
        part = slice(self.start, self.start + self.components)
        return {name: inputs[name][:, part] for name in self.outputs}

    def weigh(self, outputs: GateOutputs, training: bool | None = None) -> Tensor:
        return outputs["decision"] * outputs["scale"]

    def count_macs(self, input_shape: Shape) -> int:
        return self.macs

    def load_own_variables(self, store: Any) -> None:
        keras.layers.Layer.load_own_variables(self, store)

    def compute_output_spec(
        self, inputs: GateOutputs, training: bool | None = None
    ) -> GateOutputs:
        return super().compute_output_spec(inputs["decision"])

    def get_config(self) -> Config:
        config = super().get_config()
        for name in ("initial_open_probability", "estimator", "policy", "seed"):
            del config[name]
        return {**config, "start": self.start, "macs": self.macs}

    @classmethod
    def from_config(cls, config: Config) -> "SlicedGate":
        config = dict(config)
        config.pop("autocast", None)
        return cls(**config)
