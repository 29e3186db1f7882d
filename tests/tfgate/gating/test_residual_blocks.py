"""Which additions are residual blocks, and why the others are not."""

import keras
import pytest
from keras import layers

import tfgate
from tests.tfgate.gating.networks import SHAPE
from tests.tfgate.gating.networks import conv
from tests.tfgate.gating.networks import network
from tests.tfgate.gating.networks import residual
from tfgate.gating import ResidualBlock
from tfgate.gating import find_residual_blocks
from tfgate.gating import find_ungateable_adds


def model_of(build, shape=SHAPE):
    inputs = keras.Input(shape, name="images")
    return keras.Model(inputs, build(inputs), name="net")


def test_tells_all_about_a_block():
    first, second, third = find_residual_blocks(network())
    assert first == ResidualBlock(
        add="a_add",
        input="stem",
        branch=("a_1_conv", "a_1_bn", "a_1_relu", "a_2_conv"),
        shortcut=(),
        activation="a_out",
        branch_macs=2 * 64 * 9 * 4 * 4,
        shortcut_macs=0,
    )
    assert (second.input, second.shortcut) == ("a_out", ("b_0_conv", "b_0_bn"))
    assert second.branch_macs == 16 * 9 * (4 * 6 + 6 * 6)
    assert second.shortcut_macs == 16 * 4 * 6
    assert third.input == "b_out"


def test_finding_leaves_no_trace_in_the_model():
    model = network()
    nodes = {layer.name: len(layer._inbound_nodes) for layer in model.layers}
    find_residual_blocks(model)
    assert nodes == {layer.name: len(layer._inbound_nodes) for layer in model.layers}


def test_macs_of_images_of_open_size_are_not_known():
    model = model_of(lambda x: residual(x, "a"), (None, None, 4))
    (block,) = find_residual_blocks(model)
    assert block.branch_macs is None


def two_convolutions(x):
    # Both sides are chains without activation: the cheaper one is the shortcut.
    return layers.Add(name="add")([conv("large")(x), conv("small", size=1)(x)])


def preactivation(x):
    y = layers.BatchNormalization(name="bn")(x)
    y = layers.ReLU(name="relu")(y)
    return layers.Add(name="add")([x, conv("conv")(y)])


def preactivation_projection(x):
    y = layers.ReLU(name="relu")(layers.BatchNormalization(name="bn")(x))
    z = conv("conv2")(layers.ReLU(name="relu2")(conv("conv1", strides=2)(y)))
    return layers.Add(name="add")([conv("projection", size=1, strides=2)(y), z])


def pooled_shortcut(x):
    y = conv("conv", 6, strides=2, activation="relu")(x)
    shortcut = layers.AveragePooling2D(2, name="pool")(x)
    shortcut = conv("projection", 6, 1)(shortcut)
    return layers.Add(name="add")([y, shortcut])


def sequential_shortcut(x):
    down = keras.Sequential([conv("p", 6, 1), layers.BatchNormalization()], name="down")
    return layers.Add(name="add")([conv("conv", 6, activation="relu")(x), down(x)])


def plus(x):
    y = conv("conv")(x)
    return x + y


def attention(x):
    y = layers.Reshape((64, 4), name="tokens")(x)
    z = layers.LayerNormalization(name="norm")(y)
    z = layers.MultiHeadAttention(2, 2, name="attend")(z, z)
    return layers.Add(name="add")([y, z])


def split_branch(x):
    first, second = keras.ops.split(conv("conv")(x), 2, axis=-1)
    return layers.Add(name="add")([x, layers.Concatenate()([second, first])])


@pytest.mark.parametrize(
    ("build", "source", "branch", "shortcut"),
    [
        (two_convolutions, "images", ["large"], ["small"]),
        (preactivation, "images", ["bn", "relu", "conv"], []),
        (
            preactivation_projection,
            "relu",
            ["conv1", "relu2", "conv2"],
            ["projection"],
        ),
        (pooled_shortcut, "images", ["conv"], ["pool", "projection"]),
        (sequential_shortcut, "images", ["conv"], ["down"]),
        (plus, "images", ["conv"], []),
        (attention, "tokens", ["norm", "attend"], []),
        (split_branch, "images", ["conv", "split", "concatenate"], []),
    ],
)
def test_what_is_branch_and_what_is_shortcut(build, source, branch, shortcut):
    keras.backend.clear_session()
    (block,) = find_residual_blocks(model_of(build))
    assert (block.input, list(block.shortcut)) == (source, shortcut)
    assert list(block.branch) == branch


def test_blocks_inside_a_branch_are_told():
    def build(x):
        y = residual(conv("first")(x), "inner")
        return layers.Add(name="outer")([x, conv("last")(y)])

    blocks = find_residual_blocks(model_of(build))
    assert [(b.add, b.inner) for b in blocks] == [
        ("inner_add", ()),
        ("outer", ("inner_add",)),
    ]


def three_inputs(x):
    return layers.Add(name="add")([x, conv("a")(x), conv("b")(x)])


def broadcast(x):
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(x)
    return layers.Add(name="add")([x, conv("a", size=1)(pooled)])


