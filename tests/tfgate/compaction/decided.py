"""Models of one block whose filters are decided, compacted and compared."""

import keras
import numpy as np

import tfgate
from tests.tfgate import builders
from tests.tfgate import filter_blocks
from tfgate.layers import ChannelBias
from tfgate.layers import SelectChannels

L = keras.layers


def decided_model(stages, opened, **arguments):
    """A model of one block; `opened` maps names of places to decisions or one rate.

    Weights, batch norm statistics and biases are random.
    """
    block = filter_blocks.make_block(stages, **arguments)
    model = filter_blocks.make_model(block)
    decisions = np.ones(block.gate.components, int)
    for index, site in enumerate(block.sites):
        wanted = opened.get(site.name, 1.0)
        if np.ndim(wanted) == 0:
            wanted = filter_blocks.random_decisions(site.count, index, wanted)
        decisions[site.components] = wanted
    filter_blocks.decide(block.gate, decisions)
    return model


def compact_and_compare(model, **arguments):
    """Returns (compacted model, report) after comparing the predictions."""
    reports = []
    compacted = tfgate.compact(model, print_fn=reports.append, **arguments)
    x = filter_blocks.images(6)
    expected = builders.predict(model, x)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(
        builders.predict(compacted, x), expected, rtol=1e-5, atol=1e-5
    )
    return compacted, reports[0]


def sizes(model):
    """Input and output channels of every convolution."""
    return [
        tuple(layer.kernel.shape[-2:])
        for layer in model.layers
        if isinstance(layer, L.Conv2D)
    ]


def own_layers(model):
    return [
        type(layer).__name__
        for layer in model.layers
        if isinstance(layer, SelectChannels | ChannelBias)
    ]
