"""Thumbnails: the right images of a stream, small, and in grey values of 0..255."""

import numpy as np
import pytest
import tensorflow as tf

from tfgate.analysis import thumbnails


@pytest.mark.parametrize("batch", [1, 3, 50])
@pytest.mark.parametrize("values", [4, 1000])  # many equals, and hardly any
def test_the_same_for_any_batches(batch, values):
    generator = np.random.default_rng(values)
    macs = generator.integers(0, values, 50).astype("float32")
    images = generator.uniform(0, 255, (50, 4, 4, 3)).astype("float32")
    collector = thumbnails.ThumbnailCollector(5)
    for start in range(0, 50, batch):
        stop = start + batch
        collector.add(tf.constant(images[start:stop]), macs[start:stop])
    indices, kept = collector.result()
    expected = sorted(
        {*np.argsort(macs, kind="stable")[:5]}
        | set(sorted(range(50), key=lambda i: -macs[i])[:5])
    )
    assert indices.tolist() == expected
    low, high = images.min(), images.max()
    scaled = np.round(255 * (images[expected] - low) / (high - low))
    np.testing.assert_allclose(kept, scaled, atol=1.0)


def test_images_in_0_to_255_stay_as_they_are():
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 1)).astype("uint8")
    images[0, 0, 0, 0], images[1, 0, 0, 0] = 0, 255
    collector = thumbnails.ThumbnailCollector(3)
    collector.add(images, np.arange(6.0))
    np.testing.assert_array_equal(collector.result()[1], images)


def test_large_images_become_small():
    collector = thumbnails.ThumbnailCollector(1)
    collector.add(np.ones((1, 600, 900, 3)), np.ones(1))
    assert collector.result()[1].shape == (1, 150, 225, 3)


def test_equal_pixels_are_black():
    collector = thumbnails.ThumbnailCollector(1)
    collector.add(np.full((1, 4, 4, 3), 7.0), np.ones(1))
    assert not collector.result()[1].any()


@pytest.mark.parametrize(
    "x", [np.ones((2, 5)), np.ones((2, 4, 4, 2)), {"image": np.ones((2, 4, 4, 3))}]
)
def test_what_is_no_image(x):
    collector = thumbnails.ThumbnailCollector(3)
    collector.add(x, np.ones(2))
    indices, kept = collector.result()
    assert len(indices) == len(kept) == 0
