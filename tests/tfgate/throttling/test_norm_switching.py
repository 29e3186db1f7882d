"""Switchable batch norms in networks: trained so, and recalibrated."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tests.tfgate.throttling import networks
from tfgate.throttling import BetaControl
from tfgate.throttling import SwitchableBatchNormalization
from tfgate.throttling import UniformControl
from tfgate.throttling import recalibrate
from tfgate.throttling import switch_batch_norms

PER_BATCH = UniformControl(per="batch")
BATCHES = [networks.images(6, seed) + seed for seed in range(3)]


def gated():
    model = builders.tiny_model()
    builders.randomize(model)
    return model


def norms(model):
    found = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, SwitchableBatchNormalization)
    ]
    return {layer.name: layer for layer in found}


def switchable(buckets=2, **arguments):
    return tfgate.throttle(
        gated(), batch_norm="switchable", buckets=buckets, seed=3, **arguments
    )


def spread(model):
    """Gives every bucket of every norm statistics of its own."""
    generator = np.random.default_rng(0)
    for norm in norms(model).values():
        shape = norm.moving_mean.shape
        norm.moving_mean.assign(generator.normal(size=shape))
        norm.moving_variance.assign(generator.uniform(0.5, 1.5, shape))


class TestConversion:
    def test_every_batch_norm_of_the_data_path_is_switched(self):
        model = switchable(3)
        assert set(norms(model)) == {"stem_bn", "first_bn", "second_bn", "third_bn"}
        assert {n.buckets for n in norms(model).values()} == {model.dial.buckets} == {3}
        assert model.dial.distribution == PER_BATCH

    @pytest.mark.parametrize("make", networks.EVERY[1:])
    def test_starts_as_the_same_network(self, make):
        """At every u, and with the same costs."""
        plain = tfgate.throttle(networks.gated(make), "nested", PER_BATCH)
        model = switch_batch_norms(plain, 2)
        images = networks.images(2)
        for u in (0.0, 0.5, 1.0):
            plain.u = model.u = u
            np.testing.assert_array_equal(
                builders.predict(model, images), builders.predict(plain, images)
            )
        assert model.costs.dense == plain.costs.dense
        assert model.costs.all_closed == plain.costs.all_closed

    def test_the_given_network_stays_as_it_is(self):
        plain = tfgate.throttle(gated(), "nested", PER_BATCH)
        plain.u = 0.25
        before = builders.predict(plain, BATCHES[0])
        model = switch_batch_norms(plain, 2)
        assert not norms(plain) and plain.dial.buckets == 1
        assert model.u == 0.25 and model.gating.seed == plain.gating.seed
        for weight in model.trainable_weights:
            weight.assign(weight + 1.0)
        np.testing.assert_array_equal(builders.predict(plain, BATCHES[0]), before)

    def test_throttled_again_keeps_its_statistics(self):
        model = switchable(2)
        spread(model)
        again = tfgate.throttle(model, "independent", seed=1)
        assert again.dial.buckets == 2
        again = tfgate.throttle(again, "nested", seed=1)
        for u in (0.2, 0.9):
            model.u = again.u = u
            np.testing.assert_array_equal(
                builders.predict(again, BATCHES[0]), builders.predict(model, BATCHES[0])
            )

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"batch_norm": "own", "buckets": 2}, "batch_norm to be None or"),
            ({"batch_norm": "switchable"}, "Expected buckets with"),
            ({"buckets": 2}, "Expected buckets with"),
            ({"batch_norm": "switchable", "buckets": 0}, "Expected buckets >= 1"),
            (
                {
                    "batch_norm": "switchable",
                    "buckets": 2,
                    "distribution": UniformControl(),
                },
                'per="batch"',
            ),
        ],
        ids=str,
    )
    def test_bad_arguments(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            tfgate.throttle(gated(), **arguments)

    def test_networks_that_are_refused(self):
        with pytest.raises(ValueError, match="Expected a tfgate.ThrottledModel"):
            switch_batch_norms(gated(), 2)
        with pytest.raises(ValueError, match="without switchable batch norms"):
            switch_batch_norms(switchable(), 2)
        plain = tfgate.throttle(
            builders.tiny_model(batch_norm=False), distribution=PER_BATCH
        )
        with pytest.raises(ValueError, match="network with batch norms"):
            switch_batch_norms(plain, 2)

    def test_batch_norm_that_a_layer_makes_itself(self):
        inputs = keras.Input((8, 8, 3))
        gate = tfgate.IndependentGate(name="gate")
        x, _ = tfgate.GatedResidual(Hidden(), gate, activation=None)(inputs)
        model = tfgate.throttle(tfgate.GatedModel(inputs, x), distribution=PER_BATCH)
        with pytest.raises(ValueError, match="'inner'.* which another layer makes"):
            switch_batch_norms(model, 2)


@keras.saving.register_keras_serializable(package="tests")
class Hidden(keras.layers.Layer):
    """A layer with a batch norm that its configuration does not show."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.norm = keras.layers.BatchNormalization(name="inner")

    def build(self, input_shape):
        self.norm.build(input_shape)

    def call(self, inputs, training=None):
        return self.norm(inputs, training=training)

    def compute_output_shape(self, input_shape):
        return input_shape


