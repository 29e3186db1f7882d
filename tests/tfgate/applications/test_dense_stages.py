"""Stages of dense layers: what they cost, and with gates on their filters."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tfgate.applications import CifarDenseNet
from tfgate.applications import FilterGating
from tfgate.costs import count_macs

SMALL = {"depth": 16, "input_shape": (16, 16, 3), "classifier_activation": None}


def images(count=4, size=16):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, size, size, 3)).astype("float32")


def macs_by_hand(depth, size, growth=12, classes=10, width=1):
    """Convolutions of 3x3, 1x1 and 3x3, half of the channels at each transition."""
    channels, total = 2 * growth, size * size * 27 * 2 * growth
    inner = 4 * growth * width
    for stage in range(3):
        for _ in range((depth - 4) // 6):
            total += size * size * inner * (channels + 9 * growth)
            channels += growth
        if stage < 2:
            total += size * size * channels * (channels // 2)
            channels, size = channels // 2, size // 2
    return total + channels * classes


@pytest.fixture(scope="module")
def dense():
    keras.utils.set_random_seed(1)
    model = CifarDenseNet(**SMALL)
    builders.randomize(model)
    return model


def gated_twin(dense, gate="independent", **arguments):
    """A gated network with the weights of the dense one."""
    model = CifarDenseNet(gate=gate, seed=3, **SMALL, **arguments)
    tfgate.copy_weights(dense, model)
    return model


class TestCosts:
    def test_dense(self, dense):
        assert count_macs(dense, (None, 16, 16, 3)) == macs_by_hand(16, 16)

    @pytest.mark.parametrize("width", [1, 2])
    @pytest.mark.parametrize("granularity", ["block", "bas"])
    def test_gated(self, granularity, width):
        model = CifarDenseNet(
            gate="independent", granularity=granularity, width=width, **SMALL
        )
        assert model.costs.dense == macs_by_hand(16, 16, width=width)
        assert model.costs.gate_total == 0
        # Without any layer: stem, transitions of 48 to 24 channels, and the head.
        # Zeros that come from closed gates are multiplied all the same.
        rest = 16 * 16 * 27 * 24 + (16 * 16 + 8 * 8) * 48 * 24 + 48 * 10
        assert model.costs.all_closed == rest

    def test_gates_of_their_own(self):
        model = CifarDenseNet(gate="dependent", **SMALL)
        assert model.costs.gate_total == 3 * (24 + 36) * 16 + 6 * 16 * 2

    def test_components(self):
        model = CifarDenseNet(gate="independent", **SMALL)
        saved = [float(macs[0]) for macs in model.costs.components.values()]
        assert saved[:2] == [256 * 48 * (24 + 108), 256 * 48 * (36 + 108)]
        assert saved[-1] == 16 * 48 * (36 + 108)

    def test_summary(self):
        printed = []
        CifarDenseNet(gate="independent", **SMALL).summary_gates(printed.append)
        lines = printed[0].splitlines()
        assert lines[2].split()[:2] == ["conv2_block1", "conv2_block1_gate"]
        assert "1,622,016" in lines[2]
        assert printed[1].startswith(f"MACs per image: dense {macs_by_hand(16, 16):,}")


class TestFilterGates:
    @pytest.mark.parametrize(
        "granularity",
        [
            "bas",
            "cs-cifar-4",
            FilterGating(("inner", "output"), {"inner": 8, "output": 3}),
        ],
        ids=["bas", "cs", "own"],
    )
    def test_all_open_is_the_dense_network(self, dense, granularity):
        model = gated_twin(dense, granularity=granularity)
        with tfgate.use_policy(model, tfgate.AlwaysOpen()):
            np.testing.assert_allclose(
                builders.predict(model, images()),
                builders.predict(dense, images()),
                rtol=1e-6,
                atol=1e-5,
            )
        assert model.costs.dense == macs_by_hand(16, 16)

    @pytest.mark.parametrize("granularity", ["bas", "cs-cifar-4"])
    def test_compacted_is_the_thresholded_network(self, dense, granularity):
        model = gated_twin(dense, granularity=granularity)
        generator = np.random.default_rng(4)
        for gate in model.gates:
            shape = gate.component_logits.shape
            gate.component_logits.assign(generator.normal(size=shape))
        compacted = tfgate.compact(model)
        np.testing.assert_allclose(
            builders.predict(compacted, images()),
            builders.predict(model, images()),
            rtol=1e-5,
            atol=1e-5,
        )
        assert compacted.count_params() < dense.count_params()

    def test_components(self, dense):
        bas = gated_twin(dense, granularity="bas")
        assert [gate.components for gate in bas.gates] == [48] * 6
        assert [site.name for site in bas.blocks[0].sites] == ["inner1"]
        everywhere = gated_twin(dense, granularity="cs-cifar-4")
        assert [gate.components for gate in everywhere.gates] == [
            read // 4 + 12 + 3 for read in [24, 36] * 3
        ]

    def test_groups_that_do_not_divide(self):
        with pytest.raises(ValueError, match="divide the 12 filters .*'output'.*got 8"):
            CifarDenseNet(gate="independent", granularity="cs-cifar-8", depth=10)

    def test_without_shortcuts(self):
        gating = FilterGating(residual=False)
        with pytest.raises(ValueError, match="residual=True, since a DenseNet appends"):
            CifarDenseNet(gate="independent", granularity=gating, depth=10)
