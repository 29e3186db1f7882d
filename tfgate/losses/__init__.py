"""Gate losses: what the decisions should look like.

A gate loss maps the outputs of all gates to a scalar that is added to the task loss,
`L = L_C + coefficient * L_gates`. Every mean over the batch is that of the global
batch, over all replicas.
"""

from tfgate.losses.base import GateLoss
from tfgate.losses.base import activation_rates
from tfgate.losses.base import check_rate
from tfgate.losses.complexity import Complexity
from tfgate.losses.macs import Macs
from tfgate.losses.penalties import L0
from tfgate.losses.penalties import Polarization
from tfgate.losses.shaping import BatchShaping
from tfgate.losses.targets import AIG_RESNET50
from tfgate.losses.targets import ConstQuad
from tfgate.losses.targets import PerBatch
from tfgate.losses.targets import PerGate
from tfgate.losses.variable_target import VariableTarget

__all__ = [
    "AIG_RESNET50",
    "BatchShaping",
    "Complexity",
    "ConstQuad",
    "GateLoss",
    "L0",
    "Macs",
    "PerBatch",
    "PerGate",
    "Polarization",
    "VariableTarget",
    "activation_rates",
    "check_rate",
]
