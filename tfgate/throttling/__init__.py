"""Throttleable networks: h(x, u), where u in [0, 1] sets how much is computed."""

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
from tfgate.throttling.sliced_gate import SlicedGate

__all__ = [
    "GATINGS",
    "BetaControl",
    "ConstantControl",
    "ControlDistribution",
    "Dial",
    "GatingFunction",
    "Independent",
    "Module",
    "Nested",
    "SlicedGate",
    "ThrottledModel",
    "UniformControl",
    "depth_thresholds",
    "find_modules",
    "throttle",
]