def twice(x):
    return layers.Add(name="add")([x, x])


def two_branches(x):
    relus = [conv(n, activation="relu", size=s)(x) for n, s in (("a", 1), ("b", 3))]
    return layers.Add(name="add")(relus)


def alike(x):
    return layers.Add(name="add")([conv("a")(x), conv("b")(x)])


def used_outside(x):
    y = conv("a")(x)
    z = layers.Add(name="add")([x, conv("b")(y)])
    return layers.Concatenate(name="later")([y, z])


def shared_layer(x):
    shared = conv("shared")
    return layers.Add(name="add")([x, conv("a")(shared(x))]), shared(conv("stem")(x))


def shared_sides(x):
    y = conv("shared", activation="relu")(x)
    return layers.Add(name="add")([conv("a", size=1)(y) * y, conv("b")(y)])


def shared_addition(x):
    add = layers.Add(name="add")
    y = add([x, conv("a")(x)])
    return add([y, conv("b")(y)])


def inner_output(x):
    y = conv("a")(x)
    return [layers.Add(name="add")([x, conv("b")(y)]), y]


def half_precision(x):
    y = conv("a", dtype="float16")(x)
    return layers.Add(name="add", dtype="float16")([x, conv("b")(y)])


def mixed_takers(x):
    y = conv("a", dtype="float32")(x)
    y = conv("b", dtype="mixed_float16")(y)
    return layers.Add(name="add", dtype="mixed_float16")([x, y])


def channels_first(x):
    y = layers.DepthwiseConv2D(1, data_format="channels_first", name="a")(x)
    return layers.Add(name="add")([x, y])


def masked(x):
    y = layers.Masking(name="masking")(layers.Reshape((64, 4))(x))
    return layers.Add(name="add")([y, layers.Dense(4)(y)])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (three_inputs, "'add' to have 2 inputs, got 3"),
        (broadcast, r"'add' of tensors of one shape, got .*\(None, 1, 1, 4\)"),
        (twice, "'add' to have a branch with layers, got the same tensor twice"),
        (two_branches, r"identity or a chain .* got \[a\] and \[b\]"),
        (alike, r"'add' with fewer MACs .* got 9216 and 9216 MACs of \[a\] and \[b\]"),
        (used_outside, "'a' in the branch at addition 'add' .* got 'later', which"),
        (inner_output, "'a' in the branch .* got an output of the model"),
        (shared_layer, "'shared' of the block at addition 'add' to be called there"),
        (shared_addition, "'add' to be called once, got 2 calls"),
        (half_precision, "inputs of addition 'add' to be float16, got float32 .*'b'"),
        (mixed_takers, "'a' to compute in float16 as addition 'add' does"),
        (channels_first, "'a' of the block .* got 'channels_first'"),
        (masked, "without masks at addition 'add', got the output of 'masking'"),
    ],
)
def test_refusals_name_layer_expectation_and_value(build, message):
    model = model_of(build)
    assert find_residual_blocks(model) == ()
    (reason,) = set(find_ungateable_adds(model).values())
    assert reason.startswith("Expected")
    with pytest.raises(ValueError, match="to have residual blocks .*" + message):
        tfgate.gate_model(model)


def test_sides_that_share_a_layer_start_behind_it():
    (block,) = find_residual_blocks(model_of(shared_sides))
    assert block.input == "shared"
    assert block.shortcut == ("b",) and len(block.branch) == 2


def test_inputs_of_different_origin_are_no_block():
    one, two = (keras.Input(SHAPE, name=name) for name in ("one", "two"))
    add = layers.Add(name="add")([one, conv("a")(two)])
    model = keras.Model([one, two], add)
    assert find_residual_blocks(model) == ()
    assert "different inputs of the model" in find_ungateable_adds(model)["add"]


def test_an_addition_of_a_constant_is_nobodys_business():
    model = model_of(lambda x: residual(x + 1.0, "a"))
    assert [block.add for block in find_residual_blocks(model)] == ["a_add"]
    assert find_ungateable_adds(model) == {}


@pytest.mark.parametrize(
    ("activation", "folded"),
    [
        (lambda: layers.ReLU(name="act"), "act"),
        (lambda: layers.ReLU(6.0, name="act"), "act"),
        (lambda: layers.Activation("gelu", name="act"), "act"),
        (lambda: layers.ReLU(4.0, name="act"), None),
        (lambda: layers.ReLU(negative_slope=0.1, name="act"), None),
        (lambda: layers.ReLU(name="act", activity_regularizer="l2"), None),
        (lambda: layers.ReLU(name="act", dtype="float16"), None),
        (lambda: layers.LeakyReLU(name="act"), None),
    ],
)
def test_activations_that_become_part_of_the_block(activation, folded):
    model = model_of(lambda x: activation()(residual(x, "a", activation=False)))
    (block,) = find_residual_blocks(model)
    assert block.activation == folded


def test_an_activation_stays_outside_where_others_take_the_sum_too():
    def build(x):
        y = residual(x, "a", activation=False)
        return layers.Concatenate()([y, layers.ReLU()(y)])

    (block,) = find_residual_blocks(model_of(build))
    assert block.activation is None
