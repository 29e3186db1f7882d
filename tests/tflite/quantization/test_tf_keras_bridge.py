import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import filter_blocks
from tests.tfgate.builders import randomize
from tests.tfgate.builders import set_open_probability
from tests.tflite import builders
from tflite import errors

pytest.importorskip("tf_keras")
from tflite.quantization.tf_keras_bridge import to_tf_keras  # noqa: E402

applications = tfgate.applications

SMALL = {
    "CifarResNet": {"depth": 8},
    "CifarDenseNet": {"depth": 10, "growth": 4},
    "CifarResNeXt": {"depth": 11, "cardinality": 4},
    "CifarVGG": {},
}
LARGE = [
    "ResNet18",
    "ResNet34",
    "ResNet50",
    "ResNet101",
    "ResNet152",
    "ResNeXt50",
    "DenseNet121",
    "DenseNet169",
    "VGG16",
    "MobileNetV2",
]


def assert_equal(model):
    bridged = to_tf_keras(model)
    shape = (2, *model.input_shape[1:])
    images = np.random.default_rng(0).normal(size=shape).astype("float32")
    expected = np.asarray(model(images, training=False))
    got = np.asarray(bridged(images, training=False))
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(got / scale, expected / scale, atol=1e-5)
    assert expected.std() > 0


def make(name, **arguments):
    model = getattr(applications, name)(classifier_activation=None, **arguments)
    randomize(model)
    return model


@pytest.mark.parametrize("name", SMALL)
def test_small_applications(name):
    assert_equal(make(name, **SMALL[name]))


@pytest.mark.large
@pytest.mark.parametrize("name", LARGE)
def test_large_applications(name):
    assert_equal(make(name, input_shape=(64, 64, 3)))


@pytest.mark.parametrize("name", ["CifarResNet", "CifarDenseNet"])
def test_compacted_blocks(name):
    model = make(name, **SMALL[name], gate="independent")
    for index, gate in enumerate(model.gates):
        set_open_probability(gate, 0.9 if index % 2 else 0.1)
    assert_equal(tfgate.compact(model))


def test_compacted_filters():
    inputs = keras.Input((8, 8, 8))
    x = keras.layers.Rescaling(0.5)(inputs)
    block = filter_blocks.make_block(
        filter_blocks.basic(), name="filters", places=("input", "inner", "output")
    )
    x = keras.layers.GlobalAveragePooling2D()(block(x)[0])
    model = tfgate.GatedModel(inputs, keras.layers.Dense(10)(x))
    randomize(model)
    filter_blocks.decide(block.gate, filter_blocks.random_decisions(22, seed=1))
    compacted = tfgate.compact(model)
    kinds = {type(layer) for layer in compacted._flatten_layers()}
    assert kinds & {tfgate.layers.SelectChannels, tfgate.layers.ChannelBias}
    assert_equal(compacted)


def test_normalization_and_nested_models():
    model = builders.dense()
    nested = keras.Sequential(
        [keras.Input((10,)), keras.layers.Dense(4, activation="relu")]
    )
    model = keras.Model(model.input, nested(model.output))
    assert isinstance(model.layers[1], keras.layers.Normalization)
    assert_equal(model)


@keras.saving.register_keras_serializable(package="tests")
class Doubling(keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs


def test_other_layers_are_refused():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, Doubling(name="doubling")(inputs))
    with pytest.raises(errors.InputError, match="'doubling' of class Doubling"):
        to_tf_keras(model)


def test_gates_are_refused(networks):
    with pytest.raises(errors.InputError, match="tfgate.compact"):
        to_tf_keras(networks["independent"])
