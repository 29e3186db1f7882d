import numpy as np
import pytest

from tflite import errors
from tflite import runtime

TAU_INPUT = {"lowering": "conditional", "tau_input": True, "gate_outputs": True}


def test_starts_at_the_proposed_threshold(converted, images):
    proposed = runtime.Network(converted("dependent", **TAU_INPUT))
    chosen = runtime.Network(converted("dependent", **TAU_INPUT))
    chosen.set_dial(0.5)
    for first, second in zip(proposed.run(images), chosen.run(images), strict=True):
        np.testing.assert_array_equal(first, second)


def test_an_image_alone_gives_the_same(converted, images):
    network = runtime.Network(converted("dependent", **TAU_INPUT))
    predictions, decisions = network.run(images)
    network.set_image(images[7])
    seconds, cpu_seconds = network.invoke()
    assert seconds > 0 and cpu_seconds >= 0
    np.testing.assert_array_equal(network.predictions(), predictions[7])
    np.testing.assert_array_equal(network.decisions(), decisions[7])


def test_threads_are_checked(converted):
    with pytest.raises(errors.InputError, match="--threads of at least 1"):
        runtime.Network(converted("dependent", **TAU_INPUT), threads=0)
