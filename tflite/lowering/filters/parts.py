"""Which filters of a segment run together."""

import dataclasses

import numpy as np

from tfgate import channels
from tfgate.blocks import Site
from tfgate.compaction import slicing
from tflite.clusters import SiteClusters
from tflite.errors import InputError
from tflite.lowering.filters.gating import components_of_filters


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """Some channels of a segment, which run together or not at all.

    Attributes:
        members: components of which any opens the part; empty for one that always runs.
        channels: before each element of the segment, and at its end, the numbers of
            the part's channels, in the part's order.
        masks: site -> tuple with the number of what each channel of the part is
            multiplied by there, the component that closes it or a scale; None for a
            channel that nothing closes, nor scales, once the part runs.
        lacks: of the members, those whose channels are not there: such a part stands
            for the whole where they are all closed.
        variants: tuple of parts with fewer channels, in the order in which they are
            tried in place of this one.
    """

    members: tuple[int, ...]
    channels: tuple[tuple[int, ...], ...]
    masks: dict
    lacks: tuple[int, ...] = ()
    variants: tuple["Part", ...] = ()

    @property
    def alternatives(self):
        """Tuple of its variants and the part itself, the last."""
        return (*self.variants, self)

    def cases(self):
        """When each of the alternatives runs, given that the part does.

        Yields:
            `(alternative, sign, factors)`: as often as in each of the factors, tuples
            of components, any is open; with a sign of -1, so much less often.
        """
        passed = ()
        for own in self.alternatives:
            yield own, 1, passed
            if own.lacks:
                passed = (*passed, own.lacks)
                yield own, -1, passed

    @property
    def entry(self):
        """The part's channels where the segment begins."""
        return self.channels[0]

    @property
    def exit(self):
        """The part's channels where the segment ends."""
        return self.channels[-1]

    def components(self, segment):
        """The component that opens each channel of the part, at both ends.

        Args:
            segment: the part's `Segment`.

        Returns:
            Tuple of components, None for channels that nothing closes once the part
            runs; None where they are all, or where a grouped convolution makes others
            of the channels on the way.
        """
        masks = self.masks.get(segment.site)
        grouped = any(
            channels.kind(e) is channels.Kind.GROUPS
            for e in segment.elements
            if not isinstance(e, Site)
        )
        if grouped or masks is None or all(mask is None for mask in masks):
            return None
        return masks


def of_segment(segment, clusters, decided, scales=None):
    """The parts of a segment: the one that always runs, if any, then the clusters.

    Args:
        segment: `Segment`.
        clusters: `settled` clusters of its place, None without one.
        decided: tuple with 0, 1 or None for each component of the gate.
        scales: site name -> number of the factor of filters without a gate, where
            everything that is open is scaled; None where it is not.

    Returns:
        List of `Part`.
    """

    def trace(where, filters, members=(), lacks=(), variants=()):
        part = _trace(segment, where, filters, members, decided, scales)
        return dataclasses.replace(part, lacks=lacks, variants=variants)

    def of_components(components, members, lacks=(), variants=()):
        filters = tuple(f for c in components for f in _filters(site, c))
        return trace(where, filters, members, lacks, variants)

    site = segment.site
    if site is None:
        return [trace(0, tuple(range(segment.shapes[0][-1])))]
    where = len(segment.elements) - 1 - segment.elements[::-1].index(site)
    always = [*range(site.filters_always_open)]
    always += [f for c in clusters.ungated for f in _filters(site, c)]
    parts = [trace(where, tuple(always))] if always else []
    for members, sets in clusters.with_variants:
        variants = [
            of_components(own, members, tuple(c for c in members if c not in own))
            for own in sets
        ]
        parts.append(of_components(members, members, variants=tuple(variants)))
    return parts


