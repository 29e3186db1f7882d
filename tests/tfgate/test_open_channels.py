"""Open channels of a tensor, and what the layers that read them cost."""

import keras
import numpy as np
import pytest

from tfgate.costs import Factor
from tfgate.open_channels import OpenChannels
from tfgate.open_channels import read_chain
from tfgate.open_channels import reading

L = keras.layers
GATE = Factor("gate", np.repeat(2.0, 4))
OTHER = Factor("other", np.ones(3), 1.0)


def built(layer, shape):
    layer.build(shape)
    return layer


class TestReading:
    def test_each_gate_has_its_share(self):
        opened = (OpenChannels(8, GATE), OpenChannels(4, OTHER), OpenChannels(12))
        products = reading(2400, opened)
        assert [(p.macs, p.factors) for p in products] == [
            (800, (GATE,)),
            (400, (OTHER,)),
        ]

    def test_what_is_always_read_depends_on_the_own_gate(self):
        own = Factor("own", np.ones(2))
        products = reading(2400, (OpenChannels(8, GATE), OpenChannels(16)), (own,))
        assert [(p.macs, p.factors) for p in products] == [
            (800, (GATE, own)),
            (1600, (own,)),
        ]


class TestReadChain:
    shape = (None, 6, 6, 8)
    opened = (OpenChannels(8, GATE),)

    def follow(self, *layers, shape=shape):
        given = shape
        for layer in layers:
            layer.build(given)
            given = layer.compute_output_shape(given)
        return read_chain(layers, shape, self.opened)

    def test_up_to_the_first_that_mixes(self):
        products, after = self.follow(
            L.BatchNormalization(),
            L.DepthwiseConv2D(3, padding="same"),
            L.ReLU(),
            L.MaxPooling2D(2),
            L.Conv2D(5, 1),
            L.Conv2D(7, 1),
        )
        assert [p.macs for p in products] == [36 * 9 * 8, 9 * 8 * 5]
        assert all(p.factors == (GATE,) for p in products)
        assert after == ()

    def test_flattened_channels_come_once_a_position(self):
        products, (after,) = self.follow(L.Flatten(), L.ReLU())
        assert products == []
        assert (after.channels, after.factor) == (36 * 8, GATE)

    def test_a_dense_layer_behind_flatten(self):
        products, after = self.follow(L.Flatten(), L.Dense(10))
        assert [(p.macs, p.factors) for p in products] == [(36 * 8 * 10, (GATE,))]
        assert after == ()

    @pytest.mark.parametrize(
        "layer",
        [
            L.LayerNormalization(),
            L.Reshape((36, 8)),
            L.Flatten(data_format="channels_first"),
            L.Softmax(),
            L.Conv2D(8, 3, groups=2),
            L.DepthwiseConv2D(3, depth_multiplier=2),
        ],
        ids=lambda layer: type(layer).__name__,
    )
    def test_others_read_everything(self, layer):
        assert self.follow(layer, L.Dense(4)) == ([], ())

    def test_flatten_of_unknown_size(self):
        assert self.follow(L.Flatten(), shape=(None, None, 6, 8)) == ([], ())
