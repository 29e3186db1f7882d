"""Samples of decisions and their gradients, as pure functions: noise is an argument.

All compute in float32, whatever the dtype of the logits, and return the dtype of the
logits.
"""

from collections.abc import Callable

import tensorflow as tf

from tfgate.typing import Tensor

_SMALLEST_UNIFORM = 1.1920929e-07  # 2**-23: log(-log(u)) stays finite in float32

# What a function under `tf.custom_gradient` returns: the decisions, and the function
# from their gradient to those of logits and noise.
_WithGradient = tuple[Tensor, Callable[[Tensor], tuple[Tensor, None]]]


def gumbel_noise(shape: Tensor, seed: Tensor) -> Tensor:
    """Draws standard Gumbel noise, `-log(-log(u))` with u uniform in (0, 1).

    Args:
        shape: shape of the result.
        seed: int tensor of shape `[2]`, as for `tf.random.stateless_uniform`.

    Returns:
        float32 tensor of the given shape; the same seed gives the same noise.
    """
    return -tf.math.log(-tf.math.log(uniform_noise(shape, seed)))


def uniform_noise(shape: Tensor, seed: Tensor) -> Tensor:
    """Draws float32 noise, uniform in the open interval (0, 1).

    Args:
        shape: shape of the result.
        seed: int tensor of shape `[2]`, as for `tf.random.stateless_uniform`.
    """
    return tf.random.stateless_uniform(
        shape, seed, minval=_SMALLEST_UNIFORM, maxval=1.0, dtype=tf.float32
    )


def gumbel_softmax(logits: Tensor, noise: Tensor, temperature: Tensor = 1.0) -> Tensor:
    """Gumbel-softmax sample of "open", soft in both directions.

    Forward: `y = softmax((l + g) / T)[open]`.
    Gradient: `dy/dl1 = y (1 - y) / T`, `dy/dl0 = -y (1 - y) / T`.

    Args:
        logits: `[..., 2]`, last axis (closed, open).
        noise: standard Gumbel noise of the same shape.
        temperature: T > 0.

    Returns:
        `[...]`, values in [0, 1].

    Reference:
        Jang et al. 2017 and Maddison et al. 2017, as used in PG 1 and CS 3.2.
    """

    @tf.custom_gradient
    def sample(logits: Tensor, noise: Tensor) -> _WithGradient:
        soft = _soft_open(logits, noise, temperature)
        return soft, lambda upstream: (
            _two_logit_gradient(upstream, soft, temperature),
            None,
        )

    return _in_float32(sample, logits, noise)


def gumbel_softmax_straight_through(
    logits: Tensor, noise: Tensor, temperature: Tensor = 1.0
) -> Tensor:
    """Two-logit Gumbel-softmax, hard forward and soft backward.

    Forward: `z = 1 if l1 + g1 > l0 + g0 else 0`, so that P(z = 1) = sigmoid(l1 - l0).
    Gradient: that of the soft sample `y = softmax((l + g) / T)[open]`:
    `dz/dl1 := y (1 - y) / T`, `dz/dl0 := -y (1 - y) / T`.

    Args:
        logits: `[..., 2]`, last axis (closed, open).
        noise: standard Gumbel noise of the same shape.
        temperature: T > 0; it changes the gradient only.

    Returns:
        `[...]`, values 0 or 1.

    Reference:
        Jang et al. 2017; PG 2.1 ("the straight through trick"), CS 3.2 with T = 1.
    """

    @tf.custom_gradient
    def sample(logits: Tensor, noise: Tensor) -> _WithGradient:
        perturbed = logits + noise
        hard = tf.cast(perturbed[..., 1] > perturbed[..., 0], tf.float32)

        def gradient(upstream: Tensor) -> tuple[Tensor, None]:
            soft = _soft_open(logits, noise, temperature)
            return _two_logit_gradient(upstream, soft, temperature), None

        return hard, gradient

    return _in_float32(sample, logits, noise)


def binary_concrete_soft(
    log_odds: Tensor, noise: Tensor, temperature: Tensor = 2.0 / 3.0
) -> Tensor:
    """Binary Concrete sample, soft in both directions.

    Forward: `s = sigmoid(x / T)` with `x = log_odds + log(u) - log(1 - u)`, so that
    P(s > 1/2) = sigmoid(log_odds).
    Gradient: `ds/dlog_odds = s (1 - s) / T`.

    Args:
        log_odds: `[...]`, the logit of the open probability.
        noise: uniform noise in (0, 1) of the same shape.
        temperature: T > 0.

    Returns:
        `[...]`, values in [0, 1].

    Reference:
        Maddison et al. 2017; TNN 4.2 with T = 0.1.
    """

    @tf.custom_gradient
    def sample(log_odds: Tensor, noise: Tensor) -> _WithGradient:
        soft = tf.sigmoid(_add_logistic(log_odds, noise) / temperature)
        return soft, lambda upstream: (
            upstream * soft * (1.0 - soft) / temperature,
            None,
        )

    return _in_float32(sample, log_odds, noise)


