"""TNN's two phases: what is frozen, what learns, what is saved."""

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders
from tests.tfgate.throttling import networks
from tfgate.throttling import BetaControl
from tfgate.throttling import ScoreFunction

ESTIMATORS = {
    "concrete": tfgate.estimators.BinaryConcrete(0.1, hard=False),
    "score": ScoreFunction(tfgate.schedules.Linear(0.8, 0.99, end=8)),
}


def first_phase(make=None, **arguments):
    """A throttled network after some steps with random gating."""
    model = networks.tiny() if make is None else tfgate.throttle(networks.gated(make))
    phase1 = tfgate.throttle(model, "independent", seed=4, **arguments)
    phase1.train_data_path()
    builders.compile_plainly(phase1)
    phase1.fit(networks.images(16), builders.make_labels(16), verbose=0)
    return phase1


def second_phase(phase1, gating="blind", estimator="concrete", **arguments):
    estimator = ESTIMATORS[estimator]
    model = tfgate.throttle(phase1, gating, estimator=estimator, seed=6)
    model.train_data_path(False)
    arguments.setdefault("optimizer", keras.optimizers.SGD(0.1, momentum=0.9))
    arguments.setdefault("gate_losses", tfgate.Complexity())
    return builders.compile_plainly(model, **arguments)


def fit(model, epochs=1, initial_epoch=0):
    return model.fit(
        networks.images(24),
        builders.make_labels(24),
        batch_size=8,
        initial_epoch=initial_epoch,
        epochs=epochs,
        shuffle=False,
        verbose=0,
    ).history


def weights_of(layers):
    return [v.numpy() for layer in layers for v in layer.weights]


def data_path(model):
    others = (tfgate.throttling.GatingFunction, tfgate.throttling.Dial)
    return [layer for layer in model.core.layers if not isinstance(layer, others)]


@pytest.fixture(scope="module")
def phase1():
    keras.utils.set_random_seed(1)
    return first_phase(distribution=BetaControl(2, 1))


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("gating", ["blind", "contextual"])
def test_end_to_end(phase1, gating, estimator, tmp_path):
    model = second_phase(phase1, gating, estimator)
    assert model.dial.distribution == BetaControl(2, 1)
    before = weights_of(data_path(model))
    for old, kept in zip(weights_of(data_path(phase1)), before, strict=True):
        np.testing.assert_array_equal(kept, old)
    learned = [v.numpy() for v in model.gating.trainable_variables]
    logs = fit(model, epochs=2)
    assert np.isfinite(logs["loss"]).all()
    # Batch norm's statistics are among them.
    for old, kept in zip(before, weights_of(data_path(model)), strict=True):
        np.testing.assert_array_equal(kept, old)
    for old, variable in zip(learned, model.gating.trainable_variables, strict=True):
        assert abs(variable.numpy() - old).max() > 0.0, variable.path
    images = networks.images(8)
    model.u = 0.7
    decisions = networks.gates(model, images, "decision")
    assert set(np.unique(decisions)) <= {0.0, 1.0}
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.u == pytest.approx(0.7)
    assert [v.path for v in loaded.trainable_variables] == [
        v.path for v in model.trainable_variables
    ]
    np.testing.assert_array_equal(loaded(images), model(images))
    assert (loaded.baseline is None) == (estimator == "concrete")


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_resumed_training_continues_bit_for_bit(phase1, estimator, tmp_path):
    model = second_phase(phase1, estimator=estimator)
    fit(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    logs, others = (fit(each, epochs=2, initial_epoch=1) for each in (model, loaded))
    assert logs == others
    assert [w.path for w in model.weights] == [w.path for w in loaded.weights]
    for weight, other in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(other, weight, err_msg=weight.path)


def test_soft_decisions_in_training_alone(phase1):
    model = second_phase(phase1)
    soft = networks.gates(model, networks.images(16), "decision", training=True)
    assert ((soft > 0.0) & (soft < 1.0)).any()
    hard = networks.gates(model, networks.images(16), "decision")
    assert set(np.unique(hard)) <= {0.0, 1.0}


@pytest.mark.parametrize(
    "make",
    [networks.vgg, networks.resnext, networks.densenet],
    ids=lambda m: m.__name__,
)
def test_every_architecture(make):
    """Nested layers, and gates whose decisions are scaled."""
    model = second_phase(first_phase(make), "contextual")
    before = weights_of(data_path(model))
    logs = fit(model)
    assert np.isfinite(logs["loss"]).all()
    for old, kept in zip(before, weights_of(data_path(model)), strict=True):
        np.testing.assert_array_equal(kept, old)


class TestTrainDataPath:
    def test_what_is_frozen(self):
        model = networks.tiny(gating="blind")
        everything = {v.path for v in model.trainable_variables}
        gating = {v.path for v in model.gating.trainable_variables}
        assert len(gating) == 4
        model.train_data_path(False)
        assert {v.path for v in model.trainable_variables} == gating
        model.train_data_path(True)
        assert {v.path for v in model.trainable_variables} == everything - gating
        model.train_data_path(False)
        assert {v.path for v in model.trainable_variables} == gating

    def test_nested_batch_norms_stay_at_inference(self):
        model = networks.tiny(gating="blind")
        model.train_data_path(False)
        inputs = [networks.images(6), np.full(6, 0.5, "float32")]
        model.gating.estimator = builders.MedianEstimator()
        training = model.core(inputs, training=True)["predictions"]
        np.testing.assert_array_equal(training, model(inputs))

    def test_functions_without_weights(self):
        model = networks.tiny()
        with pytest.raises(ValueError, match="with weights.*got Nested"):
            model.train_data_path(False)
        assert model.gating.trainable
        assert len(model.trainable_variables) > 0


class TestLogs:
    def test_u_and_utilization_in_training_and_evaluation(self, phase1):
        model = second_phase(phase1, gating="blind", estimator="score")
        logs = fit(model)
        assert 0.4 < logs["u"][0] < 0.95  # Beta(2, 1): 2/3
        assert 0.2 < logs["complexity"][0] < 0.8  # about even odds
        images, labels = networks.images(12), builders.make_labels(12)
        model.u = 0.75
        found = model.evaluate(images, labels, verbose=0, return_dict=True)
        assert found["u"] == pytest.approx(0.75)
        macs = np.concatenate(list(model.costs.components.values()))
        decisions = networks.gates(model, images, "decision")
        share = (decisions @ macs / macs.sum()).mean()
        assert found["complexity"] == pytest.approx(share, abs=1e-6)
        given = np.linspace(0.0, 1.0, 12, dtype="float32")
        found = model.evaluate([images, given], labels, verbose=0, return_dict=True)
        assert found["u"] == pytest.approx(0.5)

    def test_other_networks_have_none(self):
        model = builders.compile_plainly(builders.tiny_model())
        logs = model.evaluate(
            builders.make_images(2),
            builders.make_labels(2),
            verbose=0,
            return_dict=True,
        )
        assert not {"u", "complexity"} & set(logs)
