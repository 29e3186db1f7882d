"""Clusters for all blocks of a network."""

import dataclasses

import tfgate
from tflite.clustering import search


@dataclasses.dataclass(frozen=True)
class NetworkClusters:
    """Clusters of every block of gated filters, and what they cost.

    Attributes:
        blocks: block name -> `tflite.clustering.Clustering`; without gated filters,
            empty.
    """

    blocks: dict

    @property
    def sites(self):
        """Block name -> dict of place name -> `tflite.clusters.SiteClusters`."""
        return {name: found.sites for name, found in self.blocks.items()}

    def describe(self):
        """Expected MACs beside those of plainer orders, in one line for people."""
        found = self._sum("macs")
        if not found:
            return "no filter gates that run: nothing to cluster"
        plain = ", ".join(
            f"{words} {self._sum(f'{name}_macs'):,.0f} "
            f"({self._sum(f'{name}_macs') / found:.3f} times) and "
            f"{self._sum(f'{name}_conditions')} conditions"
            for name, words in (
                ("original", "neighbours in their original order"),
                ("by_rate", "sorted by rate"),
            )
        )
        return (
            f"clusters of filters: {found:,.0f} MACs expected and "
            f"{self._sum('conditions')} conditions; {plain}; a condition for each "
            f"component {self._sum('component_macs'):,.0f}"
        )

    def _sum(self, name):
        return sum(getattr(found, name) for found in self.blocks.values())


def of_network(
    model, decisions, min_group, condition_macs, pass_macs=0.0, filters_at_once=1
):
    """Finds clusters for every `tfgate.GatedFilters` of a network.

    Args:
        model: a `tfgate.GatedModel`.
        decisions: gate name -> array `[images, components]` of 0 and 1.
        min_group: least number of filters of a cluster.
        condition_macs: see `tflite.clustering.find`.
        pass_macs: likewise.
        filters_at_once: likewise.

    Returns:
        `NetworkClusters`.
    """
    blocks = {}
    for block in model.blocks:
        if isinstance(block, tfgate.GatedFilters):
            blocks[block.name] = search.find(
                block,
                decisions[block.gate.name],
                min_group=min_group,
                condition_macs=condition_macs,
                pass_macs=pass_macs,
                filters_at_once=filters_at_once,
            )
    return NetworkClusters(blocks)
