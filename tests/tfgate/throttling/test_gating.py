"""Static gating functions: how many components run at u, which, and their scale."""

import collections
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate.throttling import networks
from tfgate.throttling import GatingFunction
from tfgate.throttling import Independent
from tfgate.throttling import Module
from tfgate.throttling import Nested
from tfgate.throttling import depth_thresholds

GRID = np.linspace(0.0, 1.0, 65, dtype="float32")
STATIC = [Nested, Independent]

# Two layers, of which one has a part without a gate, and two stages.
MIXED = [
    Module("layer", "width", 0, 5),
    Module("always", "width", 5, 3, always_open=1),
    Module("stage1", "depth", 8, 2),
    Module("stage2", "depth", 10, 3),
]


def width(count, always_open=0):
    return [Module("layer", "width", 0, count, always_open)]


def run(gating, u, training=False):
    outputs = gating(keras.ops.array(np.atleast_1d(u), "float32"), training=training)
    return {name: networks.array(output) for name, output in outputs.items()}


def opened(gating, u, training=False):
    """Numbers of open components `[len(u), modules]`."""
    decision = run(gating, u, training)["decision"]
    return np.stack([decision[:, m.components].sum(1) for m in gating.modules], axis=1)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("gating", STATIC)
class TestNumbersOfOpenComponents:
    @pytest.mark.parametrize("n", [1, 2, 3, 4, 16, 21, 32, 36, 40, 48, 64, 96])
    def test_at_every_boundary(self, gating, n, training):
        """k = min(n, floor(u (n + 1))), u being the float next to i / (n + 1)."""
        i = np.arange(n + 2)
        edges = (i / (n + 1)).astype("float32")
        function = gating(width(n), seed=1)
        at = opened(function, edges, training)[:, 0]
        below = opened(function, np.nextafter(edges[1:], np.float32(0)), training)
        above = opened(function, np.nextafter(edges[:-1], np.float32(1)), training)
        np.testing.assert_array_equal(at, np.minimum(i, n))
        np.testing.assert_array_equal(below[:, 0], i[:-1])
        np.testing.assert_array_equal(above[:, 0], i[:-1])

    @pytest.mark.parametrize(("n", "always"), [(4, 1), (4, 3), (8, 2)])
    def test_parts_without_a_gate_are_among_the_k(self, gating, n, always, training):
        k = np.minimum(np.floor(GRID * (n + 1.0)), n)
        found = opened(gating(width(n - always, always), seed=1), GRID, training)
        np.testing.assert_array_equal(found[:, 0] + always, np.maximum(k, always))

    def test_ends(self, gating, training):
        function = gating(MIXED, seed=1)
        least, most = opened(function, [0.0, 1.0], training)
        np.testing.assert_array_equal(most, [m.count for m in MIXED])
        # TNN's order along the depth begins with a block of the last stage.
        first = 1 if gating is Nested else 0
        np.testing.assert_array_equal(least, [0, 0, 0, first])


@pytest.mark.parametrize("gating", STATIC)
class TestScale:
    @pytest.mark.parametrize("training", [False, True])
    def test_against_the_paper(self, gating, training):
        """n / ||g||_1: 1 at full width, 0 where all is closed, 1 along the depth."""
        outputs = run(gating(MIXED, seed=1), GRID, training)
        _, scales = networks.normalised(MIXED, outputs["decision"])
        np.testing.assert_allclose(outputs["scale"], scales, rtol=1e-6)
        np.testing.assert_array_equal(outputs["scale"][-1], 1.0)
        np.testing.assert_array_equal(outputs["scale"][0, :5], 0.0)
        np.testing.assert_array_equal(outputs["scale"][0, 5:8], 4.0)
        np.testing.assert_array_equal(outputs["scale"][:, 8:], 1.0)

    def test_normalised_gate_sums_to_n(self, gating):
        outputs = run(gating(width(7), seed=1), GRID)
        sums = (outputs["decision"] * outputs["scale"]).sum(axis=1)
        is_open = outputs["decision"].any(axis=1)
        np.testing.assert_allclose(sums[is_open], 7.0, rtol=1e-6)

    def test_gradient_of_the_scale(self, gating):
        """-n / ||g||_1^2 for each gate of the module, and none across modules."""
        function = gating(MIXED, seed=1)
        decision = tf.constant(run(function, [0.6])["decision"])
        with tf.GradientTape() as tape:
            tape.watch(decision)
            first = function.scale(decision)[:, 0]
        norm = float(tf.reduce_sum(decision[:, :5]))
        expected = np.zeros((1, 13))
        expected[:, :5] = -5.0 / norm**2
        np.testing.assert_allclose(tape.gradient(first, decision), expected, rtol=1e-6)


