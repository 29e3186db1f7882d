"""Training of throttled networks: which u it draws, and that it can be repeated."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tests.tfgate.throttling import networks
from tfgate.throttling import BetaControl
from tfgate.throttling import UniformControl


def wide(distribution=None, gating="nested"):
    """One layer of 16 filters, each with a gate; compiled."""
    keras.utils.set_random_seed(1)
    x = inputs = keras.Input((builders.SIZE, builders.SIZE, 3))
    x, _ = tfgate.GatedFilters(
        [keras.layers.Conv2D(16, 3, padding="same")],
        lambda n: tfgate.IndependentGate(n, name="gate"),
        places=("output",),
        residual=False,
        name="layer",
    )(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    outputs = keras.layers.Dense(builders.CLASSES, activation="softmax")(x)
    model = tfgate.throttle(
        tfgate.GatedModel(inputs, outputs), gating, distribution, seed=3
    )
    return builders.compile_plainly(model)


@pytest.mark.parametrize(
    ("distribution", "mean"),
    [
        (UniformControl(), 0.5),
        (UniformControl(0.5, 1.0), 0.75),
        (BetaControl(3, 1), 0.75),
    ],
    ids=repr,
)
def test_fit_draws_u(distribution, mean):
    model = wide(distribution)
    images, labels = networks.images(512), builders.make_labels(512)
    logs = model.fit(images, labels, batch_size=64, verbose=0).history
    # With 16 components k / 16 is u but for at most 1 / 17.
    assert logs["activation_rate"][0] == pytest.approx(mean, abs=0.05)
    assert int(model.dial.noise_step.numpy()) == 8


def test_fit_takes_the_callers_u():
    model = wide()
    us = np.full(64, 0.25, "float32")
    logs = model.fit(
        [networks.images(64), us], builders.make_labels(64), verbose=0
    ).history
    assert logs["activation_rate"][0] == 4 / 16
    assert int(model.dial.noise_step.numpy()) == 0


def test_the_dial_is_for_inference():
    model = wide()
    model.u = 0.0
    images, labels = networks.images(64), builders.make_labels(64)
    logs = model.fit(
        images, labels, validation_data=(images, labels), verbose=0
    ).history
    assert logs["val_activation_rate"][0] == 0.0 < logs["activation_rate"][0]


@pytest.mark.parametrize("gating", ["nested", "independent"])
def test_saving_in_between_changes_nothing(tmp_path, gating):
    """Bit for bit: draws of u and of the gates go on where they were."""
    data = networks.images(64), builders.make_labels(64)
    options = {"batch_size": 16, "shuffle": False, "verbose": 0}
    straight = wide(gating=gating)
    straight.fit(*data, epochs=2, **options)
    first = wide(gating=gating)
    first.fit(*data, **options)
    first.save(tmp_path / "model.keras")
    second = keras.saving.load_model(tmp_path / "model.keras")
    assert second.dial.distribution == first.dial.distribution
    assert int(second.dial.noise_step.numpy()) == 4
    second.fit(*data, **options)
    for one, other in zip(straight.weights, second.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_replicas_train_like_one(make_strategy):
    """With one u for the batch and nested gating there is no other noise."""
    distribution = UniformControl(per="batch")
    data = networks.images(32), builders.make_labels(32)
    options = {"batch_size": 16, "shuffle": False, "verbose": 0}
    one = wide(distribution)
    one.fit(*data, **options)
    with make_strategy(2).scope():
        two = wide(distribution)
    two.fit(*data, **options)
    for weight, other in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(weight.numpy(), other.numpy(), atol=1e-5)
