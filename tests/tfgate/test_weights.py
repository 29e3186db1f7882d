"""Weights carried from network to network by layer name."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders

L = keras.layers


def named_model(*layers, features=4):
    return keras.Sequential([keras.Input((features,)), *layers])


def weights_of(model):
    return [w.numpy() for w in model.weights]


def assert_same_weights(one, other):
    for weight, expected in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), expected.numpy())


def test_copies_by_name_in_any_order():
    source = named_model(L.Dense(4, name="b"), L.Dense(4, name="a"))
    target = named_model(L.Dense(4, name="a"), L.Dense(4, name="b"))
    builders.randomize(source)
    assert tfgate.copy_weights(source, target) == ["a", "b"]
    for name in "ab":
        assert_same_weights(target.get_layer(name), source.get_layer(name))


def test_other_layers_stay_as_they_are():
    source = named_model(L.Dense(4, name="shared"), L.Dense(4, name="mine"))
    target = named_model(L.Dense(4, name="shared"), L.Dense(4, name="yours"))
    builders.randomize(source)
    before = weights_of(target.get_layer("yours"))
    assert tfgate.copy_weights(source, target) == ["shared"]
    np.testing.assert_array_equal(target.get_layer("yours").kernel.numpy(), before[0])


def test_nested_layers():
    def nested():
        return named_model(
            keras.Sequential([L.Dense(4, name="deep"), L.BatchNormalization(name="bn")])
        )

    source, target = nested(), nested()
    builders.randomize(source)
    assert tfgate.copy_weights(source, target) == ["deep", "bn"]
    assert_same_weights(target, source)


def test_nested_and_flat_layers_meet():
    source = named_model(L.Dense(4, name="deep"))
    target = named_model(keras.Sequential([L.Dense(4, name="deep")]))
    builders.randomize(source)
    assert tfgate.copy_weights(source, target) == ["deep"]
    assert_same_weights(target, source)


def test_copies_are_copies():
    source, target = (
        named_model(L.Dense(4, name="a")),
        named_model(L.Dense(4, name="a")),
    )
    tfgate.copy_weights(source, target)
    before = weights_of(target)
    builders.randomize(source)
    for weight, old in zip(weights_of(target), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_different_shapes_leave_the_target_unchanged():
    source = named_model(L.Dense(4, name="first"), L.Dense(5, name="second"))
    target = named_model(L.Dense(4, name="first"), L.Dense(6, name="second"))
    before = weights_of(target)
    with pytest.raises(ValueError, match=r"'second'.*\(4, 5\).*\(4, 6\)"):
        tfgate.copy_weights(source, target)
    for weight, old in zip(weights_of(target), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_different_numbers_of_weights():
    source = named_model(L.Dense(4, name="a"))
    target = named_model(L.Dense(4, use_bias=False, name="a"))
    with pytest.raises(ValueError, match="'a'"):
        tfgate.copy_weights(source, target)


def test_no_layer_in_common():
    source, target = (
        named_model(L.Dense(4, name="a")),
        named_model(L.Dense(4, name="b")),
    )
    source.name, target.name = "here", "there"
    with pytest.raises(ValueError, match="'here'.*'there'"):
        tfgate.copy_weights(source, target)


@pytest.mark.parametrize("gate", [tfgate.IndependentGate, tfgate.DependentGate])
def test_gated_to_gated(gate):
    """Sublayers of gates have the same names in every gate."""
    source, target = builders.tiny_model(gate=gate), builders.tiny_model(gate=gate)
    builders.randomize(source, seed=1)
    builders.randomize(target, seed=2)
    tfgate.copy_weights(source, target)
    images = builders.make_images(6)
    for name, outputs in source.core(images)["gates"].items():
        np.testing.assert_array_equal(
            target.core(images)["gates"][name]["logits"], outputs["logits"]
        )
    np.testing.assert_array_equal(
        builders.predict(target, images), builders.predict(source, images)
    )


def test_gates_keep_theirs_without_a_counterpart():
    source = builders.tiny_model(gate=tfgate.IndependentGate)
    target = builders.tiny_model(gate=tfgate.DependentGate)
    builders.randomize(source)
    before = [weights_of(gate) for gate in target.gates]
    copied = tfgate.copy_weights(source, target)
    assert "stem" in copied and "third_bn" in copied and "head" in copied
    for gate, old in zip(target.gates, before, strict=True):
        for weight, expected in zip(weights_of(gate), old, strict=True):
            np.testing.assert_array_equal(weight, expected)


def test_policy_of_the_target_stays():
    source = builders.tiny_model(policy=tfgate.Threshold(0.95))
    target = builders.tiny_model(policy=tfgate.Threshold(0.5))
    tfgate.copy_weights(source, target)
    assert target.policy == tfgate.Threshold(0.5)
    assert [float(gate.tau.numpy()) for gate in target.gates] == [0.5] * 3
