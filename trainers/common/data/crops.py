"""Crops of encoded images: only the pixels of the crop are decoded."""

import math
from typing import NamedTuple

import tensorflow as tf

ATTEMPTS = 10
AREA = (0.08, 1.0)
RATIO = (3.0 / 4.0, 4.0 / 3.0)

# Of the shorter side, the share that an evaluation crop keeps: 224 of 256 pixels.
_KEPT = 224 / 256

# Philox gives so many numbers for every value of its counter.
_NUMBERS = 4
_PHILOX = 1

# Where width and height are in a PNG image: after the signature and the length and the
# name of the first chunk.
_PNG_SIDES = 16


class Draw(NamedTuple):
    """What is random about crops, apart from the images: of one image or of many.

    Attributes:
        lengths: height and width of the attempts in units of the root of the image's
            area, float32 `[..., ATTEMPTS, 2]`.
        corners: where a box of each attempt, and one at the centre, would begin:
            share of the rows and columns that it leaves free, float32
            `[..., ATTEMPTS + 1, 2]` in [0, 1).
        mirrored: whether the crop is, 0 or 1, int32 `[..., 1]`.
    """

    lengths: tf.Tensor
    corners: tf.Tensor
    mirrored: tf.Tensor


def draw(seed, first, count, stride=1):
    """Draws for images, each a function of the seed and of the image's place.

    Args:
        seed: int64 scalar in `[0, 2**62)`.
        first: place of the first image, int64 scalar.
        count: number of images, int32 scalar.
        stride: from the place of one image to that of the next, int.

    Returns:
        `Draw` of `[count]` images.
    """
    key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=tf.stack([seed, 0]))
    rows = ATTEMPTS + 1
    # A seed's counter begins with 64 bits of zeros.
    counter += tf.cast(tf.stack([first * rows, 0]), tf.uint64)
    uniforms = tf.raw_ops.StatelessRandomUniformV2(
        shape=[(count - 1) * stride + 1, rows, _NUMBERS],
        key=key,
        counter=counter,
        alg=_PHILOX,
    )
    return from_uniforms(uniforms[::stride])


def from_uniforms(uniforms):
    """Turns random numbers into a `Draw`.

    Args:
        uniforms: float32 `[..., ATTEMPTS + 1, 4]`, uniform in [0, 1).
    """
    smallest, largest = AREA
    low, high = (math.log(ratio) for ratio in RATIO)
    area, ratio, corners = tf.split(uniforms, [1, 1, 2], -1)
    roots = tf.sqrt(smallest + (largest - smallest) * area[..., :-1, :])
    # Half of the logarithm: the root of the ratio goes to either side.
    wider = tf.exp(0.5 * (low + (high - low) * ratio[..., :-1, :]))
    centre = tf.fill(tf.shape(corners[..., -1:, :]), 0.5)
    return Draw(
        lengths=tf.concat([roots / wider, roots * wider], -1),
        corners=tf.concat([corners[..., :-1, :], centre], -2),
        mirrored=tf.cast(uniforms[..., -1, :1] < 0.5, tf.int32),
    )


def random_box(shape, draw):
    """A random part of an image, as of Szegedy et al. 2015.

    Its share of the area is uniform in 0.08..1, the logarithm of its aspect ratio
    (width to height) uniform between those of 3/4 and 4/3. The first of ten attempts
    that fits into the image counts; if none does, it is the largest part at the centre
    whose aspect ratio is in the range.

    Args:
        shape: height and width of the image, int32 `[2]`.
        draw: `Draw` of one image.

    Returns:
        Top, left, height and width in pixels, int32 `[4]`.
    """
    # Every operation costs its microsecond for every image: as few as possible.
    size = tf.cast(shape, tf.float32)
    attempts = draw.lengths * tf.sqrt(tf.reduce_prod(size))
    widest = tf.minimum(size, size[::-1] * [1.0 / RATIO[0], RATIO[1]])
    sizes = tf.maximum(tf.round(tf.concat([attempts, widest[None]], 0)), 1.0)
    first = tf.argmax(tf.reduce_all(sizes <= size, 1), output_type=tf.int32)
    chosen = tf.gather(sizes, first)
    free = size - chosen
    # In float32 the product can round up to free + 1.
    corner = tf.minimum(tf.floor(tf.gather(draw.corners, first) * (free + 1.0)), free)
    return tf.cast(tf.concat([corner, chosen], 0), tf.int32)