def settled(site, clusters, decided, block):
    """Clusters without the components that are decided for every image.

    Args:
        site: `Site`.
        clusters: `SiteClusters`.
        decided: tuple with 0, 1 or None for each component of the gate.
        block: name of the block, for messages.

    Returns:
        `SiteClusters`: what is always open is ungated, what is closed is cut.

    Raises:
        InputError: a component should be cut that is open for some images.
    """
    clusters.check(site, block)
    wrong = [c for c in clusters.never if decided[c] != 0]
    if wrong:
        raise InputError(
            "Expected components that are closed for every image among those that "
            f"never run at the place {site.name!r} of block {block!r}, got {wrong}, "
            "which a gate may open."
        )
    own = range(site.components.start, site.components.stop)
    ungated = {*clusters.ungated, *(c for c in own if decided[c] == 1)}
    ungated -= {c for c in own if decided[c] == 0}

    def undecided(components):
        return tuple(sorted(c for c in components if decided[c] is None))

    inside = {}
    for cluster, sets in clusters.with_variants:
        members = undecided(cluster)
        kept = dict.fromkeys(map(undecided, sets))
        if members:
            inside[members] = tuple(s for s in kept if s and s != members)
    return SiteClusters(
        tuple(sorted(ungated)),
        tuple(inside),
        tuple(c for c in own if decided[c] == 0),
        tuple(inside.values()) if any(inside.values()) else (),
    )


def constants(segment):
    """What the channels at the end of a segment are while they are closed.

    Args:
        segment: `Segment`.

    Returns:
        float64 `[channels]`: zeros, unless a batch norm, say, follows the gated place.

    Raises:
        slicing.NotFoldable: it is not the same at every position.
    """
    if segment.site is None:
        return np.zeros(segment.width)
    where = len(segment.elements) - 1 - segment.elements[::-1].index(segment.site)
    values = np.zeros(segment.shapes[where][-1])
    for element, shape in zip(
        segment.elements[where + 1 :], segment.shapes[where + 1 :], strict=False
    ):
        if channels.kind(element) is channels.Kind.GROUPS:
            values = slicing.grouped_constants(element, values)
        else:
            values = slicing.constants_after(element, values, shape)
    return values


def _filters(site, component):
    first = site.filters_always_open
    first += (component - site.start) * site.filters_per_gate
    return range(first, first + site.filters_per_gate)


def _trace(segment, where, filters, members, decided, scales):
    """The part whose channels before the element at an index are given."""
    before, after = [filters], [filters]
    for element in segment.elements[:where][::-1]:
        before.insert(0, _through(element, before[0], ahead=False))
    for element in segment.elements[where:]:
        after.append(_through(element, after[-1], ahead=True))
    found = tuple(before[:-1] + after)
    sites = [
        (element, traced)
        for element, traced in zip(segment.elements, found, strict=False)
        if isinstance(element, Site)
    ]
    masks = {
        site: _scaled_masks(site, traced, scales[site.name])
        if scales
        else _masks(site, traced, decided, members)
        for site, traced in sites
    }
    return Part(members, found, masks)


def _through(element, numbers, ahead):
    """Channels on the other side of a layer; whole groups of a grouped convolution."""
    if isinstance(element, Site):
        return numbers
    if channels.kind(element) is not channels.Kind.GROUPS:
        return numbers
    inputs, outputs = channels.group_sizes(element)
    near, far = (inputs, outputs) if ahead else (outputs, inputs)
    groups = dict.fromkeys(number // near for number in numbers)
    return tuple(group * far + offset for group in groups for offset in range(far))


def _scaled_masks(site, filters, scale):
    numbers = components_of_filters(site, always=scale)
    return tuple(numbers[number] for number in filters)


def _masks(site, filters, decided, members):
    found = []
    for number in filters:
        place = (number - site.filters_always_open) // site.filters_per_gate
        component = None if number < site.filters_always_open else site.start + place
        open_anyway = component is not None and decided[component] == 1
        found.append(None if open_anyway or members == (component,) else component)
    return tuple(found)
