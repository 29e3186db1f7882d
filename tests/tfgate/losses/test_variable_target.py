"""VariableTarget: both averages, epochs, evaluation, and what a model does with it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tests.tfgate.losses.outputs import gates_of
from tests.tfgate.losses.outputs import gradients_of
from tests.tfgate.losses.outputs import straight_through
from tfgate import schedules

RATES = [0.9, 0.7, 0.2, 0.4, 0.6, 0.1, 0.3]


def follow(target, rates):
    """The target that each batch of these rates meets."""
    target.build()
    found = []
    for step, rate in enumerate(rates):
        found.append(float(target(step)))
        target.update(rate, step)
    return found


class TestAverages:
    def test_moving(self):
        """The mean of the initial rate and of the epoch's batches so far."""
        found = follow(tfgate.VariableTarget(0.8, steps_per_epoch=4), RATES)
        epochs = [RATES[:4], RATES[4:]]
        expected = [
            np.mean([0.8, *rates[:batch]])
            for rates in epochs
            for batch in range(len(rates))
        ]
        assert found == pytest.approx(expected, rel=1e-6)

    @pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
    def test_exponential(self, momentum):
        target = tfgate.VariableTarget(0.8, steps_per_epoch=4, momentum=momentum)
        expected, average = [], None
        for step, rate in enumerate(RATES):
            average = 0.8 if step % 4 == 0 else average
            expected.append(average)
            average = momentum * average + (1.0 - momentum) * rate
        assert follow(target, RATES) == pytest.approx(expected, rel=1e-6)

    def test_epochs_of_one_step_keep_the_initial_rate(self):
        found = follow(tfgate.VariableTarget(0.8, steps_per_epoch=1), RATES)
        assert found == pytest.approx([0.8] * len(RATES))

    def test_same_in_a_graph(self):
        eager, traced = (tfgate.VariableTarget(0.8, 4, 0.5) for _ in range(2))
        traced.build()

        @tf.function
        def one(rate, step):
            before = traced(step)
            traced.update(rate, step)
            return before

        found = [
            float(one(tf.constant(r), tf.constant(s))) for s, r in enumerate(RATES)
        ]
        assert found == pytest.approx(follow(eager, RATES), rel=1e-6)


class TestInALoss:
    def test_a_loss_moves_its_target_when_it_is_told_to(self):
        loss = tfgate.PerBatch(tfgate.VariableTarget(0.8, 10))
        loss.build()
        gates = gates_of(a=[[1.0], [0.0]], b=[[0.0, 0.0]] * 2)  # rate 1/6
        for _ in range(2):  # calling alone changes nothing
            assert float(loss(gates, None, 3)) == pytest.approx((0.8 - 1 / 6) ** 2)
        loss.update(gates, 0)
        target = (0.8 + 1 / 6) / 2
        assert float(loss(gates, None, 1)) == pytest.approx((target - 1 / 6) ** 2)

    @pytest.mark.parametrize("per", ["batch", "gate"])
    def test_const_quad_follows_the_rate_of_all_gates(self, per):
        loss = tfgate.ConstQuad(tfgate.VariableTarget(0.4, 10, momentum=0.5), per=per)
        loss.build()
        gates = gates_of(a=[[1.0], [1.0]], b=[[0.0, 0.5]] * 2)  # rate 1/2
        loss.update(gates, 0)
        excess = np.array([1.0, 0.0, 0.5]) - 0.45
        expected = {"batch": 0.05**2, "gate": np.mean(np.maximum(excess, 0.0) ** 2)}
        assert float(loss(gates, None, 1)) == pytest.approx(expected[per], rel=1e-5)

    def test_it_stands_at_its_initial_rate_before_a_model_is_compiled(self):
        loss = tfgate.PerBatch(tfgate.VariableTarget(0.8, 10))
        assert float(loss(gates_of(a=[[1.0]]), None, 7)) == pytest.approx(0.04)
        with pytest.raises(RuntimeError, match="compile the model"):
            loss.update(gates_of(a=[[1.0]]), 7)

    def test_no_gradient_flows_into_the_target(self):
        """Updated inside the tape, as a training step does."""
        loss = tfgate.PerBatch(tfgate.VariableTarget(0.8, 10))
        fixed = tfgate.PerBatch(0.8)
        loss.build()
        logits, sample, _ = straight_through(5, [1, 2])

        def call_and_update(gates, costs):
            value = loss(gates, costs, 0)
            loss.update(gates, 0)
            return value

        _, gradients = gradients_of(call_and_update, logits, sample)
        _, expected = gradients_of(fixed, logits, sample)
        for gradient, other in zip(gradients, expected, strict=True):
            np.testing.assert_array_equal(gradient, other)


