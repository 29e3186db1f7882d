import keras
import numpy as np
import pytest

import tfgate
from tests.trainers.builders import toy_dataset
from tests.trainers.builders import toy_settings
from trainers.common import flags
from trainers.common import network
from trainers.common.errors import UserError


@pytest.fixture(scope="module")
def dataset():
    return toy_dataset()


def test_a_gated_network_has_its_settings(dataset):
    chosen = toy_settings(
        gate="independent",
        estimator="binary_concrete",
        temperature=0.5,
        noise_scale="linear(1, 0, end=2)",
        initial_open_probability=0.7,
        gate_loss="per_gate(0.4, coefficient=3) + l0()",
        seed=5,
    )
    model = network.build(chosen, dataset)
    network.compile_model(model, chosen, steps=3)
    assert model.name == "cifar_resnet20_independent"
    assert len(model.gates) == 9
    assert all(isinstance(gate, tfgate.IndependentGate) for gate in model.gates)
    gate = model.gates[0]
    assert isinstance(gate.estimator, tfgate.estimators.BinaryConcrete)
    assert gate.estimator.temperature == 0.5 and gate.seed == 5
    assert [gate.estimator.noise_scale(step) for step in (0, 3, 6)] == [1.0, 0.5, 0.0]
    assert gate.initial_open_probability == 0.7
    images = next(iter(dataset.test(4)))[0]
    probability = model.core(images)["gates"]["conv2_block1_gate"]["probability"]
    np.testing.assert_allclose(probability, 0.7, rtol=1e-5)
    first, second = model.get_compile_config()["gate_losses"]
    assert (first["class_name"], second["class_name"]) == ("PerGate", "L0")
    assert first["config"]["targets"] == 0.4 and first["config"]["coefficient"] == 3.0


@pytest.mark.parametrize("name", flags.ESTIMATORS)
def test_every_estimator_has_a_name_of_its_own(dataset, name):
    estimators = [
        network.build(toy_settings(estimator=other), dataset).gates[0].estimator
        for other in dict.fromkeys([name, "gumbel_softmax"])
    ]
    looks = {(type(e), str(e.get_config())) for e in estimators}
    assert len(looks) == len(estimators)


@pytest.mark.parametrize(
    "rule, expected", [("scaled", 20 / 9 * 1e-3), ("same", 1e-3), ("0.5", 0.5)]
)
def test_weight_decay_of_the_gates(dataset, rule, expected):
    chosen = toy_settings(weight_decay=1e-3, gate_weight_decay=rule)
    model = network.build(chosen, dataset)
    network.compile_model(model, chosen, steps=3)
    config = model.optimizer.get_config()
    assert config["weight_decay"] == 1e-3
    assert config["gate_weight_decay"] == pytest.approx(expected)


def test_a_dense_network_is_a_plain_model_of_raw_images(dataset):
    chosen = toy_settings(gate="none", momentum=0.8, nesterov=False)
    model = network.build(chosen, dataset)
    network.compile_model(model, chosen, steps=3)
    assert type(model) is not tfgate.GatedModel
    normalized = keras.Model(model.input, model.get_layer("normalization").output)
    images = next(iter(dataset.test(20)))[0].numpy()
    expected = (images - dataset.mean) / dataset.std
    np.testing.assert_allclose(normalized.predict(images, verbose=0), expected, 1e-4)
    assert model.optimizer.momentum == 0.8 and not model.optimizer.nesterov
    assert (model.predict(images, verbose=0) < 0).any()  # logits, not probabilities


def test_the_seed_decides_the_weights(dataset):
    first, again, other = (
        network.build(toy_settings(seed=seed), dataset).get_weights()
        for seed in (1, 1, 2)
    )
    assert all(map(np.array_equal, first, again))
    assert not all(map(np.array_equal, first, other))


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_precision_is_the_networks_alone(dataset, precision):
    model = network.build(toy_settings(precision=precision), dataset)
    assert model.get_layer("conv1_conv").compute_dtype == precision[6:]
    assert model.get_layer("normalization").compute_dtype == "float32"
    assert model.core.output["predictions"].dtype == "float32"
    assert keras.config.dtype_policy().name == "float32"


def test_a_target_that_cannot_be_reached_is_the_users_error(dataset):
    chosen = toy_settings(gate_loss="macs(0.001)")
    model = network.build(chosen, dataset)
    with pytest.raises(UserError, match="at least"):
        network.compile_model(model, chosen, steps=3)
