"""The in-memory pipeline against NumPy: it depends on its seeds and nothing else."""

import numpy as np
import pytest

from trainers.common.data import memory
from trainers.common.errors import UserError

EXAMPLES = 50


@pytest.fixture
def images():
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (EXAMPLES, 6, 7, 3)).astype("uint8")


def make(images, padding=2, mirror=True, seed=0, validation_examples=0):
    labels = np.arange(len(images))
    train, test = (images, labels), (images[:5], labels[:5])
    augmentation = memory.Augmentation(padding, mirror)
    return memory.dataset(
        "name", map(str, labels), train, test, augmentation, seed, validation_examples
    )


def collect(batches):
    images, labels = zip(*batches.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def test_describes_itself(images):
    described = make(images)
    assert described.image_shape == (6, 7, 3)
    assert described.labels[:2] == ("0", "1")
    assert (described.train_examples, described.test_examples) == (EXAMPLES, 5)
    np.testing.assert_allclose(described.mean, images.mean((0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(described.std, images.std((0, 1, 2)), rtol=1e-12)


def test_held_out_images_are_the_last_and_not_trained_on(images):
    held = make(images, validation_examples=12)
    assert (held.train_examples, held.validation_examples) == (EXAMPLES - 12, 12)
    assert sorted(collect(held.train(0, 16))[1]) == list(range(EXAMPLES - 12))
    pixels, labels = collect(held.validation(5))
    np.testing.assert_array_equal(pixels, images[-12:])
    np.testing.assert_array_equal(labels, np.arange(EXAMPLES)[-12:])
    np.testing.assert_allclose(held.mean, images[:-12].mean((0, 1, 2)), rtol=1e-12)


def test_something_must_be_left_to_train_on(images):
    with pytest.raises(UserError, match="--validation_examples below the 50"):
        make(images, validation_examples=EXAMPLES)


def test_an_epoch_holds_every_example_once_in_batches_that_may_be_partial(images):
    batches = list(make(images).train(0, 16).as_numpy_iterator())
    assert [len(labels) for _, labels in batches] == [16, 16, 16, 2]
    assert all(batch.dtype == np.float32 for batch, _ in batches)
    assert all(labels.dtype == np.int32 for _, labels in batches)
    assert sorted(np.concatenate([labels for _, labels in batches])) == list(
        range(EXAMPLES)
    )


def test_the_test_set_is_in_order_and_as_it_is(images):
    tested, labels = collect(make(images).test(2))
    assert labels.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(tested, images[:5].astype("float32"))


def test_without_augmentation_only_the_order_is_random(images):
    trained, labels = collect(make(images, padding=0, mirror=False).train(0, 16))
    assert labels.tolist() != list(range(EXAMPLES))
    np.testing.assert_array_equal(trained, images[labels].astype("float32"))


def test_the_same_seed_and_epoch_give_the_same_batches(images):
    once, again = collect(make(images).train(3, 16)), collect(make(images).train(3, 16))
    np.testing.assert_array_equal(once[0], again[0])
    np.testing.assert_array_equal(once[1], again[1])


def test_the_rest_of_an_epoch_and_the_parts_of_hosts_are_those_of_the_whole(images):
    whole, labels = collect(make(images).train(3, 16))
    rest, rest_labels = collect(make(images).train(3, 16, first_step=2))
    np.testing.assert_array_equal(rest, whole[32:])
    np.testing.assert_array_equal(rest_labels, labels[32:])
    for index in range(3):
        part, part_labels = collect(make(images).train(3, 5, shard=(index, 3)))
        np.testing.assert_array_equal(part, whole[index::3])
        np.testing.assert_array_equal(part_labels, labels[index::3])
    tested = [collect(make(images).test(2, shard=(index, 2)))[1] for index in range(2)]
    assert [part.tolist() for part in tested] == [[0, 2, 4], [1, 3]]


@pytest.mark.parametrize("seed, epoch", [(0, 4), (1, 3)])
def test_another_epoch_or_seed_gives_another_order_and_augmentation(
    images, seed, epoch
):
    first, labels = collect(make(images, seed=0).train(3, EXAMPLES))
    other, other_labels = collect(make(images, seed=seed).train(epoch, EXAMPLES))
    assert labels.tolist() != other_labels.tolist()
    changed = first[np.argsort(labels)] != other[np.argsort(other_labels)]
    assert changed.any(axis=(1, 2, 3)).mean() > 0.8


def test_augmentation_belongs_to_the_example_not_to_its_batch(images):
    small, small_labels = collect(make(images).train(0, 3))
    large, large_labels = collect(make(images).train(0, EXAMPLES))
    np.testing.assert_array_equal(small_labels, large_labels)
    np.testing.assert_array_equal(small, large)


def test_draws_cover_their_range_evenly():
    top, left, mirrored = memory.draws(memory.Augmentation(4, True), 0, 0, 9000)
    for edges in (top, left):
        shares = np.bincount(edges, minlength=9) / 9000
        assert len(shares) == 9
        np.testing.assert_allclose(shares, 1 / 9, atol=0.02)  # 6 standard deviations
    assert abs(mirrored.mean() - 0.5) < 0.03
    assert abs(np.corrcoef(top, left)[0, 1]) < 0.06
    assert not memory.draws(memory.Augmentation(4, False), 0, 0, 9000)[2].any()


def test_crop_equals_numpy(images):
    top, left = np.array([0, 4, 2]), np.array([1, 3, 2])
    mirrored = np.array([False, True, False])
    cropped = memory.crop(images[:3], top, left, mirrored, padding=2).numpy()
    padded = np.pad(images[:3], ((0, 0), (2, 2), (2, 2), (0, 0)))
    for index in range(3):
        rows = slice(top[index], top[index] + 6)
        columns = slice(left[index], left[index] + 7)
        expected = padded[index, rows, columns]
        expected = expected[:, ::-1] if mirrored[index] else expected
        np.testing.assert_array_equal(cropped[index], expected)
