import numpy as np
import pytest

import tfgate
from tests.tflite import builders
from tests.tflite.structure import Structure
from tflite import convert
from tflite import reference
from tflite import runtime

# Float32 sums in another order, and batch norms folded into convolutions.
TOLERANCE = 1e-4

TAU_INPUT = {"lowering": "conditional", "tau_input": True, "gate_outputs": True}


def run(path, images, tau=None):
    network = runtime.Network(path)
    if tau is not None:
        network.set_dial(tau)
    return network.run(images)


def test_conditional_has_an_if_for_every_undecided_block(converted):
    structure = Structure(converted("dependent", lowering="conditional"))
    assert structure.main["IF"] == len(builders.NAMES)
    assert len(structure.subgraphs) == 1 + 2 * len(builders.NAMES)
    assert structure.all <= {
        "ADD",
        "CONV_2D",
        "FULLY_CONNECTED",
        "GREATER",
        "IF",
        "MEAN",
        "MUL",
        "RELU",
        "RESHAPE",
        "SUB",
    }


def test_branches_hold_the_branch_and_nothing_else(converted):
    structure = Structure(converted("dependent", **TAU_INPUT))
    # A projection, of the second block, has its weights in one place: before the IF.
    assert structure.branches == [(["CONV_2D", "CONV_2D", "ADD"], ["RELU"])] * 3
    # The stem, two convolutions of each gate, and the projection.
    assert structure.main["CONV_2D"] == 1 + 2 * 3 + 1
    # The condition and the block's input, and what the projection has made of it:
    # weights are constants inside the branches.
    assert structure.if_inputs == [2, 3, 2]


def test_gate_and_condition_cost_six_operations(converted):
    structure = Structure(converted("dependent", lowering="conditional"))
    names = structure.subgraphs[0]
    second, third = [i for i, name in enumerate(names) if name == "IF"][1:3]
    assert sorted(names[second + 1 : third + 1]) == sorted(
        ["MEAN", "CONV_2D", "CONV_2D", "GREATER", "RESHAPE", "IF"]
    )


def test_decided_blocks_have_no_if(converted):
    structure = Structure(converted("independent", lowering="conditional"))
    assert len(structure.subgraphs) == 1
    # Stem, two open branches of two, the projection; the second branch is gone.
    assert structure.main["CONV_2D"] == 1 + 2 * 2 + 1
    assert not structure.all & {"GREATER", "IF"}


@pytest.mark.parametrize("lowering", ["conditional", "masked"])
def test_stochastic_depth_under_a_threshold_scales_what_is_open(
    tmp_path, images, lowering
):
    model = tfgate.applications.CifarResNet(
        8, images.shape[1:], gate="stochastic_depth", survival_probability=0.6, seed=1
    )
    model.policy = tfgate.Threshold(0.5)
    source, path = tmp_path / "m.keras", tmp_path / "m.tflite"
    model.save(source)
    convert.convert(model=source, output=path, **TAU_INPUT | {"lowering": lowering})
    expected, decisions = reference.run(model, images, tau=0.7)
    assert 0.0 < decisions.mean() < 1.0
    predictions, told = run(path, images, 0.7)
    np.testing.assert_array_equal(told, decisions)
    np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)


@pytest.mark.parametrize("lowering", ["conditional", "masked"])
def test_stochastic_depth_runs_every_block_whatever_tau_is(tmp_path, images, lowering):
    model = tfgate.applications.CifarResNet(
        8, images.shape[1:], gate="stochastic_depth", survival_probability=0.4, seed=1
    )
    model.save(tmp_path / "m.keras")
    convert.convert(
        model=tmp_path / "m.keras",
        output=tmp_path / "m.tflite",
        lowering=lowering,
        tau=0.7,
    )
    structure = Structure(tmp_path / "m.tflite")
    # Stem, and three branches of two.
    assert structure.main["CONV_2D"] == 1 + 3 * 2
    predictions, _ = run(tmp_path / "m.tflite", images)
    expected = model.predict(images, verbose=0)
    np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)


