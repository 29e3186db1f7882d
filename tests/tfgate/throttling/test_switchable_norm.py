"""SwitchableBatchNormalization against the stock layer and against NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.tfgate.throttling import networks
from tfgate import channels
from tfgate.compaction import slicing
from tfgate.throttling import Dial
from tfgate.throttling import SwitchableBatchNormalization
from tfgate.throttling import UniformControl

SHAPE = (6, 5, 5, 3)
PER_BATCH = UniformControl(per="batch")

STOCK_ARGUMENTS = [
    {},
    {"momentum": 0.9, "epsilon": 1e-5},
    {"center": False},
    {"scale": False},
    {"axis": 1},
    {"moving_mean_initializer": "ones", "gamma_initializer": "zeros"},
]


def features(seed=0, shape=SHAPE):
    return np.random.default_rng(seed).normal(1.0, 2.0, shape).astype("float32")


def with_dial(buckets, **arguments):
    """A layer, and the dial that it follows."""
    norm = SwitchableBatchNormalization(buckets, **arguments)
    norm.build((None, *SHAPE[1:]))
    dial = Dial(PER_BATCH, buckets=buckets)
    dial.build((None, 8, 8, 3))
    norm.follow(dial)
    return norm, dial


def run(norm, x, training=False):
    return networks.array(norm(x, training=training))


@pytest.mark.parametrize("arguments", STOCK_ARGUMENTS, ids=str)
@pytest.mark.parametrize("buckets", [1, 3])
class TestAgainstTheStockLayer:
    def test_bit_for_bit(self, arguments, buckets):
        """One bucket, or several of which one is always current."""
        norm = SwitchableBatchNormalization(buckets, **arguments)
        stock = keras.layers.BatchNormalization(**arguments)
        for step in range(3):
            for training in (True, False):
                x = features(step)
                np.testing.assert_array_equal(
                    run(norm, x, training), run(stock, x, training)
                )
        for name in ("moving_mean", "moving_variance"):
            rows = getattr(norm, name).numpy()
            np.testing.assert_array_equal(rows[-1], getattr(stock, name).numpy())

    def test_gradients(self, arguments, buckets):
        norm = SwitchableBatchNormalization(buckets, **arguments)
        stock = keras.layers.BatchNormalization(**arguments)
        upstream, found = features(9), []
        for layer in (norm, stock):
            x = tf.constant(features())
            with tf.GradientTape() as tape:
                tape.watch(x)
                total = tf.reduce_sum(layer(x, training=True) * upstream)
            weights = [x, *(w.value for w in layer.trainable_weights)]
            found.append(tape.gradient(total, weights))
        for own, expected in zip(*found, strict=True):
            np.testing.assert_array_equal(own, expected)

    def test_variables_have_the_names_of_the_stock_layer(self, arguments, buckets):
        norm = SwitchableBatchNormalization(buckets, **arguments)
        stock = keras.layers.BatchNormalization(**arguments)
        for layer in (norm, stock):
            layer.build(SHAPE)
        assert [w.name for w in norm.weights] == [w.name for w in stock.weights]
        assert len(norm.trainable_weights) == len(stock.trainable_weights)


class TestBuckets:
    def test_training_updates_the_current_bucket_alone(self):
        norm, dial = with_dial(3, momentum=0.75)
        dial.bucket.assign(1)
        x = features()
        run(norm, x, training=True)
        mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
        for name, first, seen in (
            ("moving_mean", 0.0, mean),
            ("moving_variance", 1.0, variance),
        ):
            rows = getattr(norm, name).numpy()
            np.testing.assert_array_equal(rows[[0, 2]], first)
            np.testing.assert_allclose(
                rows[1], 0.75 * first + 0.25 * seen, rtol=1e-5, atol=1e-6
            )

    def test_inference_takes_the_current_bucket(self):
        norm, dial = with_dial(3)
        means, variances = features(1, (3, 3)), features(2, (3, 3)) ** 2 + 0.1
        norm.moving_mean.assign(means)
        norm.moving_variance.assign(variances)
        x = features()
        for bucket in range(3):
            dial.bucket.assign(bucket)
            expected = (x - means[bucket]) / np.sqrt(variances[bucket] + 1e-3)
            np.testing.assert_allclose(run(norm, x), expected, rtol=1e-4, atol=1e-5)

    def test_another_bucket_retraces_nothing(self):
        norm, dial = with_dial(2)
        norm.moving_mean.assign([[0.0] * 3, [1.0] * 3])
        function = tf.function(lambda x: norm(x), autograph=False)
        found = []
        for bucket in (0, 1):
            dial.bucket.assign(bucket)
            found.append(function(features()).numpy())
        np.testing.assert_allclose(
            found[0] - found[1], 1.0 / np.sqrt(1.001), rtol=1e-3, atol=1e-5
        )
        assert function.experimental_get_tracing_count() == 1

    def test_frozen_layer_keeps_its_statistics(self):
        norm, dial = with_dial(2)
        norm.trainable = False
        x = features()
        np.testing.assert_array_equal(run(norm, x, training=True), run(norm, x))
        np.testing.assert_array_equal(norm.moving_mean.numpy(), 0.0)

    def test_the_bucket_is_no_weight_of_the_layer(self):
        norm, _ = with_dial(2)
        assert len(norm.weights) == 4


class TestChoice:
    @pytest.mark.parametrize(
        ("u", "bucket"),
        [(0.0, 0), (0.24, 0), (0.25, 1), (0.5, 2), (0.99, 3), (1.0, 3)],
    )
    def test_equal_parts_of_the_range(self, u, bucket):
        dial = Dial(PER_BATCH, buckets=4)
        dial.build((None, 8, 8, 3))
        dial.choose_bucket(keras.ops.array([u] * 3))
        assert int(dial.bucket.numpy()) == bucket

    def test_starts_with_the_last_one_as_u_with_1(self):
        dial = Dial(PER_BATCH, buckets=4)
        dial.build((None, 8, 8, 3))
        assert int(dial.bucket.numpy()) == 3

    def test_one_batch_has_one_bucket(self):
        dial = Dial(PER_BATCH, buckets=4)
        dial.build((None, 8, 8, 3))
        dial.choose_bucket(keras.ops.array([0.5, 0.6, 0.74]))
        assert int(dial.bucket.numpy()) == 2
        message = "Expected every u of a batch to be in one bucket"
        with pytest.raises(ValueError, match=message):
            dial.choose_bucket(keras.ops.array([0.5, 0.75]))
        compiled = tf.function(dial.choose_bucket, autograph=False)
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            compiled(tf.constant([0.5, 0.75]))
        compiled(tf.constant([0.75, 0.76]))
        assert int(dial.bucket.numpy()) == 3

    def test_one_bucket_needs_no_choice(self):
        dial = Dial()
        dial.build((None, 8, 8, 3))
        dial.choose_bucket(keras.ops.array([0.0, 1.0]))
        assert dial.bucket is None and len(dial.weights) == 2

    def test_distribution_must_be_per_batch(self):
        assert Dial(buckets=2).distribution == PER_BATCH
        with pytest.raises(ValueError, match='per="batch"'):
            Dial(UniformControl(), buckets=2)

    def test_serialization(self):
        config = keras.saving.serialize_keras_object(Dial(buckets=5))
        assert keras.saving.deserialize_keras_object(config).buckets == 5


def test_serialization():
    norm = SwitchableBatchNormalization(3, momentum=0.9, name="norm")
    config = keras.saving.serialize_keras_object(norm)
    assert config["registered_name"] == "tfgate>SwitchableBatchNormalization"
    copy = keras.saving.deserialize_keras_object(config)
    assert copy.get_config() == norm.get_config()
    assert (copy.buckets, copy.momentum, copy.name) == (3, 0.9, "norm")


def test_mixed_precision(mixed_bfloat16):
    norm = SwitchableBatchNormalization(2)
    stock = keras.layers.BatchNormalization()
    x = tf.cast(features(), tf.bfloat16)
    outputs = [layer(x, training=True) for layer in (norm, stock)]
    assert outputs[0].dtype == tf.bfloat16 and norm.moving_mean.dtype == "float32"
    np.testing.assert_array_equal(*[tf.cast(y, tf.float32) for y in outputs])


def test_keeps_channels_apart():
    """So that MACs are counted through it as through the stock layer."""
    norm = SwitchableBatchNormalization(2)
    norm.build(SHAPE)
    assert channels.kind(norm) is channels.Kind.KEEPS


@pytest.mark.parametrize("buckets", [0, -1, 1.5, None, True], ids=repr)
def test_bad_buckets(buckets):
    for make in (SwitchableBatchNormalization, lambda b: Dial(PER_BATCH, buckets=b)):
        with pytest.raises(ValueError, match="Expected buckets >= 1"):
            make(buckets)


def test_renormalization_is_refused():
    with pytest.raises(ValueError, match="renorm=False"):
        SwitchableBatchNormalization(2, renorm=True)


def test_dial_of_other_buckets():
    norm = SwitchableBatchNormalization(2, name="norm")
    dial = Dial(PER_BATCH, buckets=3)
    dial.build((None, 8, 8, 3))
    with pytest.raises(ValueError, match="of 3 buckets.* 'norm' with 2"):
        norm.follow(dial)


def test_slices_keep_all_buckets():
    norm = made_norm()
    x = np.random.default_rng(2).normal(size=(2, 3, 3, 4)).astype("float32")
    new = slicing.slice_norm(norm, [0, 2])
    new.layer.build((None, 3, 3, 2))
    new.layer.set_weights(new.weights)
    for bucket in range(2):
        with norm.at(bucket), new.layer.at(bucket):
            expected, got = np.asarray(norm(x)), np.asarray(new.layer(x[..., [0, 2]]))
        np.testing.assert_allclose(got, expected[..., [0, 2]], atol=1e-6)
    with norm.at(0):
        other = np.asarray(norm(x))
    assert np.abs(other - np.asarray(norm(x))).max() > 0.1  # the last one again


def test_closed_channels_are_no_constant():
    with pytest.raises(slicing.NotFoldable):
        slicing.constants_after(made_norm(), np.zeros(4), (None, 3, 3, 4))


def made_norm():
    """A norm of 2 buckets and 4 channels, with random weights."""
    norm = SwitchableBatchNormalization(2)
    norm.build((None, 3, 3, 4))
    generator = np.random.default_rng(1)
    norm.set_weights(
        [generator.uniform(0.5, 2.0, weight.shape) for weight in norm.weights]
    )
    return norm
