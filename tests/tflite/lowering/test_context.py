import numpy as np
import tensorflow as tf

from tflite.lowering.context import Decisions
from tflite.lowering.threshold import LogOddsThreshold


def test_scalars_and_vectors_are_told_in_order():
    log_odds = [
        tf.constant(1.0),
        tf.constant(-1.0),
        tf.constant([2.0, -2.0, 3.0]),
        tf.constant(4.0),
    ]
    told = Decisions(LogOddsThreshold(0.5))(log_odds)
    np.testing.assert_array_equal(told, [[1, 0, 1, 0, 1, 1]])


def test_what_is_decided_is_not_told():
    log_odds = [tf.constant([2.0, -2.0, 3.0]), tf.constant(-4.0)]
    told = Decisions(LogOddsThreshold(0.5), told=[1, 3])(log_odds)
    np.testing.assert_array_equal(told, [[0, 0]])