class TestBucketOfTheDial:
    def test_u_selects_the_bucket_without_a_retrace(self):
        model = switchable(4)
        spread(model)
        images = networks.images()
        model.predict(images, verbose=0)
        function = model.predict_function
        traces = function.experimental_get_tracing_count()
        found = []
        for u in (0.0, 0.3, 0.6, 1.0):
            model.u = u
            found.append(model.predict(images, verbose=0))
            np.testing.assert_allclose(
                found[-1], builders.predict(stock_twin(model, u), images), rtol=1e-5
            )
        assert function.experimental_get_tracing_count() == traces
        assert all((a != b).any() for a, b in zip(found, found[1:], strict=False))

    def test_the_first_norm_has_the_bucket_of_the_same_call(self):
        """It stands before the gates, where the dial may not have run yet."""
        model = switchable(2)
        spread(model)
        stem = keras.Model(
            model.get_layer("stem").input, model.get_layer("stem").output
        )
        images = networks.images()
        x = networks.array(stem(images))
        for u in (0.9, 0.1, 0.9):
            model.u = u
            model.predict(images, verbose=0)
            norm, row = model.get_layer("stem_bn"), int(u > 0.5)
            assert int(model.dial.bucket.numpy()) == row
            expected = stock(norm, row)(x)
            np.testing.assert_allclose(norm(x), expected, rtol=1e-5, atol=1e-6)

    def test_us_of_one_bucket_may_differ(self):
        model = switchable(2)
        spread(model)
        images, us = networks.images(3), np.array([0.5, 0.75, 1.0], "float32")
        together = networks.array(model([images, us]))
        for index, u in enumerate(us):
            alone = model([images[index : index + 1], us[index : index + 1]])
            np.testing.assert_allclose(alone[0], together[index], rtol=1e-5)
            assert u >= 0.5

    def test_us_of_different_buckets_are_refused(self):
        model = switchable(2)
        images, us = networks.images(2), np.array([0.25, 0.75], "float32")
        with pytest.raises(ValueError, match="to be in one bucket"):
            model([images, us])
        with pytest.raises(tf.errors.InvalidArgumentError, match="to be in one bucket"):
            model.predict([images, us], verbose=0)

    def test_saving(self, tmp_path):
        model = switchable(2)
        spread(model)
        model.u = 0.2
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        for u in (0.2, 0.8):
            model.u = loaded.u = u
            np.testing.assert_array_equal(
                builders.predict(loaded, BATCHES[0]),
                builders.predict(model, BATCHES[0]),
            )


def stock(norm, row):
    """A stock batch norm with the statistics of one bucket."""
    config = {k: v for k, v in norm.get_config().items() if k != "buckets"}
    twin = keras.layers.BatchNormalization.from_config(config)
    twin.build((None, *norm.input.shape[1:]))
    twin.set_weights(
        [
            *(w.numpy() for w in norm.trainable_weights),
            norm.moving_mean.numpy()[row],
            norm.moving_variance.numpy()[row],
        ]
    )
    return twin


def stock_twin(model, u):
    """The network with stock batch norms, of the statistics of u's bucket."""
    row = min(int(u * model.dial.buckets), model.dial.buckets - 1)
    plain = tfgate.throttle(gated())
    for layer in plain._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            source = norms(model)[layer.name]
            layer.moving_mean.assign(source.moving_mean.numpy()[row])
            layer.moving_variance.assign(source.moving_variance.numpy()[row])
    plain.u = u
    return plain


class TestTraining:
    OPTIONS = {"batch_size": 8, "shuffle": False, "verbose": 0}

    def fit(self, model, count=32):
        builders.compile_plainly(model)
        model.fit(networks.images(count), builders.make_labels(count), **self.OPTIONS)
        return model

    @pytest.mark.parametrize("u", [0.1, 0.9])
    def test_updates_the_bucket_of_the_drawn_u(self, u):
        model = switchable(2, distribution=tfgate.throttling.ConstantControl(u))
        before = {n: norm.moving_mean.numpy() for n, norm in norms(model).items()}
        self.fit(model)
        for name, norm in norms(model).items():
            changed = (norm.moving_mean.numpy() != before[name]).any(axis=1)
            assert changed.tolist() == [u < 0.5, u > 0.5], name

    def test_one_bucket_trains_as_stock_batch_norm_bit_for_bit(self):
        plain = self.fit(tfgate.throttle(gated(), "nested", PER_BATCH, seed=3))
        model = self.fit(switchable(1))
        stock_weights = {w.path: w.numpy() for w in plain.core.weights}
        for weight in model.core.weights:
            expected = stock_weights[weight.path]
            value = weight.numpy()
            if weight.path.endswith(("moving_mean", "moving_variance")):
                value = value[0]
            np.testing.assert_array_equal(value, expected, err_msg=weight.path)

    def test_saving_in_between_changes_nothing(self, tmp_path):
        straight = self.fit(self.fit(switchable(2)))
        first = self.fit(switchable(2))
        first.save(tmp_path / "model.keras")
        second = self.fit(keras.saving.load_model(tmp_path / "model.keras"))
        for one, other in zip(straight.weights, second.weights, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())

    def test_replicas_choose_the_same_bucket(self, make_strategy):
        with make_strategy(2).scope():
            model = switchable(4)
        before = {n: norm.moving_mean.numpy() for n, norm in norms(model).items()}
        changed = [
            [
                (norm.moving_mean.numpy() != before[name]).any(axis=1).tolist()
                for name, norm in norms(self.fit(each, count=16)).items()
            ]
            for each in (switchable(4), model)
        ]
        assert changed[0] == changed[1]
        # Two steps reach one bucket, or two, of four.
        assert all(1 <= sum(rows) <= 2 for rows in changed[0])


