"""Fixtures: small networks and their files, made once."""

import keras
import pytest

from tests.tflite import builders
from tflite import convert
from tflite import datasets

SAMPLES = 40


@pytest.fixture(scope="session")
def images():
    """Digits, float32 `[40, 32, 32, 3]` in 0..255."""
    return datasets.load("digits", samples=SAMPLES).images


@pytest.fixture(scope="session")
def networks(images):
    """Name -> model: "dependent" (undecided), "independent" (decided), "dense"."""
    keras.utils.set_random_seed(1)
    return {
        "dependent": builders.dependent(images),
        "independent": builders.independent(),
        "dense": builders.dense(),
    }


@pytest.fixture(scope="session")
def keras_files(networks, tmp_path_factory):
    """Name -> path of the saved model."""
    directory = tmp_path_factory.mktemp("keras")
    paths = {name: directory / f"{name}.keras" for name in networks}
    for name, path in paths.items():
        networks[name].save(path)
    return paths


@pytest.fixture(scope="session")
def converted(keras_files, tmp_path_factory):
    """Function from a network's name and convert's arguments to the file's path.

    The same arguments give the same file, converted once.
    """
    directory, made = tmp_path_factory.mktemp("tflite"), {}

    def get(name, **arguments):
        key = (name, *sorted(arguments.items()))
        if key not in made:
            made[key] = directory / f"{len(made)}.tflite"
            convert.convert(keras_files[name], made[key], **arguments)
        return made[key]

    return get
