"""Crops against plain decoding, cropping and resizing, and against their ranges."""

import numpy as np
import pytest
import tensorflow as tf

from tests.trainers.common.data import images
from trainers.common.data import crops


def boxes(shape, count, seed=0):
    """Random boxes, int32 `[count, 4]`."""
    draws = crops.draw(tf.constant(seed, tf.int64), tf.constant(0, tf.int64), count)
    dataset = tf.data.Dataset.from_tensor_slices(draws)
    dataset = dataset.map(lambda draw: box(shape, draw))
    return np.stack(list(dataset.as_numpy_iterator()))


def box(shape, draw):
    return crops.random_box(tf.constant(shape), draw)


def uniforms(value):
    return np.full((crops.ATTEMPTS + 1, 4), value, "float32")


def test_draws_depend_on_the_place_alone():
    def rows(first, count, stride=1):
        seed, first = tf.constant(5, tf.int64), tf.constant(first, tf.int64)
        return crops.draw(seed, first, count, stride)

    whole = rows(0, 20)
    for part, places in [
        (rows(7, 13), slice(7, None)),
        (rows(3, 4, stride=5), slice(3, None, 5)),
    ]:
        for got, expected in zip(part, whole, strict=True):
            np.testing.assert_array_equal(got, expected[places])
    assert len(np.unique(whole.lengths, axis=0)) == 20
    assert 0 < np.count_nonzero(whole.mirrored) < 20
    # Beyond 32 bits, too.
    far = rows(2**33, 1)
    together = np.concatenate([whole.lengths, far.lengths])
    assert len(np.unique(together, axis=0)) == 21


@pytest.mark.parametrize("shape", [(288, 384), (500, 375)])
def test_area_and_ratio_are_uniform_in_their_ranges(shape):
    top, left, height, width = boxes(shape, 1000).T
    assert (top >= 0).all() and (top + height <= shape[0]).all()
    assert (left >= 0).all() and (left + width <= shape[1]).all()
    areas = height * width / (shape[0] * shape[1])
    ratios = width / height
    # Half a pixel of rounding on either side.
    assert areas.min() > 0.078 and areas.max() <= 1.0
    assert ratios.min() > 0.74 and ratios.max() < 1.35
    # Small ones always fit: their areas are uniform, their ratios so in logarithms.
    small = areas[areas < 0.5]
    assert abs(small.mean() - 0.29) < 0.02  # 4 standard deviations
    logs = np.log(ratios[areas < 0.5]) / np.log(4 / 3)
    assert abs(logs.mean()) < 0.12 and abs(logs.std() - 1 / np.sqrt(3)) < 0.06


def test_corners_cover_the_whole_free_range():
    small, large = uniforms(0.0), uniforms(0.0)
    large[:, 2:] = np.nextafter(np.float32(1.0), np.float32(0.0))
    first, last = (
        box((100, 200), crops.from_uniforms(each)).numpy() for each in (small, large)
    )
    assert first[:2].tolist() == [0, 0]
    assert (last[:2] + last[2:]).tolist() == [100, 200]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((10, 100), (0, 44, 10, 13)),  # 4/3 as wide as high
        ((100, 10), (44, 0, 13, 10)),
        ((1, 1), (0, 0, 1, 1)),
    ],
)
def test_where_no_attempt_fits_it_is_the_centre(shape, expected):
    large = uniforms(0.999)
    large[:, 1] = 0.5
    draw = crops.from_uniforms(large)
    assert box(shape, draw).numpy().tolist() == list(expected)


@pytest.mark.parametrize("encode", [images.jpeg, images.png])
@pytest.mark.parametrize("coin", [0.25, 0.75])
def test_a_random_crop_is_a_part_of_the_decoded_image(encode, coin):
    encoded = encode(0, height=90, width=120)
    random = np.random.default_rng(3).random((crops.ATTEMPTS + 1, 4), "float32")
    random[-1, 0] = coin
    draw = crops.from_uniforms(random)
    top, left, height, width = box((90, 120), draw)
    plain = tf.io.decode_image(encoded, channels=3)
    plain = plain[top : top + height, left : left + width]
    plain = tf.image.resize(plain, (32, 32)).numpy()
    plain = plain[:, ::-1] if coin < 0.5 else plain
    got = crops.random_crop(encoded, draw, 32)
    assert got.dtype == tf.float32 and got.shape == (32, 32, 3)
    # JPEG: libjpeg interpolates the colours of the crop's last column without its
    # neighbour on the right, here up to 2 of 255 off. All else is equal.
    kept = slice(2, -2) if encode is images.jpeg else slice(None)
    np.testing.assert_allclose(got[:, kept], plain[:, kept], atol=1e-3)
    np.testing.assert_allclose(got, plain, atol=8.0)


@pytest.mark.parametrize("encode", [images.jpeg, images.png])
@pytest.mark.parametrize(
    ("height", "width", "size"),
    [
        (90, 120, 32),
        (301, 203, 64),
        (64, 500, 48),
        (20, 30, 64),  # enlarged
        (37, 37, 32),
    ],
)
def test_the_evaluation_crop_is_that_of_the_whole_resized_image(
    encode, height, width, size
):
    encoded = encode(1, height=height, width=width)
    plain = tf.io.decode_image(encoded, channels=3)
    rows, columns = crops.resized_shape(plain.shape, size).numpy()
    assert min(rows, columns) == round(size * 256 / 224)
    plain = tf.image.resize(plain, (rows, columns), antialias=True)
    top, left = (rows - size) // 2, (columns - size) // 2
    plain = plain[top : top + size, left : left + size]
    got = crops.center_crop(encoded, size)
    assert got.dtype == tf.float32 and got.shape == (size, size, 3)
    # Float rounding of positions up to 500, times slopes up to 255 a pixel.
    np.testing.assert_allclose(got, plain, atol=0.02)


def test_at_224_pixels_the_shorter_side_is_256():
    assert crops.resized_shape((288, 384), 224).numpy().tolist() == [256, 341]


def test_grey_images_get_three_channels():
    grey = tf.image.rgb_to_grayscale(images.picture(0))
    for encoded in (tf.io.encode_jpeg(grey), tf.io.encode_png(grey)):
        got = crops.center_crop(encoded, 16).numpy()
        assert got.shape == (16, 16, 3)
        np.testing.assert_array_equal(got[..., 0], got[..., 2])
