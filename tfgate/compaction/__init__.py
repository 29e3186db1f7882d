"""Compaction: gates that no longer decide anything are taken out.

A gate that is closed for every image takes what it switches with it: the branch of a
residual block (the shortcut stays), a layer of a dense block with the channels that it
appends, or single filters, which are sliced out of the layers around them. A gate that
is open for every image goes, and its block becomes an ordinary one.
"""

from tfgate.compaction.network import apply_decided
from tfgate.compaction.network import compact
from tfgate.compaction.plan import plan_compaction
from tfgate.compaction.report import Action
from tfgate.compaction.report import BlockDecision
from tfgate.compaction.report import CompactionReport
from tfgate.compaction.report import PlaceDecision

__all__ = [
    "Action",
    "BlockDecision",
    "CompactionReport",
    "PlaceDecision",
    "apply_decided",
    "compact",
    "plan_compaction",
]
