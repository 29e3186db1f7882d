import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets

from tflite import datasets
from tflite import errors


@pytest.fixture
def digits_of_the_trainers():
    # Two implementations, so that neither package imports the other.
    from trainers.common.data import digits

    class Settings:
        validation_examples = 0
        augmentation = False
        seed, train_examples, test_examples = 0, None, None

    return digits.load(Settings())


def test_digits_are_the_trainers_test_images(digits_of_the_trainers):
    (expected, labels), *rest = list(digits_of_the_trainers.test(1000))
    found = datasets.load("digits", samples=len(labels))
    assert not rest and len(found) == len(labels)
    np.testing.assert_array_equal(found.images, expected)
    np.testing.assert_array_equal(found.labels, labels)


def test_digits_for_calibration_are_the_trainers_training_images(
    digits_of_the_trainers,
):
    count = digits_of_the_trainers.train_examples
    found = datasets.load("digits", samples=count, split="train")
    ((expected, labels),) = digits_of_the_trainers.train(0, count)
    # The trainers shuffle them.
    assert sorted(map(_key, found.images, found.labels)) == sorted(
        map(_key, np.asarray(expected), np.asarray(labels))
    )


def _key(image, label):
    return int(label), np.asarray(image, "float32").tobytes()


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


def test_training_images_of_cifar10(data_dir):
    found = datasets.load("cifar10", samples=20, data_dir=data_dir, split="train")
    tested = datasets.load("cifar10", samples=20, data_dir=data_dir)
    assert found.images.shape == (20, 32, 32, 3)
    assert not (found.images == tested.images).all(axis=(1, 2, 3)).any()


def test_imagenet_is_what_the_trainers_evaluate_on(data_dir):
    from trainers.common.data import imagenet
    from trainers.common.data import pipeline

    train, test = imagenet.find(data_dir)
    evaluated = imagenet.dataset(train, test, pipeline.Recipe(96, seed=0)).test(8)
    expected, labels = next(iter(evaluated))
    choice = {"samples": 8, "data_dir": data_dir, "image_shape": (96, 96, 3)}
    found = datasets.load("imagenet2012", **choice)
    # The trainers decode and resize a part of the image only.
    np.testing.assert_allclose(found.images, expected, atol=0.05)
    np.testing.assert_array_equal(found.labels, labels)
    trained = datasets.load("imagenet2012", split="train", **choice)
    assert trained.images.shape == found.images.shape
    assert set(trained.labels) != set(found.labels)


def test_imagenet_has_the_size_of_networks_unless_told(data_dir):
    found = datasets.load("imagenet2012", samples=1, data_dir=data_dir)
    assert found.images.shape == (1, 224, 224, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"samples": 201}, "--samples from 1 to 200, the test images"),
        ({"samples": 801, "split": "train"}, "from 1 to 800, the train images"),
        ({"image_shape": (64, 32, 3)}, "squares of 3 channels"),
    ],
)
def test_bad_choices_of_imagenet(data_dir, arguments, message):
    with pytest.raises(errors.InputError, match=message):
        datasets.check(
            "imagenet2012", **{"samples": 5, "data_dir": data_dir} | arguments
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "mnist"}, "--dataset among .*got 'mnist'"),
        ({"name": "digits", "samples": 0}, "--samples from 1 to 360"),
        ({"name": "digits", "samples": 361}, "--samples from 1 to 360"),
        ({"name": "digits", "split": "val"}, "split among .*got 'val'"),
        ({"name": "digits", "samples": 1438, "split": "train"}, "from 1 to 1437"),
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
    with pytest.raises(errors.InputError, match="cifar10 in TFDS's format"):
        datasets.load("cifar10", samples=5, data_dir=tmp_path)
