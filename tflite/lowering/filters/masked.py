"""Everything is computed and multiplied by the decisions, as in Keras."""

import keras

import tfgate
from tfgate.blocks import Site
from tflite.lowering.filters.gating import Gating
from tflite.lowering.filters.gating import components_of_filters
from tflite.lowering.registry import register


class MaskedFilters(keras.layers.Layer):
    """Export-only twin of `tfgate.GatedFilters` that skips nothing.

    Args:
        path: copies of the block's stages, and its `Site`s, in order.
        shortcut_path: the same of its shortcut; None without a shortcut to add.
        activation: of the result.
        threshold: `LogOddsThreshold`.

    Call arguments:
        inputs: `[1, ..., channels]`.
        log_odds: float32 `[components]`.

    Returns:
        `[1, ..., channels]`.
    """

    def __init__(self, path, shortcut_path, activation, threshold, **kwargs):
        super().__init__(**kwargs)
        self._main, self._skip = path, shortcut_path
        self._activation = activation
        self._threshold = threshold
        elements = [*path, *(shortcut_path or ())]
        self.copies = [e for e in elements if not isinstance(e, Site)]

    def build(self, inputs_shape, log_odds_shape):
        for path in (self._main, self._skip or ()):
            shape = inputs_shape
            for element in path:
                if not isinstance(element, Site):
                    if not element.built:
                        element.build(shape)
                    shape = element.compute_output_shape(shape)
        self.built = True

    def call(self, inputs, log_odds):
        gating = Gating(self._threshold.symbol(log_odds), [])
        outputs = _run(self._main, inputs, gating)
        if self._skip is not None:
            outputs = _run(self._skip, inputs, gating) + outputs
        return self._activation(outputs)


def _run(path, x, gating):
    for element in path:
        if isinstance(element, Site):
            x = x * gating.mask(components_of_filters(element))
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
        name=block.name,
    )
    return twin(x, context.vector(block, x))
