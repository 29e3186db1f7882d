"""Networks of the applications with filter gates, against Keras."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate.builders import randomize
from tests.tflite import filters
from tests.tflite.lowering.filters.test_equality import assert_equal
from tests.tflite.structure import Structure
from tflite import convert
from tflite import datasets
from tflite import metadata
from tflite import reference
from tflite import runtime


def vgg():
    """A stage of convolutions, pooling, and dense layers, all gated."""

    def chain(x, layers, name):
        block = tfgate.GatedFilters(
            layers,
            lambda count: tfgate.DependentGate(count, name=f"{name}_gate", seed=2),
            places=("inner", "output"),
            filters_per_gate=2,
            groups_always_open=1,
            activation=None,
            residual=False,
            name=name,
        )
        return block(x)[0]

    def convolution(filters):
        return keras.layers.Conv2D(filters, 3, padding="same", activation="relu")

    x = inputs = keras.Input((32, 32, 3))
    x = keras.layers.MaxPooling2D(4)(x)
    x = chain(x, [convolution(8), convolution(8), convolution(12)], "block1")
    x = keras.layers.Flatten()(keras.layers.MaxPooling2D(2)(x))
    dense = [keras.layers.Dense(units, activation="relu") for units in (12, 8)]
    x = chain(x, dense, "fc")
    return tfgate.GatedModel(inputs, keras.layers.Dense(10)(x))


def resnext():
    return tfgate.applications.CifarResNeXt(
        depth=11,
        cardinality=8,
        group_width=2,
        gate="dependent",
        granularity="groups",
        seed=1,
    )


def densenet():
    return tfgate.applications.CifarDenseNet(
        depth=10, growth=8, gate="dependent", granularity="cs-cifar-2", seed=1
    )


def resnet(granularity="bas", **arguments):
    return tfgate.applications.CifarResNet(
        8, gate="dependent", granularity=granularity, seed=1, **arguments
    )


def ready(model, images):
    randomize(model)
    filters.spread(model, images)
    return model


@pytest.fixture(scope="module")
def pictures():
    return datasets.load("digits", samples=6).images / 64 - 1.0


@pytest.mark.large
@pytest.mark.parametrize("make", [vgg, resnext, densenet, resnet])
def test_applications_equal_keras(pictures, make):
    keras.utils.set_random_seed(3)
    model = ready(make(), pictures)
    assert_equal(model, "groups", pictures[:3], taus=(0.5, 1.0), min_group=4)


@pytest.mark.large
@pytest.mark.parametrize("quantize", ["none", "dynamic"])
def test_a_network_of_filter_gates_as_a_file(pictures, tmp_path, quantize):
    keras.utils.set_random_seed(3)
    model, path = ready(resnet(), pictures), tmp_path / "f.tflite"
    convert.convert(
        model,
        path,
        tau_input=True,
        gate_outputs=True,
        min_group=16,
        # In so small a network masks are expected to be faster.
        block_lowering=[("*", "groups")],
        quantize=quantize,
    )
    structure = Structure(path)
    # Stages of 16, 32 and 64 filters.
    assert structure.main["IF"] == 1 + 2 + 4
    file = runtime.Network(path)
    assert metadata.read(path)["macs"]["dense"] == model.costs.dense
    for tau in (0.3, 0.5):
        file.set_dial(tau)
        predictions, told = file.run(pictures)
        expected, decisions = reference.run(model, pictures, tau=tau)
        assert np.mean(told == decisions) >= (1.0 if quantize == "none" else 0.9)
        if quantize == "none":
            np.testing.assert_allclose(predictions, expected, atol=1e-4)
