"""Metrics of a gated model: activation rates and executed MACs."""

from typing import Any

import keras
import numpy as np
from keras import ops

from tfgate.costs import ModelCosts
from tfgate.losses.complexity import controls
from tfgate.losses.complexity import utilization
from tfgate.typing import GatesOutputs
from tfgate.typing import Tensor


class GateMetrics(keras.metrics.Metric):
    """Mean decisions per gate and mean executed MACs over all images seen.

    Its result is a dict, which Keras merges into the logs:

    - `activation_rate`: mean of z over images and components, in [0, 1];
    - `executed_macs`: mean MACs per image, the gates included;
    - `rate/<gate>`: mean of z over images and the gate's components;

    and of a network with a dial also

    - `u`: mean of the images' controls;
    - `complexity`: mean c(g), the share of open components weighted by the
      MACs that each saves, in [0, 1]: TNN equation 4. `tfgate.Complexity` compares it
      with u.

    Args:
        costs: the model's `tfgate.costs.ModelCosts`.
        throttled: whether the network has a dial.
    """

    def __init__(
        self,
        costs: ModelCosts,
        throttled: bool = False,
        name: str = "gates",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self._costs = costs
        self._throttled = throttled
        gates = len(costs.sizes)
        self._opened = self.add_variable((gates,), "zeros", name="opened")
        self._macs = self.add_variable((), "zeros", name="macs")
        self._images = self.add_variable((), "zeros", name="images")
        if throttled:
            self._controls = self.add_variable((), "zeros", name="controls")
            self._utilization = self.add_variable((), "zeros", name="utilization")

    def update_state(self, gates: GatesOutputs) -> None:
        """Adds a batch.

        Args:
            gates: gate name -> dict with `decision`, `[batch, components]`; of a
                network with a dial also `control`.
        """
        decisions = {
            name: ops.cast(g["decision"], "float32") for name, g in gates.items()
        }
        opened = [ops.sum(decisions[name]) for name in self._costs.sizes]
        self._opened.assign_add(ops.stack(opened))
        # Shares of the total keep the sum of a large data set exact in float32.
        executed = self._costs.executed(decisions) / float(self._costs.all_open)
        self._macs.assign_add(ops.sum(executed))
        self._images.assign_add(ops.cast(ops.shape(executed)[0], "float32"))
        if self._throttled:
            ordered = {name: gates[name] for name in self._costs.sizes}
            macs = np.concatenate(list(self._costs.components.values()))
            self._controls.assign_add(ops.sum(controls(ordered)))
            self._utilization.assign_add(ops.sum(utilization(ordered, macs)))

    def result(self) -> dict[str, Tensor]:
        images = ops.maximum(self._images, 1.0)
        sizes = self._costs.sizes
        opened = ops.convert_to_tensor(self._opened) / images
        rates = {
            f"rate/{name}": opened[index] / size
            for index, (name, size) in enumerate(sizes.items())
        }
        dial = {}
        if self._throttled:
            dial["u"] = self._controls / images
            dial["complexity"] = self._utilization / images
        return {
            "activation_rate": ops.sum(opened) / sum(sizes.values()),
            "executed_macs": self._macs / images * float(self._costs.all_open),
            **dial,
            **rates,
        }

    @property
    def images(self) -> float:
        """Number of images seen since the last reset, a float."""
        return float(ops.convert_to_numpy(self._images))
