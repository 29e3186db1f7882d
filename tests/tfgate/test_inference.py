"""Policies for a while, and ensembles of stochastic runs."""

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
        gate.noise_step.assign(0)
    return model


def stochastic_runs(model, images):
    """Predictions `[RUNS, batch, classes]` from the start of the noise sequence."""
    with tfgate.use_policy(model, tfgate.Stochastic()):
        runs = [model.predict(images, verbose=0) for _ in range(RUNS)]
    rewind(model)
    return np.stack(runs)


class TestUsePolicy:
    def test_for_the_time_of_the_with_statement(self, model):
        images = builders.make_images(4)
        with tfgate.use_policy(model, tfgate.AlwaysOpen()) as used:
            assert used is model
            assert model.policy == tfgate.AlwaysOpen()
            inside = list(builders.decisions(model, images).values())
        assert model.policy == tfgate.Threshold(0.5)
        np.testing.assert_array_equal(inside, np.ones((2, 4, 1)))

    def test_restores_tau(self, model):
        with tfgate.use_policy(model, tfgate.Threshold(0.9)):
            assert float(model.gates[0].tau.numpy()) == pytest.approx(0.9)
        assert float(model.gates[0].tau.numpy()) == 0.5

    def test_restores_after_an_error(self, model):
        with pytest.raises(RuntimeError):
            with tfgate.use_policy(model, tfgate.AlwaysOpen()):
                raise RuntimeError
        assert model.policy == tfgate.Threshold(0.5)
        assert {gate.policy for gate in model.gates} == {tfgate.Threshold(0.5)}


class TestEnsemblePredict:
    def test_mean_of_the_runs(self, model):
        images = builders.make_images(6)
        runs = stochastic_runs(model, images)
        assert (runs[0] != runs[1]).any()
        combined = tfgate.ensemble_predict(model, images, runs=RUNS)
        np.testing.assert_allclose(combined, runs.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(combined.sum(axis=1), np.ones(6), rtol=1e-5)

    def test_vote_of_the_runs(self, model):
        images = builders.make_images(6)
        runs = stochastic_runs(model, images)
        winners = runs.argmax(axis=2)
        expected = (winners[..., None] == np.arange(3)).mean(axis=0)
        combined = tfgate.ensemble_predict(model, images, runs=RUNS, combine="vote")
        np.testing.assert_allclose(combined, expected, rtol=1e-6)
        np.testing.assert_allclose(combined.sum(axis=1), np.ones(6), rtol=1e-6)

    def test_mean_of_logits_applies_the_softmax_first(self, logits_model):
        images = builders.make_images(6)
        runs = stochastic_runs(logits_model, images).astype("float64")
        exponentials = np.exp(runs)
        shares = exponentials / exponentials.sum(axis=2, keepdims=True)
        combined = tfgate.ensemble_predict(
            logits_model, images, runs=RUNS, from_logits=True
        )
        np.testing.assert_allclose(combined, shares.mean(axis=0), rtol=1e-5)

    def test_vote_is_the_same_for_logits(self, model, logits_model):
        images = builders.make_images(6)
        votes = [
            tfgate.ensemble_predict(each, images, RUNS, "vote", from_logits=is_logits)
            for each, is_logits in ((model, False), (logits_model, True))
        ]
        np.testing.assert_array_equal(*votes)

    def test_one_run(self, model):
        images = builders.make_images(6)
        runs = stochastic_runs(model, images)
        np.testing.assert_array_equal(
            tfgate.ensemble_predict(model, images, runs=1), runs[0]
        )

    def test_batches_see_different_noise(self, model):
        """The same image in each batch of one, in one run."""
        images = np.repeat(builders.make_images(1), 16, axis=0)
        combined = tfgate.ensemble_predict(model, images, runs=1, batch_size=1)
        assert len(np.unique(combined.round(5), axis=0)) > 1

    def test_policy_is_restored(self, model):
        tfgate.ensemble_predict(model, builders.make_images(2), runs=1)
        assert model.policy == tfgate.Threshold(0.5)

    def test_policy_is_restored_after_an_error(self, model):
        with pytest.raises(ValueError):
            tfgate.ensemble_predict(model, np.zeros((2, 5)), runs=1)
        assert model.policy == tfgate.Threshold(0.5)

    @pytest.mark.parametrize("runs", [0, -1])
    def test_bad_runs(self, model, runs):
        with pytest.raises(ValueError, match="runs"):
            tfgate.ensemble_predict(model, builders.make_images(2), runs=runs)

    @pytest.mark.parametrize("combine", ["median", None, "MEAN"])
    def test_bad_combine(self, model, combine):
        with pytest.raises(ValueError, match="combine"):
            tfgate.ensemble_predict(
                model, builders.make_images(2), runs=1, combine=combine
            )
