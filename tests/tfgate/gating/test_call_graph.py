"""Models of all shapes: several inputs, nested models, shared layers, `+`."""

import inspect
import sys

import keras
import numpy as np
import pytest
from keras import layers

import tfgate
from tests.tfgate.gating import networks
from tests.tfgate.gating.networks import assert_same
from tests.tfgate.gating.networks import conv
from tests.tfgate.gating.networks import images
from tests.tfgate.gating.networks import randomized
from tests.tfgate.gating.networks import residual
from tfgate.gating import find_residual_blocks
from tfgate.gating import gate_model
from tfgate.gating.paths import Path

OPEN = {"policy": tfgate.AlwaysOpen()}
SHAPE = networks.SHAPE


@pytest.mark.parametrize("structure", [list, dict])
def test_several_inputs_and_outputs(structure, tmp_path):
    one, two = keras.Input(SHAPE, name="one"), keras.Input(SHAPE, name="two")
    x = residual(layers.Concatenate()([one, two]), "a")
    given = [one, two] if structure is list else {"one": one, "two": two}
    results = {"map": x, "mean": layers.GlobalAveragePooling2D()(x)}
    model = randomized(keras.Model(given, results))
    gated = gate_model(model, **OPEN)
    x = [images(seed=1), images(seed=2)]
    x = x if structure is list else dict(zip(("one", "two"), x, strict=True))
    assert_same(gated, model, x)
    assert set(gated(x)) == {"map", "mean"}
    assert gated.costs.dense > 0
    gated.save(tmp_path / "gated.keras")
    assert_same(keras.saving.load_model(tmp_path / "gated.keras"), model, x)


def test_operations_instead_of_layers(tmp_path):
    inputs = keras.Input(SHAPE)
    y = keras.ops.relu(conv("a")(inputs)) * 0.5
    x = keras.ops.relu(inputs + conv("b")(y))
    model = randomized(keras.Model(inputs, x))
    gated = gate_model(model, **OPEN)
    assert_same(gated, model, images())
    gated.save(tmp_path / "gated.keras")
    assert_same(keras.saving.load_model(tmp_path / "gated.keras"), model, images())


def test_a_layer_called_twice_outside_of_the_blocks_stays_one():
    inputs = keras.Input(SHAPE)
    shared = conv("shared")
    model = randomized(keras.Model(inputs, shared(residual(shared(inputs), "a"))))
    gated = gate_model(model, gate="independent", **OPEN)
    assert_same(gated, model, images())
    gate_weights = len(gated.gates[0].weights)
    assert len(gated.weights) == len(model.weights) + gate_weights


def test_a_layer_called_twice_inside_a_branch_stays_one(tmp_path):
    inputs = keras.Input(SHAPE)
    shared = conv("shared", activation="relu")
    x = layers.Add(name="add")([inputs, shared(shared(inputs))])
    model = randomized(keras.Model(inputs, x))
    gated = gate_model(model, **OPEN)
    assert_same(gated, model, images())
    assert len(gated.blocks[0].branch.weights) == 2
    gated.save(tmp_path / "gated.keras")
    assert_same(keras.saving.load_model(tmp_path / "gated.keras"), model, images())


# --- Nested models


def backbone(name="backbone"):
    inputs = keras.Input(SHAPE, name=f"{name}_images")
    x = residual(conv("stem")(inputs), "a", squeeze=True)
    return keras.Model(inputs, residual(x, "b", 6, 2), name=name)


def functional(base, **arguments):
    inputs = keras.Input(SHAPE, name="images")
    x = base(inputs, **arguments)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, layers.Dense(3, name="head")(x), name="classifier")


def sequential(base):
    pool = layers.GlobalAveragePooling2D(name="pool")
    parts = [keras.Input(SHAPE), base, pool, layers.Dense(3, name="head")]
    return keras.Sequential(parts, name="classifier")


def twice_nested(base):
    return functional(keras.Sequential([keras.Input(SHAPE), base], name="between"))


