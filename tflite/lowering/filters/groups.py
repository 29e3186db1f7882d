"""Clusters of filters behind conditions, masked inside: exact for every image."""

import keras

import tfgate
from tflite import clusters as site_clusters
from tflite.errors import InputError
from tflite.lowering.filters import macs
from tflite.lowering.filters import parts
from tflite.lowering.filters.block import PartitionedBlock
from tflite.lowering.filters.decided import apply_decided_filters
from tflite.lowering.filters.gating import Gating
from tflite.lowering.filters.gating import numbers_of_scales
from tflite.lowering.registry import register


class ClusteredFilters(keras.layers.Layer):
    """Export-only twin of `tfgate.GatedFilters` that runs the clusters it needs.

    Args:
        block: `PartitionedBlock`.
        threshold: `LogOddsThreshold`.

    Call arguments:
        inputs: `[1, ..., channels]`.
        log_odds: float32 `[components]`.
        weights: what filters are multiplied by, see `Gating`; None for decisions.

    Returns:
        `[1, ..., channels]`.
    """

    def __init__(self, block, threshold, **kwargs):
        super().__init__(**kwargs)
        self._block = block
        self._threshold = threshold
        # Keras saves the weights of layers that it finds in attributes.
        self.made = block.layers

    def build(self, inputs_shape, log_odds_shape, weights_shape=None):
        self._block.build()
        self.built = True

    def compute_output_shape(self, inputs_shape, log_odds_shape, weights_shape=None):
        # Keras would trace all branches to find it.
        return self._block.output_shape

    def call(self, inputs, log_odds, weights=None):
        gating = Gating(
            self._threshold.symbol(log_odds),
            self._block.clusters,
            self._block.has_masks,
            weights,
            self._block.variants,
        )
        return self._block(inputs, gating)


@register(tfgate.GatedFilters, "groups")
def lower_groups(block, x, context):
    """Puts clusters of filters behind conditions."""

    def default(site):
        return site_clusters.consecutive(site, context.min_group)

    return lower(block, x, context, default)


@register(tfgate.GatedFilters, "gather")
def lower_gather(block, x, context):
    """The same, with 1x1 convolutions of exactly the open filters.

    Places without given clusters are ungated: they leave the other convolutions dense.
    """
    return lower(block, x, context, site_clusters.ungated, gather=True)


def lower(block, x, context, default, *, given=None, gather=False):
    """Puts clusters in the place of a block.

    Args:
        block: the `tfgate.GatedFilters`.
        x: KerasTensor, its input.
        context: `tflite.lowering.Context`.
        default: function of a `Site` to the `SiteClusters` of those that are not given.
        given: site name -> `SiteClusters`; None for those of the context.
        gather: whether 1x1 convolutions read and compute the open filters alone.

    Returns:
        KerasTensor.

    Raises:
        InputError: the block cannot be taken apart so.
    """
    decided = context.decided(block)
    if None not in decided:
        return apply_decided_filters(block, x, context, decided)
    made = PartitionedBlock(
        block,
        _settled_clusters(block, context, default, given),
        decided,
        context.rewriter,
        block.name,
        gather,
        None if context.learned is None else numbers_of_scales(block),
    )
    if gather and not made.gathers:
        raise InputError(
            f"Expected block {block.name!r} with a 1x1 convolution next to gated "
            "filters for the lowering 'gather', got none; choose 'groups' or 'masked'."
        )
    context.switched[block.name] = macs.merged(made.macs())
    twin = ClusteredFilters(made, context.threshold, name=block.name)
    return twin(x, context.vector(block, x), *context.weights(block))


def _settled_clusters(block, context, default, given):
    """Site name -> `SiteClusters` of a block, without what is decided."""
    if given is None:
        given = context.clusters.get(block.name, {})
    return {
        site.name: parts.settled(
            site,
            given.get(site.name) or default(site),
            context.decided(block),
            block.name,
        )
        for site in block.sites
    }
