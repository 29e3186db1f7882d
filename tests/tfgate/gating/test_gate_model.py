"""gate_model: the same network, with gates on its residual blocks."""

import keras
import numpy as np
import pytest
from keras import layers

import tfgate
from tests.tfgate.builders import LinearGate
from tests.tfgate.builders import decisions
from tests.tfgate.builders import randomize
from tests.tfgate.builders import set_open_probability
from tests.tfgate.gating import networks
from tests.tfgate.gating.networks import assert_same
from tests.tfgate.gating.networks import conv
from tests.tfgate.gating.networks import images
from tests.tfgate.gating.networks import outputs
from tests.tfgate.gating.networks import randomized
from tests.tfgate.gating.networks import residual
from tfgate.costs import count_macs
from tfgate.gating import find_residual_blocks
from tfgate.gating import gate_model

OPEN = {"policy": tfgate.AlwaysOpen()}


def decide(model, probabilities):
    for gate, probability in zip(model.gates, probabilities, strict=True):
        set_open_probability(gate, probability)


@pytest.fixture(scope="module")
def resnet50():
    keras.utils.set_random_seed(1)
    return randomized(
        keras.applications.ResNet50(weights=None, input_shape=(64, 64, 3), classes=5)
    )


@pytest.fixture(scope="module")
def mobilenet():
    keras.utils.set_random_seed(1)
    return randomized(
        keras.applications.MobileNetV2(weights=None, input_shape=(64, 64, 3), classes=5)
    )


def without_branches(model):
    """The same network, every branch of its residual blocks multiplied by zero."""
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    for block in find_residual_blocks(clone):
        last = clone.get_layer(block.branch[-1])  # a batch norm
        last.gamma.assign(np.zeros(last.gamma.shape))
        last.beta.assign(np.zeros(last.beta.shape))
    return clone


@pytest.mark.parametrize(
    ("fixture", "gates", "first"),
    [("resnet50", 16, "conv2_block1"), ("mobilenet", 10, "block_2")],
)
def test_keras_applications(request, fixture, gates, first):
    model = request.getfixturevalue(fixture)
    x = images(2, (64, 64, 3))
    gated = gate_model(model, gate="independent", **OPEN)
    assert len(gated.gates) == gates
    assert gated.blocks[0].name == first and gated.gate_names[0] == f"{first}_gate"
    assert_same(gated, model, x)
    gated.policy = tfgate.Threshold()
    decide(gated, [0.1] * gates)
    (closed,), (expected,) = outputs(gated, x), outputs(without_branches(model), x)
    np.testing.assert_array_equal(closed, expected)
    assert np.abs(expected - outputs(model, x)[0]).max() > 1e-3


@pytest.mark.parametrize(
    "fixture", [pytest.param("resnet50", marks=pytest.mark.large), "mobilenet"]
)
def test_macs_of_keras_applications(request, fixture):
    model = request.getfixturevalue(fixture)
    costs = gate_model(model, gate="independent").costs
    assert costs.dense == count_macs(model, model.input_shape)
    branches = [block.branch_macs for block in find_residual_blocks(model)]
    np.testing.assert_array_equal(
        np.concatenate([*costs.components.values()]), branches
    )
    assert costs.all_closed == costs.dense - sum(branches)


def test_layers_keep_their_names_and_settings(resnet50):
    gated = gate_model(resnet50, gate="independent")
    copied = {layer.name: layer for layer in gated._flatten_layers()}
    activations = {block.activation for block in find_residual_blocks(resnet50)}
    additions = {block.add for block in find_residual_blocks(resnet50)}
    for layer in resnet50.layers:
        if layer.name in activations | additions:
            assert layer.name not in copied
        else:
            assert copied[layer.name].get_config() == layer.get_config()
    # So weights can be carried over by name, as between all networks here.
    other = randomized(keras.models.clone_model(resnet50), seed=3)
    tfgate.copy_weights(other, gated)
    gated.policy = tfgate.AlwaysOpen()
    assert_same(gated, other, images(1, (64, 64, 3)))


