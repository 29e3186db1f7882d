"""keras-cv's layers: functions of their seeds, and what MixUp and CutMix promise."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainers.common.data import augmentation

BATCH, SIDE, CLASSES = 16, 12, 5


def seed(number):
    return tf.constant([7, number], tf.int64)


@pytest.fixture
def batch():
    generator = np.random.default_rng(0)
    images = generator.uniform(0.0, 255.0, (BATCH, SIDE, SIDE, 3)).astype("float32")
    labels = tf.one_hot(generator.integers(CLASSES, size=BATCH), CLASSES)
    return tf.constant(images), labels


def test_rand_augment_is_a_function_of_the_seed_whatever_runs_in_parallel(batch):
    augment = augmentation.rand_augment(1, 0.9)

    def collect(parallel):
        images = tf.data.Dataset.from_tensor_slices(batch[0]).enumerate()
        images = images.map(
            lambda number, image: augment(image, tf.stack([tf.int64.min, number])),
            num_parallel_calls=parallel,
        )
        return np.stack(list(images.as_numpy_iterator()))

    augmented = collect(4)
    np.testing.assert_array_equal(augmented, collect(1))
    assert augmented.dtype == np.float32
    assert augmented.min() >= 0.0 and augmented.max() <= 255.0
    changed = (augmented != batch[0].numpy()).any((1, 2, 3))
    assert changed.sum() >= BATCH // 2


def test_rand_augment_draws_its_operations_from_the_seed(batch):
    augment = tf.function(augmentation.rand_augment(1, 0.5))
    images = [augment(batch[0][0], seed(number)).numpy() for number in range(12)]
    # Ten operations, two of which leave an image of full contrast as it is.
    assert len({image.tobytes() for image in images}) >= 6


@pytest.mark.parametrize("alphas", [(0.2, 0.0), (0.0, 1.0), (0.2, 1.0)])
def test_mixing_is_a_function_of_the_seed(batch, alphas):
    mix = tf.function(augmentation.mixing(*alphas))
    one, same, other = mix(*batch, seed(0)), mix(*batch, seed(0)), mix(*batch, seed(1))
    np.testing.assert_array_equal(one[0], same[0])
    np.testing.assert_array_equal(one[1], same[1])
    assert not np.array_equal(one[0], other[0])
    np.testing.assert_allclose(tf.reduce_sum(one[1], 1), 1.0, rtol=1e-5)


def test_mixup_mixes_images_as_it_mixes_labels():
    # Images whose every pixel is the number of their class.
    labels = tf.eye(CLASSES)
    images = tf.range(float(CLASSES))[:, None, None, None] * tf.ones([1, 4, 4, 3])
    mix = tf.function(augmentation.mixing(mixup_alpha=1.0))
    shares = []
    for number in range(20):
        mixed, mixed_labels = mix(images, labels, seed(number))
        expected = tf.linalg.matvec(mixed_labels, tf.range(float(CLASSES)))
        np.testing.assert_allclose(mixed[:, 1, 2, 0], expected, atol=1e-4)
        shares.append(np.diag(mixed_labels))
    shares = np.concatenate(shares)
    assert shares.min() >= 0.0 and shares.min() < 0.2  # Beta(1, 1) is uniform


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 4.0])
def test_shares_are_of_the_beta_distribution(alpha):
    draws = augmentation._Draws(seed(0))
    drawn = draws.beta(4000, alpha).numpy()
    assert np.isfinite(drawn).all() and drawn.min() >= 0.0 and drawn.max() <= 1.0
    variance = 1.0 / (4.0 * (2.0 * alpha + 1.0))
    assert abs(drawn.mean() - 0.5) < 0.04  # 5 standard deviations of alpha = 0.01
    assert abs(drawn.var() - variance) < 0.02


def test_cutmix_labels_have_the_shares_of_the_pixels():
    labels = tf.eye(CLASSES)
    images = tf.range(float(CLASSES))[:, None, None, None] * tf.ones([1, 9, 9, 3])
    mix = tf.function(augmentation.mixing(cutmix_alpha=1.0))
    changed = 0
    for number in range(20):
        mixed, mixed_labels = mix(images, labels, seed(number))
        for image, label in zip(mixed.numpy(), mixed_labels.numpy(), strict=True):
            shares = np.bincount(image[..., 0].astype(int).ravel(), minlength=CLASSES)
            np.testing.assert_allclose(label, shares / 81.0, atol=1e-5)
            changed += len(set(image.ravel())) > 1
    assert changed > 20


def test_both_of_them_take_turns(batch):
    mix = tf.function(augmentation.mixing(0.2, 1.0))
    originals = set(batch[0].numpy().ravel().tolist())
    cut = [
        np.isin(mix(*batch, seed(number))[0].numpy(), list(originals)).all()
        for number in range(16)
    ]
    assert 2 <= sum(cut) <= 14


def test_a_batch_of_one_stays_as_it_is(batch):
    images, labels = batch[0][:1], batch[1][:1]
    for alphas in ((0.2, 0.0), (0.0, 1.0)):
        mixed, mixed_labels = augmentation.mixing(*alphas)(images, labels, seed(0))
        np.testing.assert_allclose(mixed, images, rtol=1e-5)
        np.testing.assert_allclose(mixed_labels, labels, rtol=1e-5)


def test_no_mixing_is_an_error():
    with pytest.raises(ValueError, match="mixup_alpha or cutmix_alpha above 0"):
        augmentation.mixing()


def test_pixels_stay_float32_under_a_mixed_policy(batch, mixed_bfloat16):
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
    augmented = augmentation.rand_augment(1, 0.5)(batch[0][0], seed(0))
    mixed, labels = augmentation.mixing(0.2)(*batch, seed(0))
    assert augmented.dtype == mixed.dtype == labels.dtype == tf.float32
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
