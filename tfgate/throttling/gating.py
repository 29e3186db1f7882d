"""Gating functions g(x, u): which components of a network run at a given u.

A throttled network has one gating function for all its modules. Its outputs go to every
gated block, whose gate takes the block's part of them (`SlicedGate`).
"""

from collections.abc import Sequence
from typing import Any
from typing import Self

import keras
import numpy as np
from keras import ops

from tfgate import estimators
from tfgate.gates import Gate
from tfgate.policies import AlwaysOpen
from tfgate.policies import Stochastic
from tfgate.throttling.depth import depth_thresholds
from tfgate.throttling.modules import Module
from tfgate.throttling.modules import check_modules
from tfgate.typing import Config
from tfgate.typing import GateOutputs
from tfgate.typing import Tensor
from tfgate.typing import TensorTree

# Log odds of a decision that nothing can change: a probability of 1 - 1e-7.
CERTAIN = 16.0

OUTPUTS = ("control", "decision", "logits", "probability", "scale")


class GatingFunction(Gate):
    """Base of the gating functions. A subclass implements `decide`.

    It is a gate for all components of a network, in network order.

    Args:
        modules: the network's `tfgate.throttling.Module`s.
        **kwargs: arguments of `Gate`, but for components.

    Call arguments:
        inputs: u, `[batch]`, in [0, 1]; or, where `takes_features` is true, a list of u
            and of the input of the network's first gated block.
        training: as for `Gate`.

    Returns:
        dict of float32 tensors `[batch, components]`:

        - `logits`, `probability`, `decision`: as of any gate;
        - `scale`: n / ||g||_1 of the component's module, what an open component is
          multiplied by, 0 where all of the module is closed. It is 1 at full width, so
          an open network is the dense one, and 1 along the depth. Soft decisions are
          differentiated through it; where their ||g||_1 is below 1, 1 stands for it, or
          a module that is all but closed would run at full strength;
        - `control`: u.

    Attributes:
        takes_features: whether it looks at the image.

    Raises:
        ValueError: the modules do not fit together, or an argument of `Gate` is out of
            its range.

    Reference:
        TNN 3.1. Equation 3 divides by ||g||_1 alone; here it is times n, as in inverted
        dropout, so that the dense network's weights fit.
    """

    outputs = OUTPUTS
    takes_features = False

    def __init__(self, modules: Sequence[Module], **kwargs: Any) -> None:
        self.modules = check_modules(modules)
        super().__init__(components=self.modules[-1].stop, **kwargs)

    def call(self, inputs: TensorTree, training: bool | None = None) -> GateOutputs:
        u = inputs[0] if self.takes_features else inputs
        found = dict(self.decide(inputs, training))
        found["scale"] = self.scale(found["decision"])
        found["control"] = ops.broadcast_to(u[:, None], ops.shape(found["decision"]))
        return found

    def decide(self, inputs: TensorTree, training: bool | None) -> GateOutputs:
        """Returns logits, probability and decision; arguments as for `call`."""
        return super().call(inputs, training=training)

    def scale(self, decision: Tensor) -> Tensor:
        """Returns n / ||g||_1 of each component's module, see the class.

        Args:
            decision: `[batch, components]`, in [0, 1].
        """
        parts = []
        for module in self.modules:
            own = decision[:, module.components]
            if module.axis == "depth":
                parts.append(ops.ones_like(own))
                continue
            open_parts = ops.sum(own, axis=1, keepdims=True) + module.always_open
            scale = float(module.size) / ops.maximum(open_parts, 1.0)
            scale = ops.where(open_parts > 0.0, scale, 0.0)
            parts.append(ops.broadcast_to(scale, ops.shape(own)))
        return ops.concatenate(parts, axis=1)

    def component_macs(self, start: int, count: int) -> int:
        """Share of some components in the MACs of this function, for one image.

        The shares of all components add up to the whole.

        Args:
            start: index of the first component.
            count: number of components.
        """
        return 0

    def compute_output_spec(
        self, inputs: TensorTree, training: bool | None = None
    ) -> GateOutputs:
        u = inputs[0] if self.takes_features else inputs
        return super().compute_output_spec(u)

    def get_config(self) -> Config:
        config = super().get_config()
        del config["components"]
        return {**config, "modules": [module.get_config() for module in self.modules]}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        modules = [Module(**module) for module in config["modules"]]
        return super().from_config({**config, "modules": modules})


class StaticGating(GatingFunction):
    """Base of the gating functions that follow a fixed rule of u, without weights.

    In a module of n parts k = min(n, floor(u (n + 1))) are open, and never fewer than
    its `always_open`. What is compared is u and i / (n + 1), both rounded to float32,
    so that k is exact at every boundary. The probability is k's share of the parts that
    are gated; the logits are its log odds, but at most +-16.

    Estimators have no part in it, and τ has none. `AlwaysOpen` opens everything.

    Attributes:
        thresholds: float32 array `[components]`: at inference, unless components are
            drawn, one is open where u >= threshold.

    Reference:
        TNN 4.1.
    """

    thresholds: np.ndarray

    def decide(self, inputs: Tensor, training: bool | None) -> GateOutputs:
        if not training and isinstance(self.policy, AlwaysOpen):
            ones = ops.ones((ops.shape(inputs)[0], self.components))
            return {"logits": ones * CERTAIN, "probability": ones, "decision": ones}
        return self.follow(inputs, training)

    def follow(self, u: Tensor, training: bool | None) -> GateOutputs:
        """Returns what the rule gives, as `decide` does.

        Args:
            u: `[batch]`, in [0, 1].
            training: as for `call`.
        """
        raise NotImplementedError


