"""Gates in networks that are not of this library: found, and put around the blocks."""

from tfgate.gating.gate_model import gate_model
from tfgate.gating.residual_blocks import ResidualBlock
from tfgate.gating.residual_blocks import find_residual_blocks
from tfgate.gating.residual_blocks import find_ungateable_adds

__all__ = [
    "ResidualBlock",
    "find_residual_blocks",
    "find_ungateable_adds",
    "gate_model",
]
