"""Several networks in the place of a block, of which an image runs the smallest.

Each variant has some of the filters, as one dense network without conditions inside; an
image runs the first one that has all of its open filters. What a variant has beyond
these is masked, and the last variant has everything: exact for every image. Conditions
form a tree, so that n variants cost about log2(n) of them, and no sums.

Or the filters of one place are split into parts, each with variants of its own, and the
block is the sum over the parts: clusters with variants inside. m parts of n variants
make n^m combinations for the bytes of n; a part costs a condition and an addition.
"""

import itertools

import keras

import tfgate
from tflite import clusters as site_clusters
from tflite.errors import InputError
from tflite.lowering.filters import groups
from tflite.lowering.filters import macs
from tflite.lowering.filters import parts
from tflite.lowering.filters import trees
from tflite.lowering.filters.block import PartitionedBlock
from tflite.lowering.filters.decided import apply_decided_filters
from tflite.lowering.filters.gating import Gating
from tflite.lowering.registry import register


class VariantFilters(keras.layers.Layer):
    """Export-only twin of `tfgate.GatedFilters` that runs one of its variants.

    Args:
        variants: list of `PartitionedBlock`s, in the order in which they are tried.
        missing: for each but the last, the tuple of undecided components that it has
            not.
        threshold: `LogOddsThreshold`.

    Call arguments:
        inputs: `[1, ..., channels]`.
        log_odds: float32 `[components]`.

    Returns:
        `[1, ..., channels]`.
    """

    def __init__(self, variants, missing, threshold, **kwargs):
        super().__init__(**kwargs)
        self._variants = variants
        self._missing = missing
        self._threshold = threshold
        # Keras saves the weights of layers that it finds in attributes.
        self.made = [layer for variant in variants for layer in variant.layers]

    def build(self, inputs_shape, log_odds_shape):
        for variant in self._variants:
            variant.build()
        self.built = True

    def compute_output_shape(self, inputs_shape, log_odds_shape):
        # Keras would trace all branches to find it.
        return self._variants[-1].output_shape

    def call(self, inputs, log_odds):
        is_open = self._threshold.symbol(log_odds)
        gating = Gating(is_open, [])
        (passed,) = trees.passed(is_open, [self._missing])
        networks = [lambda own=own: own(inputs, gating) for own in self._variants]
        return trees.choose(passed, networks)


@register(tfgate.GatedFilters, "variants")
def lower_variants(block, x, context):
    """Puts variants of the block behind a tree of conditions."""
    decided = context.decided(block)
    if None not in decided:
        return apply_decided_filters(block, x, context, decided)
    found = context.variants.get(block.name)
    if found is None:
        raise InputError(
            "Expected calibration images, and a --max_growth that leaves room, for the "
            f"lowering 'variants' of block {block.name!r}, got no variants that pay; "
            "choose 'groups' or 'masked'."
        )
    if len(found.parts) > 1:
        site = found.place(block)
        if site is None:
            raise InputError(
                f"Expected variants of parts of block {block.name!r} with components "
                f"of one gated place, got {[part.sets[-1] for part in found.parts]}."
            )
        given = {site.name: _clusters(site, found)}
        return groups.lower(block, x, context, site_clusters.ungated, given=given)
    made, missing = [], []
    sets = found.parts[0].sets
    for number, own in enumerate(_complete(sets, decided, block.name)):
        settled = _decided_in(own, decided)
        name = f"{block.name}_variant{number}"
        made.append(_variant(block, settled, context.rewriter, name))
        missing.append(_lacking(settled, decided))
    context.switched[block.name] = _switched(made, missing[:-1])
    twin = VariantFilters(made, missing[:-1], context.threshold, name=block.name)
    return twin(x, context.vector(block, x))


def _clusters(site, found):
    """`SiteClusters` of parts, with their variants; other components always run."""
    clusters = tuple(part.sets[-1] for part in found.parts)
    split = {c for cluster in clusters for c in cluster}
    own = range(site.components.start, site.components.stop)
    return site_clusters.SiteClusters(
        tuple(c for c in own if c not in split),
        clusters,
        # One of nothing is the closed cluster.
        variants=tuple(tuple(filter(None, part.sets[:-1])) for part in found.parts),
    )


def _complete(kept, decided, block):
    """Sets of components in the order of the variants, the last of everything.

    Raises:
        InputError: a set has numbers that are no components.
    """
    wrong = sorted({c for own in kept for c in own if not 0 <= c < len(decided)})
    if wrong:
        raise InputError(
            f"Expected variants of block {block!r} with components from 0 to "
            f"{len(decided) - 1}, got {wrong}."
        )
    undecided = {c for c, z in enumerate(decided) if z is None}
    partial = [own for own in map(set, kept) if not undecided <= own]
    return [*partial, undecided]


def _decided_in(kept, decided):
    """What a gate has decided where a variant runs: all that it has not is closed."""
    return tuple(0 if z is None and c not in kept else z for c, z in enumerate(decided))


def _lacking(settled, decided):
    return tuple(
        c
        for c, (now, before) in enumerate(zip(settled, decided, strict=True))
        if now == 0 and before is None
    )


def _variant(block, settled, rewriter, name):
    clusters = {
        site.name: parts.settled(
            site, _without_closed(site, settled), settled, block.name
        )
        for site in block.sites
    }
    return PartitionedBlock(block, clusters, settled, rewriter, name)


def _without_closed(site, settled):
    own = site_clusters.ungated(site).ungated
    return site_clusters.SiteClusters(
        tuple(c for c in own if settled[c] != 0),
        never=tuple(c for c in own if settled[c] == 0),
    )


def _switched(made, missing):
    """What each variant executes more than the one before, where that is passed."""
    wholes = [_whole(variant) for variant in made]
    found = [wholes[0]]
    for number, (before, own) in enumerate(itertools.pairwise(wholes), 1):
        instead = tuple((-m, filters) for m, filters in before.convolutions)
        found.append(
            macs.Switched(
                own.macs - before.macs,
                tuple(missing[:number]),
                convolutions=own.convolutions + instead,
            )
        )
    return macs.merged(found)


def _whole(variant):
    entries = variant.macs()
    return macs.Switched(
        sum(entry.macs for entry in entries),
        convolutions=tuple(c for entry in entries for c in entry.convolutions),
    )