@pytest.mark.large
@pytest.mark.parametrize(
    ("name", "gates"),
    [
        ("ResNet50V2", 16),
        ("EfficientNetB0", 9),
        ("Xception", 12),
        ("MobileNetV3Small", 6),
        ("NASNetMobile", 12),
        ("ConvNeXtTiny", 18),
    ],
)
def test_more_keras_applications(name, gates):
    size = 71 if name == "Xception" else 64
    build = getattr(keras.applications, name)
    model = randomized(build(weights=None, input_shape=(size, size, 3), classes=5))
    x = images(2, (size, size, 3))
    for layer in model.layers:
        if isinstance(layer, layers.Normalization) and layer.input_mean is None:
            layer.adapt(x)
    gated = gate_model(model, gate="independent", **OPEN)
    assert len(gated.gates) == gates
    assert_same(gated, model, x)
    assert gated.costs.dense == count_macs(model, model.input_shape)


# --- Small networks


@pytest.mark.parametrize("first", [{}, {"squeeze": True}, {"activation": False}])
@pytest.mark.parametrize("closed", range(4))
def test_gates_switch_their_branches(first, closed):
    """Each block by itself: closed, it gives what its shortcut gives."""
    model = randomized(networks.network(**first))
    gated = gate_model(model, gate="independent")
    probabilities = [0.9, 0.9, 0.9]
    expected = keras.models.clone_model(model)
    expected.set_weights(model.get_weights())
    if closed < 3:
        probabilities[closed] = 0.1
        last = expected.get_layer(f"{'abc'[closed]}_2_conv")
        last.set_weights([np.zeros(w.shape) for w in last.weights])
    decide(gated, probabilities)
    assert_same(gated, expected, images())
    macs = [block.branch_macs for block in find_residual_blocks(model)]
    decided = {
        n: [p > 0.5] for n, p in zip(gated.gate_names, probabilities, strict=True)
    }
    skipped = sum(m for m, p in zip(macs, probabilities, strict=True) if p < 0.5)
    gated_macs = gated.costs.count(decided) - gated.costs.gate_total
    assert gated_macs == count_macs(model, model.input_shape) - skipped


@pytest.mark.parametrize("squeeze", [False, True])
def test_saving(tmp_path, squeeze):
    model = randomized(networks.network(squeeze=squeeze))
    gated = gate_model(model, gate=LinearGate, seed=3)
    x = images(20)
    opened = decisions(gated, x)
    assert 0.0 < np.mean(list(opened.values())) < 1.0
    gated.save(tmp_path / "gated.keras")
    loaded = keras.saving.load_model(tmp_path / "gated.keras")
    assert_same(loaded, gated, x)
    assert decisions(loaded, x).keys() == opened.keys()


def test_trains():
    check_a_training_step(gate_model(randomized(networks.network()), seed=1), 3)


@pytest.mark.large
def test_keras_applications_train(mobilenet):
    check_a_training_step(gate_model(mobilenet, seed=1), 5)


