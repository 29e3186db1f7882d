"""Paths of smaller layers: constants that closed filters leave, layers of all kinds."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tests.tfgate import filter_blocks
from tests.tfgate.compaction.decided import compact_and_compare
from tests.tfgate.compaction.decided import decided_model
from tests.tfgate.compaction.decided import own_layers
from tests.tfgate.compaction.decided import sizes
from tfgate.costs import count_macs

L = keras.layers


class TestConstants:
    """Closed filters that a batch norm makes constants of."""

    opened = {"inner1": [0, 1, 0, 1, 1, 0]}

    def test_one_channel_carries_them_where_padding_shows(self):
        model = decided_model(filter_blocks.preactivation(), self.opened)
        compacted, _ = compact_and_compare(model)
        assert sizes(compacted) == [(8, 4), (4, 8)]
        assert own_layers(compacted) == []
        norm = model.get_layer("block").stages[1].layers[0]
        gamma, beta = compacted.get_layer(norm.name).get_weights()[:2]
        (carrier,) = np.flatnonzero(gamma == 0.0)
        assert beta[carrier] == 1.0

    def test_of_the_input(self):
        model = decided_model(
            filter_blocks.preactivation(),
            {"input": [0, 1, 0, 1, 1, 0, 0, 0]},
            places=("input",),
        )
        norm = model.get_layer("block").stages[0].layers[0]
        norm.beta.assign([0.5] * 8)
        norm.moving_mean.assign([0.0] * 8)
        compacted, _ = compact_and_compare(model)
        assert sizes(compacted) == [(4, 6), (6, 8)]
        assert len(compacted.get_layer("block_input_select").channels) == 4

    def test_constants_that_a_relu_makes_zero_need_no_carrier(self):
        model = decided_model(filter_blocks.preactivation(), self.opened)
        norm = model.get_layer("block").stages[1].layers[0]
        norm.beta.assign([-0.5] * 6)
        norm.moving_mean.assign([0.0] * 6)
        assert sizes(compact_and_compare(model)[0]) == [(8, 3), (3, 8)]

    @pytest.mark.parametrize(
        "make",
        [
            filter_blocks.preactivation_1x1,
            lambda: filter_blocks.preactivation(padding="valid"),
        ],
        ids=["1x1", "valid"],
    )
    def test_the_bias_takes_them_elsewhere(self, make):
        residual = make is filter_blocks.preactivation_1x1
        model = decided_model(make(), self.opened, residual=residual)
        compacted, _ = compact_and_compare(model)
        assert sizes(compacted) == [(8, 3), (3, 8)]
        (conv,) = [
            layer
            for layer in compacted.layers
            if isinstance(layer, L.Conv2D) and layer.kernel.shape[-2] == 3
        ]
        # The batch norm that follows the 1x1 convolution takes them into its mean.
        assert conv.use_bias is not residual

    def test_beside_a_bias_and_an_activation_of_the_convolution(self):
        stages = [
            filter_blocks.convolution(6, use_bias=True),
            filter_blocks.stage(
                filter_blocks.norm(),
                L.LeakyReLU(),
                filter_blocks.convolution(8, 1, use_bias=True, activation="tanh"),
            ),
        ]
        model = decided_model(stages, self.opened)
        assert sizes(compact_and_compare(model)[0]) == [(8, 3), (3, 8)]

    @pytest.mark.parametrize(
        "norm",
        [
            {"scale": False},
            {"center": False},
            {"scale": False, "center": False},
            {"axis": 3},
        ],
        ids=str,
    )
    def test_norms_without_scale_or_center(self, norm):
        stages = [
            filter_blocks.convolution(6),
            filter_blocks.stage(
                L.BatchNormalization(**norm),
                L.Activation("softplus"),
                filter_blocks.convolution(8),
            ),
        ]
        model = decided_model(stages, self.opened)
        assert sizes(compact_and_compare(model)[0]) == [(8, 4), (4, 8)]

    def test_all_closed_before_a_padded_convolution(self):
        model = decided_model(filter_blocks.preactivation(), {"inner1": 0.0})
        compacted, _ = compact_and_compare(model)
        assert sizes(compacted) == [(8, 1), (1, 8)]

    def test_all_closed_before_a_1x1_convolution(self):
        model = decided_model(filter_blocks.preactivation_1x1(), {"inner1": 0.0})
        compacted, _ = compact_and_compare(model)
        assert sizes(compacted) == [] and own_layers(compacted) == ["ChannelBias"]


class TestOtherLayers:
    """What can't be sliced or folded stays whole: the closed filters come as zeros."""

    opened = {"inner1": [0, 1, 0, 1, 1, 0], "inner2": [1, 0, 0, 1, 1, 1]}

    def stages(self, *between):
        return [
            filter_blocks.stage(
                filter_blocks.convolution(6), filter_blocks.norm(), L.ReLU()
            ),
            filter_blocks.stage(*between),
            filter_blocks.stage(filter_blocks.convolution(8), filter_blocks.norm()),
        ]

    @pytest.mark.parametrize(
        "between",
        [
            lambda: [L.LayerNormalization()],
            lambda: [L.Activation("softmax")],
            lambda: [L.Conv2DTranspose(6, 3, padding="same")],
            lambda: [L.SeparableConv2D(6, 3, padding="same")],
            lambda: [L.Activation("sigmoid")],  # 0.5, and no norm to make a carrier of
            lambda: [filter_blocks.norm(), L.DepthwiseConv2D(3, padding="same")],
            lambda: [
                filter_blocks.norm(),
                L.ZeroPadding2D(1),
                filter_blocks.convolution(6, padding="valid"),
            ],
        ],
        ids=[
            "layer_norm",
            "softmax",
            "transposed",
            "separable",
            "sigmoid",
            "depthwise",
            "padding",
        ],
    )
    def test_zeros_come_back(self, between):
        model = decided_model(self.stages(*between()), self.opened)
        compacted, report = compact_and_compare(model)
        assert sizes(compacted)[0] == (8, 3)
        assert "SelectChannels" in own_layers(compacted)
        assert report.macs_after < report.macs_before

    @pytest.mark.parametrize(
        "between",
        [
            lambda: [L.DepthwiseConv2D(3, padding="same", activation="relu")],
            lambda: [L.DepthwiseConv2D(1), L.LeakyReLU(), L.Dropout(0.3)],
            lambda: [L.MaxPooling2D(3, 1, padding="same")],
            lambda: [
                L.AveragePooling2D(2, 1, padding="same"),
                filter_blocks.convolution(6, 5),
                L.ReLU(),
            ],
            lambda: [L.ZeroPadding2D(1), filter_blocks.convolution(6, padding="valid")],
        ],
        ids=["depthwise", "pointwise", "max", "average", "padding"],
    )
    def test_layers_that_keep_channels_apart_get_smaller(self, between):
        model = decided_model(
            self.stages(*between()), {"inner1": self.opened["inner1"]}
        )
        compacted, _ = compact_and_compare(model)
        assert own_layers(compacted) in ([], ["SelectChannels"])
        assert sizes(compacted)[0] == (8, 3)

    def test_constants_alone_before_a_padded_convolution(self):
        """Not a constant at the border, and nothing is left to carry it."""
        stages = [
            filter_blocks.stage(filter_blocks.convolution(6), L.ReLU()),
            filter_blocks.stage(
                filter_blocks.convolution(6), filter_blocks.norm(), L.ReLU()
            ),
            filter_blocks.convolution(8),
        ]
        model = decided_model(stages, {"inner1": 0.0, "inner2": 0.5})
        _, report = compact_and_compare(model)
        assert report.macs_after < report.macs_before

    def test_a_carrier_that_an_activation_would_close(self):
        """Constants of 3 pass the threshold of 2, a carrier of 1 does not."""
        stages = [
            filter_blocks.convolution(6),
            filter_blocks.stage(
                filter_blocks.norm(),
                L.ReLU(threshold=2.0),
                filter_blocks.convolution(8),
            ),
        ]
        model = decided_model(stages, self.opened)
        norm = model.get_layer("block").stages[1].layers[0]
        norm.beta.assign([3.0] * 6)
        norm.moving_mean.assign([0.0] * 6)
        compacted, _ = compact_and_compare(model)
        assert sizes(compacted) == [(8, 3), (6, 8)]

    def test_two_places_without_a_convolution_between(self):
        stages = [
            filter_blocks.convolution(6),
            filter_blocks.stage(filter_blocks.norm(), L.ReLU()),
            filter_blocks.stage(filter_blocks.norm(), filter_blocks.convolution(8)),
        ]
        _, report = compact_and_compare(decided_model(stages, self.opened))
        assert report.macs_after < report.macs_before

    def test_dense_layers(self):
        x = inputs = keras.Input((8,))
        stages = [filter_blocks.stage(L.Dense(6), L.ReLU()), L.Dense(8)]
        block = filter_blocks.make_block(stages)
        model = tfgate.GatedModel(inputs, block(x)[0])
        builders.randomize(model)
        filter_blocks.decide(block.gate, [1, 0, 0, 0, 1, 1])
        compacted = tfgate.compact(model)
        x = np.random.default_rng(0).normal(size=(5, 8))
        np.testing.assert_allclose(compacted(x), model(x), rtol=1e-5, atol=1e-6)
        assert count_macs(compacted, (None, 8)) == 2 * 8 * 3