@keras.saving.register_keras_serializable(package="tfgate")
class Nested(StaticGating):
    """Nested gating: what is open at some u stays open at every greater one.

    Along the width the first k parts of a module are open. Along the depth blocks open
    one at a time, in the order of `depth_thresholds`.

    Args:
        modules: see `GatingFunction`.
        **kwargs: arguments of `Gate`, but for components.

    Reference:
        TNN 3.4; 4.1 (k); 5.2 (along the depth).

    Example:
    >>> gating = Nested([Module("layer", "width", start=0, count=3)])
    >>> outputs = gating(ops.array([0.0, 0.25, 0.5, 1.0]))
    >>> outputs["decision"].numpy().astype(int).tolist()
    [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]]
    >>> outputs["scale"].numpy()[:, 0].tolist()
    [0.0, 3.0, 1.5, 1.0]
    """

    def __init__(self, modules: Sequence[Module], **kwargs: Any) -> None:
        super().__init__(modules, **kwargs)
        self.thresholds = np.zeros(self.components, "float32")
        stages = [module for module in self.modules if module.axis == "depth"]
        if stages:
            found = depth_thresholds([module.count for module in stages])
            for module, thresholds in zip(stages, found, strict=True):
                self.thresholds[module.components] = thresholds
        for module in self.modules:
            if module.axis == "width":
                self.thresholds[module.components] = module.thresholds

    def follow(self, u: Tensor, training: bool | None) -> GateOutputs:
        decision = ops.cast(u[:, None] >= self.thresholds, "float32")
        logits = CERTAIN * (2.0 * decision - 1.0)
        return {"logits": logits, "probability": decision, "decision": decision}


@keras.saving.register_keras_serializable(package="tfgate")
class Independent(StaticGating):
    """Independent gating: k parts of each module at random, without replacement.

    Training draws anew for every image. So does inference under the policy
    `Stochastic`, as TNN evaluates such networks; under every other policy the order is
    one that was drawn from the seed, the same for all images.

    Along the depth the module is the stage.

    Args:
        modules: see `GatingFunction`.
        **kwargs: arguments of `Gate`, but for components.

    Reference:
        TNN 3.4, 4.1.

    Example:
    >>> gating = Independent([Module("layer", "width", start=0, count=4)], seed=1)
    >>> decision = gating(ops.array([0.5] * 100), training=True)["decision"]
    >>> decision.numpy().sum(axis=1).tolist() == [2.0] * 100
    True
    >>> bool((decision.numpy().sum(axis=0) > 20).all())
    True
    """

    def __init__(self, modules: Sequence[Module], **kwargs: Any) -> None:
        super().__init__(modules, **kwargs)
        widest = max(module.count for module in self.modules)
        # Components stand in a table with a row for each module, padded at its end.
        self._places = np.concatenate(
            [
                row * widest + np.arange(module.count)
                for row, module in enumerate(self.modules)
            ]
        )
        rows = np.arange(widest)[None] < np.array(
            [[module.count] for module in self.modules]
        )
        self._padding = np.where(rows, 0.0, 2.0).astype("float32")
        # From which u on one more part is open; never, in the padding.
        self._thresholds = np.full(self._padding.shape, 2.0, "float32")
        for row, module in zip(self._thresholds, self.modules, strict=True):
            row[: module.count] = module.thresholds
        generator = np.random.default_rng(self.seed)
        fixed = generator.uniform(size=self._padding.shape) + self._padding
        self._fixed_ranks = fixed.argsort(axis=1).argsort(axis=1)[None]
        in_order = np.take_along_axis(self._thresholds, self._fixed_ranks[0], axis=1)
        self.thresholds = in_order.ravel()[self._places]

    def follow(self, u: Tensor, training: bool | None) -> GateOutputs:
        batch = ops.shape(u)[0]
        if training or isinstance(self.policy, Stochastic):
            seed = self.next_seed(training=bool(training))
            noise = estimators.uniform_noise((batch, *self._padding.shape), seed)
            ranks = ops.argsort(ops.argsort(noise + self._padding, axis=-1), axis=-1)
        else:
            ranks = ops.convert_to_tensor(self._fixed_ranks)
        reached = ops.cast(u[:, None, None] >= self._thresholds, "float32")
        opened = ops.sum(reached, axis=-1)  # [batch, modules]
        counts = np.array([module.count for module in self.modules], "float32")
        table = ops.cast(ops.cast(ranks, "float32") < opened[:, :, None], "float32")
        return {
            "decision": self._components(table),
            **self._shares(opened / counts),
        }

    def _components(self, table: Tensor) -> Tensor:
        flat = ops.reshape(table, (-1, self._padding.size))
        return ops.take(flat, self._places, axis=1)

    def _shares(self, shares: Tensor) -> GateOutputs:
        counts = [module.count for module in self.modules]
        rows = np.repeat(np.arange(len(counts)), counts)
        # Not ops.repeat, which fails on an empty batch.
        probability = ops.take(shares, rows, axis=1)
        log_odds = ops.log(probability) - ops.log1p(-probability)
        logits = ops.minimum(ops.maximum(log_odds, -CERTAIN), CERTAIN)
        return {"probability": probability, "logits": logits}
