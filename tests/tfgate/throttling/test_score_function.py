"""ScoreFunction: enumerated gradients, the draws, and training with it."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tests.tfgate.throttling import networks
from tfgate import distribution
from tfgate.throttling import ScoreFunction
from tfgate.throttling.score_function import log_probability
from tfgate.throttling.score_function import modified_sigmoid

DECISIONS = np.array(list(itertools.product([0.0, 1.0], repeat=3)), "float32")
LOG_ODDS = np.array([0.7, -1.2, 0.2], "float32")
COSTS = np.array([1.0, 2.0, -1.0, 0.5, 6.0, 3.0, 2.5, 9.0])
ALPHAS = [0.6, 0.8, 1.0]


def numpy_probabilities(log_odds, alpha):
    """Pr(g) of all 8 decisions, `[8]`, in float64."""
    p = 1.0 / (1.0 + np.exp(-np.asarray(log_odds, "float64")))
    p = alpha * p + (1.0 - alpha) * (1.0 - p)
    return np.prod(np.where(DECISIONS == 1.0, p, 1.0 - p), axis=1)


def exact_gradient(alpha):
    """Of E[J] in the log odds, by finite differences of the sum over decisions."""
    return np.array(
        [
            (
                numpy_probabilities(LOG_ODDS + step, alpha)
                - numpy_probabilities(LOG_ODDS - step, alpha)
            )
            @ COSTS
            / 2e-5
            for step in 1e-5 * np.eye(3)
        ]
    )


def estimates(alpha, baseline):
    """What each of the 8 decisions would give as the gradient, `[8, 3]`."""
    log_odds = tf.tile(tf.constant(LOG_ODDS)[None], [8, 1])
    with tf.GradientTape() as tape:
        tape.watch(log_odds)
        surrogates = ScoreFunction(alpha).surrogate(
            tf.constant(COSTS, tf.float32),
            tf.constant([baseline] * 8, tf.float32),
            log_odds,
            tf.constant(DECISIONS),
        )
        total = tf.reduce_sum(surrogates)
    return tape.gradient(total, log_odds).numpy().astype("float64")


@pytest.mark.parametrize("alpha", ALPHAS)
class TestFormulas:
    def test_modified_sigmoid(self, alpha):
        found = modified_sigmoid(tf.constant([-1e4, 0.0, 1e4]), alpha)
        np.testing.assert_allclose(found, [1.0 - alpha, 0.5, alpha], rtol=1e-6)

    def test_log_probability(self, alpha):
        log_odds = tf.tile(tf.constant(LOG_ODDS)[None], [8, 1])
        found = log_probability(log_odds, tf.constant(DECISIONS), alpha)
        probabilities = numpy_probabilities(LOG_ODDS, alpha)
        np.testing.assert_allclose(np.exp(found), probabilities, rtol=1e-5)
        assert probabilities.sum() == pytest.approx(1.0)

    @pytest.mark.parametrize("baseline", [0.0, 2.875, -40.0])
    def test_the_mean_over_all_decisions_is_the_exact_gradient(self, alpha, baseline):
        probabilities = numpy_probabilities(LOG_ODDS, alpha)
        found = probabilities @ estimates(alpha, baseline)
        np.testing.assert_allclose(found, exact_gradient(alpha), rtol=1e-3, atol=1e-5)

    def test_the_baseline_takes_variance_away(self, alpha):
        probabilities = numpy_probabilities(LOG_ODDS, alpha)
        costs = COSTS + 20.0  # as a loss that is never near 0

        def variance(baseline):
            found = estimates(alpha, baseline - 20.0)
            return (probabilities @ found**2 - (probabilities @ found) ** 2).sum()

        assert variance(probabilities @ costs) < 0.1 * variance(0.0)

    @pytest.mark.parametrize("log_odds", [-3.0, 0.0, 1.0])
    def test_rate_of_the_draws(self, alpha, log_odds):
        logits = tf.tile(tf.constant([[[0.0, log_odds]]]), [10_000, 4, 1])
        found = ScoreFunction(alpha)(logits, [11, 12]).numpy()
        assert set(np.unique(found)) <= {0.0, 1.0}
        p = float(modified_sigmoid(tf.constant(log_odds), alpha))
        # Five standard deviations of a binomial rate.
        assert abs(found.mean() - p) < 5.0 * np.sqrt(p * (1.0 - p) / 40_000)


def test_nothing_flows_through_the_sample():
    logits = tf.constant([[[0.0, 0.5]]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        sample = tf.reduce_sum(ScoreFunction()(logits, [1, 2]))
    assert tape.gradient(sample, logits) is None


def test_huge_log_odds_stay_finite():
    log_odds = tf.constant([[-1e4, 1e4]])
    with tf.GradientTape() as tape:
        tape.watch(log_odds)
        decision = tf.constant([[0.0, 1.0]])
        found = ScoreFunction(1.0).surrogate(
            tf.ones(1), tf.zeros(1), log_odds, decision
        )
    np.testing.assert_array_equal(found, [0.0])
    np.testing.assert_array_equal(tape.gradient(found, log_odds), [[0.0, 0.0]])


def test_alpha_may_be_a_schedule():
    estimator = ScoreFunction(tfgate.schedules.Linear(0.8, 0.99, end=20))
    logits = tf.tile(tf.constant([[[0.0, 99.0]]]), [20_000, 1, 1])
    for step, rate in ((0, 0.8), (20, 0.99)):
        assert abs(estimator(logits, [3, 4], step).numpy().mean() - rate) < 0.015
    found = estimator.surrogate(
        tf.ones(1), tf.zeros(1), tf.constant([[99.0]]), tf.ones((1, 1)), step=10
    )
    assert float(found[0]) == pytest.approx(np.log(0.895), rel=1e-4)


@pytest.mark.parametrize(
    "estimator",
    [
        ScoreFunction(),
        ScoreFunction(tfgate.schedules.Linear(0.8, 0.99, end=5), 4, 0.5),
    ],
)
def test_serialization(estimator):
    config = keras.saving.serialize_keras_object(estimator)
    copy = keras.saving.deserialize_keras_object(config)
    assert type(copy) is ScoreFunction
    assert copy.get_config() == estimator.get_config()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": 0.5}, "alpha in"),
        ({"alpha": 1.1}, "alpha in"),
        ({"alpha": float("nan")}, "alpha in"),
        ({"alpha": tfgate.schedules.Linear(0.4, 0.9, end=2)}, "alpha in"),
        ({"buckets": 0}, "buckets >= 1"),
        ({"buckets": 2.5}, "buckets >= 1"),
        ({"momentum": 1.0}, "momentum in"),
        ({"momentum": float("nan")}, "momentum in"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=f"Expected {message}"):
        ScoreFunction(**arguments)


# --- In a model


@keras.saving.register_keras_serializable(package="tests")
class Enumerated(tfgate.estimators.Estimator):
    """All decisions of three components, for a batch of 8."""

    def __call__(self, logits, seed, step=0):
        return tf.constant(DECISIONS)


@keras.saving.register_keras_serializable(package="tests")
class Median(ScoreFunction):
    """Without noise, so that replicas decide as one device does."""

    def __call__(self, logits, seed, step=0):
        return tf.cast(logits[..., 1] > logits[..., 0], tf.float32)


def far_from_zero(y, predictions):
    return 50.0 + keras.losses.sparse_categorical_crossentropy(y, predictions)


def learner(estimator=None, gating="blind", **arguments):
    """A throttled network of three components in the second phase."""
    estimator = estimator or ScoreFunction(0.9)
    model = networks.tiny(gating=gating, estimator=estimator)
    model.train_data_path(False)
    arguments.setdefault("gate_losses", tfgate.Complexity(4.0))
    return builders.compile_plainly(model, **arguments)


def gradients_and_loss(model, x, y):
    model.reset_metrics()
    with tf.GradientTape() as tape:
        loss, _ = model._batch_losses(x, y, None, training=True)
    variables = model.gating.trainable_variables
    gradients = tape.gradient(loss, variables)
    return [g.numpy() for g in gradients], float(model._loss_tracker.result())


class TestInAModel:
    COUNT = 4096

    def test_gradient_against_all_decisions(self):
        """The mean over many images that are all alike, within five deviations."""
        model = learner()
        image, u = networks.images(1), np.float32(0.4)
        x = [np.repeat(image, self.COUNT, 0), np.full(self.COUNT, u)]
        y = np.ones(self.COUNT, "int64")
        gradients, loss = gradients_and_loss(model, x, y)

        estimator, model.gating.estimator = model.gating.estimator, Enumerated()
        outputs = model.core([np.repeat(image, 8, 0), np.full(8, u)], training=True)
        predictions = networks.array(outputs["predictions"]).astype("float64")
        shares = np.concatenate(list(model.costs.components.values()))
        complexity = DECISIONS @ (shares / shares.sum())
        losses = -np.log(predictions[:, 1]) + 4.0 * (complexity - u) ** 2
        model.gating.estimator = estimator

        bias = model.gating.logits_dense.bias
        with tf.GradientTape() as tape:
            log_odds = model.gating(tf.constant([u]))["logits"][0]
            p = 0.1 + 0.8 * tf.sigmoid(log_odds)
            each = tf.where(tf.constant(DECISIONS) == 1.0, p, 1.0 - p)
            probabilities = tf.reduce_prod(each, axis=1)
            expected = tf.reduce_sum(probabilities * tf.constant(losses, tf.float32))
        exact = tape.gradient(expected, model.gating.trainable_variables)
        # Of one image's gradient in the bias: J (d log Pr / dl).
        slope = np.asarray(0.8 * tf.sigmoid(log_odds) * tf.sigmoid(-log_odds))
        scores = np.where(DECISIONS == 1.0, slope / p, -slope / (1.0 - p))
        weights = np.asarray(probabilities, "float64")
        scatter = weights @ (losses[:, None] * scores) ** 2
        tolerance = 5.0 * np.sqrt(scatter / self.COUNT)
        variables = model.gating.trainable_variables
        for variable, gradient, other in zip(variables, gradients, exact, strict=True):
            # What comes before the last bias has factors below 1.
            limit = tolerance if variable is bias else tolerance.max()
            assert (abs(gradient - other.numpy()) < limit).all()
        deviation = np.sqrt(weights @ losses**2 - (weights @ losses) ** 2)
        assert abs(loss - float(expected)) < 5.0 * deviation / np.sqrt(self.COUNT)

    def test_the_baseline_learns_the_losses_of_each_u(self):
        model = learner(gate_losses=tfgate.Complexity(100.0, "hinge", 1, "components"))
        x = [networks.images(64), np.repeat([0.05, 0.95], 32).astype("float32")]
        _, loss = gradients_and_loss(model, x, builders.make_labels(64))
        low, high = model.baseline(tf.constant([0.05, 0.95])).numpy()
        assert low > 10.0 > high > 0.0
        assert (low + high) / 2.0 == pytest.approx(loss, rel=1e-4)

    def test_the_baseline_quiets_the_gradient(self):
        """Of a loss that is 50 at the least."""
        model = learner(loss=far_from_zero, gate_losses=())
        x, y = networks.images(64), builders.make_labels(64)
        norms = []
        for _ in range(2):
            gradients, loss = gradients_and_loss(model, x, y)
            norms.append(sum((g**2).sum() for g in gradients))
        assert loss > 50.0
        assert norms[1] < 0.05 * norms[0]

    def test_the_logged_loss_is_task_and_complexity(self):
        model = learner(metrics=["sparse_categorical_crossentropy"])
        x, y = networks.images(32), builders.make_labels(32)
        logs = model.fit(x, y, batch_size=16, verbose=0).history
        total = logs["sparse_categorical_crossentropy"][0] + logs["gate_loss"][0]
        assert logs["loss"][0] == pytest.approx(total, rel=1e-5)
        assert logs["gate_loss"][0] > 0.0

    def test_only_the_gating_function_changes(self):
        model = learner()
        steps = [model.gating.noise_step, model.dial.noise_step]
        learned = [*model.gating.trainable_variables, *model.baseline.variables]
        changing = {id(variable) for variable in [*steps, *learned]}
        before = [variable.numpy() for variable in model.weights]
        model.fit(networks.images(32), builders.make_labels(32), verbose=0)
        for variable, old in zip(model.weights, before, strict=True):
            changed = not np.array_equal(old, variable.numpy())
            assert changed == (id(variable) in changing), variable.path

    def test_a_data_path_that_is_trained_gets_its_ordinary_gradient(self):
        model = learner()
        for layer in model.core.layers:
            layer.trainable = True
        builders.compile_plainly(model, gate_losses=tfgate.Complexity(4.0))
        x = [networks.images(16), np.full(16, 0.5, "float32")]
        y = builders.make_labels(16)
        head = model.get_layer("head").kernel
        with tf.GradientTape(persistent=True) as tape:
            loss, predictions = model._batch_losses(x, y, None, training=True)
            entropy = keras.losses.sparse_categorical_crossentropy(y, predictions)
            task_loss = tf.reduce_mean(entropy)
        found = tape.gradient(loss, head).numpy()
        np.testing.assert_allclose(found, tape.gradient(task_loss, head), atol=1e-6)
        assert abs(found).max() > 1e-3
        assert tape.gradient(task_loss, model.gating.trainable_variables) == [None] * 4

    def test_alpha_has_the_time_of_the_draw(self, monkeypatch):
        """Also after the model was compiled anew, with an optimizer at 0."""
        model = learner(run_eagerly=True)
        drawn, scored = [], []
        draw, score = ScoreFunction.__call__, ScoreFunction.surrogate
        monkeypatch.setattr(
            ScoreFunction,
            "__call__",
            lambda self, *a: drawn.append(int(a[2])) or draw(self, *a),
        )
        monkeypatch.setattr(
            ScoreFunction,
            "surrogate",
            lambda self, *a: scored.append(int(a[4])) or score(self, *a),
        )
        for _ in range(2):
            model.fit(networks.images(4), np.zeros(4), batch_size=2, verbose=0)
            builders.compile_plainly(model, run_eagerly=True)
        assert drawn == scored == [0, 1, 2, 3]

    def test_a_gating_function_that_is_frozen_needs_no_baseline(self):
        model = learner()
        model.train_data_path(True)
        builders.compile_plainly(model)
        model.fit(networks.images(4), np.zeros(4), verbose=0)
        assert not model.baseline.shares.numpy().any()

    def test_it_learns_what_u_asks_for(self):
        """With complexity alone to pay, components follow u."""
        model = learner(
            ScoreFunction(0.9),
            optimizer=keras.optimizers.Adam(0.05),
            gate_losses=tfgate.Complexity(100.0, weights="components"),
        )
        x, y = networks.images(128), builders.make_labels(128)
        model.fit(x, y, batch_size=32, epochs=25, verbose=0)
        opened = []
        for u in (0.0, 1.0):
            model.u = u
            opened.append(networks.gates(model, x[:1], "decision").sum())
        assert opened == [0.0, 3.0]


class TestRefusals:
    def test_gates_of_an_ordinary_network(self):
        model = builders.tiny_model(estimator=ScoreFunction())
        with pytest.raises(ValueError, match="ScoreFunction of gate 'first'.*throttle"):
            model.compile("sgd", "mse")

    def test_static_gating_functions(self):
        model = networks.tiny(gating="nested", estimator=ScoreFunction())
        with pytest.raises(ValueError, match="that learns.*got Nested"):
            model.compile("sgd", "mse")

    def test_an_estimator_that_came_later(self):
        model = networks.tiny(gating="blind")
        model.gating.estimator = ScoreFunction()
        with pytest.raises(ValueError, match="when it is made"):
            model.compile("sgd", "mse")

    def test_losses_of_the_batch(self):
        with pytest.raises(ValueError, match="Complexity.*got PerBatch"):
            learner(gate_losses=[tfgate.Complexity(), tfgate.PerBatch(0.5)])

    def test_task_losses_that_are_sums(self):
        loss = keras.losses.SparseCategoricalCrossentropy(reduction="sum")
        with pytest.raises(ValueError, match="reduction.*got 'sum'"):
            learner(loss=loss)


def dense_learner():
    """A learner without noise, of gated dense layers, for batches of any size."""
    inputs = keras.Input((6,))
    x = keras.layers.Dense(8)(inputs)
    for name in "abc":
        gate = tfgate.IndependentGate(name=name)
        x, _ = tfgate.GatedResidual(keras.layers.Dense(8), gate)(x)
    outputs = keras.layers.Dense(3, activation="softmax")(x)
    gated = tfgate.GatedModel(inputs, outputs)
    model = tfgate.throttle(gated, "contextual", estimator=Median(0.8), seed=2)
    builders.randomize(model)
    model.u = 1.0
    for variable in model.baseline.variables:
        variable.assign(np.zeros(16))
    model.train_data_path(False)
    return model


def trained_on(strategy, sizes):
    generator = np.random.default_rng(0)
    images = generator.normal(size=(sum(sizes), 6)).astype("float32")
    u = generator.uniform(size=sum(sizes)).astype("float32")
    labels = generator.integers(0, 3, size=sum(sizes))
    with strategy.scope():
        model = dense_learner()
        model.compile(
            tfgate.optimizers.SGD(0.1, momentum=0.9),
            "sparse_categorical_crossentropy",
            gate_losses=tfgate.Complexity(4.0),
        )
    replicas = strategy.num_replicas_in_sync

    @tf.function(autograph=False, reduce_retracing=True)
    def step(*parts):
        def of_replica(context):
            mine = int(context.replica_id_in_sync_group)
            return tuple(part[mine] for part in parts)

        values = strategy.experimental_distribute_values_from_function(of_replica)
        strategy.run(lambda x, u, y: model.train_step(([x, u], y)), values)

    for start, stop in itertools.pairwise(np.cumsum([0, *sizes])):
        rows = [range(start + mine, stop, replicas) for mine in range(replicas)]
        split = [
            [tf.constant(values[list(part)]) for part in rows]
            for values in (images, u, labels)
        ]
        if replicas == 1:
            images_, u_, labels_ = (part[0] for part in split)
            model.train_step(([images_, u_], labels_))
        else:
            step(*split)
    weights = [v.numpy() for v in model.gating.trainable_variables]
    return weights, [v.numpy() for v in model.baseline.variables]


def test_replicas_train_alike(make_strategy):
    """Batches of 8, 5 and 3 images: replicas have different numbers of them."""
    one = trained_on(tf.distribute.get_strategy(), [8, 5, 3])
    assert one[1][1].sum() > 0.3
    two = trained_on(make_strategy(2), [8, 5, 3])
    assert distribution.num_replicas() == 1
    for values, others in zip(one, two, strict=True):
        for value, other in zip(values, others, strict=True):
            np.testing.assert_allclose(other, value, atol=1e-5)
