"""Control: who turns the dial u of a throttleable network, and a device to try it on.

Plain Python without dependencies, but for `policy_gradient`, which needs NumPy and is
imported by its own name. Imports in this package are relative, so that it also runs
alone, copied to where there is no TensorFlow.
"""

from .controller import BudgetController
from .device import Device
from .device import DeviceSettings
from .device import Reading
from .signals import BatteryPlan
from .signals import ConfidenceTarget
from .signals import LatencyTarget
from .signals import ThermalCeilings
from .signals import ThermalStatus

__all__ = [
    "BatteryPlan",
    "BudgetController",
    "ConfidenceTarget",
    "Device",
    "DeviceSettings",
    "LatencyTarget",
    "Reading",
    "ThermalCeilings",
    "ThermalStatus",
]