def binary_concrete(
    log_odds: Tensor, noise: Tensor, temperature: Tensor = 2.0 / 3.0
) -> Tensor:
    """Binary Concrete sample with hard forward.

    Forward: `z = 1 if x > 0 else 0` with `x = log_odds + log(u) - log(1 - u)`, so
    that P(z = 1) = sigmoid(log_odds).
    Gradient: with `s = sigmoid(x / T)`, `dz/dlog_odds := s (1 - s) / T`.

    Args:
        log_odds: `[...]`, the logit of the open probability.
        noise: uniform noise in (0, 1) of the same shape.
        temperature: T > 0; it changes the gradient only.

    Returns:
        `[...]`, values 0 or 1.

    Reference:
        Maddison et al. 2017; BAS 4.1 with T = 2/3.
    """

    @tf.custom_gradient
    def sample(log_odds: Tensor, noise: Tensor) -> _WithGradient:
        perturbed = _add_logistic(log_odds, noise)
        hard = tf.cast(perturbed > 0.0, tf.float32)

        def gradient(upstream: Tensor) -> tuple[Tensor, None]:
            soft = tf.sigmoid(perturbed / temperature)
            return upstream * soft * (1.0 - soft) / temperature, None

        return hard, gradient

    return _in_float32(sample, log_odds, noise)


def sigmoid_straight_through(log_odds: Tensor, noise: Tensor) -> Tensor:
    """Bernoulli sample whose gradient is that of its probability.

    Forward: `z = 1 if u < p else 0` with `p = sigmoid(log_odds)`.
    Gradient: `dz/dlog_odds := p (1 - p)`.

    Args:
        log_odds: `[...]`, the logit of the open probability.
        noise: uniform noise in (0, 1) of the same shape.

    Returns:
        `[...]`, values 0 or 1.

    Reference:
        Bengio, Leonard and Courville 2013, the estimator that keeps the sigmoid's
        derivative.
    """

    @tf.custom_gradient
    def sample(log_odds: Tensor, noise: Tensor) -> _WithGradient:
        probability = tf.sigmoid(log_odds)
        hard = tf.cast(noise < probability, tf.float32)

        def gradient(upstream: Tensor) -> tuple[Tensor, None]:
            return upstream * probability * (1.0 - probability), None

        return hard, gradient

    return _in_float32(sample, log_odds, noise)


def identity_straight_through(log_odds: Tensor, noise: Tensor) -> Tensor:
    """Bernoulli sample whose gradient passes to the logit unchanged.

    Forward: `z = 1 if u < sigmoid(log_odds) else 0`.
    Gradient: `dz/dlog_odds := 1`.

    Args:
        log_odds: `[...]`, the logit of the open probability.
        noise: uniform noise in (0, 1) of the same shape.

    Returns:
        `[...]`, values 0 or 1.

    Reference:
        Bengio, Leonard and Courville 2013, the straight-through estimator that
        ignores the derivative of the sigmoid.
    """

    @tf.custom_gradient
    def sample(log_odds: Tensor, noise: Tensor) -> _WithGradient:
        hard = tf.cast(noise < tf.sigmoid(log_odds), tf.float32)
        return hard, lambda upstream: (upstream, None)

    return _in_float32(sample, log_odds, noise)


def _add_logistic(log_odds: Tensor, noise: Tensor) -> Tensor:
    return log_odds + tf.math.log(noise) - tf.math.log1p(-noise)


def _soft_open(logits: Tensor, noise: Tensor, temperature: Tensor) -> Tensor:
    """softmax((l + g) / T)[open], as a sigmoid: finite for any finite logits."""
    perturbed = logits + noise
    return tf.sigmoid((perturbed[..., 1] - perturbed[..., 0]) / temperature)


def _two_logit_gradient(upstream: Tensor, soft: Tensor, temperature: Tensor) -> Tensor:
    towards_open = upstream * soft * (1.0 - soft) / temperature
    return tf.stack([-towards_open, towards_open], axis=-1)


def _in_float32(
    sample: Callable[[Tensor, Tensor], Tensor], logits: Tensor, noise: Tensor
) -> Tensor:
    logits = tf.convert_to_tensor(logits)
    decision = sample(tf.cast(logits, tf.float32), tf.cast(noise, tf.float32))
    return tf.cast(decision, logits.dtype)
