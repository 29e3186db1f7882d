"""A recorded pass is what the network does."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders

IMAGES = 11


@pytest.fixture(scope="module")
def model():
    return builders.per_image_model()


@pytest.fixture(scope="module")
def images():
    return 10.0 * builders.make_images(IMAGES)


@pytest.fixture(scope="module")
def labels():
    return builders.make_labels(IMAGES)


@pytest.fixture(scope="module")
def dataset(images, labels):
    return tf.data.Dataset.from_tensor_slices((images, labels)).batch(4)


def joined(model, gates, key):
    arrays = [keras.ops.convert_to_numpy(gates[name][key]) for name in model.gate_names]
    return np.concatenate(arrays, axis=1)


@pytest.mark.parametrize("tau", [0.1, 0.3])
def test_threshold(model, images, labels, dataset, tau):
    gate_pass = tfgate.analysis.record(model, dataset, tfgate.Threshold(tau))
    with tfgate.use_policy(model, tfgate.Threshold(tau)):
        outputs = model.core(images, training=False)
    decisions = joined(model, outputs["gates"], "decision")
    probabilities = joined(model, outputs["gates"], "probability")
    scores = keras.ops.convert_to_numpy(outputs["predictions"])
    components = np.concatenate(list(model.costs.components.values()))
    assert gate_pass.label == f"threshold {tau}"
    assert len(np.unique(decisions, axis=0)) > 2
    np.testing.assert_array_equal(gate_pass.decisions, decisions == 1.0)
    np.testing.assert_allclose(gate_pass.probabilities, probabilities, atol=1e-3)
    np.testing.assert_array_equal(gate_pass.labels, labels)
    np.testing.assert_array_equal(gate_pass.predictions, scores.argmax(axis=1))
    np.testing.assert_allclose(
        gate_pass.executed_macs, model.costs.all_closed + decisions @ components
    )
    np.testing.assert_array_equal(gate_pass.component_macs, components)
    assert gate_pass.gate_names == ("first", "second", "third")
    assert gate_pass.components == (1, 1, 1)
    assert gate_pass.all_open_macs == model.costs.all_open
    assert gate_pass.dense_macs == model.costs.dense


def test_agrees_with_the_table_of_policies(model, dataset):
    gate_pass = tfgate.analysis.record(model, dataset, tfgate.Threshold(0.3))
    (row,) = tfgate.evaluate_policies(model, dataset, tfgate.Threshold(0.3))
    assert row["accuracy"] == gate_pass.accuracy
    assert row["activation_rate"] == pytest.approx(gate_pass.decisions.mean())
    assert row["executed_macs_mean"] == pytest.approx(gate_pass.executed_macs.mean())


def test_own_policy_by_default_and_kept(model, dataset):
    assert tfgate.analysis.record(model, dataset).label == "threshold 0.5"
    tfgate.analysis.record(model, dataset, tfgate.AlwaysOpen())
    assert model.policy == tfgate.Threshold(0.5)


def test_stochastic_follows_the_probabilities(model, images):
    many = np.repeat(images[:1], 2000, axis=0)
    gate_pass = tfgate.analysis.record(
        model, [(many, np.zeros(2000))], tfgate.Stochastic(), thumbnails=0
    )
    assert (gate_pass.policy, gate_pass.tau) == ("stochastic", None)
    # Of the first gate, whose input does not depend on other decisions.
    p = float(gate_pass.probabilities[0, 0])
    assert 0.0 < p < 1.0
    spread = 5.0 * np.sqrt(p * (1.0 - p) / 2000)
    assert gate_pass.component_rates()[0] == pytest.approx(p, abs=spread)


def test_gates_of_many_components():
    model = tfgate.applications.CifarResNet(20, gate="dependent", granularity="bas")
    builders.randomize(model)
    images = np.random.default_rng(0).uniform(size=(5, 32, 32, 3)).astype("float32")
    gate_pass = tfgate.analysis.record(model, [(images, [0, 1, 2, 3, 4])])
    outputs = model.core(images, training=False)
    decisions = joined(model, outputs["gates"], "decision")
    assert gate_pass.components == (16,) * 3 + (32,) * 3 + (64,) * 3
    assert 0.0 < decisions.mean() < 1.0
    np.testing.assert_array_equal(gate_pass.decisions, decisions == 1.0)
    by_hand = [
        model.costs.count(
            {
                name: line[gate_pass.columns(name)].astype("float64")
                for name in model.gate_names
            }
        )
        for line in decisions
    ]
    np.testing.assert_allclose(gate_pass.executed_macs, by_hand, rtol=1e-6)


def test_class_names(model, dataset):
    named = tfgate.analysis.record(model, dataset, class_names=["a", "b", "c"])
    assert named.class_names == ("a", "b", "c")
    assert tfgate.analysis.record(model, dataset).class_names == ("0", "1", "2")
    with pytest.raises(ValueError, match="class_names to have 3 names, .*, got 2"):
        tfgate.analysis.record(model, dataset, class_names=["a", "b"])


def test_thumbnails_are_of_the_ends(model, images, dataset):
    gate_pass = tfgate.analysis.record(
        model, dataset, tfgate.Threshold(0.1), thumbnails=2
    )
    macs = gate_pass.executed_macs
    kept = gate_pass.thumbnail_indices
    assert len(kept) == len(gate_pass.thumbnails) == 4
    assert sorted(macs[kept])[:2] == sorted(macs)[:2]
    assert sorted(macs[kept])[2:] == sorted(macs)[-2:]
    low, high = images.min(), images.max()
    expected = np.round(255 * (images[kept] - low) / (high - low))
    np.testing.assert_allclose(gate_pass.thumbnails, expected, atol=1.0)


def test_no_thumbnails_asked_for(model, dataset):
    assert len(tfgate.analysis.record(model, dataset, thumbnails=0).thumbnails) == 0
    with pytest.raises(ValueError, match="thumbnails >= 0, got -1"):
        tfgate.analysis.record(model, dataset, thumbnails=-1)


def test_batch_of_one(model, images):
    gate_pass = tfgate.analysis.record(model, [(images[:1], [2])])
    assert gate_pass.decisions.shape == (1, 3)
    assert gate_pass.thumbnail_indices.tolist() == [0]


def test_no_labels(model, images):
    with pytest.raises(ValueError, match=r"batches \(x, y\)"):
        tfgate.analysis.record(model, [images])
