"""CifarResNet with filter gates, bottlenecks, projections and wider blocks."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tests.tfgate import filter_blocks
from tfgate.applications import CifarResNet
from tfgate.applications import FilterGating

SMALL = {"input_shape": (16, 16, 3), "classifier_activation": None}
NETWORKS = {
    "basic": {"depth": 20},
    "bottleneck": {"depth": 11, "block": "bottleneck"},
    "projection": {"depth": 11, "block": "bottleneck", "shortcut": "projection"},
    "wide": {"depth": 20, "width": 3},
}


def images(count=4):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, 16, 16, 3)).astype("float32")


def count_trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("granularity", ["bas", "cs-cifar-8"])
def test_all_open_is_the_dense_network(network, granularity):
    arguments = {**SMALL, **NETWORKS[network]}
    dense = CifarResNet(**arguments)
    builders.randomize(dense)
    gated = CifarResNet(gate="independent", granularity=granularity, **arguments)
    names = tfgate.copy_weights(dense, gated)
    own = [layer.name for layer in dense.layers if layer.weights]
    assert sorted(names) == sorted(own)
    expected = builders.predict(dense, images())
    assert np.std(expected) > 0.1
    with tfgate.use_policy(gated, tfgate.AlwaysOpen()):
        np.testing.assert_allclose(
            builders.predict(gated, images()), expected, rtol=1e-6, atol=1e-5
        )
    assert gated.costs.dense == tfgate.costs.count_macs(dense, (None, 16, 16, 3))
    # And back again.
    back = CifarResNet(**arguments)
    assert sorted(tfgate.copy_weights(gated, back)) == sorted(own)
    np.testing.assert_array_equal(builders.predict(back, images()), expected)


class TestComponents:
    def test_bas(self):
        model = CifarResNet(20, gate="dependent", granularity="bas", **SMALL)
        assert [g.components for g in model.gates] == [16] * 3 + [32] * 3 + [64] * 3
        assert {g.hidden for g in model.gates} == {16}
        assert {g.initial_open_probability for g in model.gates} == {0.87}
        assert model.gate_names[0] == "conv2_block1_gate"
        assert [s.name for s in model.blocks[0].sites] == ["inner1"]

    def test_channel_selection(self):
        model = CifarResNet(20, gate="independent", granularity="cs-cifar-8", **SMALL)
        groups = [2 * 3] * 3 + [2 + 4 * 2] + [4 * 3] * 2 + [4 + 8 * 2] + [8 * 3] * 2
        assert [g.components for g in model.gates] == groups
        assert {g.initial_open_probability for g in model.gates} == {0.98}

    def test_only_projections_have_gated_shortcuts(self):
        model = CifarResNet(
            11,
            gate="independent",
            granularity="cs-cifar-4",
            block="bottleneck",
            shortcut="projection",
            **SMALL,
        )
        places = [[s.name for s in block.sites] for block in model.blocks]
        assert places == [["input", "inner1", "inner2", "output", "shortcut"]] * 3

    def test_sizes_of_each_stage(self):
        gating = FilterGating(
            ("inner", "output"),
            {"inner": (2, 4, 8), "output": 16},
            {"inner": 1, "output": 0},
        )
        model = CifarResNet(20, gate="independent", granularity=gating, **SMALL)
        assert [g.components for g in model.gates] == (
            [7 + 1] * 3 + [7 + 2] * 3 + [7 + 4] * 3
        )

    def test_a_probability_of_ones_own(self):
        model = CifarResNet(
            20,
            gate="independent",
            granularity="cs-cifar-8",
            initial_open_probability=0.6,
            **SMALL,
        )
        assert {g.initial_open_probability for g in model.gates} == {0.6}


class TestSizes:
    @pytest.mark.parametrize("width", [1, 10])
    def test_width_of_basic_blocks(self, width):
        """BAS 5.1: convolutions of every block by hand."""
        total, channels = 27 * 16 + 2 * 16, 16
        for filters in (16, 32, 64):
            inner = filters * width
            for _ in range(3):
                total += 9 * channels * inner + 9 * inner * filters
                total += 2 * inner + 2 * filters
                channels = filters
        assert count_trainable(CifarResNet(20, width=width)) == total + 650

    @pytest.mark.parametrize("width", [1, 2])
    def test_bottlenecks_with_projections(self, width):
        total, channels = 27 * 16 + 2 * 16, 16
        for filters in (16, 32, 64):
            inner, outer = filters * width, 4 * filters
            total += channels * outer + 2 * outer
            for _ in range(2):
                total += channels * inner + 9 * inner * inner + inner * outer
                total += 4 * inner + 2 * outer
                channels = outer
        model = CifarResNet(20, block="bottleneck", shortcut="projection", width=width)
        assert count_trainable(model) == total + 256 * 10 + 10

    def test_projections_are_the_only_difference(self):
        names = [
            {layer.name for layer in CifarResNet(20, shortcut=kind, **SMALL).layers}
            for kind in ("identity", "projection")
        ]
        assert {name for name in names[1] - names[0] if "_0_" in name} == {
            f"conv{stage}_block1_0_{kind}"
            for stage in (3, 4)
            for kind in ("conv", "bn")
        }

    def test_bottlenecks_widen_by_zeros(self):
        """The first block keeps the size and pads channels from 16 to 64."""
        model = CifarResNet(11, block="bottleneck", **SMALL)
        names = [layer.name for layer in model.layers]
        assert "conv2_block1_0_pad" in names
        assert "conv2_block1_0_subsample" not in names
        assert model.get_layer("conv2_block1_out").output.shape[1:] == (16, 16, 64)


class TestWithoutShortcuts:
    gating = FilterGating(("output",), 4, residual=False)

    def test_gated_and_dense_are_plain_chains(self):
        """PG S2.3 without the sum."""
        dense = CifarResNet(20, granularity=self.gating, **SMALL)
        builders.randomize(dense)
        assert not [x for x in dense.layers if isinstance(x, keras.layers.Add)]
        assert not [x for x in dense.layers if "_0_" in x.name]
        gated = CifarResNet(20, gate="independent", granularity=self.gating, **SMALL)
        tfgate.copy_weights(dense, gated)
        with tfgate.use_policy(gated, tfgate.AlwaysOpen()):
            np.testing.assert_allclose(
                builders.predict(gated, images()),
                builders.predict(dense, images()),
                rtol=1e-6,
                atol=1e-5,
            )


class TestRefused:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"granularity": "cs-low"}, "for 3 stages, such as .*cs-cifar-8.*'cs-low'"),
            (
                {"granularity": FilterGating(("inner",), 5)},
                "filters_per_gate to divide the 16.*'inner'.*'conv2_block1', got 5",
            ),
            (
                {"granularity": FilterGating(("inner",), 8, 2)},
                "groups_always_open < 2.*'conv2_block1', got 2",
            ),
            (
                {"granularity": FilterGating(("shortcut",))},
                "places that the network has, got 'shortcut'",
            ),
            (
                {"granularity": FilterGating(("shortcut",)), "shortcut": "projection"},
                "a place that every block has.*'conv2_block1'",
            ),
            ({"width": 0}, "width >= 1.*got 0"),
            ({"width": 1.5}, "width >= 1.*got 1.5"),
            ({"block": "wide"}, "block to be one of .*got 'wide'"),
            ({"shortcut": None}, "shortcut to be one of .*got None"),
            ({"block": "bottleneck", "depth": 21}, "9 n . 2.*got 21"),
            ({"block": "bottleneck", "depth": 2}, "depth >= 11.*got 2"),
        ],
    )
    def test_arguments(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            CifarResNet(**{"gate": "independent", **SMALL, **arguments})


@pytest.mark.parametrize("network", ["basic", "projection"])
def test_compacts_to_a_smaller_network(network):
    """All places, and one block whose inner filters are all closed."""
    model = CifarResNet(
        gate="independent", granularity="cs-cifar-4", **{**SMALL, **NETWORKS[network]}
    )
    builders.randomize(model)
    for seed, (block, gate) in enumerate(zip(model.blocks, model.gates, strict=True)):
        decisions = filter_blocks.random_decisions(gate.components, seed, rate=0.7)
        if seed == 1:
            for site in block.sites[1:-1]:
                decisions[site.components] = 0
        filter_blocks.decide(gate, decisions)
    reports = []
    compacted = tfgate.compact(model, print_fn=reports.append)
    expected = builders.predict(model, images())
    assert np.std(expected) > 0.1
    np.testing.assert_allclose(
        builders.predict(compacted, images()), expected, rtol=1e-5, atol=1e-5
    )
    (report,) = reports
    assert report.macs_after < 0.6 * report.macs_before
    assert report.parameters_after < 0.6 * report.parameters_before
    assert report.bytes_after < report.bytes_before


def test_all_open_compacts_to_the_dense_network():
    dense = CifarResNet(20, **SMALL)
    model = CifarResNet(20, gate="independent", granularity="bas", **SMALL)
    builders.randomize(dense)
    tfgate.copy_weights(dense, model)
    compacted = tfgate.compact(model)
    weighted = [layer.name for layer in dense.layers if layer.weights]
    assert [layer.name for layer in compacted.layers if layer.weights] == weighted
    np.testing.assert_allclose(
        builders.predict(compacted, images()),
        builders.predict(dense, images()),
        rtol=1e-6,
        atol=1e-6,
    )


def test_polarized_dependent_gates_compact():
    model = CifarResNet(20, gate="dependent", granularity="bas", seed=1, **SMALL)
    builders.randomize(model)
    for seed, gate in enumerate(model.gates):
        lean = 40.0 * filter_blocks.random_decisions(gate.components, seed) - 20.0
        gate.logits_dense.bias.assign(np.stack([-lean, lean], axis=1).ravel())
    compacted = tfgate.compact(model, calibration=[images(8)])
    np.testing.assert_allclose(
        builders.predict(compacted, images(8)),
        builders.predict(model, images(8)),
        rtol=1e-5,
        atol=1e-5,
    )


def test_saving_round_trip(tmp_path):
    model = CifarResNet(
        11,
        gate="dependent",
        granularity="cs-cifar-4",
        block="bottleneck",
        shortcut="projection",
        policy=tfgate.Threshold(0.6),
        **SMALL,
    )
    builders.randomize(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        builders.predict(loaded, images()), builders.predict(model, images())
    )
    opened = np.concatenate(list(builders.decisions(model, images()).values()), axis=1)
    assert 0.0 < opened.mean() < 1.0
