"""evaluate_exits against an evaluation image by image."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tests.tfgate.exit_networks import SIZE
from tests.tfgate.exit_networks import exit_model


@pytest.fixture(scope="module")
def model():
    model = exit_model()
    builders.randomize(model, seed=6)  # some images leave at each exit
    return model


def data(count=64):
    generator = np.random.default_rng(0)
    noise = generator.normal(size=(count, SIZE, SIZE, 3))
    tints = generator.normal(size=(count, 1, 1, 3))  # the gates see means
    return (noise + 2.0 * tints).astype("float32"), builders.make_labels(count)


def dataset(count=64, one_hot=False):
    x, y = data(count)
    if one_hot:
        y = keras.utils.to_categorical(y, builders.CLASSES)
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(24)


@pytest.mark.parametrize("one_hot", [False, True])
def test_against_image_by_image(model, one_hot):
    table = tfgate.evaluate_exits(model, dataset(one_hot=one_hot))
    assert [row["exit"] for row in table] == ["exit1", "exit2", "last", "all"]
    x, y = data()
    answers = keras.Model(model.input, list(model.exits.answers))(x, training=False)
    z = builders.decisions(model, x)
    chosen = [[], [], []]
    for image in range(len(x)):
        closed = [k for k in (0, 1) if z[f"exit{k + 1}_exit_gate"][image, 0] == 0]
        chosen[closed[0] if closed else 2].append(image)
    assert all(chosen)
    counts = [
        model.costs.count({name: rows[image] for name, rows in z.items()})
        for image in range(len(x))
    ]
    for row, images, answer in zip(table, chosen, answers, strict=False):
        correct = np.argmax(answer, axis=1) == y
        assert row["images"] == len(images)
        assert row["share"] == pytest.approx(len(images) / 64)
        assert row["accuracy_all"] == pytest.approx(correct.mean())
        assert row["accuracy_chosen"] == pytest.approx(correct[images].mean())
        expected = np.mean([counts[i] for i in images])
        assert row["executed_macs_mean"] == pytest.approx(expected)
    whole = table[-1]
    accuracy = np.mean(builders.predict(model, x).argmax(axis=1) == y)
    assert (whole["images"], whole["share"]) == (64, 1.0)
    assert whole["accuracy_all"] == whole["accuracy_chosen"] == pytest.approx(accuracy)
    assert whole["executed_macs_mean"] == pytest.approx(np.mean(counts))


def test_agrees_with_evaluate_policies(model):
    whole = tfgate.evaluate_exits(model, dataset())[-1]
    (row,) = tfgate.evaluate_policies(model, dataset(), model.policy)
    assert whole["accuracy_all"] == row["accuracy"]
    assert whole["executed_macs_mean"] == pytest.approx(row["executed_macs_mean"])


def test_exits_that_nobody_takes(model):
    with tfgate.use_policy(model, tfgate.AlwaysOpen()):
        first, second, last, _ = tfgate.evaluate_exits(model, dataset())
    for row in (first, second):
        assert (row["images"], row["share"]) == (0, 0.0)
        assert row["accuracy_chosen"] is None and row["executed_macs_mean"] is None
        assert 0.0 < row["accuracy_all"] < 1.0
    assert last["share"] == 1.0
    assert last["accuracy_all"] == last["accuracy_chosen"]
    assert last["executed_macs_mean"] == model.costs.all_open


def test_model_without_exits():
    with pytest.raises(ValueError, match="Expected a model with early exits"):
        tfgate.evaluate_exits(builders.tiny_model(), dataset())


def test_labels_that_are_no_classes(model):
    x, y = data(4)
    with pytest.raises(ValueError, match=r"whole numbers in \[0, 3\)"):
        tfgate.evaluate_exits(model, [(x, y + 7)])
