"""The models and pictures that the app brings along."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tflite import datasets
from tflite import metadata
from tflite import runtime
from tools import android_models

ASSETS = android_models.ASSETS


@pytest.fixture(scope="module")
def facts():
    return json.loads((ASSETS / android_models.FACTS).read_text("utf-8"))


def decoded(entry):
    """The pixels of a picture."""
    content = (ASSETS / entry["file"]).read_bytes()
    return tf.io.decode_png(content, channels=3).numpy()


def test_files_are_those_that_the_facts_are_about(facts):
    listed = {entry["file"]: entry for entry in facts["models"] + facts["images"]}
    files = {
        path.relative_to(ASSETS).as_posix(): path
        for folder in ("models", android_models.PICTURES)
        for path in (ASSETS / folder).iterdir()
    }
    assert files.keys() == listed.keys()
    for name, path in files.items():
        assert android_models.sha256(path) == listed[name]["sha256"]
    for model in facts["models"]:
        assert files[model["file"]].stat().st_size == model["bytes"]


def test_models_are_worth_showing(facts):
    dense, gated = facts["models"]
    assert dense["executed_macs_mean"] == dense["macs_dense"] == gated["macs_dense"]
    assert gated["executed_macs_mean"] < 0.7 * gated["macs_dense"]
    assert 0.0 < gated["activation_rate"] < 1.0
    for model in facts["models"]:
        assert model["accuracy_tflite"] == model["accuracy_keras"] > 0.98
        assert model["test_images"] == datasets.available("digits")


@pytest.mark.parametrize("name", android_models.NETWORKS)
def test_metadata_are_for_the_app(name):
    found = metadata.read(ASSETS / "models" / f"digits_{name}.tflite")
    assert found["labels"] == [str(digit) for digit in range(10)]
    assert found.has_tau_input == found.has_decisions == (name == "gated")


@pytest.mark.parametrize("name", android_models.NETWORKS)
def test_models_know_the_digits(facts, name):
    network = runtime.Network(ASSETS / "models" / f"digits_{name}.tflite")
    images = [decoded(entry) for entry in facts["images"]]
    predictions, decisions = network.run(np.stack(images))
    labels = [entry["label"] for entry in facts["images"]]
    assert np.mean(predictions.argmax(axis=1) == labels) >= 0.95
    if name == "gated":
        # Pictures that all take the same way would show nothing.
        assert len(np.unique(decisions, axis=0)) > 1


def test_images_are_of_the_test_set(facts):
    test = datasets.load("digits", samples=datasets.available("digits"))
    for entry in facts["images"]:
        np.testing.assert_array_equal(decoded(entry), test.images[entry["test_image"]])
        assert test.labels[entry["test_image"]] == entry["label"]
    labels = [entry["label"] for entry in facts["images"]]
    assert labels == sorted([*range(10)] * android_models.IMAGES_PER_DIGIT)
