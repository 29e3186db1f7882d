import numpy as np
import pytest
import tensorflow as tf

from tflite.lowering.filters.picking import pick


@pytest.mark.parametrize(
    "numbers",
    [range(8), range(2, 6), [4, 5, 6, 7, 0, 1], [7, 0, 3], [2, 3, 0, 1], [5]],
)
def test_channels_come_in_the_order_given(numbers):
    x = np.arange(48, dtype="float32").reshape(1, 2, 3, 8)
    picked = pick(tf.constant(x), list(numbers))
    np.testing.assert_array_equal(picked, x[..., list(numbers)])
