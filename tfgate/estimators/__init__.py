"""Gradient estimators: how a gate's decision is sampled and differentiated.

A gate gives every component two logits, `l0` (closed) and `l1` (open); its open
probability is `p = sigmoid(l1 - l0)`. The decision `z` is 0 or 1 and has no useful
derivative, so each estimator here states a forward formula and, through
`tf.custom_gradient`, the gradient formula that replaces it.

The functions are pure: noise is an argument. The classes of the same names draw the
noise from a seed and are what a gate holds. All compute in float32, whatever the
dtype of the logits, and return the dtype of the logits.
"""

from tfgate.estimators.estimator import BinaryConcrete
from tfgate.estimators.estimator import Estimator
from tfgate.estimators.estimator import GumbelSoftmax
from tfgate.estimators.estimator import IdentityStraightThrough
from tfgate.estimators.estimator import SigmoidStraightThrough
from tfgate.estimators.functions import binary_concrete
from tfgate.estimators.functions import binary_concrete_soft
from tfgate.estimators.functions import gumbel_noise
from tfgate.estimators.functions import gumbel_softmax
from tfgate.estimators.functions import gumbel_softmax_straight_through
from tfgate.estimators.functions import identity_straight_through
from tfgate.estimators.functions import sigmoid_straight_through
from tfgate.estimators.functions import uniform_noise

__all__ = [
    "BinaryConcrete",
    "Estimator",
    "GumbelSoftmax",
    "IdentityStraightThrough",
    "SigmoidStraightThrough",
    "binary_concrete",
    "binary_concrete_soft",
    "gumbel_noise",
    "gumbel_softmax",
    "gumbel_softmax_straight_through",
    "identity_straight_through",
    "sigmoid_straight_through",
    "uniform_noise",
]
