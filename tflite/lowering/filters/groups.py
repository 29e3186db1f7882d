"""Clusters of filters behind conditions, masked inside: exact for every image."""

import functools

import keras

import tfgate
from tflite import clusters as site_clusters
from tflite.errors import InputError
from tflite.lowering.filters import macs
from tflite.lowering.filters import parts
from tflite.lowering.filters.decided import apply_decided_filters
from tflite.lowering.filters.gating import Gating
from tflite.lowering.filters.paths import PartitionedPath
from tflite.lowering.registry import register


class ClusteredFilters(keras.layers.Layer):
    """Export-only twin of `tfgate.GatedFilters` that runs the clusters it needs.

    Args:
        stages: `PartitionedPath` of the stages.
        shortcut: `PartitionedPath` of the shortcut; None for the identity.
        residual: whether the shortcut is added.
        activation: of the result.
        threshold: `LogOddsThreshold`.

    Call arguments:
        inputs: `[1, ..., channels]`.
        log_odds: float32 `[components]`.

    Returns:
        `[1, ..., channels]`.
    """

    def __init__(self, stages, shortcut, residual, activation, threshold, **kwargs):
        super().__init__(**kwargs)
        self._stages, self._shortcut = stages, shortcut
        self._paths = [path for path in (stages, shortcut) if path is not None]
        self._residual = residual
        self._activation = activation
        self._threshold = threshold
        # Keras saves the weights of layers that it finds in attributes.
        self.made = [layer for path in self._paths for layer, _ in path.layers]

    def build(self, inputs_shape, log_odds_shape):
        for path in self._paths:
            path.build()
        self.built = True

    def compute_output_shape(self, inputs_shape, log_odds_shape):
        # Keras would trace all branches to find it.
        return self._stages.output_shape

    def call(self, inputs, log_odds):
        gating = Gating(
            self._threshold.symbol(log_odds),
            [cluster for path in self._paths for cluster in path.clusters],
            any(path.has_masks for path in self._paths),
        )
        skip = inputs if self._residual else None
        if self._shortcut is not None:
            linear = keras.activations.linear
            skip = self._shortcut(inputs, gating, None, linear)
        return self._stages(inputs, gating, skip, self._activation)


@register(tfgate.GatedFilters, "groups")
def lower_groups(block, x, context):
    """Puts clusters of filters behind conditions."""

    def default(site):
        return site_clusters.consecutive(site, context.min_group)

    return _lower(block, x, context, default)


@register(tfgate.GatedFilters, "gather")
def lower_gather(block, x, context):
    """The same, with 1x1 convolutions of exactly the open filters.

    Places without given clusters are ungated: they leave the other convolutions dense.
    """
    return _lower(block, x, context, site_clusters.ungated, gather=True)


def _lower(block, x, context, default, gather=False):
    decided = context.decided(block)
    if None not in decided:
        return apply_decided_filters(block, x, context, decided)
    clusters = _settled_clusters(block, context, default)
    make = functools.partial(PartitionedPath, gather=gather)
    paths = {
        name: make(block, path, clusters, decided, context.rewriter, name)
        for name, path in (
            (block.name, block.path()),
            (f"{block.name}_0", block.shortcut_path()),
        )
        if path
    }
    if gather and not any(path.gathers for path in paths.values()):
        raise InputError(
            f"Expected block {block.name!r} with a 1x1 convolution next to gated "
            "filters for the lowering 'gather', got none; choose 'groups' or 'masked'."
        )
    twin = ClusteredFilters(
        paths[block.name],
        paths.get(f"{block.name}_0"),
        block.residual,
        block.activation,
        context.threshold,
        name=block.name,
    )
    context.switched[block.name] = macs.merged(
        entry for path in paths.values() for entry in path.macs()
    )
    return twin(x, context.vector(block, x))


def _settled_clusters(block, context, default):
    """Site name -> `SiteClusters` of a block, without what is decided."""
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
