"""Stochastic depth: gates with fixed probabilities, the baseline of learned ones."""

from typing import Any

import keras

from tfgate.gates import Gate
from tfgate.gates import IndependentGate
from tfgate.policies import AlwaysOpen
from tfgate.typing import Config
from tfgate.typing import Shape


@keras.saving.register_keras_serializable(package="tfgate")
class StochasticDepth(IndependentGate):
    """Gate with a fixed open probability: the baseline that learns no decisions.

    In training a component is open with its survival probability p. At inference the
    default policy, `AlwaysOpen`, runs everything, and what is open is multiplied by p:
    the expectation. `Stochastic` samples as in training, without the factor.

    Args:
        survival_probability: p in (0, 1], see `survival_probabilities`.
        components: number of components that the gate switches.
        **kwargs: arguments of `Gate`, but for initial_open_probability.

    Raises:
        ValueError: survival_probability is not in (0, 1].

    Reference:
        Huang et al. 2016, 3 (weights scaled at test time, equation 5); the baseline
        of PG.

    Example:
    >>> gate = StochasticDepth(0.8)
    >>> outputs = gate(keras.ops.ones((1, 8, 8, 4)))
    >>> round(float(gate.weigh(outputs)[0, 0]), 3)
    0.8
    """

    def __init__(
        self, survival_probability: float = 0.5, components: int = 1, **kwargs: Any
    ) -> None:
        if not 0.0 < survival_probability <= 1.0:
            raise ValueError(
                "Expected survival_probability in (0, 1], got "
                f"{survival_probability!r}."
            )
        kwargs["policy"] = kwargs.get("policy") or AlwaysOpen()
        # Log odds of 27: the noise of the estimators stays below 17.
        certain = 1.0 - 1e-12
        super().__init__(
            components=components,
            initial_open_probability=min(survival_probability, certain),
            **kwargs,
        )
        self.survival_probability = float(survival_probability)

    def build_logits(self, input_shape: Shape) -> None:
        super().build_logits(input_shape)
        self.component_logits.trainable = False

    @property
    def open_weight(self) -> float:
        return self.survival_probability

    def get_config(self) -> Config:
        config = super().get_config()
        del config["initial_open_probability"]
        return {**config, "survival_probability": self.survival_probability}


def is_averaged(gate: Gate) -> bool:
    """Whether a gate runs everything at inference, scaled, whatever τ is."""
    return isinstance(gate, StochasticDepth) and isinstance(gate.policy, AlwaysOpen)


def survival_probabilities(blocks: int, last: float = 0.5) -> list[float]:
    """Survival probabilities that fall linearly with depth, `1 - l / L * (1 - p_L)`.

    Args:
        blocks: number of blocks, L, at least 1.
        last: that of the last block, p_L, in (0, 1].

    Returns:
        List of floats, from the first block to the last.

    Raises:
        ValueError: an argument is out of its range.

    Reference:
        Huang et al. 2016, equation 4.

    Example:
    >>> survival_probabilities(4, last=0.5)
    [0.875, 0.75, 0.625, 0.5]
    """
    if blocks < 1:
        raise ValueError(f"Expected blocks >= 1, got {blocks!r}.")
    if not 0.0 < last <= 1.0:
        raise ValueError(f"Expected last in (0, 1], got {last!r}.")
    return [1.0 - index / blocks * (1.0 - last) for index in range(1, blocks + 1)]
