"""Everything is computed and multiplied by the decisions, as in Keras."""

import keras

import tfgate
from tfgate.blocks import Site
from tflite.lowering.filters.gating import Gating
from tflite.lowering.filters.gating import components_of_filters
from tflite.lowering.filters.gating import numbers_of_scales
from tflite.lowering.registry import register


class MaskedFilters(keras.layers.Layer):
    """Export-only twin of `tfgate.GatedFilters` that skips nothing.

    Args:
        path: copies of the block's stages, and its `Site`s, in order.
        shortcut_path: the same of its shortcut; None without a shortcut to add.
        activation: of the result.
        threshold: `LogOddsThreshold`.
        scales: site name -> number of the factor of filters without a gate, where
            everything that is open is scaled; None where it is not.

    Call arguments:
        inputs: `[1, ..., channels]`.
        log_odds: float32 `[components]`.
        weights: what filters are multiplied by, see `Gating`; None for decisions.

    Returns:
        `[1, ..., channels]`.
    """

    def __init__(
        self, path, shortcut_path, activation, threshold, scales=None, **kwargs
    ):
        super().__init__(**kwargs)
        self._scales = scales or {}
        self._main, self._skip = path, shortcut_path
        self._activation = activation
        self._threshold = threshold
        elements = [*path, *(shortcut_path or ())]
        self.copies = [e for e in elements if not isinstance(e, Site)]

    def build(self, inputs_shape, log_odds_shape, weights_shape=None):
        for path in (self._main, self._skip or ()):
            shape = inputs_shape
            for element in path:
                if not isinstance(element, Site):
                    if not element.built:
                        element.build(shape)
                    shape = element.compute_output_shape(shape)
        self.built = True

    def call(self, inputs, log_odds, weights=None):
        gating = Gating(self._threshold.symbol(log_odds), [], weights=weights)
        outputs = self._run(self._main, inputs, gating)
        if self._skip is not None:
            outputs = self._run(self._skip, inputs, gating) + outputs
        return self._activation(outputs)

    def _run(self, path, x, gating):
        for element in path:
            if isinstance(element, Site):
                always = self._scales.get(element.name)
                x = x * gating.mask(components_of_filters(element, always))
            else:
                x = element(x)
        return x


@register(tfgate.GatedFilters, "masked")
def lower_masked(block, x, context):
    """Multiplies the filters by their decisions."""

    def copies(path):
        return [e if isinstance(e, Site) else context.rewriter.copy(e) for e in path]

    twin = MaskedFilters(
        copies(block.path()),
        copies(block.shortcut_path()) if block.residual else None,
        block.activation,
        context.threshold,
        None if context.learned is None else numbers_of_scales(block),
        name=block.name,
    )
    return twin(x, context.vector(block, x), *context.weights(block))
