"""Batch norm statistics against NumPy means over batches."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders

STEPS = 3
L = keras.layers


def batches(count=STEPS, size=6):
    return [builders.make_images(size, seed=index) + index for index in range(count)]


@pytest.fixture
def model():
    model = builders.tiny_model(gate=tfgate.DependentGate)
    builders.randomize(model)
    return model


def first_norm_inputs(model, images):
    stem = keras.Model(model.input, model.get_layer("stem").output)
    return keras.ops.convert_to_numpy(stem(images)).astype("float64")


def statistics(features):
    """Means and variances `[batches, channels]` of a list of feature maps."""
    return (
        np.stack([f.mean(axis=(0, 1, 2)) for f in features]),
        np.stack([f.var(axis=(0, 1, 2)) for f in features]),
    )


def test_first_norm_has_the_mean_of_the_batch_statistics(model):
    means, variances = statistics([first_norm_inputs(model, x) for x in batches()])
    tfgate.recalibrate_batch_norm(model, batches(), steps=STEPS)
    norm = model.get_layer("stem_bn")
    np.testing.assert_allclose(norm.moving_mean.numpy(), means.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(
        norm.moving_variance.numpy(), variances.mean(axis=0), rtol=1e-4
    )


def test_later_norms_see_normalised_batches():
    """A plain network: the second norm sees what the first makes of each batch."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            L.Conv2D(4, 3, name="one"),
            L.BatchNormalization(name="one_bn", epsilon=1e-3),
            L.Conv2D(5, 3, name="two"),
            L.BatchNormalization(name="two_bn"),
        ]
    )
    builders.randomize(model)
    features = [np.asarray(model.get_layer("one")(x), "float64") for x in batches()]
    norm = model.get_layer("one_bn")
    normalised = [
        (f - f.mean(axis=(0, 1, 2)))
        / np.sqrt(f.var(axis=(0, 1, 2)) + 1e-3)
        * norm.gamma.numpy()
        + norm.beta.numpy()
        for f in features
    ]
    means, variances = statistics(
        [np.asarray(model.get_layer("two")(x), "float64") for x in normalised]
    )
    tfgate.recalibrate_batch_norm(model, batches(), steps=STEPS)
    last = model.get_layer("two_bn")
    np.testing.assert_allclose(
        last.moving_mean.numpy(), means.mean(axis=0), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(
        last.moving_variance.numpy(), variances.mean(axis=0), rtol=1e-4
    )


def test_norms_in_branches_and_gates_are_reached(model):
    norms = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, L.BatchNormalization)
    ]
    assert len(norms) == 1 + 3 + 3
    before = [norm.moving_mean.numpy() for norm in norms]
    tfgate.recalibrate_batch_norm(model, batches(), steps=STEPS)
    for norm, old in zip(norms, before, strict=True):
        assert not np.allclose(norm.moving_mean.numpy(), old), norm.path


def test_nothing_remains_of_the_old_statistics(model):
    tfgate.recalibrate_batch_norm(model, batches(), steps=STEPS)
    norm = model.get_layer("stem_bn")
    expected = norm.moving_mean.numpy(), norm.moving_variance.numpy()
    norm.moving_mean.assign([1e6] * 4)
    norm.moving_variance.assign([1e9] * 4)
    tfgate.recalibrate_batch_norm(model, batches(), steps=STEPS)
    np.testing.assert_allclose(norm.moving_mean.numpy(), expected[0], rtol=1e-6)
    np.testing.assert_allclose(norm.moving_variance.numpy(), expected[1], rtol=1e-6)


def test_nothing_else_changes(model):
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = {w.path: w.numpy() for w in model.weights}
    tfgate.recalibrate_batch_norm(model, batches(), steps=STEPS)
    changed = {w.path for w in model.weights if (w.numpy() != before[w.path]).any()}
    assert changed
    for path in changed:
        assert path.endswith(("moving_mean", "moving_variance", "noise_step")), path
    assert [int(gate.noise_step.numpy()) for gate in model.gates] == [STEPS] * 3


def test_momentum_is_restored_and_training_goes_on(model, tmp_path):
    norm = model.get_layer("stem_bn")
    norm.momentum = 0.75
    tfgate.recalibrate_batch_norm(model, batches(), steps=STEPS)
    assert norm.momentum == 0.75
    moving = norm.moving_mean.numpy()
    images = builders.make_images(6)
    batch_mean = first_norm_inputs(model, images).mean(axis=(0, 1, 2))
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(images, builders.make_labels(6), batch_size=6, verbose=0)
    np.testing.assert_allclose(
        norm.moving_mean.numpy(),
        0.75 * moving + 0.25 * batch_mean,
        rtol=1e-4,
        atol=1e-5,
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_layer("stem_bn").momentum == 0.75


@pytest.mark.parametrize("form", ["list", "pairs", "dataset", "generator", "endless"])
def test_forms_of_the_data_set(form):
    model = builders.tiny_model(names=("g",))
    builders.randomize(model)
    images = np.concatenate(batches())
    means, _ = statistics([first_norm_inputs(model, x) for x in batches()])
    dataset = {
        "list": batches(),
        "pairs": [(x, np.zeros(len(x))) for x in batches()],
        "dataset": tf.data.Dataset.from_tensor_slices(images).batch(6),
        "generator": (x for x in batches()),
        "endless": itertools.cycle(batches()),
    }[form]
    tfgate.recalibrate_batch_norm(model, dataset, steps=STEPS)
    norm = model.get_layer("stem_bn")
    np.testing.assert_allclose(norm.moving_mean.numpy(), means.mean(axis=0), rtol=1e-4)


def test_data_set_that_is_too_short(model):
    norm = model.get_layer("stem_bn")
    momentum = norm.momentum
    with pytest.raises(ValueError, match="at least 4 batches, got 3"):
        tfgate.recalibrate_batch_norm(model, batches(3), steps=4)
    assert norm.momentum == momentum


def test_failing_data_set_restores_the_momentum(model):
    def failing():
        yield batches()[0]
        raise OSError

    norm = model.get_layer("stem_bn")
    momentum = norm.momentum
    with pytest.raises(OSError):
        tfgate.recalibrate_batch_norm(model, failing(), steps=2)
    assert norm.momentum == momentum


@pytest.mark.parametrize("steps", [0, -1])
def test_bad_steps(model, steps):
    with pytest.raises(ValueError, match="steps"):
        tfgate.recalibrate_batch_norm(model, batches(), steps=steps)


def test_frozen_norms_get_new_statistics_and_stay_frozen(model):
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    frozen = model.get_layer("stem_bn")
    frozen.trainable = False
    frozen.moving_mean.assign(np.full(frozen.moving_mean.shape, 123.0))
    for each in (model, twin):
        tfgate.recalibrate_batch_norm(each, batches(), steps=STEPS)
    np.testing.assert_array_equal(
        frozen.moving_mean.numpy(), twin.get_layer("stem_bn").moving_mean.numpy()
    )
    assert not frozen.trainable and not frozen.trainable_variables