def random_crop(encoded, draw, size):
    """Decodes a random part of an image, half of the time mirrored, at a fixed size.

    Bilinear without antialiasing, which would double the time of the whole pipeline.
    The colours of the last column of a JPEG's crop are interpolated without those on
    its right.

    Args:
        encoded: a JPEG or PNG image, scalar string.
        draw: `Draw` of one image.
        size: height and width of the result in pixels.

    Returns:
        float32 `[size, size, 3]` in 0..255.
    """
    jpeg = tf.io.is_jpeg(encoded)
    # Outside of conditions: what they do not choose takes time in the executor too.
    box = random_box(_shape(encoded, jpeg), draw)
    pixels = _decoded(encoded, jpeg, box)
    # Mirrored while it is uint8: a quarter of the bytes. No axis is no copy.
    pixels = tf.reverse(pixels, axis=tf.fill(draw.mirrored, 1))
    return tf.image.resize(pixels, (size, size))


def center_crop(encoded, size):
    """The centre of an image at a fixed size, for evaluation.

    What a resize of the shorter side to 256 / 224 of `size` (bilinear, antialiased)
    and a crop of the centre give, but only the pixels that the crop depends on are
    decoded and resized.

    Args:
        encoded: a JPEG or PNG image, scalar string.
        size: height and width of the result in pixels.

    Returns:
        float32 `[size, size, 3]` in 0..255.
    """
    jpeg = tf.io.is_jpeg(encoded)
    source = tf.ensure_shape(_shape(encoded, jpeg), [2])
    resized = resized_shape(source, size)
    source = tf.cast(source, tf.float32)
    scale = tf.cast(resized, tf.float32) / source
    corner = tf.cast((resized - size) // 2, tf.float32)
    # The triangle reaches one pixel far, or one pixel of the result where it shrinks.
    reach = tf.maximum(1.0, 1.0 / scale) + 1.0
    begin = tf.maximum(tf.floor(corner / scale - reach), 0.0)
    end = tf.minimum(tf.math.ceil((corner + size) / scale + reach), source)
    box = tf.cast(tf.concat([begin, end - begin], 0), tf.int32)
    pixels = tf.raw_ops.ScaleAndTranslate(
        images=_decoded(encoded, jpeg, box)[None],
        size=[size, size],
        scale=scale,
        translation=begin * scale - corner,
        kernel_type="triangle",
        antialias=True,
    )[0]
    return tf.ensure_shape(pixels, (size, size, 3))


def resized_shape(shape, size):
    """Height and width of the whole image of which `center_crop` is the centre.

    Args:
        shape: height and width, and whatever follows, of the image as it is.
        size: height and width of the crop.

    Returns:
        int32 `[2]`; the shorter side is 256 / 224 of `size`.
    """
    source = tf.cast(shape[:2], tf.float32)
    shorter = round(size / _KEPT)
    return tf.cast(tf.round(source * (shorter / tf.reduce_min(source))), tf.int32)


def _shape(encoded, jpeg):
    """Height and width of a JPEG or PNG image, from its header, int32 `[2]`."""

    def png():
        sides = tf.strings.substr(encoded, _PNG_SIDES, 8)
        return tf.io.decode_raw(sides, tf.int32, little_endian=False)[1::-1]

    return tf.cond(jpeg, lambda: tf.image.extract_jpeg_shape(encoded)[:2], png)


def _decoded(encoded, jpeg, box):
    """Decodes a part of an image, uint8."""

    def png():
        top, left, height, width = tf.unstack(box)
        pixels = tf.io.decode_png(encoded, channels=3)
        return pixels[top : top + height, left : left + width]

    return tf.cond(
        jpeg, lambda: tf.io.decode_and_crop_jpeg(encoded, box, channels=3), png
    )
