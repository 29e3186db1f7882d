"""Expected milliseconds of a block's lowerings, from MACs.

    time = sum over parts of P(part runs) * MACs / rate(kind, MACs)
           + conditions * IF_MS + passes over the memory * MIB * PASS_MS

A rate depends on the kind of a layer and on its size: small layers are slower for each
MAC. What lowerings of a block have in common (its gate, an ungated shortcut) is left
out: they are only compared with one another. The constants stand in one table, of one
machine; on another one `--autotune` measures the lowerings themselves.
"""

import dataclasses
import math

import keras
import numpy as np

import tfgate
from tfgate import channels
from tfgate import costs
from tfgate.blocks import Site
from tfgate.graph import GraphRewriter
from tflite import clusters
from tflite import lowering as lowerings
from tflite import variants
from tflite.clustering.search import PASSES
from tflite.clustering.search import next_maps
from tflite.errors import InputError

# Measured by `python -m tflite.rates --runs=60` on an AMD EPYC, one thread: kind of
# layer -> pairs of MACs and of MACs in a millisecond.
RATES = {
    "conv": ((1.5e5, 1.7e7), (2.4e6, 4.5e7), (2.9e7, 5.0e7), (1.2e8, 5.1e7)),
    "pointwise": ((2.6e5, 2.3e7), (3.2e6, 4.7e7), (5.1e7, 5.2e7)),
    "depthwise": ((7.4e4, 7.9e6), (9.0e5, 1.3e7), (7.2e6, 1.2e7)),
    "dense": ((1.6e4, 2.1e6), (2.6e5, 5.0e6), (1.0e6, 3.9e6)),
}
# Height of a feature map of 128 filters, and the share of a 1x1 convolution's rate that
# a gathered one reaches there.
GATHER = ((7, 0.24), (14, 0.40), (28, 0.53))
# A condition and the change of branches.
IF_MS = 0.0124
# One element-wise operation for each MiB that it writes.
PASS_MS = 0.026
# Putting runs of channels among zeros, for each MiB of the whole feature map.
MOVE_MS = 0.39


@dataclasses.dataclass(frozen=True)
class Part:
    """Some MACs of a lowering.

    Attributes:
        kind: a key of `RATES`.
        macs: MACs for one image, where it runs as a whole.
        factors: tuples of components: it runs if in each of them any is open.
        shares: tuples of components: of what runs, only the share of the open ones
            among each of them does.
        size: MACs of the layer whose rate it has; None for its own.
        expected: share of images for which it runs, where that is known better than
            by decisions; else None.
    """

    kind: str
    macs: float
    factors: tuple = ()
    shares: tuple = ()
    size: float | None = None
    expected: float | None = None

    @property
    def ms(self):
        """Milliseconds of the whole part."""
        macs = self.macs
        size = macs if self.size is None else self.size
        return macs * layer_ms(self.kind, size) / size if size else 0.0

    def runs(self, decisions):
        """Share of the part that runs, a mean over images.

        Args:
            decisions: array `[images, components]` of 0 and 1.
        """
        if self.expected is not None:
            return self.expected
        share = np.ones(len(decisions))
        for factor in self.factors:
            share *= decisions[:, list(factor)].max(axis=1)
        for components in self.shares:
            share *= decisions[:, list(components)].mean(axis=1)
        return float(share.mean())


@dataclasses.dataclass(frozen=True)
class Work:
    """What a lowering does.

    Attributes:
        parts: tuple of `Part`.
        conditions: number of IFs, for the mean image.
        mib: MiB that element-wise operations write, beside the layers' own.
        moved: MiB of maps whose channels are put among zeros.
    """

    parts: tuple
    conditions: float = 0
    mib: float = 0.0
    moved: float = 0.0

    def expected_ms(self, decisions):
        """Expected milliseconds, given decisions `[images, components]`."""
        total = self.conditions * IF_MS + self.mib * PASS_MS + self.moved * MOVE_MS
        for part in self.parts:
            total += part.runs(decisions) * part.ms
        return total


