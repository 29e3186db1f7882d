import numpy as np
import pytest
import tensorflow as tf

from tflite.lowering import LogOddsThreshold


@pytest.mark.parametrize("tau", [0.01, 0.5, 0.9])
def test_constant_is_the_log_odds(tau):
    value = LogOddsThreshold(tau).value
    assert value.dtype == np.float32
    np.testing.assert_allclose(value, np.log(tau / (1 - tau)), rtol=1e-6, atol=1e-7)


def test_bound_tensor_counts_inside_only():
    threshold = LogOddsThreshold(0.5)
    with threshold.bound(tf.constant(0.9)):
        np.testing.assert_allclose(threshold.value, np.log(9.0), rtol=1e-6)
    assert threshold.value == 0.0


@pytest.mark.parametrize("tau", [0.0, -3.0, 1.0, 3.0])
def test_bound_tensor_is_clipped(tau):
    threshold = LogOddsThreshold(0.5)
    with threshold.bound(tf.constant(tau)):
        assert threshold.value == (-np.inf if tau <= 0 else np.inf)


def test_constant_returns_after_an_error():
    threshold = LogOddsThreshold(0.5)
    with pytest.raises(KeyError), threshold.bound(tf.constant(0.9)):
        raise KeyError
    assert threshold.value == 0.0
