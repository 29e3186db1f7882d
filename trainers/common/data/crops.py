"""Crops of encoded images: only the pixels of the crop are decoded."""

import math

import tensorflow as tf

ATTEMPTS = 10
UNIFORMS = 2 * ATTEMPTS + 3
AREA = (0.08, 1.0)
RATIO = (3.0 / 4.0, 4.0 / 3.0)

# Of the shorter side, the share that an evaluation crop keeps: 224 of 256 pixels.
_KEPT = 224 / 256


def random_box(shape, uniforms):
    """A random part of an image, as of Szegedy et al. 2015.

    Its share of the area is uniform in 0.08..1, the logarithm of its aspect ratio
    (width to height) uniform between those of 3/4 and 4/3. The first of ten attempts
    that fits into the image counts; if none does, it is the largest part at the centre
    whose aspect ratio is in the range.

    Args:
        shape: height, width and channels of the image, int32 `[3]`.
        uniforms: float32 `[UNIFORMS]`, uniform in [0, 1).

    Returns:
        Top, left, height and width in pixels, int32 `[4]`.
    """
    size = tf.cast(shape[:2], tf.float32)
    smallest, largest = AREA
    low, high = (math.log(ratio) for ratio in RATIO)
    shares = smallest + (largest - smallest) * uniforms[:ATTEMPTS]
    # Half of the logarithm: the root of the ratio goes to either side.
    roots = tf.exp(0.5 * (low + (high - low) * uniforms[ATTEMPTS : 2 * ATTEMPTS]))
    lengths = tf.sqrt(shares * tf.reduce_prod(size))
    attempts = tf.maximum(
        tf.round(tf.stack([lengths / roots, lengths * roots], 1)), 1.0
    )
    widest = tf.round(tf.minimum(size, size[::-1] * [1.0 / RATIO[0], RATIO[1]]))
    sizes = tf.concat([attempts, tf.maximum(widest, 1.0)[None]], 0)
    first = tf.argmax(tf.reduce_all(sizes <= size, 1), output_type=tf.int32)
    chosen = sizes[first]
    free = size - chosen
    random = tf.floor(uniforms[2 * ATTEMPTS : 2 * ATTEMPTS + 2] * (free + 1.0))
    # In float32 the product can round up to free + 1.
    corner = tf.where(first < ATTEMPTS, tf.minimum(random, free), tf.floor(free / 2.0))
    return tf.cast(tf.concat([corner, chosen], 0), tf.int32)


def random_crop(encoded, uniforms, size):
    """Decodes a random part of an image, half of the time mirrored, at a fixed size.

    Bilinear without antialiasing, which would double the time of the whole pipeline.
    The colours of the last column of a JPEG's crop are interpolated without those on
    its right.

    Args:
        encoded: a JPEG or PNG image, scalar string.
        uniforms: float32 `[UNIFORMS]`, uniform in [0, 1).
        size: height and width of the result in pixels.

    Returns:
        float32 `[size, size, 3]` in 0..255.
    """
    pixels = _decoded(encoded, lambda shape: random_box(shape, uniforms))
    # Mirrored while it is uint8: a quarter of the bytes.
    mirrored = uniforms[-1] < 0.5
    pixels = tf.cond(mirrored, lambda: tf.reverse(pixels, [1]), lambda: pixels)
    pixels = tf.image.resize(pixels, (size, size))
    return tf.ensure_shape(pixels, (size, size, 3))


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
    shape = _shape(encoded)
    source = tf.cast(shape[:2], tf.float32)
    resized = resized_shape(shape, size)
    scale = tf.cast(resized, tf.float32) / source
    corner = tf.cast((resized - size) // 2, tf.float32)
    # The triangle reaches one pixel far, or one pixel of the result where it shrinks.
    reach = tf.maximum(1.0, 1.0 / scale) + 1.0
    begin = tf.maximum(tf.floor(corner / scale - reach), 0.0)
    end = tf.minimum(tf.math.ceil((corner + size) / scale + reach), source)
    box = tf.cast(tf.concat([begin, end - begin], 0), tf.int32)
    pixels = tf.raw_ops.ScaleAndTranslate(
        images=_decoded(encoded, lambda _: box)[None],
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


def _decoded(encoded, box_of):
    """Decodes the box that `box_of` gives for the image's shape, uint8."""

    def jpeg():
        box = box_of(tf.image.extract_jpeg_shape(encoded))
        return tf.io.decode_and_crop_jpeg(encoded, box, channels=3)

    def png():
        pixels = tf.io.decode_png(encoded, channels=3)
        top, left, height, width = tf.unstack(box_of(tf.shape(pixels)))
        return pixels[top : top + height, left : left + width]

    return tf.cond(tf.io.is_jpeg(encoded), jpeg, png)


def _shape(encoded):
    return tf.cond(
        tf.io.is_jpeg(encoded),
        lambda: tf.image.extract_jpeg_shape(encoded),
        lambda: tf.shape(tf.io.decode_png(encoded, channels=3)),
    )
