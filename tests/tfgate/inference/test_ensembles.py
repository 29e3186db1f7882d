"""Ensembles of stochastic runs."""

import numpy as np
import pytest

import tfgate
from tests.tfgate import builders

RUNS = 5


@pytest.fixture(scope="module")
def coin_models():
    """The same weights and noise twice, with a softmax and with logits."""
    models = []
    for activation in ("softmax", None):
        model = builders.tiny_model(
            names=("one", "two"), initial_open_probability=0.5, activation=activation
        )
        builders.randomize(model)
        for gate in model.gates:
            builders.set_open_probability(gate, 0.5)
        models.append(model)
    return models


@pytest.fixture
def model(coin_models):
    return rewind(coin_models[0])


@pytest.fixture
def logits_model(coin_models):
    return rewind(coin_models[1])


def rewind(model):
    """Starts the noise sequence again."""
    for gate in model.gates:
        gate.evaluation_step.assign(0)
    return model


def stochastic_runs(model, images):
    """Predictions `[RUNS, batch, classes]` from the start of the noise sequence."""
    with tfgate.use_policy(model, tfgate.Stochastic()):
        runs = [model.predict(images, verbose=0) for _ in range(RUNS)]
    rewind(model)
    return np.stack(runs)


def test_mean_of_the_runs(model):
    images = builders.make_images(6)
    runs = stochastic_runs(model, images)
    assert (runs[0] != runs[1]).any()
    combined = tfgate.ensemble_predict(model, images, runs=RUNS)
    np.testing.assert_allclose(combined, runs.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(combined.sum(axis=1), np.ones(6), rtol=1e-5)


def test_vote_of_the_runs(model):
    images = builders.make_images(6)
    runs = stochastic_runs(model, images)
    winners = runs.argmax(axis=2)
    expected = (winners[..., None] == np.arange(3)).mean(axis=0)
    combined = tfgate.ensemble_predict(model, images, runs=RUNS, combine="vote")
    np.testing.assert_allclose(combined, expected, rtol=1e-6)
    np.testing.assert_allclose(combined.sum(axis=1), np.ones(6), rtol=1e-6)


def test_mean_of_logits_applies_the_softmax_first(logits_model):
    images = builders.make_images(6)
    runs = stochastic_runs(logits_model, images).astype("float64")
    exponentials = np.exp(runs)
    shares = exponentials / exponentials.sum(axis=2, keepdims=True)
    combined = tfgate.ensemble_predict(
        logits_model, images, runs=RUNS, from_logits=True
    )
    np.testing.assert_allclose(combined, shares.mean(axis=0), rtol=1e-5)


def test_vote_is_the_same_for_logits(model, logits_model):
    images = builders.make_images(6)
    votes = [
        tfgate.ensemble_predict(each, images, RUNS, "vote", from_logits=is_logits)
        for each, is_logits in ((model, False), (logits_model, True))
    ]
    np.testing.assert_array_equal(*votes)


def test_one_run(model):
    images = builders.make_images(6)
    runs = stochastic_runs(model, images)
    np.testing.assert_array_equal(
        tfgate.ensemble_predict(model, images, runs=1), runs[0]
    )


def test_batches_see_different_noise(model):
    """The same image in each batch of one, in one run."""
    images = np.repeat(builders.make_images(1), 16, axis=0)
    combined = tfgate.ensemble_predict(model, images, runs=1, batch_size=1)
    assert len(np.unique(combined.round(5), axis=0)) > 1


def test_policy_is_restored(model):
    tfgate.ensemble_predict(model, builders.make_images(2), runs=1)
    assert model.policy == tfgate.Threshold(0.5)


def test_policy_is_restored_after_an_error(model):
    with pytest.raises(ValueError):
        tfgate.ensemble_predict(model, np.zeros((2, 5)), runs=1)
    assert model.policy == tfgate.Threshold(0.5)


@pytest.mark.parametrize("runs", [0, -1])
def test_bad_runs(model, runs):
    with pytest.raises(ValueError, match="runs"):
        tfgate.ensemble_predict(model, builders.make_images(2), runs=runs)


@pytest.mark.parametrize("combine", ["median", None, "MEAN"])
def test_bad_combine(model, combine):
    with pytest.raises(ValueError, match="combine"):
        tfgate.ensemble_predict(model, builders.make_images(2), runs=1, combine=combine)


def validation_set():
    # Large values, so that runs differ in the class that they choose.
    images = 30.0 * builders.make_images(40, seed=5)
    labels = builders.make_labels(40)
    return images, labels, [(images[:25], labels[:25]), (images[25:], labels[25:])]


def test_weighted_by_the_accuracy_of_each_run_on_the_validation_set(model):
    images = builders.make_images(6)
    validation, labels, batches = validation_set()
    correct = np.zeros(RUNS)
    with tfgate.use_policy(model, tfgate.Stochastic()):
        for x, y in batches:
            for run in range(RUNS):
                correct[run] += (builders.predict(model, x).argmax(1) == y).sum()
        runs = np.stack([model.predict(images, verbose=0) for _ in range(RUNS)])
    assert len(np.unique(correct)) > 1
    rewind(model)
    combined = tfgate.ensemble_predict(
        model, images, RUNS, "weighted", validation=batches
    )
    expected = np.average(runs, axis=0, weights=correct / len(validation))
    np.testing.assert_allclose(combined, expected, rtol=1e-5)
    assert abs(combined - runs.mean(axis=0)).max() > 1e-6


def test_weights_take_one_hot_labels(model):
    images = builders.make_images(6)
    _, _, batches = validation_set()
    one_hot = [(x, np.eye(3)[y]) for x, y in batches]
    results = []
    for validation in (batches, one_hot):
        rewind(model)
        results.append(
            tfgate.ensemble_predict(
                model, images, RUNS, "weighted", validation=validation
            )
        )
    np.testing.assert_array_equal(*results)


def test_validation_without_any_correct_prediction(model):
    images = builders.make_images(30)
    with tfgate.use_policy(model, tfgate.Stochastic()):
        runs = [builders.predict(model, images[:1]).argmax() for _ in range(30)]
    never = [label for label in range(3) if label not in runs][0]
    rewind(model)
    with pytest.raises(ValueError, match="validation.*right at least once"):
        tfgate.ensemble_predict(
            model, images, 2, "weighted", validation=[(images[:1], [never])]
        )


@pytest.mark.parametrize(
    ("combine", "given"), [("weighted", False), ("mean", True), ("vote", True)]
)
def test_validation_belongs_to_weighted(model, combine, given):
    validation = validation_set()[2] if given else None
    with pytest.raises(ValueError, match="validation"):
        tfgate.ensemble_predict(
            model, builders.make_images(2), 2, combine, validation=validation
        )


@pytest.mark.parametrize("combine", ["mean", "weighted"])
def test_logits_must_be_announced(logits_model, combine):
    validation = validation_set()[2] if combine == "weighted" else None
    with pytest.raises(ValueError, match="from_logits=True"):
        tfgate.ensemble_predict(
            logits_model, builders.make_images(2), 1, combine, validation=validation
        )
