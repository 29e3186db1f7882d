"""Blocks: what a decision controls."""

from tfgate.blocks.base import GatedBlock
from tfgate.blocks.filters import GatedFilters
from tfgate.blocks.residual import GatedResidual
from tfgate.blocks.sites import PLACES
from tfgate.blocks.sites import Site

__all__ = ["PLACES", "GatedBlock", "GatedFilters", "GatedResidual", "Site"]