@pytest.mark.parametrize("lowering", ["conditional", "masked"])
@pytest.mark.parametrize("tau", [0.3, 0.5, 0.8])
def test_lowerings_equal_keras_with_threshold(
    networks, converted, images, lowering, tau
):
    model = networks["dependent"]
    expected, decisions = reference.run(model, images, tau=tau)
    assert 0.1 < decisions.mean() < 0.9
    path = converted("dependent", **TAU_INPUT | {"lowering": lowering})
    predictions, told = run(path, images, tau)
    np.testing.assert_array_equal(told, decisions)
    np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)


@pytest.mark.parametrize("lowering", ["conditional", "masked"])
def test_fixed_threshold_equals_keras(networks, converted, images, lowering):
    expected, decisions = reference.run(networks["dependent"], images, tau=0.5)
    path = converted("dependent", lowering=lowering, gate_outputs=True)
    predictions, told = run(path, images)
    np.testing.assert_array_equal(told, decisions)
    np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)


@pytest.mark.parametrize("lowering", ["conditional", "masked", "pruned"])
def test_decided_gates_equal_keras(networks, converted, images, lowering):
    expected, _ = reference.run(networks["independent"], images, tau=0.5)
    predictions, told = run(converted("independent", lowering=lowering), images)
    assert told is None
    np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)


def test_independent_gates_are_undecided_with_an_input(networks, converted, images):
    path = converted("independent", **TAU_INPUT)
    assert Structure(path).main["IF"] == len(builders.NAMES)
    # Their probabilities are 0.9, 0.2, 0.7.
    for tau, opened in ((0.1, [1, 1, 1]), (0.5, [1, 0, 1]), (0.8, [1, 0, 0])):
        expected, _ = reference.run(networks["independent"], images, tau=tau)
        predictions, told = run(path, images, tau)
        np.testing.assert_array_equal(told, [opened] * len(images))
        np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)


@pytest.mark.parametrize("lowering", ["conditional", "masked"])
def test_tau_of_zero_opens_all(networks, converted, images, lowering):
    expected, _ = reference.run(networks["dependent"], images, tau=None)
    path = converted("dependent", **TAU_INPUT | {"lowering": lowering})
    dense, _ = run(converted("dependent", lowering="dense"), images)
    for tau in (0.0, -1.0):  # clipped to 0
        predictions, told = run(path, images, tau)
        assert told.min() == 1.0
        np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)
        # Same kernels, same order of sums: nearer than Keras is.
        np.testing.assert_allclose(predictions, dense, atol=1e-6)


def test_tau_of_one_leaves_the_shortcuts(networks, converted, images):
    model = networks["dependent"]
    path = converted("dependent", **TAU_INPUT)
    # The shortcuts alone: branches that add nothing.
    closed = builders.network()
    closed.set_weights(model.get_weights())
    for block in closed.blocks:
        last = block.branch.layers[-1]
        last.kernel.assign(np.zeros(last.kernel.shape))
    expected, _ = reference.run(closed, images, tau=None)
    for tau in (1.0, 2.0):  # clipped to 1
        predictions, told = run(path, images, tau)
        assert told.max() == 0.0
        np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)


@pytest.fixture(scope="module")
def poisoned(networks, images):
    """The network whose second branch gives NaN: whatever computes it shows it."""
    model = builders.network()
    model.set_weights(networks["dependent"].get_weights())
    builders.poison(model.blocks[1])
    return model


def test_closed_branches_are_not_executed(poisoned, images, tmp_path):
    path = tmp_path / "poisoned.tflite"
    convert.convert(poisoned, path, **TAU_INPUT, check_samples=0)
    network = runtime.Network(path)
    network.set_dial(1.0)
    assert np.isfinite(network.run(images)[0]).all()
    network.set_dial(0.0)
    assert np.isnan(network.run(images)[0]).all()
    # At τ = 0.5 it shows for exactly the images that open the poisoned branch.
    network.set_dial(0.5)
    predictions, decisions = network.run(images)
    opened = decisions[:, 1] == 1
    assert 0 < opened.sum() < len(images)
    np.testing.assert_array_equal(np.isnan(predictions).all(axis=1), opened)


def test_masked_branches_are_executed(poisoned, images, tmp_path):
    path = tmp_path / "poisoned.tflite"
    convert.convert(
        poisoned, path, **TAU_INPUT | {"lowering": "masked"}, check_samples=0
    )
    predictions, _ = run(path, images[:2], tau=1.0)
    assert np.isnan(predictions).all()
