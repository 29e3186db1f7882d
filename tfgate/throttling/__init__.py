"""Throttleable networks: h(x, u), where u in [0, 1] sets how much is computed."""

from tfgate.throttling.baseline import Baseline
from tfgate.throttling.calibration import calibrate
from tfgate.throttling.controllers import BlindController
from tfgate.throttling.controllers import ContextualController
from tfgate.throttling.controllers import Controller
from tfgate.throttling.conversion import GATINGS
from tfgate.throttling.conversion import throttle
from tfgate.throttling.depth import depth_thresholds
from tfgate.throttling.dial import Dial
from tfgate.throttling.distributions import BetaControl
from tfgate.throttling.distributions import ConstantControl
from tfgate.throttling.distributions import ControlDistribution
from tfgate.throttling.distributions import UniformControl
from tfgate.throttling.gating import GatingFunction
from tfgate.throttling.gating import Independent
from tfgate.throttling.gating import Nested
from tfgate.throttling.model import ThrottledModel
from tfgate.throttling.modules import Module
from tfgate.throttling.modules import find_modules
from tfgate.throttling.norm_switching import recalibrate
from tfgate.throttling.norm_switching import switch_batch_norms
from tfgate.throttling.score_function import ScoreFunction
from tfgate.throttling.sliced_gate import SlicedGate
from tfgate.throttling.switchable_norm import SwitchableBatchNormalization

__all__ = [
    "GATINGS",
    "Baseline",
    "BetaControl",
    "BlindController",
    "ConstantControl",
    "ContextualController",
    "ControlDistribution",
    "Controller",
    "Dial",
    "GatingFunction",
    "Independent",
    "Module",
    "Nested",
    "ScoreFunction",
    "SlicedGate",
    "SwitchableBatchNormalization",
    "ThrottledModel",
    "UniformControl",
    "calibrate",
    "depth_thresholds",
    "find_modules",
    "recalibrate",
    "switch_batch_norms",
    "throttle",
]
