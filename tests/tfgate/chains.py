"""Chains of plain layers and gated blocks, taken apart channel by channel."""

import keras
import numpy as np

import tfgate
from tfgate.blocks import Site
from tfgate.costs import count_macs

L = keras.layers

_MIXING = (L.Conv2D, L.Dense)


class Chain:
    """A gated network without branches, under given decisions of its gates.

    Independent of `tfgate.cost_graph`: every channel is followed by itself, so the
    order of the channels matters here.

    Args:
        model: a `tfgate.GatedModel` of plain layers and `tfgate.GatedFilters` without
            shortcuts, one after the other.
        decisions: gate name -> array `[components]` of 0 and 1.
    """

    def __init__(self, model, decisions):
        # (layer or site, open channels before and after it, input shape)
        self.elements = []
        opened = np.ones(model.core.input_shape[-1], bool)
        shape = (1, *model.core.input_shape[1:])
        for element, gate in _elements(model):
            before, given = opened, shape
            if isinstance(element, Site):
                opened = before & element.open_filters(decisions[gate]).astype(bool)
            else:
                shape = tuple(element.compute_output_shape(shape))
            if isinstance(element, L.Flatten):
                opened = np.tile(before, int(np.prod(given[1:-1])))
            elif isinstance(element, _MIXING):
                opened = np.ones(shape[-1], bool)
            self.elements.append((element, before, opened, given))

    def readers(self):
        """(layer, open inputs, open outputs, input shape) of each with a kernel."""
        return [
            (element, before, self._outputs(index), shape)
            for index, (element, before, _, shape) in enumerate(self.elements)
            if isinstance(element, (*_MIXING, L.DepthwiseConv2D))
        ]

    def macs(self):
        """MACs of all layers, each made anew for its open channels."""
        total = 0
        for layer, inputs, outputs, shape in self.readers():
            count = int(outputs.sum())
            size = {} if _is_depthwise(layer) else {"filters": count}
            if isinstance(layer, L.Dense):
                size = {"units": count}
            given = count if _is_depthwise(layer) else int(inputs.sum())
            if count and given:
                copy = type(layer).from_config({**layer.get_config(), **size})
                copy.build((*shape[:-1], given))
                total += count_macs(copy, (*shape[:-1], given))
        return total

    def spoil(self, generator):
        """Fills all kernels with noise where they meet closed channels."""
        for layer, inputs, outputs, _ in self.readers():
            kernel = keras.ops.convert_to_numpy(layer.kernel)
            kept = inputs[:, None] & outputs
            if _is_depthwise(layer):
                kept = outputs[:, None]
            noise = generator.normal(size=kernel.shape) * 10.0
            layer.kernel.assign(np.where(kept, kernel, noise))

    def _outputs(self, index):
        """Channels that the layer has to compute: those open at the next place."""
        after = self.elements[index][2]
        for element, _, opened, _ in self.elements[index + 1 :]:
            if isinstance(element, Site):
                return opened
            if isinstance(element, (*_MIXING, L.Flatten)):
                break
        return after


def _elements(model):
    for layer in model.core.layers:
        if isinstance(layer, L.InputLayer):
            continue
        if not isinstance(layer, tfgate.GatedFilters):
            yield layer, None
            continue
        assert not layer.residual
        for element in layer.path():
            if isinstance(element, keras.Sequential):
                for leaf in element.layers:
                    yield leaf, layer.gate.name
            else:
                yield element, layer.gate.name


def _is_depthwise(layer):
    return isinstance(layer, L.DepthwiseConv2D)


def random_decisions(model, seed, rate=0.5):
    """Gate name -> random decisions, the same for every image."""
    generator = np.random.default_rng(seed)
    return {
        name: (generator.uniform(size=size) < rate).astype(int)
        for name, size in model.costs.sizes.items()
    }
