"""early_exit of DenseNets and ResNets."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tfgate.costs import count_macs

A = tfgate.applications
SHAPE = (16, 16, 3)
SMALL = A.EarlyExits(gate=tfgate.DependentGate, filters=4)


def small_densenet(early_exit=SMALL, **arguments):
    arguments = {"depth": 10, "growth": 4, "input_shape": SHAPE} | arguments
    return A.CifarDenseNet(early_exit=early_exit, classes=3, **arguments)


def small_resnet(early_exit=SMALL, **arguments):
    arguments = {"depth": 8, "input_shape": SHAPE} | arguments
    return A.CifarResNet(early_exit=early_exit, classes=3, **arguments)


def images(count=6, shape=SHAPE):
    return np.random.default_rng(0).normal(size=(count, *shape)).astype("float32")


NETWORKS = [small_densenet, small_resnet]


@pytest.mark.parametrize("make", NETWORKS)
class TestBoth:
    def test_names(self, make):
        model = make(gate="dependent")
        exits = [name for name in model.gate_names if name.endswith("_exit_gate")]
        assert exits == ["conv2_exit_gate", "conv3_exit_gate"]
        assert model.gate_names[-2:] == exits
        assert len(model.gates) == 5
        assert {type(e.gate) for e in model.exits.exits} == {tfgate.DependentGate}

    def test_with_all_continuing_it_is_the_network_without_exits(self, make):
        model, dense = make(gate="independent"), make(early_exit=False)
        assert not isinstance(dense, tfgate.GatedModel)
        builders.randomize(model)
        tfgate.copy_weights(model, dense)
        model.policy = tfgate.AlwaysOpen()
        np.testing.assert_allclose(
            builders.predict(model, images()),
            builders.predict(dense, images()),
            rtol=1e-5,
            atol=1e-6,
        )
        assert model.costs.dense == count_macs(dense, dense.input_shape)

    def test_exits_alone(self, make):
        model = make(policy=tfgate.Threshold(0.3), seed=5)
        assert model.gate_names == ["conv2_exit_gate", "conv3_exit_gate"]
        assert model.policy == tfgate.Threshold(0.3)
        assert {gate.seed for gate in model.gates} == {5}
        dense = make(early_exit=False)
        builders.randomize(model)
        tfgate.copy_weights(model, dense)
        model.policy = tfgate.AlwaysOpen()
        np.testing.assert_array_equal(
            builders.predict(model, images()), builders.predict(dense, images())
        )

    def test_estimator_is_that_of_the_other_gates(self, make):
        estimator = tfgate.estimators.BinaryConcrete(temperature=0.5)
        model = make(gate="independent", estimator=estimator)
        assert {type(gate.estimator) for gate in model.gates} == {type(estimator)}

    def test_own_arguments_of_the_exits(self, make):
        own = {"initial_open_probability": 0.6, "hidden": 3}
        exits = A.EarlyExits(tfgate.DependentGate, own, filters=2, loss_weight=0.1)
        model = make(exits, gate="independent", initial_open_probability=0.9)
        assert {gate.initial_open_probability for gate in model.gates[:-2]} == {0.9}
        for leave in model.exits.exits:
            assert leave.gate.initial_open_probability == 0.6
            assert (leave.gate.hidden, leave.loss_weight) == (3, 0.1)
            assert leave.classifier.layers[0].filters == 2

    def test_filters_may_be_gated_as_well(self, make):
        model = make(gate="independent", granularity="bas")
        costs = model.costs
        opened = {name: np.ones(size) for name, size in costs.sizes.items()}
        leave, gate = model.exits.exits[0], model.exits.exits[0].gate
        first = tfgate.GatedModel(
            model.input, leave.classifier(_features(model, leave))
        )
        opened[gate.name] = np.zeros(1)
        expected = first.costs.all_open + costs.gate[gate.name]
        assert costs.count(opened) == expected

    def test_save_and_load(self, make, tmp_path):
        model = make(gate="dependent")
        builders.randomize(model)
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(
            builders.predict(loaded, images()), builders.predict(model, images())
        )
        assert loaded.gate_names == model.gate_names

    def test_weights_of_a_network_without_exits(self, make, tmp_path):
        dense = make(early_exit=False)
        builders.randomize(dense)
        dense.save(tmp_path / "dense.keras")
        dense.save_weights(tmp_path / "dense.weights.h5")
        for file in ("dense.keras", "dense.weights.h5"):
            model = make(weights=tmp_path / file, policy=tfgate.AlwaysOpen())
            np.testing.assert_array_equal(
                builders.predict(model, images()), builders.predict(dense, images())
            )

    def test_without_the_top(self, make):
        with pytest.raises(ValueError, match="include_top=True with early_exit"):
            make(include_top=False)

    @pytest.mark.parametrize("early_exit", [None, 1, "yes", tfgate.ExitGate])
    def test_something_else(self, make, early_exit):
        with pytest.raises(ValueError, match="early_exit to be True, False or"):
            make(early_exit)

    def test_arguments_of_no_gate(self, make):
        with pytest.raises(ValueError, match="no arguments of gates.*'hidden': 3"):
            make(hidden=3)


def _features(model, leave):
    return leave._inbound_nodes[0].input_tensors[0]


def test_the_paper_s_exits():
    """Classifiers and gates of PG S2.4, with its sizes at the exits of CIFAR."""
    model = small_densenet(True)
    assert {type(gate) for gate in model.gates} == {tfgate.ExitGate}
    first, second = model.exits.exits
    channels = 2 * 4 + 4  # twice the growth, and one layer
    assert first.gate_macs() == 16 * 16 * 9 * 128 * (channels + 128) + 16 * 128 * 2
    expected = 9 * 128 * (8 * 8 * channels + 4 * 4 * 128) + 128 * 3
    assert first.classifier_macs() == expected
    assert second.built_shape == (None, 8, 8, channels // 2 + 4)
    assert [e.loss_weight for e in model.exits.exits] == [1.0, 1.0]
    answer, last = first.classifier.layers[-1], model.get_layer("predictions")
    assert (answer.activation, answer.units) == (last.activation, last.units)


@pytest.mark.parametrize(
    ("make", "stages"),
    [
        (A.DenseNet121, 3),
        (A.ResNet18, 3),
        (A.ResNet50, 3),
        (A.CifarResNeXt, 2),
        pytest.param(A.DenseNet169, 3, marks=pytest.mark.large),
        pytest.param(A.ResNet101, 3, marks=pytest.mark.large),
        pytest.param(A.ResNeXt50, 3, marks=pytest.mark.large),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_network(make, stages):
    model = make(input_shape=(32, 32, 3), classes=3, early_exit=SMALL)
    expected = [f"conv{stage + 2}_exit_gate" for stage in range(stages)]
    assert model.gate_names == expected
    assert model(images(2, (32, 32, 3))).shape == (2, 3)


@pytest.mark.parametrize("gate", ["stochastic_depth", tfgate.StochasticDepth])
def test_stochastic_depth_beside_exits(gate):
    with pytest.raises(ValueError, match="gates that decide.*early_exit, got gate="):
        small_resnet(gate=gate)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gate": "dependent"}, "gate to be a class of gates, got 'dependent'"),
        ({"gate": keras.layers.Dense}, "gate to be a class of gates"),
        ({"filters": 0}, "filters"),
    ],
)
def test_bad_exits(arguments, message):
    with pytest.raises(ValueError, match=message):
        A.EarlyExits(**arguments)
