"""Widths of throttled blocks against Keras, run as graphs without a conversion."""

import numpy as np
import pytest

import tfgate
from tests.tfgate import filter_blocks
from tflite import conversion
from tflite import plan
from tflite import reference
from tflite.lowering import Dial
from tflite.lowering import LogOddsThreshold
from tflite.options import Options

L = filter_blocks.L
# Each but once between the thresholds of up to 8 filters, which are ninths.
US = (np.arange(18) + 0.5) / 18


def assert_equals_keras(*blocks, levels=4):
    model = tfgate.throttle(filter_blocks.make_model(*blocks), "nested")
    options = Options(levels=levels, min_group=1)
    threshold = LogOddsThreshold(options.tau)
    graph = conversion.export_graph(
        model, plan.make(model, options), threshold, options, Dial(model)
    )
    images = filter_blocks.images(count=1)
    for u in US.astype("float32"):
        predictions = graph([images, u[None]], training=False)["predictions"]
        expected, _ = reference.run(model, images, tau=None, u=u)
        np.testing.assert_allclose(
            predictions, expected, rtol=1e-4, atol=1e-4, err_msg=f"u {u}"
        )


def test_constants_of_filters_that_open_within_a_level():
    """What a closed place leaves is closed and scaled by the next one."""
    block = filter_blocks.make_block(
        filter_blocks.basic(inner=8),
        places=("inner", "output"),
        filters_per_gate={"inner": 4, "output": 1},
    )
    assert_equals_keras(block)


@pytest.mark.parametrize("sizes", [(2, 2), (4, 1)], ids=["alike", "later"])
def test_chains_that_begin_closed(sizes):
    """Below the first block's first threshold the second one reads zeros alone."""
    blocks = [
        filter_blocks.make_block(
            [filter_blocks.convolution(8, use_bias=True, activation="relu")],
            name=name,
            places=("output",),
            filters_per_gate=size,
            residual=False,
            activation=None,
        )
        for name, size in zip(("first", "second"), sizes, strict=True)
    ]
    assert_equals_keras(*blocks)


def test_groups_whose_input_is_open_in_part():
    first = [filter_blocks.convolution(8, use_bias=True, activation="relu")]
    grouped = tfgate.layers.GroupedConv2D(8, 3, padding="same", groups=4)
    second = [filter_blocks.stage(grouped, L.ReLU(), filter_blocks.convolution(8, 1))]
    blocks = [
        filter_blocks.make_block(
            stages,
            name=name,
            places=("output",),
            filters_per_gate=size,
            groups_always_open=1,
            residual=False,
            activation=None,
        )
        for name, stages, size in (("first", first, 1), ("second", second, 2))
    ]
    assert_equals_keras(*blocks)
