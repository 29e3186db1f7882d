"""The table of policies, against counts made one by one with NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tfgate.inference import evaluation

IMAGES = 23
BATCH = 7
COLUMNS = [
    "policy",
    "tau",
    "accuracy",
    "accuracy_std",
    "top5_accuracy",
    "activation_rate",
    "executed_macs_mean",
    "executed_macs_p5",
    "executed_macs_p95",
    "images",
    "runs",
]


@pytest.fixture(scope="module")
def shared_model():
    return builders.per_image_model()


@pytest.fixture
def model(shared_model):
    for gate in shared_model.gates:
        gate.evaluation_step.assign(0)
    return shared_model


@pytest.fixture(scope="module")
def images():
    # Large values, so that runs differ in the class that they choose.
    return 10.0 * builders.make_images(IMAGES)


@pytest.fixture(scope="module")
def labels():
    return builders.make_labels(IMAGES)


@pytest.fixture(scope="module")
def dataset(images, labels):
    return tf.data.Dataset.from_tensor_slices((images, labels)).batch(BATCH)


def batches(images):
    return [images[start : start + BATCH] for start in range(0, len(images), BATCH)]


def run(model, images, policy):
    """Scores, joined decisions and MACs of some images, without the library's loop."""
    with tfgate.use_policy(model, policy):
        outputs = model.core(images, training=False)
    decisions = [
        keras.ops.convert_to_numpy(outputs["gates"][name]["decision"])
        for name in model.gate_names
    ]
    macs = model.costs.all_closed + sum(
        decision @ model.costs.components[name]
        for name, decision in zip(model.gate_names, decisions, strict=True)
    )
    scores = keras.ops.convert_to_numpy(outputs["predictions"])
    return scores, np.concatenate(decisions, axis=1), macs


def stochastic_runs(model, images, runs):
    """What `runs` give batch by batch: lists of `[runs, batch, ...]`, concatenated."""
    parts = []
    for batch in batches(images):
        results = [run(model, batch, tfgate.Stochastic()) for _ in range(runs)]
        parts.append([np.stack(part) for part in zip(*results, strict=True)])
    return [np.concatenate(part, axis=1) for part in zip(*parts, strict=True)]


@pytest.mark.parametrize(
    "policy",
    [tfgate.Threshold(0.1), tfgate.Threshold(0.3), tfgate.AlwaysOpen()],
    ids=["low", "high", "open"],
)
def test_deterministic_policies(model, images, labels, dataset, policy):
    (row,) = tfgate.evaluate_policies(model, dataset, [policy])
    scores, decisions, macs = run(model, images, policy)
    if policy != tfgate.AlwaysOpen():
        assert len(np.unique(macs)) > 2
    assert list(row) == COLUMNS
    assert row["tau"] == getattr(policy, "tau", None)
    assert row["accuracy"] == pytest.approx((scores.argmax(axis=1) == labels).mean())
    assert row["accuracy_std"] is None
    assert row["activation_rate"] == pytest.approx(decisions.mean())
    assert row["executed_macs_mean"] == pytest.approx(macs.mean())
    assert row["executed_macs_p5"] == pytest.approx(np.percentile(macs, 5))
    assert row["executed_macs_p95"] == pytest.approx(np.percentile(macs, 95))
    assert (row["images"], row["runs"]) == (IMAGES, 1)


def test_thresholds_differ(model, dataset):
    taus = (0.1, 0.5, 0.9)
    table = tfgate.evaluate_policies(model, dataset, [*map(tfgate.Threshold, taus)])
    assert [row["tau"] for row in table] == list(taus)
    macs = [row["executed_macs_mean"] for row in table]
    assert macs[0] > macs[1] > macs[2]


def test_stochastic_runs_are_measured_one_by_one(model, images, labels, dataset):
    (row,) = tfgate.evaluate_policies(model, dataset, tfgate.StochasticRuns(6))
    for gate in model.gates:
        gate.evaluation_step.assign(0)
    scores, decisions, macs = stochastic_runs(model, images, 6)
    accuracies = (scores.argmax(axis=2) == labels).mean(axis=1)
    assert len(set(accuracies)) > 1
    assert row["policy"] == "stochastic"
    assert row["accuracy"] == pytest.approx(accuracies.mean())
    assert row["accuracy_std"] == pytest.approx(accuracies.std())
    assert row["activation_rate"] == pytest.approx(decisions.mean())
    assert row["executed_macs_mean"] == pytest.approx(macs.mean())
    assert row["executed_macs_p5"] == pytest.approx(np.percentile(macs, 5))
    assert row["executed_macs_p95"] == pytest.approx(np.percentile(macs, 95))
    assert (row["images"], row["runs"]) == (IMAGES, 6)


@pytest.mark.parametrize("combine", ["mean", "vote"])
def test_ensembles_cost_all_their_runs(model, images, labels, dataset, combine):
    (row,) = tfgate.evaluate_policies(model, dataset, tfgate.Ensemble(4, combine))
    for gate in model.gates:
        gate.evaluation_step.assign(0)
    scores, decisions, macs = stochastic_runs(model, images, 4)
    votes = np.eye(builders.CLASSES)[scores.argmax(axis=2)]
    combined = (votes if combine == "vote" else scores).mean(axis=0)
    assert row["policy"] == f"ensemble_{combine}"
    assert row["accuracy"] == pytest.approx((combined.argmax(axis=1) == labels).mean())
    assert row["accuracy_std"] is None
    assert row["activation_rate"] == pytest.approx(decisions.mean())
    assert row["executed_macs_mean"] == pytest.approx(macs.sum(axis=0).mean())
    expected = np.percentile(macs.sum(axis=0), 95)
    assert row["executed_macs_p95"] == pytest.approx(expected)
    assert row["runs"] == 4


