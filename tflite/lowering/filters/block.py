"""A block of gated filters as one or two partitioned paths."""

import keras

from tflite.lowering.filters.paths import PartitionedPath


class PartitionedBlock:
    """The stages of a `tfgate.GatedFilters`, and its shortcut where it has layers.

    Args:
        block: the `tfgate.GatedFilters`.
        clusters: site name -> settled `SiteClusters`.
        decided: tuple with 0, 1 or None for each component of the gate.
        rewriter: the `tfgate.graph.GraphRewriter` at work.
        name: begins the names of the new layers.
        gather: as for `PartitionedPath`.
        scales: likewise.

    Raises:
        InputError: a path has layers that cannot be taken apart.
    """

    def __init__(
        self, block, clusters, decided, rewriter, name, gather=False, scales=None
    ):
        def path(elements, own_name):
            return PartitionedPath(
                block, elements, clusters, decided, rewriter, own_name, gather, scales
            )

        self._stages = path(block.path(), name)
        skip = block.shortcut_path()
        self._shortcut = path(skip, f"{name}_0") if skip else None
        self._residual = block.residual
        self._activation = block.activation

    @property
    def paths(self):
        """List of the `PartitionedPath`s."""
        return [path for path in (self._stages, self._shortcut) if path is not None]

    @property
    def layers(self):
        """List of all new layers."""
        return [layer for path in self.paths for layer, _ in path.layers]

    @property
    def clusters(self):
        """Members of all parts behind conditions, a list of tuples."""
        return [cluster for path in self.paths for cluster in path.clusters]

    @property
    def variants(self):
        """Members of parts with variants -> list of what these lack."""
        return {m: lacks for path in self.paths for m, lacks in path.variants.items()}

    @property
    def has_masks(self):
        """Whether some part has filters that close while it runs."""
        return any(path.has_masks for path in self.paths)

    @property
    def gathers(self):
        """Whether there are gathered convolutions."""
        return any(path.gathers for path in self.paths)

    @property
    def output_shape(self):
        """Shape of the block's output, with a batch of one."""
        return self._stages.output_shape

    def macs(self):
        """What the block executes: list of `Switched`."""
        return [entry for path in self.paths for entry in path.macs()]

    def build(self):
        """Builds the new layers."""
        for path in self.paths:
            path.build()

    def __call__(self, inputs, gating):
        """Runs the block.

        Args:
            inputs: the block's input.
            gating: `tflite.lowering.filters.gating.Gating`.

        Returns:
            Tensor of `output_shape`.
        """
        skip = inputs if self._residual else None
        if self._shortcut is not None:
            skip = self._shortcut(inputs, gating, None, keras.activations.linear)
        return self._stages(inputs, gating, skip, self._activation)
