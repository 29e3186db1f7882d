"""Statistics of the global batch: 1, 2 and 4 replicas learn the same."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tfgate import distribution


def per_replica(strategy, parts):
    return strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(parts[context.replica_id_in_sync_group])
    )


class TestOutsideAStrategy:
    def test_mean_over_the_first_axis(self):
        values = np.random.default_rng(0).normal(size=(7, 3)).astype("float32")
        mean = distribution.global_batch_mean(tf.constant(values))
        np.testing.assert_allclose(mean, values.mean(axis=0), rtol=1e-6)

    def test_half_precision_is_summed_in_float32(self):
        mean = distribution.global_batch_mean(tf.ones((1001, 1), tf.bfloat16))
        assert mean.dtype == tf.float32
        np.testing.assert_array_equal(mean, [1.0])

    def test_empty_batch_gives_zero(self):
        np.testing.assert_array_equal(
            distribution.global_batch_mean(tf.zeros((0, 3))), np.zeros(3)
        )

    def test_gradient(self):
        values = tf.ones((5, 2))
        with tf.GradientTape() as tape:
            tape.watch(values)
            mean = tf.reduce_sum(distribution.global_batch_mean(values))
        np.testing.assert_allclose(
            tape.gradient(mean, values), np.full((5, 2), 0.2), rtol=1e-6
        )

    def test_ranks_per_column(self):
        values = np.random.default_rng(0).permutation(24).reshape(6, 4)
        ranks, size = distribution.global_batch_ranks(tf.constant(values, tf.float32))
        expected = 1 + np.argsort(np.argsort(values, axis=0), axis=0)
        np.testing.assert_array_equal(ranks, expected)
        assert float(size) == 6.0
        assert ranks.dtype == size.dtype == tf.float32

    def test_equal_values_have_different_ranks(self):
        ranks, _ = distribution.global_batch_ranks(tf.constant([[1.0], [0.5], [1.0]]))
        np.testing.assert_array_equal(ranks, [[2.0], [1.0], [3.0]])

    def test_ranks_of_an_empty_batch(self):
        ranks, size = distribution.global_batch_ranks(tf.zeros((0, 3)))
        assert ranks.shape == (0, 3)
        assert float(size) == 0.0

    def test_one_replica_with_number_zero(self):
        assert distribution.num_replicas() == 1
        assert int(distribution.replica_id()) == 0


@pytest.mark.parametrize("replicas", [2, 4])
class TestInsideAStrategy:
    def test_mean_weighs_partial_and_empty_replica_batches(
        self, make_strategy, replicas
    ):
        strategy = make_strategy(replicas)
        values = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
        parts = {2: [values[:4], values[4:]]}.get(
            replicas, [values[:2], values[2:4], values[4:], values[5:]]
        )

        @tf.function(autograph=False)
        def mean():
            return strategy.run(
                distribution.global_batch_mean, [per_replica(strategy, parts)]
            )

        for result in strategy.experimental_local_results(mean()):
            np.testing.assert_allclose(result, values.mean(axis=0), rtol=1e-5)

    def test_gradient_reaches_every_replica(self, make_strategy, replicas):
        """Each replica adds 1/R of (t - mean)^2; their sum has the right gradient."""
        strategy = make_strategy(replicas)
        values = np.random.default_rng(1).normal(size=(4, 2)).astype("float32")
        parts = np.split(values, replicas)

        def gradient(values):
            with tf.GradientTape() as tape:
                tape.watch(values)
                distance = 0.3 - distribution.global_batch_mean(values)
                loss = tf.reduce_sum(distance**2) / distribution.num_replicas()
            return tape.gradient(loss, values)

        @tf.function(autograph=False)
        def run():
            return strategy.run(gradient, [per_replica(strategy, parts)])

        gradients = strategy.experimental_local_results(run())
        expected = 2.0 * (values.mean(axis=0) - 0.3) / 4.0
        np.testing.assert_allclose(
            np.concatenate(gradients), np.tile(expected, (4, 1)), rtol=1e-5
        )

    def test_ranks_among_all_replicas(self, make_strategy, replicas):
        strategy = make_strategy(replicas)
        values = np.random.default_rng(0).permutation(15).reshape(5, 3)
        values = values.astype("float32")
        parts = np.split(values, {2: [4], 4: [2, 4, 5]}[replicas])

        @tf.function(autograph=False)
        def ranks():
            return strategy.run(
                distribution.global_batch_ranks, [per_replica(strategy, parts)]
            )

        found, sizes = map(strategy.experimental_local_results, ranks())
        expected = 1 + np.argsort(np.argsort(values, axis=0), axis=0)
        np.testing.assert_array_equal(np.concatenate(found), expected)
        assert [float(size) for size in sizes] == [5.0] * replicas

    def test_replica_numbers(self, make_strategy, replicas):
        strategy = make_strategy(replicas)
        with strategy.scope():
            assert distribution.num_replicas() == replicas

        @tf.function(autograph=False)
        def numbers():
            return strategy.run(distribution.replica_id)

        results = strategy.experimental_local_results(numbers())
        assert [int(result) for result in results] == list(range(replicas))


def dense_model():
    """Two gated blocks, without noise and without batch norm.

    Not convolutions: TensorFlow's oneDNN kernel of those fails on an empty batch.
    """
    inputs = keras.Input((6,))
    x = keras.layers.Dense(8)(inputs)
    for name in "ab":
        gate = builders.LinearGate(
            name=name, seed=7, estimator=builders.MedianEstimator()
        )
        x, _ = tfgate.GatedResidual(keras.layers.Dense(8), gate)(x)
    return tfgate.GatedModel(inputs, keras.layers.Dense(3, activation="softmax")(x))


def fit_on(strategy, batches, **compile_arguments):
    """Weights and logs after an epoch of training on a strategy."""
    generator = np.random.default_rng(0)
    images = generator.normal(size=(sum(batches), 6)).astype("float32")
    labels = generator.integers(0, 3, size=sum(batches))
    ends = np.cumsum(batches)

    def generate():
        for start, end in zip(ends - batches, ends, strict=True):
            yield images[start:end], labels[start:end]

    # A generator, because its batches may have any size without a new trace.
    dataset = tf.data.Dataset.from_generator(
        generate,
        output_signature=(
            tf.TensorSpec((None, *images.shape[1:]), tf.float32),
            tf.TensorSpec((None,), tf.int64),
        ),
    )
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    with strategy.scope():
        model = dense_model()
        builders.randomize(model)
        model.compile(
            tfgate.optimizers.SGD(0.1, momentum=0.9, weight_decay=1e-3),
            **{"loss": "sparse_categorical_crossentropy", **compile_arguments},
        )
    history = model.fit(
        dataset.with_options(options),
        steps_per_epoch=len(batches),
        shuffle=False,
        verbose=0,
    )
    logs = {name: value[-1] for name, value in history.history.items()}
    return [w.numpy() for w in model.trainable_weights], logs


def assert_same_training(make_strategy, batches, **compile_arguments):
    weights, logs = fit_on(tf.distribute.get_strategy(), batches, **compile_arguments)
    assert 0.1 < logs["activation_rate"] < 0.9
    assert logs["gate_loss"] > 0.1
    for replicas in (2, 4):
        other_weights, other_logs = fit_on(
            make_strategy(replicas), batches, **compile_arguments
        )
        assert other_logs == pytest.approx(logs, rel=1e-5)
        for weight, other in zip(weights, other_weights, strict=True):
            np.testing.assert_allclose(other, weight, atol=1e-5)


EVERY_GATE_LOSS = pytest.mark.parametrize(
    "gate_losses",
    [
        [
            tfgate.PerBatch(0.3, coefficient=2.0),
            tfgate.PerGate([0.9, 0.2], coefficient=2.0),
            tfgate.Macs(0.75, coefficient=10.0),
        ],
        [
            tfgate.BatchShaping(coefficient=4.0),
            tfgate.BatchShaping(tfgate.priors.Uniform(), 0.5, reduction="sum"),
            tfgate.L0(0.5),
            tfgate.Polarization(2.0),
        ],
        [
            tfgate.ConstQuad(0.2, coefficient=2.0),
            tfgate.ConstQuad(0.8, mirrored=True, per="gate", coefficient=2.0),
            tfgate.PerBatch(tfgate.VariableTarget(0.1, 2), coefficient=3.0),
            tfgate.ConstQuad(tfgate.VariableTarget(0.1, 5, 0.5), coefficient=3.0),
        ],
    ],
    ids=["rates", "probabilities", "moving and one-sided"],
)


@EVERY_GATE_LOSS
def test_replicas_train_alike(make_strategy, gate_losses):
    assert_same_training(
        make_strategy,
        [8, 8, 8],
        gate_losses=gate_losses,
    )


@EVERY_GATE_LOSS
def test_replicas_train_alike_on_uneven_batches(make_strategy, gate_losses):
    """Of 8, 5 and 3 images: with 4 replicas some batches are partial, one is empty."""
    assert_same_training(make_strategy, [8, 5, 3], gate_losses=gate_losses)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum"])
def test_the_task_loss_is_that_of_the_global_batch(make_strategy, reduction):
    loss = keras.losses.SparseCategoricalCrossentropy(reduction=reduction)
    weights, _ = fit_on(tf.distribute.get_strategy(), [8, 5, 3], loss=loss)
    others, _ = fit_on(make_strategy(4), [8, 5, 3], loss=loss)
    for weight, other in zip(weights, others, strict=True):
        np.testing.assert_allclose(other, weight, atol=1e-5)


def test_the_weight_of_a_replica_is_its_share(make_strategy):
    strategy = make_strategy(4)
    sizes = [2, 1, 0, 1]

    @tf.function(autograph=False)
    def weights():
        parts = per_replica(strategy, sizes)
        return strategy.run(distribution.global_batch_weight, [parts])

    found = strategy.experimental_local_results(weights())
    assert [float(weight) for weight in found] == [2.0, 1.0, 0.0, 1.0]
    assert float(distribution.global_batch_weight(tf.constant(3))) == 1.0