def test_weighted_ensemble(model, images, labels, dataset):
    validation = [
        (10.0 * builders.make_images(15, seed=8), builders.make_labels(15, seed=8))
    ]
    (row,) = tfgate.evaluate_policies(
        model, dataset, tfgate.Ensemble(4, "weighted", validation)
    )
    for gate in model.gates:
        gate.evaluation_step.assign(0)
    guesses = [
        run(model, validation[0][0], tfgate.Stochastic())[0].argmax(axis=1)
        for _ in range(4)
    ]
    weights = [(guess == validation[0][1]).mean() for guess in guesses]
    assert len(set(weights)) > 1
    scores, _, _ = stochastic_runs(model, images, 4)
    combined = np.average(scores, axis=0, weights=weights)
    assert row["policy"] == "ensemble_weighted"
    assert row["accuracy"] == pytest.approx((combined.argmax(axis=1) == labels).mean())


def test_logits_and_probabilities_give_the_same_table(images, labels, dataset):
    tables = []
    for activation in ("softmax", None):
        model = builders.per_image_model(activation=activation)
        policies = [tfgate.Threshold(0.4), tfgate.StochasticRuns(2), tfgate.Ensemble(3)]
        tables.append(
            tfgate.evaluate_policies(
                model, dataset, policies, from_logits=activation is None
            )
        )
    assert tables[0] == tables[1]


def test_one_hot_labels_and_iterators(model, images, labels, dataset):
    sparse = tfgate.evaluate_policies(model, dataset, tfgate.Threshold())
    one_hot = np.eye(builders.CLASSES)[labels]
    once = zip(batches(images), batches(one_hot), strict=True)
    assert tfgate.evaluate_policies(model, once, tfgate.Threshold()) == sparse


def test_top5_of_more_than_five_classes(images):
    core = builders.per_image_model().core
    features = core.get_layer("head").input
    outputs = keras.layers.Dense(9, activation="softmax")(features)
    model = tfgate.GatedModel(core.input, outputs)
    labels = np.random.default_rng(3).integers(0, 9, IMAGES)
    (row,) = tfgate.evaluate_policies(model, [(images, labels)], tfgate.Threshold())
    scores, _, _ = run(model, images, tfgate.Threshold())
    best = np.argsort(-scores, axis=1)[:, :5]
    expected = (best == labels[:, None]).any(axis=1).mean()
    assert row["accuracy"] < expected < 1.0
    assert row["top5_accuracy"] == pytest.approx(expected)


def test_batch_of_one_of_one_class(model, images):
    (row,) = tfgate.evaluate_policies(
        model, [(images[:1], [0])], tfgate.StochasticRuns(1)
    )
    assert row["accuracy"] in (0.0, 1.0)
    assert row["accuracy_std"] is None
    assert row["executed_macs_p5"] == row["executed_macs_p95"]
    assert row["images"] == 1


def test_policy_is_restored(model, dataset):
    tfgate.evaluate_policies(
        model, dataset, [tfgate.Threshold(0.9), tfgate.AlwaysOpen()]
    )
    assert model.policy == tfgate.Threshold(0.5)
    assert float(model.gates[0].tau.numpy()) == 0.5


def test_policy_is_restored_after_an_error(model, images):
    with pytest.raises(ValueError, match="labels"):
        tfgate.evaluate_policies(model, [(images, [7] * IMAGES)], tfgate.AlwaysOpen())
    assert model.policy == tfgate.Threshold(0.5)


@pytest.mark.parametrize("tau", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_tau_out_of_range(tau):
    with pytest.raises(ValueError, match=rf"tau in \(0, 1\), got {tau}"):
        tfgate.Threshold(tau)


@pytest.mark.parametrize("policies", [[], ["threshold"], [0.5], [tfgate.Threshold]])
def test_what_is_no_policy(model, dataset, policies):
    with pytest.raises(ValueError, match="polic"):
        tfgate.evaluate_policies(model, dataset, policies)


@pytest.mark.parametrize(
    "make",
    [
        lambda: tfgate.StochasticRuns(0),
        lambda: tfgate.Ensemble(0),
        lambda: tfgate.Ensemble(2, "median"),
        lambda: tfgate.Ensemble(2, "weighted"),
        lambda: tfgate.Ensemble(2, "vote", [(1, 2)]),
    ],
)
def test_what_is_no_ensemble(make):
    with pytest.raises(ValueError, match="Expected (runs|combine|validation)"):
        make()


def test_predictions_that_are_no_classes(images):
    core = builders.per_image_model().core
    features = core.get_layer("head").input
    model = tfgate.GatedModel(core.input, keras.layers.Dense(1)(features))
    with pytest.raises(ValueError, match=r"one tensor \[batch, classes\]"):
        tfgate.evaluate_policies(model, [(images, [0] * IMAGES)], tfgate.Threshold())


def test_name_of_a_policy_with_other_numbers():
    class TopK(tfgate.Policy):
        def get_config(self):
            return {"k": 3, "tau": 0.5}

    assert evaluation.policy_name(TopK()) == "top_k k=3"
