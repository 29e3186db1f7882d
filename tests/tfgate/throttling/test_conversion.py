"""throttle: what it keeps of a network, and which networks it refuses."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tests.tfgate import exit_networks
from tests.tfgate.throttling import networks
from tfgate.throttling import BetaControl
from tfgate.throttling import ConstantControl
from tfgate.throttling import Independent
from tfgate.throttling import Nested
from tfgate.throttling import SlicedGate
from tfgate.throttling import UniformControl
from tfgate.weights import leaves

L = keras.layers


@pytest.fixture
def gated():
    model = builders.tiny_model()
    builders.randomize(model)
    return model


def data_path(model):
    found = [layer for layer in leaves(model.core) if layer.weights]
    return {
        layer.name: layer
        for layer in found
        if not isinstance(layer, tfgate.Gate)
        and not isinstance(layer, tfgate.throttling.Dial)
    }


def test_layers_keep_names_weights_and_settings(gated):
    gated.get_layer("stem").trainable = False
    throttled = tfgate.throttle(gated)
    old, new = data_path(gated), data_path(throttled)
    assert list(new) == list(old)
    for name, layer in old.items():
        assert new[name] is not layer
        assert new[name].get_config() == layer.get_config()
        assert new[name].trainable == layer.trainable
        for one, other in zip(layer.weights, new[name].weights, strict=True):
            assert one is not other
            np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert throttled.name == gated.name
    assert throttled.gate_names == gated.gate_names
    assert all(isinstance(gate, SlicedGate) for gate in throttled.gates)


def test_the_given_network_stays_as_it_is(gated):
    images = networks.images()
    before = builders.predict(gated, images)
    weights = [w.numpy() for w in gated.weights]
    throttled = tfgate.throttle(gated)
    for weight in throttled.trainable_weights:
        weight.assign(weight + 1.0)
    np.testing.assert_array_equal(builders.predict(gated, images), before)
    for weight, old in zip(gated.weights, weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), old)
    assert type(gated) is tfgate.GatedModel


def test_normalization_layers_keep_what_they_adapted():
    x = inputs = keras.Input((8, 8, 3))
    normalization = L.Normalization()
    normalization.adapt(networks.images(16) * 7.0 + 3.0)
    x = normalization(x)
    gate = tfgate.IndependentGate(name="gate")
    x, _ = tfgate.GatedResidual(L.Conv2D(3, 3, padding="same"), gate)(x)
    gated = tfgate.GatedModel(inputs, x, policy=tfgate.AlwaysOpen())
    np.testing.assert_array_equal(
        builders.predict(tfgate.throttle(gated), networks.images()),
        builders.predict(gated, networks.images()),
    )


def test_arguments(gated):
    throttled = tfgate.throttle(
        gated, "independent", ConstantControl(0.5), seed=9, name="dialled"
    )
    assert throttled.name == "dialled"
    assert isinstance(throttled.gating, Independent)
    assert throttled.gating.seed == throttled.dial.seed == 9
    assert throttled.dial.distribution == ConstantControl(0.5)
    assert tfgate.throttle(gated).dial.distribution == UniformControl()
    policy = tfgate.AlwaysOpen()
    assert tfgate.throttle(gated, "nested", policy=policy).policy == policy


@pytest.mark.parametrize(
    "gating",
    [Independent, lambda modules: Independent(modules, seed=4)],
    ids=["class", "function"],
)
def test_gating_function_of_ones_own(gated, gating):
    throttled = tfgate.throttle(gated, gating)
    assert isinstance(throttled.gating, Independent)
    assert throttled.gating.modules == throttled.modules


class TestThrottledAgain:
    def test_another_gating_function_keeps_everything_else(self, gated):
        first = tfgate.throttle(gated, "nested", BetaControl(2, 1))
        second = tfgate.throttle(first, "independent", seed=2)
        assert isinstance(second.gating, Independent)
        assert second.dial.distribution == BetaControl(2, 1)
        assert second.modules == first.modules
        images = networks.images()
        np.testing.assert_array_equal(
            builders.predict(second, images), builders.predict(first, images)
        )

    def test_back_and_forth_is_the_same_network(self, gated):
        first = tfgate.throttle(gated)
        again = tfgate.throttle(tfgate.throttle(first, "independent"), Nested)
        images, us = networks.images(), keras.ops.array([0.0, 0.4, 0.7, 1.0])
        np.testing.assert_array_equal(first([images, us]), again([images, us]))

    def test_another_distribution(self, gated):
        first = tfgate.throttle(gated, "nested", BetaControl(2, 1))
        second = tfgate.throttle(first, distribution=UniformControl(0.5))
        assert second.dial.distribution == UniformControl(0.5)


def test_policy_of_the_gated_network_is_not_taken_over(gated):
    """It was one for probabilities; the dial decides now."""
    gated.policy = tfgate.Threshold(0.9)
    assert tfgate.throttle(gated).policy == tfgate.Threshold()


def test_mixed_precision(mixed_bfloat16):
    gated = builders.tiny_model()
    throttled = tfgate.throttle(gated)
    images = networks.images()
    assert throttled.get_layer("first_block").compute_dtype == "bfloat16"
    gated.policy = tfgate.AlwaysOpen()
    np.testing.assert_array_equal(
        builders.predict(throttled, images), builders.predict(gated, images)
    )
    outputs = throttled.core(images)
    kinds = {str(t.dtype.name) for g in outputs["gates"].values() for t in g.values()}
    assert kinds == {"float32"} and outputs["control"].dtype.name == "float32"


class TestRefused:
    def test_network_without_gates(self):
        inputs = keras.Input((8, 8, 3))
        dense = keras.Model(inputs, L.Conv2D(3, 3)(inputs))
        with pytest.raises(ValueError, match="Expected a tfgate.GatedModel"):
            tfgate.throttle(dense)

    def test_several_inputs(self):
        inputs = [keras.Input((4,)), keras.Input((4,))]
        gate = tfgate.IndependentGate(name="gate")
        x, _ = tfgate.GatedResidual(L.Dense(4), gate)(L.Add()(inputs))
        with pytest.raises(ValueError, match="one input to throttle, got 2"):
            tfgate.throttle(tfgate.GatedModel(inputs, x))

    def test_early_exits(self):
        with pytest.raises(ValueError, match="class EarlyExit"):
            tfgate.throttle(exit_networks.exit_model())

    @pytest.mark.parametrize("gating", ["nest", None, 3, keras.layers.ReLU()], ids=str)
    def test_unknown_gating(self, gated, gating):
        with pytest.raises(ValueError, match="Expected gating to be one of"):
            tfgate.throttle(gated, gating)

    def test_function_that_gives_something_else(self, gated):
        with pytest.raises(ValueError, match="gating to give a GatingFunction"):
            tfgate.throttle(gated, lambda modules: tfgate.IndependentGate(3))

    def test_arguments_of_a_function(self, gated):
        with pytest.raises(ValueError, match="no arguments of a gating function"):
            tfgate.throttle(gated, Nested, policy=tfgate.AlwaysOpen())

    def test_unknown_argument(self, gated):
        with pytest.raises((TypeError, ValueError)):
            tfgate.throttle(gated, "nested", width=3)
