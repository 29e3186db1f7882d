"""tfgate: networks that decide, image by image, how much of themselves to run."""

from tfgate import analysis
from tfgate import applications
from tfgate import control
from tfgate import estimators
from tfgate import gating
from tfgate import optimizers
from tfgate import priors
from tfgate import schedules
from tfgate import tables
from tfgate import throttling
from tfgate.blocks import EarlyExit
from tfgate.blocks import ExitSelection
from tfgate.blocks import GatedBlock
from tfgate.blocks import GatedConcat
from tfgate.blocks import GatedFilters
from tfgate.blocks import GatedResidual
from tfgate.compaction import compact
from tfgate.compaction import plan_compaction
from tfgate.exit_gate import ExitGate
from tfgate.gates import DependentGate
from tfgate.gates import Gate
from tfgate.gates import IndependentGate
from tfgate.gating import find_residual_blocks
from tfgate.gating import gate_model
from tfgate.inference import Ensemble
from tfgate.inference import StochasticRuns
from tfgate.inference import area_under_curve
from tfgate.inference import choose_operating_point
from tfgate.inference import ensemble_predict
from tfgate.inference import evaluate_exits
from tfgate.inference import evaluate_policies
from tfgate.inference import evaluate_throttling
from tfgate.inference import use_policy
from tfgate.losses import L0
from tfgate.losses import BatchShaping
from tfgate.losses import Complexity
from tfgate.losses import ConstQuad
from tfgate.losses import GateLoss
from tfgate.losses import Macs
from tfgate.losses import PerBatch
from tfgate.losses import PerGate
from tfgate.losses import Polarization
from tfgate.losses import VariableTarget
from tfgate.model import GatedModel
from tfgate.policies import AlwaysOpen
from tfgate.policies import Policy
from tfgate.policies import Stochastic
from tfgate.policies import Threshold
from tfgate.policies import Throttle
from tfgate.recalibration import recalibrate_batch_norm
from tfgate.stochastic_depth import StochasticDepth
from tfgate.throttling import ThrottledModel
from tfgate.throttling import throttle
from tfgate.version import __version__
from tfgate.weights import copy_weights

__all__ = [
    "AlwaysOpen",
    "BatchShaping",
    "Complexity",
    "ConstQuad",
    "DependentGate",
    "EarlyExit",
    "Ensemble",
    "ExitGate",
    "ExitSelection",
    "Gate",
    "GateLoss",
    "GatedBlock",
    "GatedConcat",
    "GatedFilters",
    "GatedModel",
    "GatedResidual",
    "IndependentGate",
    "L0",
    "Macs",
    "PerBatch",
    "PerGate",
    "Polarization",
    "Policy",
    "Stochastic",
    "StochasticDepth",
    "StochasticRuns",
    "Threshold",
    "Throttle",
    "ThrottledModel",
    "VariableTarget",
    "__version__",
    "analysis",
    "applications",
    "area_under_curve",
    "choose_operating_point",
    "control",
    "compact",
    "copy_weights",
    "ensemble_predict",
    "estimators",
    "evaluate_exits",
    "evaluate_policies",
    "evaluate_throttling",
    "find_residual_blocks",
    "gate_model",
    "gating",
    "optimizers",
    "plan_compaction",
    "priors",
    "recalibrate_batch_norm",
    "schedules",
    "tables",
    "throttle",
    "throttling",
    "use_policy",
]
