"""What a conversion with calibration images says of itself, and that it is right."""

import keras
import numpy as np

import tfgate
from tests.tfgate import filter_blocks
from tests.tflite import filters
from tflite import convert
from tflite import reference
from tflite import runtime


def test_filters_that_open_together_run_together(tmp_path):
    keras.utils.set_random_seed(6)
    block = filter_blocks.make_block(
        filter_blocks.basic(8, 16),
        gate=tfgate.DependentGate,
        places=("inner",),
        filters_per_gate=1,
        groups_always_open=0,
    )
    model = filter_blocks.make_model(block)
    images = filter_blocks.images(count=24)
    filters.spread(model, images)
    path, lines = tmp_path / "f.tflite", []
    convert.convert(
        model,
        path,
        gate_outputs=True,
        calibration=images,
        min_group=4,
        block_lowering=[("*", "groups")],
        print_fn=lines.append,
    )
    clusters, variants, table = lines
    assert clusters.startswith("clusters of filters:")
    assert variants.startswith("variants of ")
    assert "groups" in table and "--block_lowering=*=groups" in table
    assert "expected: decisions on 24 calibration images" in table
    predictions, told = runtime.Network(path).run(images)
    expected, decisions = reference.run(model, images, tau=0.5)
    np.testing.assert_allclose(predictions, expected, atol=1e-4)
    np.testing.assert_array_equal(told, decisions)
