"""Networks that `tfgate.gate_model` gated, as .tflite files that skip."""

import keras
import numpy as np
import pytest
from keras import layers

import tfgate
from tests.tfgate.builders import randomize
from tests.tflite.builders import spread_decisions
from tests.tflite.structure import Structure
from tflite import convert
from tflite import datasets
from tflite import reference
from tflite import runtime
from tflite import verify

# Float32 sums in another order, and batch norms folded into convolutions.
TOLERANCE = 1e-4


def conv(filters, size, strides=1, **arguments):
    return layers.Conv2D(filters, size, strides, padding="same", **arguments)


def plain():
    """Three blocks of stock layers: identity, projection, and squeeze-and-excite."""
    inputs = keras.Input((32, 32, 3), name="image")
    x = layers.Rescaling(1 / 64, offset=-2.0)(inputs)
    x = conv(8, 3, 4, activation="relu")(x)
    x = layers.ReLU()(layers.Add(name="first_add")([x, conv(8, 3)(x)]))
    y = layers.BatchNormalization()(conv(8, 3, 2)(x))
    x = layers.ReLU()(layers.Add(name="second_add")([conv(8, 1, 2)(x), y]))
    y = conv(8, 3)(x)
    weight = layers.GlobalAveragePooling2D(keepdims=True)(y)
    weight = conv(8, 1, activation="sigmoid")(weight)
    x = layers.Add(name="third_add")([x, layers.Multiply()([y, weight])])
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(10)(x), name="plain")
    randomize(model)
    return model


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits", samples=40)


@pytest.fixture(scope="module")
def gated(digits):
    keras.utils.set_random_seed(1)
    model = tfgate.gate_model(plain(), seed=7)
    spread_decisions(model, digits.images)
    return model


@pytest.fixture(scope="module")
def path(gated, tmp_path_factory):
    path = tmp_path_factory.mktemp("gate_model") / "gated.tflite"
    convert.convert(gated, path, lowering="conditional", gate_outputs=True)
    return path


def test_every_block_is_behind_an_if(path):
    structure = Structure(path)
    assert structure.main["IF"] == 3
    # The second block's shortcut has weights: it is computed before its IF.
    assert structure.if_inputs == [2, 3, 2]
    for opened, closed in structure.branches:
        assert "CONV_2D" in opened and "CONV_2D" not in closed
    assert not any(name.startswith(("CUSTOM", "SELECT")) for name in structure.all)


def test_the_file_decides_and_predicts_as_keras_does(gated, path, digits):
    expected, expected_decisions = reference.run(gated, digits.images, tau=0.5)
    predictions, decisions = runtime.Network(path).run(digits.images)
    assert 0.2 < expected_decisions.mean() < 0.8
    np.testing.assert_array_equal(decisions, expected_decisions)
    np.testing.assert_allclose(predictions, expected, atol=TOLERANCE)


def test_verify(gated, path):
    result = verify.verify(gated, path, dataset="digits", samples=40)
    assert result["gate_agreement"] == result["prediction_agreement"] == 1.0
    assert result["max_abs_error"] < TOLERANCE


def test_dense_files_are_those_of_the_plain_network(gated, digits, tmp_path):
    model = tfgate.gate_model(plain(), gate="independent")
    convert.convert(model, tmp_path / "gated.tflite", lowering="dense")
    convert.convert(plain(), tmp_path / "plain.tflite", lowering="dense")
    files = [tmp_path / "gated.tflite", tmp_path / "plain.tflite"]
    assert Structure(files[0]).main == Structure(files[1]).main
    one, two = (runtime.Network(file).run(digits.images)[0] for file in files)
    np.testing.assert_allclose(one, two, atol=TOLERANCE)
