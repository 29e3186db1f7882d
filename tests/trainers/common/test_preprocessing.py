"""Pretrained starts: weights, and the preprocessing that they need."""

import keras
import numpy as np
import pytest
from keras.applications import imagenet_utils

import tfgate
from tests.tfgate import builders
from tests.trainers.builders import toy_dataset
from tests.trainers.builders import toy_settings
from trainers.common import network
from trainers.common import run
from trainers.common.errors import UserError
from trainers.common.workdir import Workdir

SHAPE = (8, 8, 3)


@pytest.fixture(scope="module")
def dataset():
    return toy_dataset()


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).uniform(0, 255, (4, *SHAPE)).astype("float32")


@pytest.fixture(scope="module")
def source():
    """A trained network of somebody else, which takes what it takes."""
    keras.utils.set_random_seed(3)
    model = tfgate.applications.CifarResNet(
        8, SHAPE, classes=2, classifier_activation=None
    )
    builders.randomize(model, 3)
    return model


@pytest.fixture(scope="module")
def path(source, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "dense.keras"
    source.save(path)
    return path


def build(dataset, **values):
    return network.build(toy_settings(depth=8, **values), dataset)


@pytest.mark.parametrize("mode", ["torch", "caffe", "tf"])
@pytest.mark.parametrize("gate", ["none", "dependent"])
def test_outputs_are_the_networks_on_preprocessed_images(
    dataset, images, source, path, mode, gate
):
    model = build(dataset, gate=gate, weights=path, preprocessing=mode)
    if gate != "none":
        model.policy = tfgate.AlwaysOpen()
    expected = source(imagenet_utils.preprocess_input(images.copy(), mode=mode))
    np.testing.assert_allclose(model(images), expected, rtol=1e-4, atol=1e-4)
    layers = [layer.name for layer in model._flatten_layers()]
    assert layers.count("normalization") == 1


def test_without_weights_there_is_nothing_to_turn_around(dataset):
    plain, caffe = (
        build(dataset, gate="none", **values).get_layer("conv1_conv").kernel
        for values in ({}, {"preprocessing": "caffe"})
    )
    np.testing.assert_array_equal(plain, caffe)


def test_weights_alone_fit_as_well(dataset, images, source, tmp_path):
    path = tmp_path / "dense.weights.h5"
    source.save_weights(path)
    model = build(dataset, gate="none", weights=path)
    expected = source((images - dataset.mean) / np.array(dataset.std))
    np.testing.assert_allclose(model(images), expected, rtol=1e-4, atol=1e-4)


def test_the_network_of_a_run_has_its_own_preprocessing(
    dataset, images, path, tmp_path
):
    first = build(dataset, gate="dependent", weights=path, preprocessing="caffe")
    first.save(tmp_path / "model.keras")
    again = build(dataset, gate="dependent", weights=tmp_path / "model.keras", seed=9)
    np.testing.assert_allclose(again(images), first(images), rtol=1e-5, atol=1e-5)
    with pytest.raises(UserError, match="no --preprocessing beside --weights"):
        build(dataset, weights=tmp_path / "model.keras", preprocessing="caffe")


def test_gates_start_afresh_before_pretrained_weights(dataset, path):
    values = {"gate": "dependent", "initial_open_probability": 0.7}
    fresh, pretrained = (build(dataset, **values, **w) for w in ({}, {"weights": path}))
    for gates in zip(fresh.gates, pretrained.gates, strict=True):
        for one, other in zip(*(gate.get_weights() for gate in gates), strict=True):
            np.testing.assert_array_equal(one, other)
    layers = [m.get_layer("predictions").kernel for m in (fresh, pretrained)]
    assert not np.array_equal(*layers)


def test_replicas_start_from_the_same_weights(make_strategy, dataset, images, path):
    with make_strategy(2).scope():
        model = build(dataset, gate="none", weights=path, preprocessing="caffe")
    alone = build(dataset, gate="none", weights=path, preprocessing="caffe")
    kernel = model.get_layer("conv1_conv").kernel.value
    assert len(kernel.values) == 2
    for value in kernel.values:
        np.testing.assert_array_equal(value, alone.get_layer("conv1_conv").kernel)
    for one, other in zip(model.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "values, said",
    [
        ({"depth": 14}, r"12 layers that differ: .*; and \d+ more$"),
        ({"network": "cifar_densenet", "depth": 10}, "--weights=.*layers that differ"),
    ],
)
def test_weights_of_another_network_are_one_line(dataset, path, values, said):
    with pytest.raises(UserError) as error:
        network.build(toy_settings(weights=path, **values), dataset)
    assert len(str(error.value)) < 600 and "\n" not in str(error.value)
    error.match(said)


def test_weights_for_other_classes_are_one_line(dataset, tmp_path):
    path = tmp_path / "five.keras"
    tfgate.applications.CifarResNet(8, SHAPE, classes=5).save(path)
    with pytest.raises(UserError, match="predictions expected .*2.*got.*5.* 2 classes"):
        build(dataset, weights=path)


def test_nothing_is_written_where_weights_are_damaged(dataset, tmp_path):
    path = tmp_path / "damaged.keras"
    path.write_bytes(b"PK not really")
    workdir = Workdir(tmp_path / "run")
    with pytest.raises(UserError, match="damaged.keras"):
        run.run(toy_settings(depth=8, weights=path), dataset, workdir)
    assert not workdir.path.exists()


def test_a_download_that_fails_is_one_line(dataset, monkeypatch):
    def fail(**arguments):
        assert arguments["weights"] == "imagenet" and arguments["stride_on"] == "1x1"
        raise Exception("URL fetch failure on https://...")

    monkeypatch.setattr(tfgate.applications, "ResNet50", fail)
    with pytest.raises(UserError, match="--weights=imagenet: URL fetch failure"):
        network.build(toy_settings(network="resnet50", weights="imagenet"), dataset)


def test_errors_of_the_program_stay_errors(dataset, monkeypatch):
    def fail(**arguments):
        raise TypeError("not the user's")

    monkeypatch.setattr(tfgate.applications, "ResNet50", fail)
    with pytest.raises(TypeError, match="not the user's"):
        network.build(toy_settings(network="resnet50"), dataset)


def test_a_checkpoint_wins_over_pretrained_weights(dataset, path, tmp_path):
    """A run that stopped before it was evaluated continues from there."""
    chosen = toy_settings(depth=8, gate="none", weights=path, epochs=1)
    workdir = Workdir(tmp_path / "run")
    whole = run.run(chosen, dataset, workdir)
    trained = keras.saving.load_model(workdir.model).get_weights()
    start = build(dataset, gate="none", weights=path).get_weights()
    assert not all(map(np.array_equal, trained, start))
    workdir.results.unlink()
    workdir.model.unlink()
    continued = run.run(chosen, dataset, workdir)
    assert continued["test_accuracy"] == whole["test_accuracy"]
    again = keras.saving.load_model(workdir.model).get_weights()
    assert all(map(np.array_equal, again, trained))


@pytest.mark.large
@pytest.mark.parametrize(
    "name, mode", [("resnet50", "caffe"), ("vgg16", "caffe"), ("densenet121", "torch")]
)
def test_the_published_networks(monkeypatch, name, mode):
    """With random weights in place of those that would be downloaded."""
    function = {"resnet50": "ResNet50", "vgg16": "VGG16", "densenet121": "DenseNet121"}
    kinds = keras.applications
    original = getattr(kinds, function[name])
    made = []

    def published(*arguments, **keywords):
        assert keywords.pop("weights") == "imagenet"
        keywords.setdefault("input_shape", (32, 32, 3))
        made.append(original(*arguments, weights=None, **keywords))
        builders.randomize(made[-1], 5)
        return made[-1]

    published.__name__ = function[name]
    for module in (kinds, tfgate.applications.densenet.keras.applications):
        monkeypatch.setattr(module, function[name], published)
    images = np.random.default_rng(1).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    described = toy_dataset()
    described = type(described)(
        **{
            **vars(described),
            "labels": tuple(map(str, range(1000))),
            "image_shape": (32, 32, 3),
        }
    )
    model = network.build(
        toy_settings(network=name, gate="dependent", weights="imagenet"), described
    )
    model.policy = tfgate.AlwaysOpen()
    (source,) = made
    preprocessed = imagenet_utils.preprocess_input(images.copy(), mode=mode)
    shares = keras.ops.softmax(model(images))
    np.testing.assert_allclose(shares, source(preprocessed), rtol=1e-3, atol=1e-5)