class TestInAModel:
    @staticmethod
    def compiled(target):
        losses = [tfgate.PerBatch(target, coefficient=2.0)]
        return builders.compile_plainly(builders.per_image_model(), gate_losses=losses)

    def test_training_moves_it_and_evaluation_does_not(self):
        target = tfgate.VariableTarget(0.8, steps_per_epoch=100)
        model = self.compiled(target)
        rates, batches = [], [builders.make_images(6, seed) for seed in range(3)]
        for seed, images in enumerate(batches):
            decisions = builders.decisions(model, images, training=True)
            rates.append(np.mean(list(decisions.values())))
            labels = builders.make_labels(6, seed)
            model.train_on_batch(images, labels)
            for _ in range(2):
                model.test_on_batch(images, labels)
            assert float(target(len(rates))) == pytest.approx(np.mean([0.8, *rates]))
        assert len(set(rates)) > 1

    def test_the_loss_is_that_of_the_target_before_the_batch(self):
        target = tfgate.VariableTarget(0.8, steps_per_epoch=2, momentum=0.25)
        model = self.compiled(target)
        images, labels = builders.make_images(6), builders.make_labels(6)
        for step in range(4):
            before = float(target(step))
            decisions = builders.decisions(model, images, training=True)
            rate = np.mean(list(decisions.values()))
            logs = model.train_on_batch(images, labels, return_dict=True)
            model.reset_metrics()
            assert logs["gate_loss"] == pytest.approx(2.0 * (before - rate) ** 2)
            if step % 2 == 0:
                assert before == pytest.approx(0.8)
            else:
                assert before != pytest.approx(0.8)

    def test_a_saved_training_continues_at_the_next_epoch(self, tmp_path):
        model = self.compiled(tfgate.VariableTarget(0.8, steps_per_epoch=3))

        def fit(model):
            data = builders.make_images(12), builders.make_labels(12)
            return model.fit(*data, batch_size=4, shuffle=False, verbose=0).history

        fit(model)
        model.save(tmp_path / "m.keras")
        loaded = keras.saving.load_model(tmp_path / "m.keras")
        assert fit(loaded)["gate_loss"] == pytest.approx(fit(model)["gate_loss"])
        for weight, other in zip(model.weights, loaded.weights, strict=True):
            np.testing.assert_array_equal(other.numpy(), weight.numpy())

    def test_it_is_no_weight_of_the_model(self):
        target = tfgate.VariableTarget(0.8, steps_per_epoch=3)
        names = [w.path for w in self.compiled(target).weights]
        assert names == [w.path for w in self.compiled(0.8).weights]


def test_replicas_have_the_same_target(make_strategy):
    strategy = make_strategy(2)
    decisions = np.array([[1.0], [1.0], [0.0], [1.0]], "float32")
    with strategy.scope():
        loss = tfgate.PerBatch(tfgate.VariableTarget(0.5, 10))
        loss.build()

    def run_one(part):
        gates = {"a": {"decision": part}}
        loss.update(gates, 0)
        return loss(gates, None, 1)

    @tf.function(autograph=False)
    def run():
        parts = strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(
                np.split(decisions, [3])[context.replica_id_in_sync_group]
            )
        )
        return strategy.run(run_one, [parts])

    losses = strategy.experimental_local_results(run())
    # Rate 3/4, so the target is 5/8: both losses are (5/8 - 3/4)^2.
    assert [float(value) for value in losses] == pytest.approx([1.0 / 64.0] * 2)
    assert float(loss.target(1)) == pytest.approx(0.625)


def test_serialization():
    for momentum in (None, 0.9):
        target = tfgate.VariableTarget(0.8, 7, momentum)
        config = keras.saving.serialize_keras_object(target)
        assert config["registered_name"] == "tfgate>VariableTarget"
        copy = keras.saving.deserialize_keras_object(config)
        assert copy.get_config() == target.get_config()
        assert follow(copy, RATES) == follow(target, RATES)


@pytest.mark.parametrize(
    "initial",
    [-0.1, 1.1, float("nan"), "0.5", None, schedules.Linear(1.0, 0.5, end=3)],
)
def test_bad_initial(initial):
    with pytest.raises(ValueError, match="Expected initial"):
        tfgate.VariableTarget(initial, 10)


@pytest.mark.parametrize("steps_per_epoch", [0, -1, 2.5, float("nan")])
def test_bad_steps_per_epoch(steps_per_epoch):
    with pytest.raises(ValueError, match="Expected steps_per_epoch to be a whole"):
        tfgate.VariableTarget(0.5, steps_per_epoch)


@pytest.mark.parametrize("momentum", [-0.1, 1.0, float("nan")])
def test_bad_momentum(momentum):
    with pytest.raises(ValueError, match=r"Expected momentum in \[0, 1\)"):
        tfgate.VariableTarget(0.5, 10, momentum)
