"""Compaction of filter gates: smaller networks that compute the same."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tests.tfgate import filter_blocks
from tests.tfgate.compaction.decided import compact_and_compare
from tests.tfgate.compaction.decided import decided_model
from tests.tfgate.compaction.decided import own_layers
from tests.tfgate.compaction.decided import sizes
from tfgate.compaction import Action
from tfgate.costs import count_macs

L = keras.layers
EVERYWHERE = filter_blocks.EVERYWHERE

PLACES = [("input",), ("inner",), ("output",), ("shortcut",), EVERYWHERE]
CASES = [
    *((filter_blocks.basic, places, 0.5) for places in PLACES),
    *((filter_blocks.bottleneck, places, 0.5) for places in PLACES),
    *((filter_blocks.preactivation, places, 0.5) for places in PLACES),
    *((filter_blocks.basic, places, 0.0) for places in PLACES),
    (filter_blocks.bottleneck, ("inner",), 0.0),
    (filter_blocks.bottleneck, EVERYWHERE, 1.0),
    (filter_blocks.preactivation, EVERYWHERE, 0.0),
    (filter_blocks.preactivation_1x1, EVERYWHERE, 0.5),
    (filter_blocks.preactivation_1x1, EVERYWHERE, 0.0),
]


@pytest.mark.parametrize(
    ("make", "places", "rate"),
    CASES,
    ids=lambda case: getattr(case, "__name__", str(case)),
)
def test_equals_the_thresholded_model(make, places, rate):
    model = decided_model(
        make(strides=2),
        dict.fromkeys(("input", "inner1", "inner2", "output", "shortcut"), rate),
        places=places,
        filters_per_gate=2,
        shortcut=filter_blocks.projection(strides=2),
        activation="gelu",  # a sum below zero shows
    )
    compacted, report = compact_and_compare(model)
    assert count_macs(compacted, (None, 6, 6, 8)) == report.macs_after
    if rate == 1.0:
        assert own_layers(compacted) == []
        assert report.blocks[0].action is Action.UNGATE
        assert report.macs_after == model.costs.dense
    else:
        assert report.blocks[0].action is Action.SLICE


@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_random_decisions_without_projection(seed, residual):
    generator = np.random.default_rng(seed)
    model = decided_model(
        filter_blocks.bottleneck(),
        {
            "input": generator.integers(0, 2, 8),
            "inner1": generator.integers(0, 2, 6),
            "inner2": generator.integers(0, 2, 6),
            "output": np.maximum(generator.integers(0, 2, 8), [1] + [0] * 7),
        },
        places=("input", "inner", "output"),
        residual=residual,
    )
    compacted, report = compact_and_compare(model)
    counts = [place.filters - place.removed for place in report.blocks[0].places]
    assert sizes(compacted) == list(zip(counts[:-1], counts[1:], strict=True))
    assert report.macs_after == tfgate.plan_compaction(model).macs_after


class TestStructure:
    def test_inner_filters_leave_stock_layers_alone(self):
        model = decided_model(filter_blocks.basic(), {"inner1": [0, 1, 1, 0, 0, 1]})
        compacted, _ = compact_and_compare(model)
        assert sizes(compacted) == [(8, 3), (3, 8)]
        assert own_layers(compacted) == []
        block = model.get_layer("block")
        conv, norm = block.stages[0].layers[:2]
        kept = [1, 2, 5]
        np.testing.assert_array_equal(
            compacted.get_layer(conv.name).kernel, conv.kernel.numpy()[..., kept]
        )
        for new, old in zip(
            compacted.get_layer(norm.name).get_weights(),
            norm.get_weights(),
            strict=True,
        ):
            np.testing.assert_array_equal(new, old[kept])
        names = {leaf.name for each in block.stages for leaf in each.layers}
        assert names <= {layer.name for layer in compacted.layers}

    def test_inputs_are_selected_and_outputs_restored(self):
        model = decided_model(
            filter_blocks.basic(),
            {"input": [1, 0, 0, 1, 1, 1, 1, 1], "output": [0, 1, 1, 1, 1, 1, 1, 0]},
            places=("input", "output"),
        )
        compacted, _ = compact_and_compare(model)
        assert sizes(compacted) == [(6, 6), (6, 6)]
        assert own_layers(compacted) == ["SelectChannels", "SelectChannels"]
        select = compacted.get_layer("block_input_select")
        restore = compacted.get_layer("block_output_restore")
        assert select.channels == [0, 3, 4, 5, 6, 7]
        assert restore.channels == [None, 0, 1, 2, 3, 4, 5, None]

    def test_closed_output_leaves_the_shortcut_alone(self):
        model = decided_model(
            filter_blocks.basic(), {"output": 0.0}, places=("inner", "output")
        )
        compacted, report = compact_and_compare(model)
        assert sizes(compacted) == []
        assert report.macs_after == 36 * 8 * 2

    def test_closed_inner_filters_leave_a_constant(self):
        """A trained network may lose all filters between two convolutions."""
        model = decided_model(filter_blocks.basic(), {"inner1": 0.0})
        compacted, _ = compact_and_compare(model)
        assert sizes(compacted) == []
        assert own_layers(compacted) == ["ChannelBias"]
        norm = model.get_layer("block").stages[-1].layers[-1]
        gamma, beta, mean, variance = norm.get_weights()
        np.testing.assert_allclose(
            compacted.get_layer("block_constant").bias,
            beta - gamma * mean / np.sqrt(variance + 1e-5),
            rtol=1e-5,
        )

    def test_closed_shortcut_leaves_the_stages_alone(self):
        model = decided_model(
            filter_blocks.basic(),
            {"shortcut": 0.0},
            places=("shortcut",),
            shortcut=filter_blocks.projection(),
        )
        compacted, _ = compact_and_compare(model)
        assert sizes(compacted) == [(8, 6), (6, 8)]

    @pytest.mark.parametrize("residual", [True, False])
    def test_nothing_left_at_all_still_has_a_shape(self, residual):
        """Zeros of the right size, at the price of one filter."""
        model = decided_model(
            filter_blocks.basic(strides=2),
            {"inner1": 0.0, "output": 0.0, "shortcut": 0.0},
            places=("inner", "output", "shortcut") if residual else ("inner", "output"),
            shortcut=filter_blocks.projection(strides=2) if residual else None,
            residual=residual,
        )
        head = model.get_layer("head")
        head.bias.assign([1.0, -1.0])
        compacted, report = compact_and_compare(model)
        assert report.macs_after < model.costs.dense / 2
        x = filter_blocks.images(2)
        np.testing.assert_array_equal(builders.predict(compacted, x), [[1.0, -1.0]] * 2)


class TestDependentGates:
    @staticmethod
    def model(leanings):
        """Log odds of each component; None is open for some images."""
        block = filter_blocks.make_block(
            filter_blocks.basic(), gate=tfgate.DependentGate, filters_per_gate=2
        )
        model = filter_blocks.make_model(block)
        bias = np.zeros((3, 2))
        gates = model.core(filter_blocks.images(10))["gates"]["block_gate"]
        medians = np.median(gates["logits"], axis=0)
        own = block.gate.logits_dense.bias.numpy().reshape(3, 2)
        for index, leaning in enumerate(leanings):
            shift = -medians[index] if leaning is None else leaning
            bias[index] = own[index] + [-shift / 2.0, shift / 2.0]
        block.gate.logits_dense.bias.assign(bias.ravel())
        return model

    def test_polarized_on_the_calibration_set(self):
        model = self.model([50.0, -50.0, 50.0])
        calibration = [filter_blocks.images(6)]
        compacted, report = compact_and_compare(model, calibration=calibration)
        assert report.blocks[0].decisions == (1, 0, 1)
        assert sizes(compacted) == [(8, 4), (4, 8)]

    def test_one_undecided_component_leaves_the_block_undecided(self):
        model = self.model([50.0, None, -50.0])
        calibration = [filter_blocks.images(10)]
        report = tfgate.plan_compaction(model, calibration=calibration)
        (block,) = report.blocks
        assert block.action is Action.KEEP and report.undecided == ["block"]
        assert block.decisions == (1, None, 0)
        assert block.rate == pytest.approx(0.5)
        assert report.macs_after == report.macs_before
        assert str(block).endswith("inner1 2 of 6, 2 undecided")
        with pytest.raises(
            ValueError, match=r"undecided ones in the blocks \['block'\]"
        ):
            tfgate.compact(model, calibration=calibration)


def mixed_model():
    """Blocks whose branch is gated as a whole beside blocks of gated filters."""
    blocks = [
        tfgate.GatedResidual(
            keras.Sequential(
                [filter_blocks.convolution(8), filter_blocks.norm()], name="b_branch"
            ),
            tfgate.IndependentGate(name="b_gate", seed=1),
            name="b",
        ),
        filter_blocks.make_block(
            filter_blocks.bottleneck(12, strides=2),
            name="f",
            places=EVERYWHERE,
            filters_per_gate=2,
            groups_always_open=1,
            shortcut=filter_blocks.projection(12, strides=2),
        ),
        tfgate.GatedResidual(
            filter_blocks.convolution(12),
            tfgate.IndependentGate(name="c_gate", seed=1),
            name="c",
        ),
        filter_blocks.make_block(filter_blocks.basic(12), name="g"),
    ]
    return filter_blocks.make_model(*blocks)


def test_layers_and_filters_in_one_network():
    model = mixed_model()
    b, f, c, g = model.gates
    filter_blocks.decide(b, [0])
    filter_blocks.decide(c, [1])
    filter_blocks.decide(f, filter_blocks.random_decisions(f.components, seed=2))
    filter_blocks.decide(g, [0] * 6)
    compacted, report = compact_and_compare(model)
    actions = [block.action for block in report.blocks]
    assert actions == [Action.REMOVE, Action.SLICE, Action.UNGATE, Action.SLICE]
    assert report.macs_after < report.macs_before
    assert report.parameters_after < report.parameters_before
    assert not [x for x in compacted.layers if isinstance(x, tfgate.GatedBlock)]


def test_compacted_model_trains_and_saves(tmp_path):
    model = decided_model(
        filter_blocks.basic(), {"inner1": 0.0, "input": 0.5}, places=("input", "inner")
    )
    second = decided_model(
        filter_blocks.preactivation(),
        {"input": 0.5, "output": 0.5},
        places=("input", "output"),
    )
    for network in (model, second):
        compacted = tfgate.compact(network)
        compacted.compile("sgd", "mse")
        x = filter_blocks.images()
        logs = compacted.fit(x, np.ones((4, 2)), verbose=0).history
        assert np.isfinite(logs["loss"]).all()
        compacted.save(tmp_path / "compacted.keras")
        loaded = keras.saving.load_model(tmp_path / "compacted.keras")
        np.testing.assert_array_equal(
            builders.predict(loaded, x), builders.predict(compacted, x)
        )


def test_the_original_stays_as_it_was():
    model = mixed_model()
    x = filter_blocks.images()
    filter_blocks.decide(model.gates[1], [0] * model.gates[1].components)
    before, weights = builders.predict(model, x), model.get_weights()
    compacted = tfgate.compact(model)
    builders.randomize(compacted, seed=9)
    assert not {id(w) for w in compacted.weights} & {id(w) for w in model.weights}
    for weight, old in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(weight, old)
    np.testing.assert_array_equal(builders.predict(model, x), before)


def test_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = decided_model(
            filter_blocks.basic(),
            {"input": 0.5, "inner1": 0.5, "output": 0.5},
            places=("input", "inner", "output"),
        )
    finally:
        keras.config.set_dtype_policy("float32")
    compacted = tfgate.compact(model)
    x = filter_blocks.images()
    output, expected = compacted(x), model(x)
    assert output.dtype == expected.dtype == tf.bfloat16
    expected = tf.cast(expected, tf.float32).numpy()
    # bfloat16 has 8 significant bits, and sums of fewer terms round otherwise.
    np.testing.assert_allclose(
        tf.cast(output, tf.float32), expected, atol=2.0**-6 * np.abs(expected).max()
    )