class CostModel:
    """Estimates lowerings by their MACs.

    Args:
        make_context: function without arguments that makes a
            `tflite.lowering.Context`, for a lowering that is built only to see what it
            executes.
        filters_at_once: how many filters a kernel computes, see `tflite.padding`.
    """

    source = "cost model"

    def __init__(self, make_context, filters_at_once=1):
        self._make_context = make_context
        self._at_once = filters_at_once

    def estimate(self, block, names, decisions):
        """Expected milliseconds of some lowerings of a block.

        Args:
            block: a gated block.
            names: list of lowerings.
            decisions: array `[images, components]` of its gate.

        Returns:
            Dict of name -> milliseconds, or -> the `InputError` of a lowering that
            this block cannot have.
        """
        found = {}
        for name in names:
            try:
                found[name] = self._work(block, name).expected_ms(decisions)
            except InputError as error:
                found[name] = error
        return found

    def _work(self, block, name):
        if isinstance(block, tfgate.GatedFilters):
            return self._work_of_filters(block, name)
        layers = list(_layers(channels.leaves(block.branch), block.built_shape))
        output = _mib(block.branch.compute_output_shape(block.built_shape))
        if name == "masked":
            return Work(tuple(Part(*layer) for layer in layers), mib=output)
        parts = tuple(Part(*layer, factors=((0,),)) for layer in layers)
        return Work(parts, conditions=1)

    def _work_of_filters(self, block, name):
        stages = (layer for stage in block.stages for layer in channels.leaves(stage))
        layers = list(_layers(stages, block.built_shape))
        outside = [site.name for site in block.sites if site.place != "inner"]
        if name == "gather" and outside:
            # Wide maps are transposed and put together again: what that takes is not
            # in `GATHER`, and it was more than all of the rest.
            raise InputError(
                "Expected gates at inner places alone, or --autotune, for an estimate "
                f"of 'gather' for block {block.name!r}, got {', '.join(outside)}."
            )
        mib = sum(_mib((1, *site_shape)) for site_shape in _site_shapes(block))
        if name == "masked":
            return Work(tuple(Part(*layer) for layer in layers), mib=mib)
        context = self._make_context()
        images = keras.Input(batch_shape=(1, *block.built_shape[1:]))
        lowerings.find(block, name)(block, images, context)
        kind = max(layers, key=lambda layer: layer[1])[0]
        switched = context.switched[block.name]
        if name == "variants":
            found = context.variants[block.name]
            parts = found.parts
            work = self._work_of_variants(switched, parts, kind, layers)
            if len(parts) > 1:
                added_to = next_maps(block)[found.place(block).name]
                mib += PASSES * len(parts) * added_to
                return dataclasses.replace(work, mib=mib)
            moved = _moved_mib(block, *parts)
            return dataclasses.replace(work, mib=mib, moved=moved)
        share = np.interp(block.built_shape[1], *np.transpose(GATHER))
        parts = tuple(
            Part(kind, s.padded_macs(self._at_once), s.factors)
            if not s.shares
            else Part("pointwise", s.macs / share, s.factors, s.shares)
            for s in switched
        )
        conditions = {part.factors for part in parts} - {()}
        if name == "groups":
            mib += PASSES * _summed_mib(block, context)
        return Work(parts, len(conditions), mib)

    def _work_of_variants(self, switched, found, kind, layers):
        """Work of trees of variants, each as fast as layers of its part's own size.

        By the decisions for which variants were made they would seem better than they
        are: the probabilities are of other images.
        """
        macs = sum(macs for _, macs in layers)
        parts, conditions = [], 0.0
        for number, own in enumerate(found):
            entries = [s for s in switched if _part_of(s, found) == number]
            share = sum(entry.macs for entry in entries) / macs
            if not share:
                continue
            part = [(kind, macs * share) for kind, macs in layers]
            whole = sum(macs for _, macs in part)
            slower = sum(layer_ms(*layer) for layer in part) / layer_ms(kind, whole)
            passed = [1.0, *(1.0 - np.cumsum(own.probabilities))]
            parts += [
                Part(
                    kind,
                    slower * entry.padded_macs(self._at_once),
                    size=slower * whole,
                    expected=passed[min(len(entry.factors), len(passed) - 1)],
                )
                for entry in entries
            ]
            conditions += _conditions(own, len(found) > 1)
        parts += [
            Part(kind, entry.padded_macs(self._at_once))
            for entry in switched
            if _part_of(entry, found) is None
        ]
        return Work(tuple(parts), conditions)