class TestRecalibrated:
    def test_first_norm_has_the_mean_of_the_batch_statistics(self):
        plain = tfgate.throttle(gated())
        model = recalibrate(plain, BATCHES, steps=3, buckets=2)
        stem = plain.get_layer("stem")
        features = [networks.array(stem(x)) for x in BATCHES]
        means = np.mean([f.mean(axis=(0, 1, 2)) for f in features], axis=0)
        variances = np.mean([f.var(axis=(0, 1, 2)) for f in features], axis=0)
        norm = model.get_layer("stem_bn")
        for row in range(2):  # in front of all gates u changes nothing
            np.testing.assert_allclose(norm.moving_mean.numpy()[row], means, rtol=1e-4)
            np.testing.assert_allclose(
                norm.moving_variance.numpy()[row], variances, rtol=1e-4
            )

    def test_each_bucket_as_if_recalibrated_alone_at_its_middle(self):
        plain = tfgate.throttle(gated())
        model = recalibrate(plain, BATCHES, steps=3, buckets=2)
        for row, u in enumerate((0.25, 0.75)):
            alone = tfgate.throttle(plain)
            batches = [([x, np.full(6, u, "float32")], None) for x in BATCHES]
            tfgate.recalibrate_batch_norm(alone, batches, steps=3)
            for layer in alone._flatten_layers():
                if not isinstance(layer, keras.layers.BatchNormalization):
                    continue
                found = norms(model)[layer.name].moving_mean.numpy()[row]
                np.testing.assert_allclose(
                    found, layer.moving_mean.numpy(), rtol=1e-5, atol=1e-6
                )
        rows = norms(model)["third_bn"].moving_mean.numpy()
        assert not np.allclose(rows[0], rows[1], rtol=1e-3)

    def test_nothing_else_changes(self):
        plain = tfgate.throttle(gated(), distribution=BetaControl(2, 1))
        before = [w.numpy() for w in plain.weights]
        model = recalibrate(plain, BATCHES, steps=2, buckets=2)
        for weight, old in zip(plain.weights, before, strict=True):
            np.testing.assert_array_equal(weight.numpy(), old)
        for own, other in zip(
            model.trainable_weights, plain.trainable_weights, strict=True
        ):
            np.testing.assert_array_equal(own.numpy(), other.numpy())
        assert model.dial.distribution == BetaControl(2, 1, per="batch")
        assert int(model.dial.noise_step.numpy()) == 0

    def test_a_frozen_data_path_gets_new_statistics_and_stays_frozen(self):
        plain, frozen = tfgate.throttle(gated()), tfgate.throttle(gated())
        for layer in frozen._flatten_layers():
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
                layer.moving_mean.assign(np.full(layer.moving_mean.shape, 123.0))
        expected = norms(recalibrate(plain, BATCHES, steps=3, buckets=2))
        for name, norm in norms(
            recalibrate(frozen, BATCHES, steps=3, buckets=2)
        ).items():
            np.testing.assert_array_equal(
                norm.moving_mean.numpy(), expected[name].moving_mean.numpy()
            )
            assert not norm.trainable

    def test_rows_are_not_mixed(self):
        model = tfgate.throttling.switch_batch_norms(
            tfgate.throttle(gated(), distribution=BetaControl(2, 1, per="batch")), 2
        )
        with pytest.raises(ValueError, match="one set of statistics, got '.*_bn'"):
            tfgate.recalibrate_batch_norm(model, BATCHES, steps=3)

    def test_data_set_that_is_too_short(self):
        with pytest.raises(ValueError, match="at least 4 batches, got 3"):
            recalibrate(tfgate.throttle(gated()), BATCHES, steps=4, buckets=2)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"steps": 0, "buckets": 2}, "Expected steps"),
            ({"steps": 1, "buckets": 0}, "Expected buckets"),
        ],
    )
    def test_bad_arguments(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            recalibrate(tfgate.throttle(gated()), BATCHES, **arguments)

    def test_gated_network_is_refused(self):
        with pytest.raises(ValueError, match="Expected a tfgate.ThrottledModel"):
            recalibrate(gated(), BATCHES, steps=1, buckets=2)
