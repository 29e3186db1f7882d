"""Rewrites the graph of a functional model, block by block.

Compaction and the TFLite lowerings take a gated network and put something else in the
place of its gated blocks. The rewritten model has copies of all layers and weights;
the original stays as it was.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import overload

import keras
import numpy as np

from tfgate.blocks import ExitSelection
from tfgate.blocks import GatedBlock
from tfgate.typing import Tensor
from tfgate.typing import TensorTree
from tfgate.weights import assign_weights

Weights = Sequence[np.ndarray]


class GraphRewriter:
    """Copies a functional model with each gated block replaced.

    Args:
        core: functional `keras.Model` whose outputs are
            `{"predictions": ..., "gates": ...}`.
    """

    def __init__(self, core: keras.Model) -> None:
        self._core = core
        self._weights: list[tuple[keras.Layer, Callable[[], Weights]]] = []

    @overload
    def copy(self, layer: None) -> None: ...

    @overload
    def copy(self, layer: keras.Layer) -> keras.Layer: ...

    def copy(self, layer: keras.Layer | None) -> keras.Layer | None:
        """Returns a copy of a layer, to be called inside `replace`.

        The copy has the layer's configuration and, once the rewritten model is
        complete, its weights. None stays None.
        """
        if layer is None:
            return None
        clone = layer.__class__.from_config(layer.get_config())
        self._weights.append((clone, layer.get_weights))
        return clone

    def adopt(self, layer: keras.Layer, weights: Weights) -> keras.Layer:
        """Takes a new layer, to be called inside `replace`, with its weights.

        Args:
            layer: `keras.Layer`, not built yet.
            weights: list of arrays, for `layer.set_weights` once the rewritten model
                is complete.

        Returns:
            The layer.
        """
        self._weights.append((layer, lambda: weights))
        return layer

    def rewrite(
        self,
        replace: Callable[[GatedBlock, Tensor], Tensor],
        inputs: TensorTree | None = None,
        select: Callable[[Sequence[Tensor]], Tensor] | None = None,
        substitutes: Mapping[str, Callable[..., TensorTree]] | None = None,
    ) -> tuple[TensorTree, TensorTree]:
        """Builds the new graph.

        Args:
            replace: function `(block, tensor) -> tensor`, called for every gated
                block in network order; it uses `copy` for the sublayers it keeps.
            inputs: KerasTensors of the new model in the structure of `core.input`;
                None makes new ones like the old.
            select: function `answers -> tensor`, called for the answers of early exits
                and the last one, as a `tfgate.ExitSelection` gets them; needed where
                there is one. The answer of an exit is what `replace` gives for it.
            substitutes: name of a layer -> function that is called in its place, with
                the same arguments in the new graph, and gives outputs of the same
                structure; None for none.

        Returns:
            `(inputs, predictions)` as KerasTensors of the new graph.

        Raises:
            ValueError: there are early exits, but no function that selects.
        """
        others = substitutes or {}

        def call(layer: keras.Layer, *args: Any, **kwargs: Any) -> TensorTree:
            if layer.name in others:
                return others[layer.name](*args, **kwargs)
            if isinstance(layer, ExitSelection):
                if select is None:
                    raise ValueError(
                        "Expected a network without early exits, got their selection "
                        f"{layer.name!r}."
                    )
                return select(args[0] if args else kwargs["answers"])
            if not isinstance(layer, GatedBlock):
                return layer(*args, **kwargs)
            tensor = replace(layer, args[0])
            # The clone must have the structure of the block's outputs; whatever
            # stands in for the gates is not reached from the predictions.
            return tensor, keras.tree.map_structure(
                lambda _: tensor, layer.gate_outputs
            )

        def clone(layer: keras.Layer) -> keras.Layer:
            kept = GatedBlock | ExitSelection | keras.layers.InputLayer
            if isinstance(layer, kept) or layer.name in others:
                return layer
            return self.copy(layer) if isinstance(layer, keras.Layer) else layer

        copied = keras.models.clone_model(
            self._core, input_tensors=inputs, clone_function=clone, call_function=call
        )
        return copied.input, copied.output["predictions"]

    def finish(self) -> None:
        """Copies the weights; call it when the rewritten layers are built."""
        for layer, get_weights in self._weights:
            assign_weights(layer, get_weights())
