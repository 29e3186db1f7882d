import numpy as np
import pytest
from sklearn import datasets

from tests.trainers.builders import toy_settings
from trainers.common import data
from trainers.common.data import digits


@pytest.fixture(scope="module")
def loaded():
    return data.load(toy_settings())


def test_sizes_and_ranges(loaded):
    assert loaded.name == "digits"
    assert loaded.labels == tuple("0123456789")
    assert loaded.image_shape == (32, 32, 3)
    assert (loaded.train_examples, loaded.test_examples) == (1437, 360)
    images, labels = next(iter(loaded.test(360)))
    assert images.shape == (360, 32, 32, 3)
    assert (images.numpy().min(), images.numpy().max()) == (0.0, 255.0)
    counts = np.bincount(labels.numpy(), minlength=10)
    assert counts.min() >= 34 and counts.max() <= 38  # stratified: 36 of each


def test_the_split_is_the_same_for_every_seed(loaded):
    other = data.load(toy_settings(seed=7))
    first, second = next(iter(loaded.test(360))), next(iter(other.test(360)))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_train_and_test_share_no_image():
    small = toy_settings(train_examples=1437)
    train = next(iter(data.load(small).test(360)))[0].numpy().reshape(360, -1)
    everything = digits.enlarge(datasets.load_digits().images).reshape(1797, -1)
    tested = {image.tobytes() for image in train.astype("uint8")}
    assert sum(image.tobytes() in tested for image in everything) == 360


def test_fewer_examples_are_the_first(loaded):
    few = data.load(toy_settings(train_examples=64, test_examples=20))
    assert (few.train_examples, few.test_examples) == (64, 20)
    expected = next(iter(loaded.test(20)))[0]
    np.testing.assert_array_equal(next(iter(few.test(20)))[0], expected)


def test_enlarging_keeps_brightness_and_repeats_the_channel():
    image = np.zeros((1, 8, 8))
    image[0, 2:6, 2:6] = 16.0
    large = digits.enlarge(image)
    assert large.shape == (1, 32, 32, 3) and large.dtype == np.uint8
    assert large[0, 16, 16].tolist() == [255, 255, 255]
    assert large[0, 0, 0].tolist() == [0, 0, 0]
    assert abs(large.mean() - 255 / 4) < 2.0


def test_without_augmentation_images_are_as_they_are():
    plain = data.load(toy_settings(augmentation=False))
    images = next(iter(plain.train(1, 1437)))[0].numpy().astype("uint8")
    everything = digits.enlarge(datasets.load_digits().images)
    known = {image.tobytes() for image in everything}
    assert all(image.tobytes() in known for image in images)
    augmented = next(iter(data.load(toy_settings()).train(1, 100)))[0]
    augmented = augmented.numpy().astype("uint8")
    assert sum(image.tobytes() in known for image in augmented) < 30
