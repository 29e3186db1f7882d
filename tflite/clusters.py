"""Which components of a gated place run together."""

import dataclasses

from tflite.errors import InputError


@dataclasses.dataclass(frozen=True)
class SiteClusters:
    """How the components at one gated place are put together.

    All numbers are indices of the gate's components, as `Site.components` numbers
    them. Filters without a gate are always with the ungated ones.

    Attributes:
        ungated: components that run always. They are still masked, so nothing is
            assumed of them.
        clusters: each is a tuple of components behind one condition: they run if any
            of them is open, and are masked inside.
        never: components that are provably closed, for every image; they are cut.
    """

    ungated: tuple[int, ...] = ()
    clusters: tuple[tuple[int, ...], ...] = ()
    never: tuple[int, ...] = ()

    def check(self, site, block):
        """Checks that these are the components of a gated place, each once.

        Args:
            site: `tfgate.blocks.Site`.
            block: name of its block, for messages.

        Raises:
            InputError: they are not.
        """
        members = [c for cluster in self.clusters for c in cluster]
        given = sorted([*self.ungated, *members, *self.never])
        own = list(range(site.components.start, site.components.stop))
        if given != own or not all(self.clusters):
            raise InputError(
                f"Expected clusters with each of the components {own[0]} to {own[-1]} "
                f"once, and none empty, at the place {site.name!r} of block "
                f"{block!r}, got {self}."
            )


def ungated(site):
    """Lets all components of a place, a `Site`, run always: `SiteClusters`."""
    return SiteClusters(tuple(range(site.components.start, site.components.stop)))


def consecutive(site, min_group):
    """Puts components together in their original order.

    Args:
        site: `tfgate.blocks.Site`.
        min_group: least number of filters of a cluster, at least 1. A place with
            fewer filters gets one cluster.

    Returns:
        `SiteClusters` without ungated components.
    """
    own = range(site.components.start, site.components.stop)
    size = -(-min_group // site.filters_per_gate)
    # What is left at the end would be too small: it joins the last cluster.
    starts = list(own[:: min(size, len(own))])
    if len(starts) > 1 and own.stop - starts[-1] < size:
        starts.pop()
    ends = [*starts[1:], own.stop]
    clusters = zip(starts, ends, strict=True)
    return SiteClusters(clusters=tuple(tuple(range(*ends)) for ends in clusters))
