"""The threshold τ in an export graph, as log odds: a constant or an input."""

import contextlib

import numpy as np
import tensorflow as tf


class LogOddsThreshold:
    """What the gates' log odds are compared with: log(τ / (1 - τ)).

    Gates compare log odds, so that no sigmoid enters the graph.

    Args:
        tau: threshold in (0, 1), the value of the constant.
    """

    def __init__(self, tau):
        tau = np.float32(tau)
        # The same float32 formula as tfgate.Threshold's: equal decisions.
        self._constant = np.log(tau) - np.log1p(-tau)
        self._bound = None

    @property
    def value(self):
        """Scalar, float32: the constant, or what stands for the input just now."""
        return self._constant if self._bound is None else self._bound

    def symbol(self, log_odds):
        """Whether log odds, a float32 tensor, open a component."""
        return log_odds > self.value

    @contextlib.contextmanager
    def bound(self, tau):
        """Lets τ be a tensor while a graph is traced.

        Args:
            tau: scalar tensor, a probability; clipped to [0, 1]. 0 opens every gate,
                1 closes every gate.
        """
        # A graph input cannot be handed to the layers as one of their tensors: the
        # rewritten Keras graph has no inputs besides the source model's own.
        tau = tf.clip_by_value(tau, 0.0, 1.0)
        self._bound = tf.math.log(tau) - tf.math.log1p(-tau)
        try:
            yield
        finally:
            self._bound = None
