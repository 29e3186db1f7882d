"""keras-cv's RandAugment, MixUp and CutMix, as functions of an explicit seed.

keras-cv draws from stateful generators, whose numbers depend on how many were drawn
before, and by which thread. Here its layers get their random numbers from seeds
instead: they may run in parallel, and a run that continues sees the same images.
keras-cv is frozen upstream and pinned; no other module of the trainers knows it.
"""

import contextlib

import keras
import keras_cv
import tensorflow as tf


def rand_augment(layers, magnitude):
    """RandAugment (Cubuk et al. 2020) of single images.

    Args:
        layers: number of operations that are applied one after the other, from 1.
        magnitude: their strength, in [0, 1].

    Returns:
        Function of an image, float32 `[height, width, 3]` in 0..255, and of a seed,
        int64 `[2]`, that gives an image of the same shape, type and range.
    """
    with _float32_layers():
        layer = keras_cv.layers.RandAugment(
            (0, 255), augmentations_per_image=layers, magnitude=magnitude, seed=0
        )
    draws = _Draws()
    _draw_from(layer, draws)

    def augment(image, seed):
        draws.restart(seed)
        augmented = tf.clip_by_value(layer(image), 0.0, 255.0)
        return tf.ensure_shape(augmented, image.shape)

    return augment


def mixing(mixup_alpha=0.0, cutmix_alpha=0.0):
    """MixUp (Zhang et al. 2018), CutMix (Yun et al. 2019), or for every batch either.

    Args:
        mixup_alpha: parameter of MixUp's beta distribution; 0 is no MixUp.
        cutmix_alpha: the same of CutMix. If both are above 0, half of the batches get
            MixUp, the others CutMix.

    Returns:
        Function of images, float32 `[batch, height, width, 3]`, one-hot labels, float32
        `[batch, classes]`, and a seed, int64 `[2]`, that gives images and labels of the
        same shapes.

    Raises:
        ValueError: neither alpha is above 0.
    """
    with _float32_layers():
        mixers = [
            kind(alpha)
            for kind, alpha in ((_MixUp, mixup_alpha), (_CutMix, cutmix_alpha))
            if alpha > 0.0
        ]
    if not mixers:
        raise ValueError(
            "Expected mixup_alpha or cutmix_alpha above 0, got "
            f"{mixup_alpha} and {cutmix_alpha}"
        )

    def mix(images, labels, seed):
        def mixed_by(mixer):
            mixer.draws.restart(seed)
            mixed = mixer({"images": images, "labels": labels})
            return (
                tf.ensure_shape(mixed["images"], images.shape),
                tf.ensure_shape(mixed["labels"], labels.shape),
            )

        chooser = _Draws(seed)
        chosen = chooser.uniform([], 0, len(mixers), "int32")
        return tf.switch_case(
            chosen, [lambda mixer=mixer: mixed_by(mixer) for mixer in mixers]
        )

    return mix


class _Draws:
    """Random numbers from one seed: other ones for every call while a graph is traced.

    What stands in place of `tf.random.Generator` in keras-cv's layers.
    """

    def __init__(self, seed=None):
        self.restart(seed)

    def restart(self, seed):
        self._seed, self._calls = seed, 0

    def uniform(self, shape, minval=0, maxval=1, dtype="float32"):
        return tf.random.stateless_uniform(shape, self._next(), minval, maxval, dtype)

    def normal(self, shape, mean, stddev, dtype="float32"):
        return tf.random.stateless_normal(shape, self._next(), mean, stddev, dtype)

    def permutation(self, size):
        return tf.argsort(self.uniform([size]))

    def beta(self, size, alpha):
        """Beta(alpha, alpha), `[size]`: A / (A + B) of two gamma variables.

        Gamma(alpha) is Gamma(alpha + 1) U^(1 / alpha). The logarithm of it does not
        underflow where alpha is small, the variable itself does, and gives 0 / 0.
        """
        gammas = tf.random.stateless_gamma([2, size], self._next(), alpha + 1.0)
        powers = self.uniform([2, size], 1e-37, 1.0)
        logs = tf.math.log(gammas) + tf.math.log(powers) / alpha
        return tf.sigmoid(logs[0] - logs[1])

    def _next(self):
        self._calls += 1
        return tf.random.experimental.stateless_fold_in(self._seed, self._calls)


class _MixUp(keras_cv.layers.MixUp):
    def __init__(self, alpha):
        super().__init__(alpha=alpha, seed=0)
        self.draws = _Draws()

    def _mixup(self, images):
        size = tf.shape(images)[0]
        share, order = self.draws.beta(size, self.alpha), self.draws.permutation(size)
        weight = share[:, None, None, None]
        mixed = weight * images + (1.0 - weight) * tf.gather(images, order)
        return mixed, share, order


class _CutMix(keras_cv.layers.CutMix):
    """With the labels' shares of Yun et al. 2019, A: those of the pixels.

    keras-cv takes the shares before the rectangle is clipped at the border.
    """

    def __init__(self, alpha):
        super().__init__(alpha=alpha, seed=0)
        self.draws = _Draws()

    def _cutmix(self, images):
        size, height, width = tf.unstack(tf.shape(images)[:3])
        side = tf.sqrt(1.0 - self.draws.beta(size, self.alpha))
        order = self.draws.permutation(size)
        rows, row, cut_height = self._cut(size, height, side)
        columns, column, cut_width = self._cut(size, width, side)
        inside = rows[:, :, None] & columns[:, None, :]
        mixed = tf.where(inside[..., None], tf.gather(images, order), images)
        share = 1.0 - tf.reduce_mean(tf.cast(inside, tf.float32), [1, 2])
        return mixed, share, order, row, column, cut_width, cut_height

    def _cut(self, size, length, side):
        """Which pixels of an axis are cut, `[size, length]`, their centre, number."""
        cut = tf.cast(side * tf.cast(length, tf.float32), tf.int32)
        center = self.draws.uniform([size], 0, length, "int32")
        pixels, begin = tf.range(length), (center - cut // 2)[:, None]
        return (pixels >= begin) & (pixels < begin + cut[:, None]), center, cut


class _Normal:
    """In place of keras-cv's `NormalFactorSampler`."""

    def __init__(self, sampler, draws):
        self._sampler, self._draws = sampler, draws

    def __call__(self, shape=(), dtype="float32"):
        sampler = self._sampler
        drawn = self._draws.normal(shape, sampler.mean, sampler.stddev, dtype)
        return tf.clip_by_value(drawn, sampler.min_value, sampler.max_value)


class _Uniform:
    """In place of keras-cv's `UniformFactorSampler`."""

    def __init__(self, sampler, draws):
        self._sampler, self._draws = sampler, draws

    def __call__(self, shape=(), dtype="float32"):
        sampler = self._sampler
        return self._draws.uniform(shape, sampler.lower, sampler.upper, dtype)


_SUBSTITUTES = {
    keras_cv.core.NormalFactorSampler: _Normal,
    keras_cv.core.UniformFactorSampler: _Uniform,
}


def _draw_from(layer, draws):
    """Puts the draws in place of all that a keras-cv layer draws from."""
    layer._random_generator = draws
    for name, value in list(vars(layer).items()):
        if type(value) in _SUBSTITUTES:
            setattr(layer, name, _SUBSTITUTES[type(value)](value, draws))
    for inner in layer._flatten_layers(include_self=False, recursive=False):
        _draw_from(inner, draws)


@contextlib.contextmanager
def _float32_layers():
    """Layers take Keras' global type; pixels must not become bfloat16."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
