import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets

from tflite import datasets
from tflite import errors


def test_digits_are_the_trainers_test_images():
    # Two implementations, so that neither package imports the other.
    from trainers.common.data import digits

    class Settings:
        validation_examples = 0
        augmentation = False
        seed, train_examples, test_examples = 0, None, None

    trained_on = digits.load(Settings())
    (expected, labels), *rest = list(trained_on.test(1000))
    found = datasets.load("digits", samples=len(labels))
    assert not rest and len(found) == len(labels)
    np.testing.assert_array_equal(found.images, expected)
    np.testing.assert_array_equal(found.labels, labels)


def test_enlarged_digits_keep_their_range():
    pixels = sklearn_datasets.load_digits().images
    images = datasets.enlarge(pixels[:10])
    assert images.shape == (10, 32, 32, 3) and images.dtype == np.uint8
    assert images.min() == 0 and images.max() == 255
    np.testing.assert_array_equal(images[..., 0], images[..., 2])


def test_constant_images_stay_constant():
    images = datasets.enlarge(np.full((1, 8, 8), 8.0))
    np.testing.assert_array_equal(images, np.full((1, 32, 32, 3), 128))


def test_cifar10(data_dir):
    found = datasets.load("cifar10", samples=20, data_dir=data_dir)
    assert found.images.shape == (20, 32, 32, 3)
    assert found.images.dtype == np.float32 and found.images.max() > 200
    assert set(found.labels) <= set(range(10))
    fewer = datasets.load("cifar10", samples=5, data_dir=data_dir)
    np.testing.assert_array_equal(fewer.images, found.images[:5])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "mnist"}, "--dataset among .*got 'mnist'"),
        ({"name": "digits", "samples": 0}, "--samples from 1 to 360"),
        ({"name": "digits", "samples": 361}, "--samples from 1 to 360"),
        ({"name": "cifar10"}, "Expected --data_dir, .*got none"),
        ({"name": "cifar10", "data_dir": "missing"}, "to be a directory"),
        ({"name": "cifar10", "data_dir": "."}, "cifar10/VERSION/dataset_info.json"),
        ({"name": "digits", "image_shape": (64, 64, 3)}, r"got one for \(64, 64, 3\)"),
    ],
)
def test_bad_choices(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.InputError, match=message):
        datasets.check(**{"samples": 5} | arguments)


def test_damaged_data(tmp_path):
    version = tmp_path / "cifar10" / "3.0.2"
    version.mkdir(parents=True)
    (version / "dataset_info.json").write_text("{}")
    with pytest.raises(errors.InputError, match="CIFAR-10 in TFDS's format"):
        datasets.load("cifar10", samples=5, data_dir=tmp_path)