def check_a_training_step(gated, classes):
    """Every weight changes, but for those of branches that no image ran."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    gated.compile(keras.optimizers.SGD(0.1), loss, gate_losses=[tfgate.PerBatch(0.4)])
    before = [keras.ops.convert_to_numpy(v) for v in gated.trainable_variables]
    x, y = images(6, gated.input.shape[1:]), np.arange(6) % classes
    logs = gated.train_on_batch(x, y, return_dict=True)
    assert np.isfinite(logs["loss"]) and logs["gate_loss"] > 0.0
    closed = [name for name, rate in logs.items() if "rate/" in name and rate == 0.0]
    assert len(closed) < len(gated.gates)
    blocks = [name.removeprefix("rate/").removesuffix("gate") for name in closed]
    for old, variable in zip(before, gated.trainable_variables, strict=True):
        path = variable.path
        ran = not any(f"/{block}" in path or path.startswith(block) for block in blocks)
        cancelled = path.endswith(("_0_conv/bias", "_1_conv/bias"))  # by a batch norm
        if ran and not cancelled:
            assert not np.array_equal(old, keras.ops.convert_to_numpy(variable)), path


@pytest.mark.parametrize("squeeze", [False, True])
def test_compaction(squeeze):
    model = randomized(networks.network(squeeze=squeeze))
    gated = gate_model(model, gate="independent")
    decide(gated, [0.9, 0.1, 0.9])
    compacted = tfgate.compact(gated)
    assert_same(compacted, gated, images())
    skipped = find_residual_blocks(model)[1].branch_macs
    macs = count_macs(model, model.input_shape) - skipped
    assert count_macs(compacted, compacted.input_shape) == macs


def test_the_model_stays_as_it_was():
    model = randomized(networks.network())
    (before,), nodes = outputs(model, images()), count_nodes(model)
    gated = gate_model(model, gate="independent", **OPEN)
    assert not {id(v) for v in model.variables} & {id(v) for v in gated.variables}
    randomize(gated, seed=9)
    np.testing.assert_array_equal(outputs(model, images())[0], before)
    assert count_nodes(model) == nodes


def count_nodes(model):
    return [len(layer._inbound_nodes) for layer in model.layers]


def test_trainable_flags(tmp_path):
    model = networks.network(squeeze=True)
    frozen = {"stem", "a_1_conv", "a_excite", "b_0_bn", "c_1_bn"}
    for name in frozen:
        model.get_layer(name).trainable = False
    gated = gate_model(model)
    gated.save(tmp_path / "gated.keras")
    for network in (gated, keras.saving.load_model(tmp_path / "gated.keras")):
        flags = {x.name: x.trainable for x in network._flatten_layers() if x.weights}
        assert {name for name, flag in flags.items() if not flag} == frozen


def test_of_a_frozen_model_the_gates_train():
    model = networks.network()
    model.trainable = False
    gated = gate_model(model)
    gates = [v for gate in gated.gates for v in gate.trainable_variables]
    assert len(gated.trainable_variables) == len(gates) > 0


def test_mixed_precision(mixed_bfloat16):
    model = randomized(networks.network(squeeze=True))
    keras.config.set_dtype_policy("float32")
    gated = gate_model(model, gate="independent", **OPEN)
    assert {block.compute_dtype for block in gated.blocks} == {"bfloat16"}
    assert {gate.compute_dtype for gate in gated.gates} == {"float32"}
    assert_same(gated, model, images())


def test_float32_around_blocks_in_half_precision():
    def build(x):
        x = conv("stem")(x)
        y = conv("a", dtype="mixed_bfloat16")(x)
        y = layers.Add(name="add", dtype="mixed_bfloat16")([x, y])
        return layers.ReLU(name="relu")(y)

    inputs = keras.Input(networks.SHAPE)
    model = randomized(keras.Model(inputs, build(inputs)))
    gated = gate_model(model, **OPEN)
    assert gated.blocks[0].activation is keras.activations.linear
    assert_same(gated, model, images())


def test_adapted_normalization():
    inputs = keras.Input(networks.SHAPE)
    normalization = layers.Normalization()
    x = residual(normalization(inputs), "a")
    seen = images(20) * 3.0 + 5.0
    normalization.adapt(seen)
    model = randomized_but_normalization(keras.Model(inputs, x))
    assert_same(gate_model(model, **OPEN), model, seen)


def randomized_but_normalization(model):
    for layer in model.layers:
        if not isinstance(layer, layers.Normalization):
            randomize(layer)
    return model


@pytest.mark.parametrize("shape", [(4,), (6, 4)])
@pytest.mark.parametrize("gate", ["dependent", "independent"])
def test_networks_of_other_than_images(shape, gate):
    inputs = keras.Input(shape)
    x = layers.Dense(4, activation="gelu")(layers.LayerNormalization()(inputs))
    model = randomized(keras.Model(inputs, layers.Add(name="add")([inputs, x])))
    gated = gate_model(model, gate=gate, **OPEN)
    assert_same(gated, model, images(shape=shape))
    assert gated.costs.dense == count_macs(model, model.input_shape)


# --- Where


@pytest.mark.parametrize(
    ("where", "gates"),
    [
        (None, ["a_gate", "b_gate", "c_gate"]),
        ("b_add", ["b_gate"]),
        (["c_add", "a_add"], ["a_gate", "c_gate"]),
        (lambda block: block.shortcut == (), ["a_gate", "c_gate"]),
        (lambda block: block.branch_macs > 12_000, ["a_gate"]),
    ],
)
def test_where(where, gates):
    model = randomized(networks.network())
    gated = gate_model(model, where, **OPEN)
    assert gated.gate_names == gates
    assert_same(gated, model, images())


def nested_blocks():
    inputs = keras.Input(networks.SHAPE)
    y = residual(conv("first")(inputs), "inner")
    x = layers.Add(name="outer")([inputs, conv("last")(y)])
    return randomized(keras.Model(inputs, x, name="nested"))


@pytest.mark.parametrize(
    ("where", "gates"), [(None, ["inner_gate"]), ("outer", ["outer_gate"])]
)
def test_of_nested_blocks_one_is_gated(where, gates):
    gated = gate_model(nested_blocks(), where, **OPEN)
    assert gated.gate_names == gates
    assert_same(gated, nested_blocks(), images())


def refused(**arguments):
    def build(model):
        return gate_model(model, **arguments)

    return build


@pytest.mark.parametrize(
    ("make", "call", "message"),
    [
        (networks.network, refused(gate=None), "Expected gate .* got None"),
        (networks.network, refused(gate="other"), "Expected gate .* got 'other'"),
        (networks.network, refused(where="d_add"), r"among \['a_add', .* 'd_add'"),
        (networks.network, refused(where=[]), r"Expected where to choose some of"),
        (networks.network, refused(where=lambda block: False), "where to choose some"),
        (
            nested_blocks,
            refused(where=["outer", "inner_add"]),
            "'inner_add' inside the branch at 'outer'",
        ),
        (lambda: gate_model(networks.network()), gate_model, "gated block '[abc]'"),
        (lambda: "net", gate_model, "to be a keras.Model, got 'net'"),
    ],
)
def test_bad_arguments(make, call, message):
    with pytest.raises(ValueError, match=message):
        call(make())


def test_where_tells_why_an_addition_cannot_be_gated():
    inputs = keras.Input(networks.SHAPE)
    x = residual(inputs, "a")
    model = keras.Model(inputs, layers.Add(name="b")([x, x]))
    with pytest.raises(ValueError, match="where to name blocks. .*'b' .* twice"):
        gate_model(model, ["a_add", "b"])


def test_a_network_without_additions():
    inputs = keras.Input(networks.SHAPE)
    model = keras.Model(inputs, conv("a")(inputs), name="plain")
    with pytest.raises(ValueError, match="'plain' .* There is no addition"):
        gate_model(model)


# --- Names


def test_names_that_are_taken():
    inputs = keras.Input(networks.SHAPE, name="a")
    x = residual(conv("b_out")(inputs), "a")
    x = residual(x, "b", activation=False)
    x = residual(x, "c")
    model = randomized(keras.Model(inputs, conv("c_gate")(x)))
    gated = gate_model(model, **OPEN)
    assert [block.name for block in gated.blocks] == ["a_add", "b_add", "c_add"]
    assert_same(gated, model, images())


def test_the_result_has_the_models_name_or_another():
    model = networks.network()
    assert gate_model(model).name == "net"
    assert gate_model(model, name="gated").name == "gated"


def test_stochastic_depth_counts_the_chosen_blocks():
    gated = gate_model(networks.network(), gate="stochastic_depth")
    survival = [gate.survival_probability for gate in gated.gates]
    np.testing.assert_allclose(survival, [5 / 6, 4 / 6, 0.5])
