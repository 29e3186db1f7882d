"""Dial: where u comes from."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.tfgate.throttling import networks
from tfgate.throttling import BetaControl
from tfgate.throttling import ConstantControl
from tfgate.throttling import Dial
from tfgate.throttling import UniformControl
from tfgate.throttling.dial import check_control
from tfgate.throttling.dial import check_controls

NO_CONTROLS = [-0.01, 1.01, float("nan"), float("inf"), None, "half", True, [0.5]]


def images(count=4):
    return keras.ops.zeros((count, 8, 8, 3))


def run(dial, count=4, u=None, training=False):
    return networks.array(dial(images(count), u, training=training))


def test_inference_takes_the_variable():
    dial = Dial()
    np.testing.assert_array_equal(run(dial), [1.0] * 4)
    dial.u.assign(0.25)
    np.testing.assert_array_equal(run(dial), [0.25] * 4)
    assert run(dial).dtype == np.float32


@pytest.mark.parametrize("training", [False, True])
def test_what_the_caller_passes_goes_first(training):
    dial = Dial()
    dial.build((None, 8, 8, 3))
    np.testing.assert_array_equal(
        run(dial, 3, keras.ops.array([0.0, 0.5, 1.0]), training), [0.0, 0.5, 1.0]
    )
    assert int(dial.noise_step.numpy()) == 0


def test_values_outside_are_clamped():
    """The graph clamps, as a device will; calls of a model check before."""
    u = keras.ops.array([-1.0, 2.0, 0.5])
    np.testing.assert_array_equal(run(Dial(), 3, u), [0.0, 1.0, 0.5])


def test_training_draws_and_counts_steps():
    dial = Dial(seed=1)
    draws = [run(dial, 64, training=True) for _ in range(3)]
    assert int(dial.noise_step.numpy()) == 3
    assert len(np.unique(draws)) == 3 * 64
    twin = Dial(seed=1, name=dial.name)
    for expected in draws:
        np.testing.assert_array_equal(run(twin, 64, training=True), expected)
    assert (run(Dial(seed=2, name=dial.name), 64, training=True) != draws[0]).all()


def test_draws_follow_the_distribution():
    assert run(Dial(BetaControl(3, 1), seed=1), 8000, training=True).mean() == (
        pytest.approx(0.75, abs=0.01)
    )
    np.testing.assert_array_equal(
        run(Dial(ConstantControl(0.5)), training=True), [0.5] * 4
    )


@pytest.mark.parametrize("per", ["batch", "example"])
def test_replicas(make_strategy, per):
    """One u for the global batch, or one for each of its images."""
    strategy = make_strategy(2)
    with strategy.scope():
        dial = Dial(UniformControl(per=per), seed=1, name="dial")
        dial.build((None, 8, 8, 3))

    @tf.function(autograph=False)
    def draw():
        return strategy.run(lambda: dial(images(3), training=True))

    for step in range(2):
        parts = [u.numpy() for u in strategy.experimental_local_results(draw())]
        if per == "batch":
            assert len(np.unique(parts)) == 1
        else:
            assert len(np.unique(parts)) == 6
        assert int(dial.noise_step.numpy()) == step + 1


def test_one_replica_draws_what_two_draw_per_batch(make_strategy):
    single = Dial(UniformControl(per="batch"), seed=1, name="dial")
    alone = run(single, training=True)[0]
    strategy = make_strategy(2)
    with strategy.scope():
        dial = Dial(UniformControl(per="batch"), seed=1, name="dial")
        dial.build((None, 8, 8, 3))
    draw = tf.function(
        lambda: strategy.run(lambda: dial(images(3), training=True)), autograph=False
    )
    for part in strategy.experimental_local_results(draw()):
        np.testing.assert_array_equal(part, alone)


def test_half_precision_leaves_u_alone(mixed_bfloat16):
    u = keras.ops.array([0.123456789], "float32")
    np.testing.assert_array_equal(run(Dial(), 1, u), networks.array(u))


def test_serialization():
    dial = Dial(BetaControl(2, 1, per="batch"), seed=7, name="dial")
    config = keras.saving.serialize_keras_object(dial)
    assert config["registered_name"] == "tfgate>Dial"
    copy = keras.saving.deserialize_keras_object(config)
    assert (copy.distribution, copy.seed) == (dial.distribution, 7)
    np.testing.assert_array_equal(
        run(copy, 8, training=True), run(dial, 8, training=True)
    )


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"distribution": "uniform"}, "distribution"),
        ({"distribution": UniformControl}, "distribution"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**31}, "seed"),
    ],
    ids=str,
)
def test_bad_arguments(arguments, name):
    with pytest.raises(ValueError, match=f"Expected {name}"):
        Dial(**arguments)


@pytest.mark.parametrize("u", [0, 1, 0.0, 1.0, 0.5, np.float32(0.25), np.array(0.75)])
def test_controls(u):
    assert check_control(u) == float(u)
    assert isinstance(check_control(u), float)


@pytest.mark.parametrize("u", NO_CONTROLS, ids=repr)
def test_no_controls(u):
    with pytest.raises(ValueError, match=r"Expected u to be a number in \[0, 1\], got"):
        check_control(u)


def test_several_controls():
    assert check_controls([0, 0.5, 1]) == [0.0, 0.5, 1.0]
    with pytest.raises(ValueError, match="at least one"):
        check_controls([])
    with pytest.raises(ValueError, match="got 2"):
        check_controls([0.5, 2])
