"""Loss on the share of MACs that images execute."""

from collections.abc import Mapping

import keras
from keras import ops

from tfgate import schedules
from tfgate.costs import ModelCosts
from tfgate.distribution import global_batch_mean
from tfgate.losses.base import ALL
from tfgate.losses.base import GateLoss
from tfgate.losses.base import check_rate
from tfgate.schedules import Schedule
from tfgate.typing import Config
from tfgate.typing import GatesOutputs
from tfgate.typing import Tensor


@keras.saving.register_keras_serializable(package="tfgate")
class Macs(GateLoss):
    """Squared distance of the executed share of MACs from a target.

    `L_FLOPs = (t - executed MACs / MACs with all open)^2`, with exact MACs of each
    component; what always runs (stem, shortcuts, gates, head) counts in both.

    Args:
        target: t in [0, 1], a number or a `tfgate.schedules.Schedule`.
        coefficient: weight of the loss, a number or a schedule.
        gates: pattern of the names of the gates that it trains, see `GateLoss`. The
            share is that of the whole network all the same: the decisions of the
            others count as they are, without a gradient.

    Raises:
        ValueError: target is not in [0, 1] or, when the model is compiled, it gets
            less than the share that runs with every gate closed.

    Reference:
        CS 3.4 (L_FLOPs; the paper's FLOPs are MACs).
    """

    def __init__(
        self,
        target: float | Schedule,
        coefficient: float | Schedule = 1.0,
        gates: str = ALL,
    ) -> None:
        super().__init__(coefficient, gates)
        self.target = check_rate(target, "target")

    def call(self, gates: GatesOutputs, costs: ModelCosts, step: Tensor) -> Tensor:
        executed = costs.executed({name: g["decision"] for name, g in gates.items()})
        share = global_batch_mean(executed / float(costs.all_open))
        return ops.square(schedules.at(self.target, step) - share)

    def select(self, gates: GatesOutputs) -> GatesOutputs:
        own = set(self.matching(gates))
        return {
            name: gate
            if name in own
            else {key: ops.stop_gradient(value) for key, value in gate.items()}
            for name, gate in gates.items()
        }

    def check(self, gates: Mapping[str, int], costs: ModelCosts) -> None:
        super().check(gates, costs)
        least = costs.all_closed / costs.all_open
        lowest = schedules.bounds(self.target)[0]
        if lowest < least:
            raise ValueError(
                f"Expected the target of Macs to be at least {least:.3f}, the share "
                f"that runs with every gate closed, got {lowest}."
            )

    def get_config(self) -> Config:
        return {**super().get_config(), "target": schedules.serialize(self.target)}
