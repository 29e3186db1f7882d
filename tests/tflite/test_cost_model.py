import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import filter_blocks
from tests.tflite import builders
from tflite import cost_model
from tflite.cost_model import Part
from tflite.cost_model import Work
from tflite.errors import InputError
from tflite.lowering import LogOddsThreshold
from tflite.variants import BlockVariants
from tflite.variants import PartVariants


def test_rates_are_interpolated_between_sizes(monkeypatch):
    monkeypatch.setitem(cost_model.RATES, "conv", ((1e4, 1e6), (1e6, 1e8)))
    assert cost_model.layer_ms("conv", 1e4) == pytest.approx(0.01)
    assert cost_model.layer_ms("conv", 1e5) == pytest.approx(1e5 / 1e7)
    # Beyond what was measured, at the nearest rate.
    assert cost_model.layer_ms("conv", 1e3) == pytest.approx(1e-3)
    assert cost_model.layer_ms("conv", 1e7) == pytest.approx(0.1)


def test_a_condition_is_worth_some_macs(monkeypatch):
    monkeypatch.setitem(cost_model.RATES, "conv", ((1.0, 2e7),))
    monkeypatch.setattr(cost_model, "IF_MS", 0.5)
    assert cost_model.condition_macs() == pytest.approx(1e7)


def test_parts_run_where_any_component_of_each_factor_is_open():
    decisions = np.array([[0, 0, 1], [1, 0, 1], [0, 1, 0], [1, 1, 1]], "float32")
    assert Part("conv", 1.0).runs(decisions) == 1.0
    assert Part("conv", 1.0, ((0, 1),)).runs(decisions) == 0.75
    assert Part("conv", 1.0, ((0, 1), (2,))).runs(decisions) == 0.5
    assert Part("conv", 1.0, ((0,),), ((1, 2),)).runs(decisions) == 0.375


def test_work_adds_up(monkeypatch):
    monkeypatch.setitem(cost_model.RATES, "conv", ((1.0, 1e6),))
    monkeypatch.setattr(cost_model, "IF_MS", 0.5)
    monkeypatch.setattr(cost_model, "PASS_MS", 0.25)
    work = Work((Part("conv", 2e6, ((0,),)),), conditions=3, mib=2.0)
    assert work.expected_ms(np.array([[1.0], [0.0]])) == pytest.approx(1 + 1.5 + 0.5)


def test_macs_of_a_branch_are_those_of_its_block():
    block = builders.network().blocks[1]
    work = cost_model.CostModel(None)._work(block, "if")
    assert sum(part.macs for part in work.parts) == sum(
        product.macs for product in block.products()
    )
    assert {part.kind for part in work.parts} == {"conv"}


def test_kinds_of_layers():
    layers = [
        keras.layers.Conv2D(16, 1),
        keras.layers.BatchNormalization(),
        keras.layers.DepthwiseConv2D(3, padding="same"),
        keras.Sequential([keras.layers.Conv2D(8, 3, padding="same")]),
        keras.layers.Dense(8),
    ]
    block = tfgate.GatedResidual(keras.Sequential(layers), tfgate.IndependentGate())
    block.build((None, 4, 4, 8))
    work = cost_model.CostModel(None)._work(block, "masked")
    assert [(part.kind, part.macs) for part in work.parts] == [
        ("pointwise", 16 * 8 * 16),
        ("depthwise", 16 * 9 * 16),
        ("conv", 16 * 9 * 16 * 8),
        ("dense", 16 * 8 * 8),
    ]


@pytest.mark.parametrize(
    ("places", "estimated"),
    [(("inner",), True), (("inner", "output"), False), (("input", "inner"), False)],
)
def test_gathering_is_estimated_between_convolutions_alone(places, estimated):
    block = filter_blocks.make_block(
        filter_blocks.bottleneck(), gate=tfgate.DependentGate, places=places
    )
    model = filter_blocks.make_model(block)
    threshold = LogOddsThreshold(0.5)
    estimator = cost_model.CostModel(
        lambda: cost_model.trial_context(model, threshold, min_group=2)
    )
    decisions = np.ones((2, block.gate.components), "float32")
    found = estimator.estimate(block, ["gather", "groups"], decisions)
    assert isinstance(found["groups"], float)
    assert isinstance(found["gather"], float) == estimated
    if not estimated:
        message = "or --autotune, for an estimate of 'gather' for block 'block', got"
        with pytest.raises(InputError, match=message):
            raise found["gather"]


def test_variants_of_parts(monkeypatch):
    monkeypatch.setitem(cost_model.RATES, "conv", ((1.0, 1e3),))
    monkeypatch.setattr(cost_model, "IF_MS", 100.0)
    monkeypatch.setattr(cost_model, "PASS_MS", 1e6)
    block = filter_blocks.make_block(
        filter_blocks.basic(inner=6), gate=tfgate.DependentGate, places=("inner",)
    )
    model = filter_blocks.make_model(block)
    found = BlockVariants(
        (
            PartVariants(((), (1,), (1, 2)), (0.2, 0.3, 0.5)),
            PartVariants(((), (3,), (4, 5), (3, 4, 5)), (0.5, 0.25, 0.125, 0.125)),
        )
    )
    threshold = LogOddsThreshold(0.5)
    estimator = cost_model.CostModel(
        lambda: cost_model.trial_context(
            model, threshold, variants={block.name: found}
        ),
        filters_at_once=1,
    )
    # What calibration images decide does not count: variants were made for them.
    decisions = np.ones((2, 6), "float32")
    (ms,) = estimator.estimate(block, ["variants"], decisions).values()
    a_filter = sum(product.macs for product in block.products()) / 6
    filters = 1 + (0.3 + 2 * 0.5) + (0.25 + 2 * 0.125 + 3 * 0.125)
    conditions = 1 + 0.8 * np.log2(2) + 1 + 0.5 * np.log2(3)
    # A mask of all inner filters; sums of two parts, copied there and back.
    values = 6 * 6 * (6 + 2 * 2 * 8)
    expected = a_filter * filters / 1e3 + 100.0 * conditions + 4 * values / 2**20 * 1e6
    assert ms == pytest.approx(expected)