def _part_of(entry, found):
    """The number of the part, of a list of `PartVariants`, of which `Switched` is."""
    if len(found) == 1:
        return 0
    components = {c for factor in entry.factors for c in factor}
    return next((n for n, p in enumerate(found) if components & set(p.sets[-1])), None)


def _conditions(found, closes):
    """Conditions that `PartVariants` take, for the mean image.

    Args:
        found: `PartVariants`.
        closes: whether the first set is empty, behind a condition of its own.
    """
    if not closes:
        return math.ceil(math.log2(len(found.sets)))
    opens = 1.0 - found.probabilities[0]
    return 1.0 + opens * math.log2(len(found.sets) - 1)


def _moved_mib(block, found):
    """MiB of maps that the `PartVariants` of a block move, for the mean image."""
    total = 0.0
    for site, mib in variants.moved_mib(block).items():
        own = set(range(site.components.start, site.components.stop))
        total += mib * sum(
            share
            for kept, share in zip(found.sets, found.probabilities, strict=True)
            if not own <= set(kept)
        )
    return total


def layer_ms(kind, macs):
    """Milliseconds of a layer: its MACs by a rate between those that were measured.

    Args:
        kind: a key of `RATES`.
        macs: MACs for one image.
    """
    sizes, rates = np.log(np.array(RATES[kind])).T
    return macs / float(np.exp(np.interp(np.log(max(macs, 1.0)), sizes, rates)))


def condition_macs():
    """MACs of a convolution of some size that take as long as a condition."""
    return IF_MS * _macs_a_ms()


def pass_macs():
    """The same of a pass over one MiB of memory."""
    return PASS_MS * _macs_a_ms()


def move_macs():
    """The same of putting channels among zeros, for one MiB."""
    return MOVE_MS * _macs_a_ms()


def _macs_a_ms():
    size = 1e7
    return size / layer_ms("conv", size)


def _layers(leaves, shape):
    """Yields kind and MACs of each layer that has any."""
    for layer in leaves:
        output = layer.compute_output_shape(shape)
        kernel = getattr(layer, "kernel", None)
        if kernel is not None:
            positions = int(np.prod(output[1:-1]))
            yield _kind(layer), float(np.prod(kernel.shape)) * positions
        elif not channels.has_no_macs(layer):
            yield "conv", float(costs.count_macs(layer, shape))
        shape = output


def _kind(layer):
    if isinstance(layer, keras.layers.Dense):
        return "dense"
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return "depthwise"
    return "pointwise" if set(layer.kernel.shape[:-2]) == {1} else "conv"


def _site_shapes(block):
    """Shapes of the feature maps at a block's gated places."""
    for path in (block.path(), block.shortcut_path()):
        shape = block.built_shape
        for element in path:
            if isinstance(element, Site):
                yield shape[1:]
            else:
                shape = element.compute_output_shape(shape)


def _summed_mib(block, context):
    """MiB of the maps to which clusters add, counted for each cluster."""
    given, maps = context.clusters.get(block.name, {}), next_maps(block)
    total = 0.0
    for site in block.sites:
        own = given.get(site.name) or clusters.consecutive(site, context.min_group)
        total += len(own.clusters) * maps[site.name]
    return total


def _mib(shape):
    return 4 * float(np.prod(shape[1:])) / 2**20


def trial_context(model, threshold, **attributes):
    """A `Context` of its own, for lowerings that are not part of the file."""
    return lowerings.Context(GraphRewriter(model.core), threshold, **attributes)
