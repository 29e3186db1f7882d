"""tfgate: networks that decide, image by image, how much of themselves to run."""

from tfgate import applications
from tfgate import estimators
from tfgate import optimizers
from tfgate import schedules
from tfgate.blocks import GatedBlock
from tfgate.blocks import GatedResidual
from tfgate.compaction import compact
from tfgate.compaction import plan_compaction
from tfgate.gates import DependentGate
from tfgate.gates import Gate
from tfgate.gates import IndependentGate
from tfgate.inference import ensemble_predict
from tfgate.inference import use_policy
from tfgate.losses import GateLoss
from tfgate.losses import Macs
from tfgate.losses import PerBatch
from tfgate.losses import PerGate
from tfgate.model import GatedModel
from tfgate.policies import AlwaysOpen
from tfgate.policies import Policy
from tfgate.policies import Stochastic
from tfgate.policies import Threshold
from tfgate.recalibration import recalibrate_batch_norm
from tfgate.version import __version__
from tfgate.weights import copy_weights

__all__ = [
    "AlwaysOpen",
    "DependentGate",
    "Gate",
    "GateLoss",
    "GatedBlock",
    "GatedModel",
    "GatedResidual",
    "IndependentGate",
    "Macs",
    "PerBatch",
    "PerGate",
    "Policy",
    "Stochastic",
    "Threshold",
    "__version__",
    "applications",
    "compact",
    "copy_weights",
    "ensemble_predict",
    "estimators",
    "optimizers",
    "plan_compaction",
    "recalibrate_batch_norm",
    "schedules",
    "use_policy",
]
