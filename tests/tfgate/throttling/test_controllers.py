"""Learned gating functions: logits, their start, their cost, their gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate.throttling import networks
from tfgate import estimators
from tfgate import noise
from tfgate.gates import is_gate_parameter
from tfgate.throttling import BlindController
from tfgate.throttling import ContextualController
from tfgate.throttling import Module

MODULES = [
    Module("layer", "width", 0, 3),
    Module("always", "width", 3, 2, always_open=1),
    Module("stage", "depth", 5, 2),
]
CONTROLLERS = [BlindController, ContextualController]


def features(u, channels=4, seed=0):
    generator = np.random.default_rng(seed)
    return generator.uniform(size=(len(u), 5, 5, channels)).astype("float32")


def run(controller, u, training=False, seed=0):
    u = np.asarray(u, "float32")
    inputs = [u, features(u, seed=seed)] if controller.takes_features else u
    return controller(keras.tree.map_structure(tf.constant, inputs), training=training)


def shapes(controller):
    """Of the inputs that `run` gives."""
    return [(None,), (None, 5, 5, 4)] if controller.takes_features else (None,)


@pytest.mark.parametrize("cls", CONTROLLERS)
class TestBoth:
    def test_two_layers_in_numpy(self, cls):
        controller = cls(MODULES, hidden=6, seed=1)
        u = np.array([0.0, 0.3, 1.0], "float32")
        found = run(controller, u)
        first, second = controller.hidden_dense, controller.logits_dense
        x = u[:, None]
        if cls is ContextualController:
            x = np.concatenate([x, features(u).mean(axis=(1, 2))], axis=1)
        hidden = np.maximum(x @ first.kernel.numpy() + first.bias.numpy(), 0.0)
        log_odds = hidden @ second.kernel.numpy() + second.bias.numpy()
        np.testing.assert_allclose(found["logits"], log_odds, atol=1e-5)
        np.testing.assert_array_equal(found["decision"], log_odds > 0.0)
        np.testing.assert_allclose(
            found["probability"], 1.0 / (1.0 + np.exp(-log_odds)), atol=1e-6
        )
        np.testing.assert_array_equal(found["control"], np.tile(u[:, None], 7))

    @pytest.mark.parametrize("probability", [0.2, 0.5, 0.9])
    def test_starts_near_the_initial_open_probability(self, cls, probability):
        modules = [Module("layer", "width", 0, 64)]
        controller = cls(modules, initial_open_probability=probability)
        found = run(controller, np.linspace(0.0, 1.0, 9))["probability"].numpy()
        assert abs(found.mean() - probability) < 0.05
        assert abs(found - probability).max() < 0.25

    def test_both_logits_are_opposite(self, cls):
        controller = cls(MODULES, seed=1)
        run(controller, [0.5])
        u = tf.constant([0.5])
        inputs = [u, tf.constant(features([0.5]))] if cls.takes_features else u
        logits = controller.compute_logits(inputs)
        assert logits.shape == (1, 7, 2)
        np.testing.assert_array_equal(logits[..., 0], -logits[..., 1])

    def test_parameters_are_those_of_a_gate(self, cls):
        controller = cls(MODULES, hidden=6, seed=1)
        run(controller, [0.5])
        inputs = 5 if cls.takes_features else 1
        assert [tuple(v.shape) for v in controller.trainable_variables] == [
            (inputs, 6),
            (6,),
            (6, 7),
            (7,),
        ]
        assert all(map(is_gate_parameter, controller.trainable_variables))

    def test_every_parameter_gets_a_gradient(self, cls):
        controller = cls(MODULES, seed=1)
        u = np.linspace(0.0, 1.0, 8)
        run(controller, u)
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(run(controller, u, training=True)["decision"])
        for gradient in tape.gradient(total, controller.trainable_variables):
            assert np.abs(gradient).max() > 0.0

    @pytest.mark.parametrize("hidden", [1, 32])
    def test_the_shares_of_its_macs_add_up(self, cls, hidden):
        controller = cls(MODULES, hidden=hidden, seed=1)
        run(controller, [0.5])
        macs = tfgate.costs.count_macs(controller, shapes(controller))
        inputs = 5 if cls.takes_features else 1
        assert macs == hidden * (inputs + 7)
        for cuts in ([0, 7], [0, 1, 2, 3, 4, 5, 6, 7], [0, 3, 7]):
            shares = [
                controller.component_macs(start, end - start)
                for start, end in zip(cuts[:-1], cuts[1:], strict=True)
            ]
            assert sum(shares) == macs
            assert min(shares) >= hidden

    def test_macs_before_it_is_built(self, cls):
        with pytest.raises(ValueError, match="to be built before"):
            cls(MODULES, name="c").component_macs(0, 1)

    def test_serialization(self, cls):
        controller = cls(
            MODULES,
            hidden=5,
            initial_open_probability=0.3,
            estimator=tfgate.estimators.BinaryConcrete(0.1, hard=False),
            seed=9,
        )
        config = keras.saving.serialize_keras_object(controller)
        copy = keras.saving.deserialize_keras_object(config)
        assert type(copy) is cls
        assert copy.get_config() == controller.get_config()
        assert (copy.hidden, copy.modules) == (5, tuple(MODULES))

    @pytest.mark.parametrize("hidden", [0, -1, 1.5, float("nan"), True])
    def test_bad_hidden(self, cls, hidden):
        with pytest.raises(ValueError, match="Expected hidden >= 1"):
            cls(MODULES, hidden=hidden)

    def test_policies_decide_at_inference(self, cls):
        controller = cls(MODULES, policy=tfgate.Threshold(0.999), seed=1)
        assert not np.any(run(controller, [0.2, 0.9])["decision"])
        controller.policy = tfgate.AlwaysOpen()
        assert np.all(run(controller, [0.2, 0.9])["decision"])


def test_images_matter_to_the_contextual_one_alone():
    u = [0.5] * 4
    blind = run(BlindController(MODULES, seed=1), u)["logits"].numpy()
    np.testing.assert_array_equal(blind, blind[:1].repeat(4, axis=0))
    contextual = run(ContextualController(MODULES, seed=1), u)["logits"].numpy()
    assert (np.ptp(contextual, axis=0) > 1e-4).all()


def test_features_of_one_axis():
    controller = ContextualController(MODULES, seed=1)
    outputs = controller([tf.constant([0.5, 1.0]), tf.ones((2, 3))])
    assert controller.hidden_dense.kernel.shape == (4, 32)
    assert outputs["logits"].shape == (2, 7)


class TestSoftDecisions:
    """g n / ||g||_1 of soft decisions, the norm being at least 1, in float64."""

    WEIGHTS = np.random.default_rng(4).normal(size=(6, 7))

    def weighted(self, decisions):
        decisions = np.asarray(decisions, "float64")
        scales = np.ones_like(decisions)
        for start, stop, always, size in ((0, 3, 0, 3), (3, 5, 1, 3)):
            norm = decisions[:, start:stop].sum(axis=1, keepdims=True) + always
            scales[:, start:stop] = size / np.maximum(norm, 1.0)
        return (self.WEIGHTS * decisions * scales).sum()

    def test_scale_is_differentiated_through(self):
        controller = BlindController(MODULES, seed=1)
        soft = np.random.default_rng(0).uniform(0.05, 0.95, (6, 7)).astype("float32")
        soft[0, :3] = [0.1, 0.2, 0.05]  # a norm below 1
        decisions = tf.constant(soft)
        with tf.GradientTape() as tape:
            tape.watch(decisions)
            scaled = decisions * controller.scale(decisions)
            total = tf.reduce_sum(scaled * tf.constant(self.WEIGHTS, tf.float32))
        gradient = tape.gradient(total, decisions).numpy()
        assert float(total) == pytest.approx(self.weighted(soft), abs=1e-4)
        for place in np.ndindex(soft.shape):
            step = np.zeros(soft.shape)
            step[place] = 1e-6
            wide = soft.astype("float64")
            slope = (self.weighted(wide + step) - self.weighted(wide - step)) / 2e-6
            assert gradient[place] == pytest.approx(slope, rel=1e-3, abs=1e-4)

    @pytest.mark.parametrize("temperature", [0.1, 0.5])
    def test_gradient_from_the_mask_to_the_bias(self, temperature):
        """The binary Concrete and the scale together, by finite differences."""
        estimator = tfgate.estimators.BinaryConcrete(temperature, hard=False)
        controller = BlindController(MODULES, estimator=estimator, seed=1, name="g")
        u = np.linspace(0.0, 1.0, 6)
        log_odds = run(controller, u)["logits"].numpy().astype("float64")
        seed = noise.step_seed(1, "g", tf.constant(0, tf.int64))
        uniform = estimators.uniform_noise((6, 7), seed).numpy().astype("float64")
        logistic = np.log(uniform) - np.log1p(-uniform)

        def sampled(shift):
            return 1.0 / (1.0 + np.exp(-(log_odds + shift + logistic) / temperature))

        with tf.GradientTape() as tape:
            outputs = run(controller, u, training=True)
            scaled = outputs["decision"] * outputs["scale"]
            total = tf.reduce_sum(scaled * tf.constant(self.WEIGHTS, tf.float32))
        np.testing.assert_allclose(outputs["decision"], sampled(0.0), atol=1e-4)
        gradient = tape.gradient(total, controller.logits_dense.bias).numpy()
        for component in range(7):
            shift = 1e-6 * np.eye(7)[component]
            above, below = map(self.weighted, (sampled(shift), sampled(-shift)))
            slope = (above - below) / 2e-6
            assert gradient[component] == pytest.approx(slope, rel=2e-3, abs=1e-3)

    def test_nearly_closed_modules_stay_finite(self):
        """The norm of what a temperature of 0.1 leaves underflows when squared."""
        estimator = tfgate.estimators.BinaryConcrete(0.1, hard=False)
        controller = BlindController(
            [Module("layer", "width", 0, 3)],
            initial_open_probability=1e-4,
            estimator=estimator,
            seed=1,
        )
        run(controller, [0.5])
        with tf.GradientTape() as tape:
            outputs = run(controller, np.linspace(0.0, 1.0, 50), training=True)
            total = tf.reduce_sum(outputs["decision"] * outputs["scale"])
        gradients = tape.gradient(total, controller.trainable_variables)
        assert np.median(outputs["decision"]) < 1e-20
        assert all(np.isfinite(gradient).all() for gradient in gradients)
        assert float(total) < 50.0


@pytest.mark.parametrize("gating", ["blind", "contextual"])
def test_a_network_counts_the_whole_function(gating):
    model = networks.tiny(gating=gating)
    features_shape = [(None,), (None, 8, 8, 4)]
    shape = features_shape if gating == "contextual" else (None,)
    macs = tfgate.costs.count_macs(model.gating, shape)
    assert macs == 32 * (3 + (5 if gating == "contextual" else 1))
    assert sum(model.costs.gate.values()) == macs
    dense = tfgate.throttle(model, "nested").costs.dense
    assert model.costs.dense == dense


def test_a_network_can_close_everything_and_go_on():
    """Residual networks have their shortcuts."""
    model = networks.tiny(gating="blind", initial_open_probability=1e-3)
    images = networks.images()
    assert not networks.gates(model, images, "decision").any()
    nested = tfgate.throttle(model, "nested")
    nested.u = 0.0
    assert not networks.gates(nested, images, "decision")[:, 0].any()
    assert np.isfinite(networks.array(model(images))).all()