@pytest.mark.parametrize("wrap", [functional, sequential, twice_nested])
def test_nested_models_are_taken_apart(wrap, tmp_path):
    model = randomized(wrap(backbone()))
    assert [block.add for block in find_residual_blocks(model)] == ["a_add", "b_add"]
    gated = gate_model(model, gate="independent", **OPEN)
    assert gated.gate_names == ["a_gate", "b_gate"]
    assert_same(gated, model, images())
    gated.save(tmp_path / "gated.keras")
    assert_same(keras.saving.load_model(tmp_path / "gated.keras"), model, images())


def test_a_backbone_of_two_models_is_taken_apart():
    base = randomized(backbone())
    functional(base)
    model = functional(base)
    assert_same(gate_model(model, **OPEN), model, images())


@pytest.mark.parametrize("training", [False, True, None])
def test_a_backbone_in_inference_mode(training):
    """What Keras makes of `backbone(x, training=False)`, the copy does too."""
    model = randomized(functional(backbone(), training=False))
    gated = gate_model(model, gate="stochastic_depth", survival_probability=1.0)
    x = images()
    expected = keras.ops.convert_to_numpy(model(x, training=training))
    got = keras.ops.convert_to_numpy(gated(x, training=training))
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)


def test_nested_models_without_additions_stay_one_layer():
    inputs = keras.Input(SHAPE)
    branch = keras.Sequential([conv("a"), conv("b")], name="branch")
    x = layers.Add(name="add")([inputs, branch(inputs)])
    model = randomized(keras.Model(inputs, x))
    gated = gate_model(model, **OPEN)
    assert [layer.name for layer in gated.blocks[0].branch.layers] == ["branch"]
    assert_same(gated, model, images())


def test_a_nested_model_called_twice_is_not_looked_into():
    base = backbone()
    one, two = keras.Input(SHAPE), keras.Input(SHAPE)
    joined = layers.Concatenate()([base(one), base(two)])
    closed = keras.Model([one, two], joined)
    assert find_residual_blocks(closed) == ()
    with pytest.raises(ValueError, match="'backbone' is not looked into: it is called"):
        gate_model(closed)
    model = randomized(keras.Model([one, two], residual(joined, "c")))
    gated = gate_model(model, **OPEN)
    assert gated.gate_names == ["c_gate"]
    assert_same(gated, model, [images(seed=1), images(seed=2)])


def test_names_that_clash_without_the_nesting():
    inputs = keras.Input(SHAPE)
    model = keras.Model(inputs, backbone()(conv("stem")(inputs)))
    with pytest.raises(ValueError, match="distinct names .* got two named 'stem'"):
        gate_model(model)


# --- Models without a graph


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="subclassed")
        self.conv = conv("a")

    def call(self, inputs):
        return inputs + self.conv(inputs)


class OwnCall(keras.Model):
    def call(self, inputs, training=None):
        return 2.0 * super().call(inputs, training=training)


def own_call():
    inputs = keras.Input(SHAPE)
    return OwnCall(inputs, residual(inputs, "a"), name="own")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Subclassed, "'subclassed' of class Subclassed"),
        (lambda: keras.Sequential([conv("a")], name="unbuilt"), "'unbuilt' of class"),
        (own_call, "'own' of class"),
    ],
)
def test_models_without_a_graph_are_refused(make, message):
    with pytest.raises(
        ValueError, match=f"Expected model to be a functional.*{message}"
    ):
        find_residual_blocks(make())


def test_deep_networks(monkeypatch):
    """Keras' own walk is recursive, this library's is not."""
    inputs = x = keras.Input(SHAPE)
    for index in range(20):
        x = residual(x, f"b{index}")
    model = keras.Model(inputs, x)
    monkeypatch.setattr(Path, "macs", lambda path: None)
    depth = len(inspect.stack())
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 60)
    try:
        assert len(find_residual_blocks(model)) == 20
    finally:
        sys.setrecursionlimit(before)
