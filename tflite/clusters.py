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
        variants: for each cluster a tuple of sets of some of its components, from the
            least work to the most: an open cluster runs the first that has all of its
            open components, or all of it. Empty where no cluster has any.
    """

    ungated: tuple[int, ...] = ()
    clusters: tuple[tuple[int, ...], ...] = ()
    never: tuple[int, ...] = ()
    variants: tuple[tuple[tuple[int, ...], ...], ...] = ()

    @property
    def with_variants(self):
        """Pairs of a cluster and its variants, a list."""
        variants = self.variants or ((),) * len(self.clusters)
        return list(zip(self.clusters, variants, strict=True))

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
        if self.variants and len(self.variants) != len(self.clusters):
            raise InputError(
                f"Expected variants of {len(self.clusters)} clusters, or none, at the "
                f"place {site.name!r} of block {block!r}, got {len(self.variants)}."
            )
        for cluster, variants in self.with_variants:
            wrong = [own for own in variants if not set() < set(own) < set(cluster)]
            if wrong:
                raise InputError(
                    f"Expected variants with some of the components {cluster} of a "
                    f"cluster at the place {site.name!r} of block {block!r}, got "
                    f"{wrong[0]}."
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
