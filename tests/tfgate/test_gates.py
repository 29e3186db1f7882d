"""Gates: shapes, initial rates, gradients, and where their noise comes from."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tfgate import gates

GATES = [tfgate.IndependentGate, tfgate.DependentGate]
OUTPUTS = ("logits", "probability", "decision")
DRAWS = 16_384  # 64 images x 256 components
# Five deviations of the agreement of two independent fair coins.
HALF = pytest.approx(0.5, abs=5.0 * 0.5 / np.sqrt(DRAWS))


def images(count=6, channels=8):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, 4, 4, channels)).astype("float32")


def coin(name="coin", seed=5, **arguments):
    """256 fair coins: the noise itself, as decisions."""
    gate = tfgate.IndependentGate(
        256, initial_open_probability=0.5, name=name, seed=seed, **arguments
    )
    gate.build((None, 4))
    return gate


def toss(gate):
    outputs = gate(np.zeros((DRAWS // 256, 4), "float32"), training=True)
    return np.asarray(outputs["decision"])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("count", [1, 6])
@pytest.mark.parametrize("components", [1, 5])
@pytest.mark.parametrize("gate_class", GATES)
def test_outputs_are_float32_per_image_and_component(
    gate_class, components, count, training
):
    outputs = gate_class(components, seed=1)(images(count), training=training)
    assert set(outputs) == set(OUTPUTS)
    for output in outputs.values():
        assert tuple(output.shape) == (count, components)
        assert output.dtype == tf.float32
    assert set(np.unique(outputs["decision"])) <= {0.0, 1.0}


@pytest.mark.parametrize("components", [1, 5])
@pytest.mark.parametrize("gate_class", GATES)
def test_symbolic_outputs(gate_class, components):
    outputs = gate_class(components)(keras.Input((8, 8, 3)))
    assert set(outputs) == set(OUTPUTS)
    for output in outputs.values():
        assert output.shape == (None, components)
        assert output.dtype == "float32"


@pytest.mark.parametrize("gate_class", GATES)
def test_probability_is_the_sigmoid_of_the_logits(gate_class):
    gate = gate_class(3, seed=1)
    gate.build((None, 4, 4, 8))
    builders.randomize(gate)
    outputs = gate(images(), training=False)
    expected = 1.0 / (1.0 + np.exp(-np.asarray(outputs["logits"], "float64")))
    np.testing.assert_allclose(outputs["probability"], expected, rtol=1e-5)


@pytest.mark.parametrize("components", [1, 5])
@pytest.mark.parametrize("probability", [0.02, 0.5, 0.87, 0.99])
class TestInitialOpenProbability:
    def test_independent_gate_has_it_exactly(self, probability, components):
        gate = tfgate.IndependentGate(components, initial_open_probability=probability)
        outputs = gate(images())
        np.testing.assert_allclose(outputs["probability"], probability, rtol=1e-5)

    @pytest.mark.parametrize("training", [True, False])
    def test_dependent_gate_has_it_for_any_image(
        self, probability, components, training
    ):
        gate = tfgate.DependentGate(components, initial_open_probability=probability)
        logits = np.asarray(gate(images(64), training=training)["logits"])
        log_odds = np.log(probability) - np.log1p(-probability)
        # 16 rectified units of unit variance times weights of deviation 0.01, twice:
        # log odds deviate by about 0.04.
        np.testing.assert_allclose(logits, log_odds, atol=0.25)


@pytest.mark.parametrize("gate_class", GATES)
def test_default_initial_open_probability_is_aigs(gate_class):
    outputs = gate_class()(images(), training=False)
    np.testing.assert_allclose(outputs["probability"], 0.87, atol=0.03)


def test_initial_logits_are_symmetric():
    """Weight decay pulls a pair of logits to l0 = -l1, so it starts there."""
    gate = tfgate.IndependentGate(2, initial_open_probability=0.8)
    gate.build((None, 4))
    np.testing.assert_allclose(
        gate.component_logits.numpy(), [[-np.log(2.0), np.log(2.0)]] * 2, rtol=1e-6
    )


class TestDependentGate:
    @pytest.mark.parametrize("shape", [(8,), (7, 8), (4, 4, 8), (2, 3, 4, 8)])
    def test_logits_against_numpy(self, shape):
        """Pool over space, dense, batch norm, ReLU, dense; the difference is taken."""
        gate = tfgate.DependentGate(components=3, hidden=5)
        gate.build((None, *shape))
        builders.randomize(gate)
        inputs = np.random.default_rng(1).normal(size=(4, *shape)).astype("float32")
        kernel = gate.hidden_dense.kernel.numpy()
        norm = {w.name: w.numpy() for w in gate.hidden_norm.weights}
        pooled = inputs.reshape(4, -1, 8).mean(axis=1)
        hidden = (pooled @ kernel - norm["moving_mean"]) / np.sqrt(
            norm["moving_variance"] + 1e-5
        )
        hidden = np.maximum(hidden * norm["gamma"] + norm["beta"], 0.0)
        logits = hidden @ gate.logits_dense.kernel.numpy()
        pairs = (logits + gate.logits_dense.bias.numpy()).reshape(4, 3, 2)
        np.testing.assert_allclose(
            gate(inputs, training=False)["logits"],
            pairs[..., 1] - pairs[..., 0],
            rtol=1e-4,
            atol=1e-5,
        )

    def test_training_uses_and_updates_batch_statistics(self):
        gate = tfgate.DependentGate(seed=1)
        gate.build((None, 4, 4, 8))
        builders.randomize(gate)
        before = gate.hidden_norm.moving_mean.numpy()
        inference = np.asarray(gate(images(), training=False)["logits"])
        np.testing.assert_array_equal(gate.hidden_norm.moving_mean.numpy(), before)
        training = np.asarray(gate(images(), training=True)["logits"])
        assert not np.allclose(training, inference)
        assert not np.allclose(gate.hidden_norm.moving_mean.numpy(), before)

    def test_number_of_parameters(self):
        gate = tfgate.DependentGate(components=3, hidden=16)
        gate.build((None, 4, 4, 8))
        trainable = sum(w.numpy().size for w in gate.trainable_weights)
        assert trainable == 8 * 16 + 2 * 16 + (16 * 6 + 6)


def test_independent_gate_has_two_parameters_per_component():
    gate = tfgate.IndependentGate(components=3)
    gate.build((None, 4))
    assert [tuple(w.shape) for w in gate.trainable_weights] == [(3, 2)]


@pytest.mark.parametrize("components", [1, 5])
@pytest.mark.parametrize("gate_class", GATES)
def test_every_trainable_weight_receives_a_gradient(gate_class, components):
    gate = gate_class(components, initial_open_probability=0.6, seed=1)
    inputs = images(16)
    gate(inputs)
    weights = gate.trainable_weights
    per_image = np.random.default_rng(1).normal(size=(16, components))
    with tf.GradientTape() as tape:
        decision = gate(inputs, training=True)["decision"]
        total = tf.reduce_sum(decision * per_image.astype("float32"))
    gradients = tape.gradient(total, [w.value for w in weights])
    assert len(gradients) == (1 if gate_class is tfgate.IndependentGate else 5)
    for weight, gradient in zip(weights, gradients, strict=True):
        assert gradient is not None, weight.path
        assert np.isfinite(gradient).all(), weight.path
        assert np.abs(gradient).max() > 0.0, weight.path


@pytest.mark.parametrize("gate_class", GATES)
def test_trainable_weights_are_marked_as_gate_parameters(gate_class):
    gate = gate_class(seed=1)
    gate.build((None, 4, 4, 8))
    assert all(gates.is_gate_parameter(w) for w in gate.trainable_weights)
    other = keras.layers.Dense(2)
    other.build((None, 4))
    assert not any(gates.is_gate_parameter(w) for w in other.weights)


class TestNoise:
    def test_same_seed_name_and_step_repeat(self):
        one, two = coin(), coin()
        for _ in range(3):
            np.testing.assert_array_equal(toss(one), toss(two))

    def test_differs_between_steps(self):
        gate = coin()
        assert (toss(gate) == toss(gate)).mean() == HALF

    def test_differs_between_gate_names(self):
        assert (toss(coin("one")) == toss(coin("two"))).mean() == HALF

    def test_differs_between_seeds(self):
        assert (toss(coin(seed=5)) == toss(coin(seed=6))).mean() == HALF

    def test_differs_between_images_and_components(self):
        decision = toss(coin())
        assert (decision[1:] == decision[:-1]).mean() == HALF
        assert (decision[:, 1:] == decision[:, :-1]).mean() == HALF

    @pytest.mark.parametrize("policy", [tfgate.Threshold(), tfgate.AlwaysOpen()])
    def test_deterministic_inference_does_not_advance_the_step(self, policy):
        gate = coin(policy=policy)
        gate(np.zeros((2, 4), "float32"), training=False)
        assert int(gate.noise_step.numpy()) == 0

    def test_stochastic_inference_does_not_change_the_noise_of_training(self):
        zeros = np.zeros((DRAWS // 256, 4), "float32")
        evaluated, other = coin(policy=tfgate.Stochastic()), coin()
        runs = [np.asarray(evaluated(zeros)["decision"]) for _ in range(2)]
        assert int(evaluated.evaluation_step.numpy()) == 2
        training = toss(evaluated)
        np.testing.assert_array_equal(training, toss(other))
        assert (runs[0] == runs[1]).mean() == HALF
        assert (runs[0] == training).mean() == HALF

    def test_same_in_a_graph(self):
        eager, compiled = coin(), coin()
        zeros = tf.zeros((DRAWS // 256, 4))
        run = tf.function(lambda: compiled(zeros, training=True), autograph=False)
        for _ in range(3):
            np.testing.assert_array_equal(run()["decision"], toss(eager))

    def test_saved_weights_continue_the_sequence(self, tmp_path):
        def make_model():
            inputs = keras.Input((4,))
            return keras.Model(inputs, coin()(inputs))

        def run(model):
            zeros = np.zeros((DRAWS // 256, 4), "float32")
            return np.asarray(model(zeros, training=True)["decision"])

        interrupted, path = make_model(), tmp_path / "noise.weights.h5"
        run(interrupted)
        run(interrupted)
        interrupted.save_weights(path)
        resumed = make_model()
        resumed.load_weights(path)
        for _ in range(2):
            np.testing.assert_array_equal(run(resumed), run(interrupted))

    def test_differs_between_replicas_and_repeats(self, make_strategy):
        strategy = make_strategy(2)
        with strategy.scope():
            gate = coin()

        @tf.function
        def toss_on_replicas():
            return strategy.run(lambda: gate(tf.zeros((64, 4)), training=True))

        def tosses():
            decision = toss_on_replicas()["decision"]
            return [d.numpy() for d in strategy.experimental_local_results(decision)]

        first, second = tosses(), tosses()
        gate.noise_step.assign(0)
        again = tosses()
        np.testing.assert_array_equal(again, first)
        assert (first[0] == first[1]).mean() == HALF
        assert (first[0] == second[0]).mean() == HALF
        assert (first[1] == second[0]).mean() == HALF
        # The first replica draws what a single process draws.
        np.testing.assert_array_equal(first[0], toss(coin()))

    def test_global_seed_repeats_default_seeds(self):
        seeds = []
        for _ in range(2):
            keras.utils.set_random_seed(3)
            seeds.append([tfgate.IndependentGate().seed for _ in range(3)])
        assert seeds[0] == seeds[1]
        assert len(set(seeds[0])) == 3


@pytest.mark.parametrize("gate_class", GATES)
def test_float32_under_a_half_precision_policy(gate_class, mixed_bfloat16):
    gate = gate_class(3, seed=1)
    inputs = tf.cast(images(), tf.bfloat16)
    outputs = gate(inputs, training=False)
    assert {w.dtype for w in gate.trainable_weights} == {"float32"}
    assert {output.dtype for output in outputs.values()} == {tf.float32}
    builders.randomize(gate)
    np.testing.assert_array_equal(
        gate(inputs, training=False)["logits"],
        gate(tf.cast(inputs, tf.float32), training=False)["logits"],
    )


@pytest.mark.parametrize("gate_class", GATES)
@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("components", 0),
        ("components", -1),
        ("initial_open_probability", 0.0),
        ("initial_open_probability", 1.0),
        ("initial_open_probability", -0.1),
        ("initial_open_probability", 1.5),
        ("initial_open_probability", float("nan")),
        ("estimator", "gumbel"),
        ("estimator", tfgate.estimators.GumbelSoftmax),
        ("policy", "threshold"),
        ("policy", 0.5),
    ],
)
def test_bad_arguments(gate_class, argument, value):
    with pytest.raises(ValueError, match=argument):
        gate_class(**{argument: value})


@pytest.mark.parametrize("hidden", [0, -3])
def test_bad_hidden(hidden):
    with pytest.raises(ValueError, match="hidden"):
        tfgate.DependentGate(hidden=hidden)


@pytest.mark.parametrize("policy", [None, 0.5, "open"])
def test_bad_policy_after_construction(policy):
    with pytest.raises(ValueError, match="policy"):
        tfgate.IndependentGate().policy = policy


@pytest.mark.parametrize("gate_class", GATES)
def test_serialization(gate_class):
    gate = gate_class(
        components=3,
        initial_open_probability=0.7,
        estimator=tfgate.estimators.BinaryConcrete(0.5),
        policy=tfgate.Threshold(0.3),
        seed=11,
        name="named",
    )
    config = keras.saving.serialize_keras_object(gate)
    assert config["registered_name"] == f"tfgate>{gate_class.__name__}"
    copy = keras.saving.deserialize_keras_object(config)
    assert copy.get_config() == gate.get_config()
    assert copy.policy == tfgate.Threshold(0.3)
    assert copy.estimator.temperature == 0.5
    for each in (gate, copy):
        each.build((None, 4, 4, 8))
    copy.set_weights(gate.get_weights())
    for name in OUTPUTS:
        np.testing.assert_array_equal(
            copy(images(), training=True)[name], gate(images(), training=True)[name]
        )


def test_dependent_gate_serializes_its_width():
    gate = tfgate.DependentGate(hidden=5)
    assert tfgate.DependentGate.from_config(gate.get_config()).hidden == 5


def test_base_class_leaves_the_logits_to_subclasses():
    gate = tfgate.Gate()
    gate.build((None, 4))
    with pytest.raises(NotImplementedError):
        gate.compute_logits(np.zeros((2, 4)))


class TestStochasticDepth:
    zeros = np.zeros((DRAWS // 64, 4), "float32")

    @staticmethod
    def make(probability, **arguments):
        return tfgate.StochasticDepth(probability, seed=4, name="sd", **arguments)

    @pytest.mark.parametrize("probability", [0.2, 0.9])
    def test_survives_in_training_with_its_probability(self, probability):
        gate = self.make(probability, components=64)
        outputs = gate(self.zeros, training=True)
        decision = np.asarray(outputs["decision"])
        spread = 4.0 * np.sqrt(probability * (1.0 - probability) / decision.size)
        assert decision.mean() == pytest.approx(probability, abs=spread)
        np.testing.assert_array_equal(gate.weigh(outputs, training=True), decision)

    def test_what_is_certain_is_never_closed(self):
        gate = self.make(1.0, components=64)
        assert np.asarray(gate(self.zeros, training=True)["decision"]).all()

    def test_is_scaled_at_inference(self):
        gate = self.make(0.7)
        outputs = gate(self.zeros)
        assert np.asarray(outputs["decision"]).all()
        np.testing.assert_allclose(gate.weigh(outputs), 0.7, rtol=1e-6)

    def test_is_not_scaled_where_it_is_sampled(self):
        gate = self.make(0.7, policy=tfgate.Stochastic())
        outputs = gate(self.zeros)
        decision = np.asarray(outputs["decision"])
        assert 0.0 < decision.mean() < 1.0
        np.testing.assert_array_equal(gate.weigh(outputs), decision)

    def test_learns_nothing(self):
        gate = self.make(0.7)
        gate(self.zeros)
        assert not gate.trainable_weights

    def test_round_trip(self):
        gate = tfgate.StochasticDepth.from_config(self.make(0.7).get_config())
        assert gate.survival_probability == 0.7
        assert gate.policy == tfgate.AlwaysOpen()

    @pytest.mark.parametrize("probability", [0.0, 1.1, -0.5])
    def test_probabilities_out_of_range(self, probability):
        with pytest.raises(ValueError, match="Expected survival_probability in"):
            self.make(probability)

    def test_linear_decay(self):
        from tfgate.stochastic_depth import survival_probabilities

        found = survival_probabilities(9, last=0.5)
        np.testing.assert_allclose(found, 1 - np.arange(1, 10) / 18)
        with pytest.raises(ValueError, match="Expected blocks >= 1"):
            survival_probabilities(0)
        with pytest.raises(ValueError, match="Expected last in"):
            survival_probabilities(9, last=0.0)


def test_a_temperature_follows_the_training_steps_of_its_gate():
    schedule = tfgate.schedules.Piecewise([1.0, 1e-3])

    def slope(gate):
        x = tf.zeros((64, 4))
        with tf.GradientTape() as tape:
            opened = tf.reduce_sum(gate(x, training=True)["decision"])
        gradient = tape.gradient(opened, gate.component_logits)
        return float(tf.reduce_max(tf.abs(gradient)))

    def with_temperature(temperature):
        return coin(estimator=tfgate.estimators.BinaryConcrete(temperature))

    gate, warm, cold = map(with_temperature, (schedule, 1.0, 1e-3))
    first, second = slope(gate), slope(gate)
    assert first == pytest.approx(slope(warm), rel=1e-6)
    assert slope(cold) != pytest.approx(first, rel=0.1)
    assert second == pytest.approx(slope(cold), rel=1e-6)
    copy = tfgate.IndependentGate.from_config(gate.get_config())
    assert copy.estimator.temperature.values == [1.0, 1e-3]


def test_a_temperature_may_not_fall_to_zero():
    with pytest.raises(ValueError, match="Expected temperature > 0"):
        tfgate.estimators.GumbelSoftmax(tfgate.schedules.Linear(1.0, 0.0, end=9))
