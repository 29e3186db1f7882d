"""Blocks: what a decision controls."""

from tfgate.blocks.base import GatedBlock
from tfgate.blocks.concat import GatedConcat
from tfgate.blocks.early_exit import EarlyExit
from tfgate.blocks.exit_selection import ExitSelection
from tfgate.blocks.filters import GatedFilters
from tfgate.blocks.residual import GatedResidual
from tfgate.blocks.sites import PLACES
from tfgate.blocks.sites import Site

__all__ = [
    "PLACES",
    "EarlyExit",
    "ExitSelection",
    "GatedBlock",
    "GatedConcat",
    "GatedFilters",
    "GatedResidual",
    "Site",
]