class TestNested:
    def test_what_is_open_stays_open(self):
        decisions = run(Nested(MIXED), GRID)["decision"]
        assert (np.diff(decisions, axis=0) >= 0).all()

    def test_opens_from_the_first_component_of_a_layer(self):
        decisions = run(Nested(MIXED), GRID)["decision"]
        for module in MIXED[:2]:
            assert (np.diff(decisions[:, module.components], axis=1) <= 0).all()

    def test_depth_follows_its_order(self):
        expected = np.concatenate(depth_thresholds([2, 3])).astype("float32")
        function = Nested(MIXED)
        np.testing.assert_array_equal(function.thresholds[8:], expected)
        at = run(function, np.append(expected, GRID))["decision"][:, 8:]
        u = np.append(expected, GRID)[:, None]
        np.testing.assert_array_equal(at, u >= expected)

    def test_layers_between_stages_do_not_count(self):
        stages = [Module("a", "depth", 0, 2), Module("b", "depth", 2, 3)]
        np.testing.assert_array_equal(
            Nested(stages).thresholds, Nested(MIXED).thresholds[8:]
        )

    def test_training_and_inference_decide_alike(self):
        function = Nested(MIXED)
        for name, output in run(function, GRID, training=True).items():
            np.testing.assert_array_equal(output, run(function, GRID)[name])

    def test_has_no_noise(self):
        function = Nested(MIXED)
        run(function, GRID, training=True)
        assert int(function.noise_step.numpy()) == 0


class TestIndependent:
    def draw(self, images=4096, u=0.5, modules=MIXED, **arguments):
        function = Independent(modules, seed=1, **arguments)
        return run(function, np.full(images, u), training=True)["decision"]

    def test_every_image_has_its_own_k(self):
        u = np.random.default_rng(0).uniform(size=500).astype("float32")
        found = opened(Independent(width(7), seed=1), u, training=True)[:, 0]
        np.testing.assert_array_equal(found, np.minimum(np.floor(u * 8), 7))

    def test_every_subset_is_as_likely(self):
        """Uniform over the 10 pairs of 5, so without replacement and uncorrelated."""
        decision = self.draw(modules=width(5), u=0.4)
        counts = collections.Counter(tuple(np.nonzero(row)[0]) for row in decision)
        assert set(counts) == set(itertools.combinations(range(5), 2))
        # Five standard deviations of a binomial count.
        tolerance = 5.0 * np.sqrt(4096 * 0.1 * 0.9)
        assert max(abs(n - 409.6) for n in counts.values()) < tolerance

    def test_modules_are_independent_of_one_another(self):
        twins = [Module("a", "width", 0, 4), Module("b", "width", 4, 4)]
        decision = self.draw(modules=twins)
        correlations = np.corrcoef(decision.T)[:4, 4:]
        assert np.abs(correlations).max() < 5.0 / np.sqrt(4096)

    def test_images_and_steps_differ(self):
        function = Independent(width(32), seed=1)
        first, second = (
            run(function, [0.5] * 64, training=True)["decision"] for _ in range(2)
        )
        assert len(np.unique(first, axis=0)) == 64
        assert (first != second).any(axis=1).all()

    def test_same_seed_and_step_give_the_same_draws(self):
        first, second = (Independent(MIXED, seed=1, name="g") for _ in range(2))
        for _ in range(2):
            a, b = (run(f, GRID, training=True)["decision"] for f in (first, second))
            np.testing.assert_array_equal(a, b)
        second.noise_step.assign(0)
        b = run(second, GRID, training=True)["decision"]
        assert (a != b).any()
        other = Independent(MIXED, seed=2, name="g")
        assert (run(other, GRID, training=True)["decision"] != b).any()

    def test_inference_has_one_order_for_all_images(self):
        function = Independent(width(16), seed=1)
        decisions = run(function, [0.5] * 8)["decision"]
        assert len(np.unique(decisions, axis=0)) == 1
        np.testing.assert_array_equal(run(function, [0.5] * 8)["decision"], decisions)
        assert int(function.evaluation_step.numpy()) == 0
        np.testing.assert_array_equal(
            run(Independent(width(16), seed=1), [0.5] * 8)["decision"], decisions
        )
        other = run(Independent(width(16), seed=2), [0.5] * 8)["decision"]
        assert (other != decisions).any()

    def test_order_at_inference_is_nested(self):
        decisions = run(Independent(MIXED, seed=1), GRID)["decision"]
        assert (np.diff(decisions, axis=0) >= 0).all()

    def test_stochastic_draws_at_inference(self):
        function = Independent(width(32), seed=1, policy=tfgate.Stochastic())
        decisions = run(function, [0.5] * 64)["decision"]
        assert len(np.unique(decisions, axis=0)) == 64
        np.testing.assert_array_equal(decisions.sum(axis=1), 16.0)
        steps = [function.noise_step, function.evaluation_step]
        assert [int(step.numpy()) for step in steps] == [0, 1]

    @pytest.mark.parametrize("training", [False, True])
    def test_probability_is_the_share_of_open_parts(self, training):
        outputs = run(Independent(MIXED, seed=1), GRID, training)
        for module in MIXED:
            own = outputs["decision"][:, module.components]
            expected = np.repeat(own.mean(axis=1, keepdims=True), module.count, 1)
            np.testing.assert_allclose(
                outputs["probability"][:, module.components], expected, rtol=1e-6
            )


