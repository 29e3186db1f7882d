"""Priors: distributions that the open probabilities of a gate should follow.

`tfgate.BatchShaping` compares the probabilities of a batch with the cumulative
distribution function F of a prior. Here every F is differentiable in x, its gradient
being the density f in closed form. All compute in float32.
"""

import math
import numbers
from collections.abc import Callable
from typing import Self

import keras
import numpy as np
import tensorflow as tf

from tfgate.typing import Config
from tfgate.typing import Tensor

# Densities on (0, 1) are not taken closer to their poles than this.
_LOWEST, _HIGHEST = 1e-6, 1.0 - 1e-6

# Degree of the polynomial in `_tail_polynomial`. Its error falls by 5.8 a degree: 3e-8
# at 10, half a unit in the last place of a float32 next to 1.
_DEGREE = 10
_LARGEST_PARAMETER = 2.0


class Prior:
    """Base of the priors. A subclass implements `compute_cdf` and `compute_pdf`.

    It must be registered as Keras serializable and returns its constructor's
    arguments from `get_config()`.
    """

    def cdf(self, x: Tensor) -> Tensor:
        """Returns F(x) = P(X <= x) as float32; its gradient is `pdf(x)`.

        Args:
            x: tensor of any shape.
        """

        @tf.custom_gradient
        def cdf(x: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
            return self.compute_cdf(x), lambda upstream: upstream * self.pdf(x)

        return cdf(tf.cast(x, tf.float32))

    def pdf(self, x: Tensor) -> Tensor:
        """Returns the density f(x) as float32, finite for every finite x.

        Args:
            x: tensor of any shape.
        """
        return self.compute_pdf(tf.cast(x, tf.float32))

    def compute_cdf(self, x: Tensor) -> Tensor:
        """Returns F(x) of a float32 tensor; its own gradient is never asked for."""
        raise NotImplementedError

    def compute_pdf(self, x: Tensor) -> Tensor:
        """Returns f(x) of a float32 tensor."""
        raise NotImplementedError

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        raise NotImplementedError

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Builds the prior from `get_config()`'s result."""
        return cls(**config)


@keras.saving.register_keras_serializable(package="tfgate")
class Beta(Prior):
    """Beta distribution on [0, 1].

    `F(x) = I_x(a, b)`, the regularized incomplete beta function, and
    `f(x) = x^(a - 1) (1 - x)^(b - 1) / B(a, b)`. The mean is a / (a + b). Below 1, a
    gives f a pole at 0, b one at 1: most values are then near 0 or near 1.

    In [0, 1] f is that of x clipped to [1e-6, 1 - 1e-6], so it is finite; outside of
    [0, 1] it is 0. F is not clipped: it is 0 up to 0 and 1 from 1 on.

    Args:
        a: above 0.
        b: above 0. Up to a = 2 and b = 2, F comes from a short polynomial; beyond,
            from `tf.math.betainc`, which costs about a thousand instructions a number.

    Raises:
        ValueError: a or b is not above 0.

    Reference:
        BAS 4.2, which takes a = 0.6 and b = 0.4.

    Example:
    >>> prior = Beta(0.5, 0.5)
    >>> [round(float(prior.cdf(x)), 4) for x in (0.0, 0.25, 0.5, 1.0)]
    [0.0, 0.3333, 0.5, 1.0]
    """

    def __init__(self, a: float, b: float) -> None:
        self.a = _positive(a, "a")
        self.b = _positive(b, "b")
        self._log_beta = (
            math.lgamma(self.a) + math.lgamma(self.b) - math.lgamma(self.a + self.b)
        )
        self._tails: tuple[list[float], list[float]] | None = None
        if max(self.a, self.b) <= _LARGEST_PARAMETER:
            self._tails = (
                _tail_polynomial(self.a, self.b),
                _tail_polynomial(self.b, self.a),
            )

    def compute_cdf(self, x: Tensor) -> Tensor:
        x = tf.clip_by_value(x, 0.0, 1.0)
        if self._tails is None:
            return tf.math.betainc(self.a, self.b, x)
        # I_x(a, b) = 1 - I_{1-x}(b, a): half of [0, 1] is enough for either tail.
        is_low = x < 0.5
        distance = tf.minimum(x, 1.0 - x)
        logarithm = tf.math.log(distance)
        low, high = self._tails
        return tf.where(
            is_low,
            tf.exp(self.a * logarithm) * tf.math.polyval(low, distance),
            1.0 - tf.exp(self.b * logarithm) * tf.math.polyval(high, distance),
        )

    def compute_pdf(self, x: Tensor) -> Tensor:
        inside = tf.clip_by_value(x, _LOWEST, _HIGHEST)
        logarithm = (self.a - 1.0) * tf.math.log(inside)
        logarithm += (self.b - 1.0) * tf.math.log1p(-inside) - self._log_beta
        return _zero_outside(tf.exp(logarithm), x, 0.0, 1.0)

    def get_config(self) -> Config:
        return {"a": self.a, "b": self.b}


@keras.saving.register_keras_serializable(package="tfgate")
class SymmetricBeta(Beta):
    """Beta distribution that is symmetric around 1/2: `Beta(a, a)`.

    Below a = 1 it has two equal poles: half of the values near 0, half near 1. For
    one with mean a that pulls to both ends write `Beta(a, 1 - a)`, as BAS' own
    Beta(0.6, 0.4) is.

    Args:
        a: above 0.

    Raises:
        ValueError: a is not above 0.

    Example:
    >>> round(float(SymmetricBeta(0.3).cdf(0.5)), 6)
    0.5
    """

    def __init__(self, a: float) -> None:
        super().__init__(a, a)

    def get_config(self) -> Config:
        return {"a": self.a}


@keras.saving.register_keras_serializable(package="tfgate")
class RelaxedBernoulli(Prior):
    """Relaxed Bernoulli distribution on (0, 1), also called binary Concrete.

    That of `sigmoid((logit(p) + L) / T)` with L from the standard logistic
    distribution, so `P(X > 1/2) = p`:

        F(x) = sigmoid(T logit(x) - logit(p))
        f(x) = T F(x) (1 - F(x)) / (x (1 - x))

    In [0, 1] f is that of x clipped to [1e-6, 1 - 1e-6], so it is finite; outside of
    [0, 1] it is 0. F is not clipped: it is 0 up to 0 and 1 from 1 on.

    Args:
        p: probability of more than 1/2, in (0, 1).
        temperature: T, above 0. Below 1 the density has its poles at 0 and 1.

    Raises:
        ValueError: an argument is out of its range.

    Reference:
        Maddison et al. 2017 and Jang et al. 2017.

    Example:
    >>> prior = RelaxedBernoulli(0.75, temperature=0.5)
    >>> round(float(prior.cdf(0.5)), 6)
    0.25
    """

    def __init__(self, p: float, temperature: float) -> None:
        self.p = _number(p, "p")
        if not 0.0 < self.p < 1.0:
            raise ValueError(f"Expected p in (0, 1), got {p!r}.")
        self.temperature = _positive(temperature, "temperature")
        self._log_odds = math.log(self.p) - math.log1p(-self.p)

    def compute_cdf(self, x: Tensor) -> Tensor:
        x = tf.clip_by_value(x, 0.0, 1.0)
        log_odds = tf.math.log(x) - tf.math.log1p(-x)
        return tf.sigmoid(self.temperature * log_odds - self._log_odds)

    def compute_pdf(self, x: Tensor) -> Tensor:
        inside = tf.clip_by_value(x, _LOWEST, _HIGHEST)
        log_odds = tf.math.log(inside) - tf.math.log1p(-inside)
        centred = self.temperature * log_odds - self._log_odds
        # sigmoid(-c) and not 1 - sigmoid(c), which is 0 from c = 17 on.
        density = self.temperature * tf.sigmoid(centred) * tf.sigmoid(-centred)
        return _zero_outside(density / (inside * (1.0 - inside)), x, 0.0, 1.0)

    def get_config(self) -> Config:
        return {"p": self.p, "temperature": self.temperature}


@keras.saving.register_keras_serializable(package="tfgate")
class Normal(Prior):
    """Normal distribution.

    `F(x) = erfc((mean - x) / (std sqrt(2))) / 2` and
    `f(x) = exp(-((x - mean) / std)^2 / 2) / (std sqrt(2 pi))`, finite everywhere.

    Args:
        mean: any number.
        std: standard deviation, above 0.

    Raises:
        ValueError: std is not above 0.

    Example:
    >>> round(float(Normal(0.5, 0.1).cdf(0.6)), 4)
    0.8413
    """

    def __init__(self, mean: float, std: float) -> None:
        self.mean = _number(mean, "mean")
        self.std = _positive(std, "std")

    def compute_cdf(self, x: Tensor) -> Tensor:
        return 0.5 * tf.math.erfc((self.mean - x) / (self.std * math.sqrt(2.0)))

    def compute_pdf(self, x: Tensor) -> Tensor:
        exponent = -0.5 * tf.square((x - self.mean) / self.std)
        return tf.exp(exponent) / (self.std * math.sqrt(2.0 * math.pi))

    def get_config(self) -> Config:
        return {"mean": self.mean, "std": self.std}


@keras.saving.register_keras_serializable(package="tfgate")
class Uniform(Prior):
    """Uniform distribution on [low, high].

    `F(x) = (x - low) / (high - low)`, clipped to [0, 1]; `f(x) = 1 / (high - low)`
    from low to high, both included, and 0 outside.

    Args:
        low: any number.
        high: above low.

    Raises:
        ValueError: low is not below high.

    Example:
    >>> float(Uniform(0.0, 0.5).cdf(0.125))
    0.25
    """

    def __init__(self, low: float = 0.0, high: float = 1.0) -> None:
        self.low = _number(low, "low")
        self.high = _number(high, "high")
        if not self.low < self.high:
            raise ValueError(f"Expected low < high={high!r}, got low={low!r}.")

    def compute_cdf(self, x: Tensor) -> Tensor:
        return tf.clip_by_value((x - self.low) / (self.high - self.low), 0.0, 1.0)

    def compute_pdf(self, x: Tensor) -> Tensor:
        density = tf.fill(tf.shape(x), 1.0 / (self.high - self.low))
        return _zero_outside(density, x, self.low, self.high)

    def get_config(self) -> Config:
        return {"low": self.low, "high": self.high}


def _tail_polynomial(a: float, b: float) -> list[float]:
    """Coefficients of Q in `I_y(a, b) = y^a Q(y)` on [0, 1/2], highest power first.

    Q is a power series, `sum over n of (1 - b)_n y^n / (n! (a + n)) / B(a, b)`. It is
    interpolated at Chebyshev nodes, which needs far fewer powers than cutting it off.
    """
    beta = math.exp(math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b))
    series, rising = [], 1.0
    for n in range(64):  # 2**-64 of the first term is left
        series.append(rising / (a + n) / beta)
        rising *= (1.0 - b + n) / (n + 1.0)
    interpolated = np.polynomial.Chebyshev.interpolate(
        np.polynomial.Polynomial(series), _DEGREE, domain=[0.0, 0.5]
    )
    powers = interpolated.convert(kind=np.polynomial.Polynomial).coef
    return [float(coefficient) for coefficient in powers[::-1]]


def _zero_outside(density: Tensor, x: Tensor, low: float, high: float) -> Tensor:
    return tf.where((x >= low) & (x <= high), density, 0.0)


def _number(value: float, name: str) -> float:
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise ValueError(f"Expected {name} to be a finite number, got {value!r}.")
    return float(value)


def _positive(value: float, name: str) -> float:
    if not _number(value, name) > 0.0:
        raise ValueError(f"Expected {name} > 0, got {value!r}.")
    return float(value)
