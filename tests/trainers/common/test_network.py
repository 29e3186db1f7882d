import dataclasses
import inspect

import keras
import numpy as np
import pytest
from absl import flags as absl_flags

import tfgate
from tests.trainers.builders import toy_dataset
from tests.trainers.builders import toy_settings
from trainers.common import flags as run_flags
from trainers.common import network
from trainers.common import networks
from trainers.common import settings
from trainers.common.errors import UserError
from trainers.common.flags import gates


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


@pytest.mark.parametrize("name", [n for n in gates.ESTIMATORS if n != "reinforce"])
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


def test_every_network_is_an_application_that_takes_its_flags():
    functions = {
        function
        for function in tfgate.applications.__all__
        if inspect.isfunction(getattr(tfgate.applications, function))
    }
    assert {kind.application for kind in networks.NETWORKS.values()} == functions
    for kind in networks.NETWORKS.values():
        function = getattr(tfgate.applications, kind.application)
        parameters = set(inspect.signature(function).parameters)
        flags = set(networks.NEEDS)
        assert flags & parameters == set(kind.takes), kind.application


@pytest.mark.parametrize(
    "values, name, gates",
    [
        (
            {"network": "cifar_densenet", "depth": 10, "width": 0.5},
            "cifar_densenet10_width0_5_dependent",
            3,
        ),
        (
            {"network": "cifar_resnext", "depth": 11, "granularity": "groups"},
            "cifar_resnext11_dependent_groups",
            3,
        ),
        ({"network": "cifar_vgg", "gate": "independent"}, "cifar_vgg_independent", 4),
        (
            {"network": "cifar_vgg", "gate": "independent", "filters": 16},
            "cifar_vgg_filters16_independent",
            4,
        ),
        ({"depth": 8, "width": 2, "granularity": "bas"}, "cifar_resnet8_width2", 3),
        (
            {"depth": 8, "early_exit": True, "exit_gate": "dependent"},
            "cifar_resnet8_dependent_early_exit",
            5,
        ),
    ],
)
def test_networks_by_name(dataset, values, name, gates):
    model = network.build(toy_settings(**values), dataset)
    assert model.name.startswith(name) and len(model.gates) == gates
    assert model.core.input.shape == (None, 8, 8, 3)
    assert model.core.output["predictions"].shape == (None, 2)
    layers = {layer.name for layer in model._flatten_layers()}
    assert "normalization" in layers and "predictions" in layers


def _coarse(granularities):
    """Those whose groups are not parts of another's."""
    one_size = [name for name in granularities if name.startswith("cs-cifar")]
    return [name for name in granularities if name not in one_size[1:]]


@pytest.mark.large
@pytest.mark.parametrize(
    "name, granularity",
    [
        (name, granularity)
        for name, kind in networks.NETWORKS.items()
        for granularity in _coarse(kind.granularities)
        # As deep as they are, they have the blocks of resnet50 and densenet121.
        if name not in ("resnet101", "resnet152", "densenet169")
    ],
)
def test_every_granularity_of_every_network(name, granularity):
    """The table promises what the applications hold."""
    values = {"network": name, "granularity": granularity}
    if granularity == "filters":
        sizes = {"cifar_resnext": "64,128,256", "resnext50": "4,8,16,32"}
        values["filters_per_gate"] = sizes.get(name, "1")
        if "vgg" in name:
            values |= {"residual": False, "groups_always_open": 1}
    # Of 6 n + 4 layers those whose numbers of channels are multiples of 4.
    values |= {"depth": 40} if name == "cifar_densenet" else {}
    described = dataclasses.replace(toy_dataset(), image_shape=(32, 32, 3))
    model = network.build(toy_settings(**values), described)
    assert model.gates


@pytest.mark.large
@pytest.mark.parametrize("name", networks.NETWORKS)
def test_every_network_is_built_dense(name):
    described = dataclasses.replace(toy_dataset(), image_shape=(32, 32, 3))
    model = network.build(toy_settings(network=name, gate="none"), described)
    assert type(model) is not tfgate.GatedModel
    assert model.name.startswith(name) and model.name.endswith("_dense")


@pytest.mark.parametrize("gate", ["none", "independent"])
def test_early_exits_have_their_settings(dataset, gate):
    chosen = toy_settings(
        depth=8,
        gate=gate,
        early_exit=True,
        exit_filters=4,
        exit_loss_weight=0.25,
        estimator="binary_concrete",
        initial_open_probability=0.7,
        gate_loss=(
            "per_gate(0.9, gates='*_block*_gate') + "
            "const_quad(0.7, per=gate, gates='*_exit_gate')"
            if gate != "none"
            else "const_quad(0.7, per=gate, gates='*_exit_gate')"
        ),
        seed=4,
    )
    model = network.build(chosen, dataset)
    network.compile_model(model, chosen, steps=3)
    *blocks, first, second = model.gates
    assert len(blocks) == (0 if gate == "none" else 3)
    assert (first.name, second.name) == ("conv2_exit_gate", "conv3_exit_gate")
    for own in (*blocks, first, second):
        assert isinstance(own.estimator, tfgate.estimators.BinaryConcrete)
        assert (own.seed, own.initial_open_probability) == (4, 0.7)
    assert isinstance(first, tfgate.ExitGate)
    leave = model.exits.exits[0]
    assert leave.loss_weight == 0.25
    assert leave.classifier.get_layer("conv2_exit_1_conv").filters == 4
    *_, of_exits = model.get_compile_config()["gate_losses"]
    assert of_exits["class_name"] == "ConstQuad"
    assert (of_exits["config"]["per"], of_exits["config"]["target"]) == ("gate", 0.7)


def test_a_granularity_that_does_not_fit_is_the_users_error(dataset):
    chosen = toy_settings(
        network="cifar_densenet", depth=10, granularity="cs-cifar-2", batch_size=8
    )
    with pytest.raises(UserError, match="filters_per_gate to divide the 15 filters"):
        network.build(chosen, dataset)


class TestStatisticsOfANetworkWithoutBatchNorms:
    VGG = ("--dataset=digits", "--network=cifar_vgg", "--filters=16", "--workdir=w")

    def build(self, dataset, *arguments, **defaults):
        values = absl_flags.FlagValues()
        run_flags.define(values, **defaults)
        arguments = ["program", *self.VGG, *arguments]
        return network.build(settings.parse(arguments, values), dataset)

    def test_recalibrated_by_u(self, dataset):
        wanted = ("--gating=nested", "--batch_norm=recalibrated")
        said = "expected --batch_norm=shared for --network=cifar_vgg"
        with pytest.raises(UserError, match=said):
            self.build(dataset, *wanted, recalibrate_steps=2)

    def test_recalibrated(self, dataset):
        with pytest.raises(UserError, match="--recalibrate_steps has no effect"):
            self.build(dataset, "--gating=nested", "--recalibrate_steps=2")

    def test_what_nobody_asked_for(self, dataset):
        assert self.build(dataset, "--gating=nested", recalibrate_steps=2)
        assert self.build(dataset, "--gating=nested", "--recalibrate_steps=0")

    def test_gates_may_have_batch_norms(self, dataset):
        assert self.build(dataset, "--gate=dependent", "--recalibrate_steps=2")