@pytest.mark.parametrize("gating", STATIC)
class TestEveryStaticGating:
    def test_logits_are_finite_log_odds_of_the_probability(self, gating):
        outputs = run(gating(MIXED, seed=1), GRID, training=True)
        p = outputs["probability"].astype("float64")
        with np.errstate(divide="ignore"):
            expected = np.clip(np.log(p) - np.log1p(-p), -16.0, 16.0)
        np.testing.assert_allclose(outputs["logits"], expected, rtol=1e-4, atol=1e-5)

    def test_outputs(self, gating):
        function = gating(MIXED, seed=1)
        outputs = function(keras.ops.array(GRID))
        assert tuple(sorted(outputs)) == function.outputs
        symbolic = function(keras.Input(()))
        for name, output in outputs.items():
            assert tuple(output.shape) == (65, 13) and output.dtype == tf.float32
            assert symbolic[name].shape == (None, 13)
        np.testing.assert_array_equal(outputs["control"], np.tile(GRID[:, None], 13))

    def test_always_open(self, gating):
        function = gating(MIXED, seed=1, policy=tfgate.AlwaysOpen())
        outputs = run(function, GRID)
        np.testing.assert_array_equal(outputs["decision"], 1.0)
        np.testing.assert_array_equal(outputs["scale"], 1.0)
        # It is a rule for inference: training goes on as before.
        assert run(function, GRID, training=True)["decision"].mean() < 0.7

    def test_tau_has_no_part_in_it(self, gating):
        strict = gating(MIXED, seed=1, policy=tfgate.Threshold(0.999))
        loose = gating(MIXED, seed=1, policy=tfgate.Threshold(0.001))
        np.testing.assert_array_equal(
            run(strict, GRID)["decision"], run(loose, GRID)["decision"]
        )

    def test_nothing_to_learn(self, gating):
        function = gating(MIXED, seed=1)
        run(function, GRID)
        assert function.trainable_variables == []
        assert function.component_macs(0, 13) == 0

    def test_empty_batch(self, gating):
        assert run(gating(MIXED, seed=1), np.zeros(0))["decision"].shape == (0, 13)

    def test_serialization(self, gating):
        function = gating(MIXED, seed=4, policy=tfgate.Stochastic(), name="g")
        config = keras.saving.serialize_keras_object(function)
        assert config["registered_name"] == f"tfgate>{gating.__name__}"
        copy = keras.saving.deserialize_keras_object(config)
        assert copy.modules == tuple(MIXED) and copy.policy == function.policy
        for training in (True, False):
            np.testing.assert_array_equal(
                run(copy, GRID, training)["decision"],
                run(function, GRID, training)["decision"],
            )

    def test_modules_are_checked(self, gating):
        with pytest.raises(ValueError, match="at least one module"):
            gating([])
        with pytest.raises(ValueError, match="to start at component 0"):
            gating(MIXED[1:])


@keras.saving.register_keras_serializable(package="tests")
class HalfOpen(GatingFunction):
    """Logits of its own, by the way of any gate: what a learned function does."""

    def compute_logits(self, inputs, training=None):
        logits = keras.ops.stack([0.0 * inputs, 4.0 * inputs - 2.0], axis=-1)
        return keras.ops.repeat(logits[:, None], self.components, axis=1)


def test_subclass_decides_by_estimator_and_policy():
    function = HalfOpen(MIXED, seed=1)
    outputs = run(function, GRID)
    np.testing.assert_array_equal(
        outputs["decision"], np.repeat(GRID[:, None] > 0.5, 13, axis=1)
    )
    function.policy = tfgate.Threshold(0.8)
    assert run(function, GRID)["decision"].mean() < outputs["decision"].mean()
    drawn = run(function, np.full(512, 0.5), training=True)["decision"]
    assert abs(drawn.mean() - 0.5) < 5.0 * 0.5 / np.sqrt(drawn.size)
    _, scales = networks.normalised(MIXED, drawn)
    np.testing.assert_allclose(run_scale(function, drawn), scales, rtol=1e-6)


def run_scale(function, decision):
    return networks.array(function.scale(keras.ops.array(decision)))
