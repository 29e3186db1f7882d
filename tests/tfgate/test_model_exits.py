"""GatedModel with early exits: predictions, training, saving."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders
from tests.tfgate.exit_networks import SIZE
from tests.tfgate.exit_networks import exit_model
from tests.tfgate.exit_networks import image_gate
from tests.tfgate.exit_networks import independent_gate
from tests.tfgate.exit_networks import set_decisions

EXITS = ("exit1_exit_gate", "exit2_exit_gate")


def images(count, seed=0):
    generator = np.random.default_rng(seed)
    noise = generator.normal(size=(count, SIZE, SIZE, 3))
    tints = generator.normal(size=(count, 1, 1, 3))  # the gates see means
    return (noise + 2.0 * tints).astype("float32")


def answers(model, x):
    """The answers of the exits and of the last classifier, without training."""
    network = keras.Model(model.input, list(model.exits.answers))
    return [np.asarray(answer) for answer in network(x, training=False)]


def random_model(**arguments):
    model = exit_model(**arguments)
    builders.randomize(model, seed=6)  # some images leave at each exit
    return model


class TestPredictions:
    def test_all_continue_is_the_network_without_exits(self):
        model, plain = random_model(), exit_model(0)
        tfgate.copy_weights(model, plain)
        model.policy = plain.policy = tfgate.AlwaysOpen()
        np.testing.assert_array_equal(
            builders.predict(model, images(8)), builders.predict(plain, images(8))
        )

    @pytest.mark.parametrize("first_closed", [0, 1, 2])
    def test_all_leave_at_one_exit(self, first_closed):
        model = random_model(gate=independent_gate)
        opened = dict.fromkeys(model.gate_names, 1)
        closed = dict.fromkeys(EXITS[first_closed:], 0)
        set_decisions(model, opened | closed)
        np.testing.assert_array_equal(
            builders.predict(model, images(8)), answers(model, images(8))[first_closed]
        )

    @pytest.mark.parametrize("training", [True, False])
    def test_each_image_leaves_where_its_own_gate_closes(self, training):
        model, x = random_model(), images(64)
        outputs = model.core(x, training=training)
        z1, z2 = (np.asarray(outputs["gates"][n]["decision"])[:, 0] for n in EXITS)
        leaves_at = np.where(z1 == 0, 0, np.where(z2 == 0, 1, 2))
        assert set(leaves_at) == {0, 1, 2}
        expected = np.stack(answers(model, x))[leaves_at, np.arange(64)]
        np.testing.assert_allclose(outputs["predictions"], expected, rtol=1e-6)
        given = {name: np.asarray(a) for name, a in outputs["exits"].items()}
        assert list(given) == list(EXITS)
        np.testing.assert_allclose(given[EXITS[1]], answers(model, x)[1], rtol=1e-6)


class TestTraining:
    def gradients(self, loss_weight, decisions):
        """Largest gradient by layer, of the loss of one training batch."""
        model = exit_model(gate=independent_gate, loss_weight=loss_weight)
        builders.randomize(model)
        set_decisions(model, decisions)
        for gate in model.gates:
            gate.estimator = builders.MedianEstimator()
        builders.compile_plainly(model)
        x, y = images(16), builders.make_labels(16)
        with tf.GradientTape() as tape:
            loss, _ = model._batch_losses(x, y, None, training=True)
        variables = model.trainable_variables
        found = tape.gradient(loss, variables, unconnected_gradients="zero")
        return {
            v.path: float(np.abs(g).max())
            for v, g in zip(variables, found, strict=True)
        }

    def largest(self, gradients, part):
        chosen = [value for path, value in gradients.items() if part in path]
        assert chosen
        return max(chosen)

    def test_without_losses_of_their_own_only_chosen_classifiers_learn(self):
        opened = {f"block{k}_gate": 1 for k in (1, 2, 3)}
        found = self.gradients(0.0, opened | {EXITS[0]: 1, EXITS[1]: 0})
        assert self.largest(found, "exit2_dense") > 1e-4
        assert self.largest(found, "exit1_dense") == 0.0
        assert self.largest(found, "head") == 0.0

    def test_with_losses_of_their_own_all_classifiers_learn(self):
        opened = {f"block{k}_gate": 1 for k in (1, 2, 3)}
        found = self.gradients(1.0, opened | {EXITS[0]: 1, EXITS[1]: 1})
        for name in ("exit1_dense", "exit2_dense", "head"):
            assert self.largest(found, name) > 1e-4

    def test_gates_learn_from_the_difference_of_the_answers(self):
        opened = {f"block{k}_gate": 1 for k in (1, 2, 3)}
        found = self.gradients(0.0, opened | {EXITS[0]: 1, EXITS[1]: 1})
        for name in EXITS:
            assert self.largest(found, name) > 1e-5

    @pytest.mark.parametrize("loss_weight", [0.0, 0.5])
    def test_loss_is_that_of_the_prediction_and_of_weighted_classifiers(
        self, loss_weight
    ):
        model = random_model(loss_weight=loss_weight)
        builders.compile_plainly(model)
        x, y = images(32), builders.make_labels(32)
        weights = np.random.default_rng(1).uniform(size=32)

        def loss(scores):
            chosen = scores[np.arange(32), y]
            return np.mean(-np.log(np.maximum(chosen, 1e-7)) * weights)

        expected = loss(builders.predict(model, x))
        expected += loss_weight * sum(loss(a) for a in answers(model, x)[:2])
        logs = model.evaluate(
            x, y, sample_weight=weights, batch_size=32, return_dict=True, verbose=0
        )
        assert logs["loss"] == pytest.approx(expected, rel=1e-4)

    def test_regularizers_count_once(self):
        model = random_model(loss_weight=0.5)
        builders.compile_plainly(model)
        x, y = images(8), builders.make_labels(8)
        before = model.evaluate(x, y, return_dict=True, verbose=0)["loss"]
        stem = model.get_layer("stem")
        stem.kernel_regularizer = stem.kernel.regularizer = keras.regularizers.L2(1.0)
        builders.compile_plainly(model)
        after = model.evaluate(x, y, return_dict=True, verbose=0)["loss"]
        expected = np.sum(np.square(stem.kernel.numpy()))
        assert after - before == pytest.approx(expected, rel=1e-4)

    def test_several_outputs_have_no_exit_losses(self):
        inner = exit_model()
        both = [inner.core.output["predictions"], inner.exits.answers[-1]]
        model = tfgate.GatedModel(inner.input, both)
        builders.compile_plainly(model, loss=["mse", "mse"])
        x, y = images(4), np.zeros((4, 3))
        with pytest.raises(ValueError, match="loss_weight=0.*'exit1' with 1.0"):
            model.evaluate(x, [y, y], verbose=0)

    def test_metrics_and_summary(self):
        model = builders.compile_plainly(random_model(), metrics=["accuracy"])
        logs = model.evaluate(
            images(32), builders.make_labels(32), return_dict=True, verbose=0
        )
        assert {f"rate/{name}" for name in EXITS} <= set(logs)
        costs = model.costs
        z = {
            n: d.astype("float32")
            for n, d in builders.decisions(model, images(32)).items()
        }
        mean = float(np.mean(costs.executed(z)))
        assert logs["executed_macs"] == pytest.approx(mean, rel=1e-5)
        lines = []
        model.summary_gates(lines.append)
        assert "exit1_exit_gate (LinearGate)" in lines[0]


def levels_of_brightness(count, seed):
    """Noise around three levels of brightness, one a class."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, 3, count)
    x = 0.3 * generator.normal(size=(count, SIZE, SIZE, 3))
    x += np.array([-1.5, 1.5, 0.0])[y][:, None, None, None]
    return x.astype("float32"), y


def test_a_short_fit_learns_and_sends_images_out():
    keras.utils.set_random_seed(1)
    model = exit_model(
        gate=lambda name, seed: tfgate.DependentGate(name=name, seed=seed)
    )
    builders.compile_plainly(
        model,
        optimizer=keras.optimizers.Adam(0.01),
        metrics=["accuracy"],
        gate_losses=[tfgate.PerGate(0.5, coefficient=2.0)],
    )
    x, y = levels_of_brightness(512, seed=0)
    model.fit(x, y, epochs=4, batch_size=32, verbose=0)
    logs = model.evaluate(*levels_of_brightness(256, 1), return_dict=True, verbose=0)
    assert logs["accuracy"] > 0.9
    stays = builders.decisions(model, x)
    assert 0.02 < np.mean(stays[EXITS[0]]) < 0.98


def exit_model_of_vectors():
    """One gated block, and an exit behind it; no convolutions, as a replica may get an
    empty batch, on which those of oneDNN fail."""
    inputs = keras.Input((6,))
    x = keras.layers.Dense(8)(inputs)
    x, _ = tfgate.GatedResidual(keras.layers.Dense(8), image_gate("block", 7))(x)
    answer, gate = tfgate.EarlyExit(
        keras.layers.Dense(3, "softmax"), image_gate("leave", 8), loss_weight=0.5
    )(x)
    last = keras.layers.Dense(3, "softmax")(keras.layers.Dense(8, "relu")(x))
    selected = tfgate.ExitSelection()([answer, last], [gate["decision"]])
    return tfgate.GatedModel(inputs, selected)


def fit_on(strategy, batches):
    """Weights and logs after some batches of different sizes on a strategy."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(sum(batches), 6)).astype("float32")
    y = generator.integers(0, 3, size=sum(batches))
    ends = np.cumsum(batches)

    def generate():
        for start, end in zip(ends - batches, ends, strict=True):
            yield x[start:end], y[start:end]

    specs = (tf.TensorSpec((None, 6), tf.float32), tf.TensorSpec((None,), tf.int64))
    dataset = tf.data.Dataset.from_generator(generate, output_signature=specs)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    with strategy.scope():
        model = exit_model_of_vectors()
        builders.randomize(model)
        builders.compile_plainly(
            model, gate_losses=tfgate.PerGate(0.3, gates="leave", coefficient=2.0)
        )
    logs = model.fit(
        dataset.with_options(options),
        steps_per_epoch=len(batches),
        shuffle=False,
        verbose=0,
    ).history
    weights = [weight.numpy() for weight in model.trainable_weights]
    return weights, {name: value[-1] for name, value in logs.items()}


def test_replicas_train_alike(make_strategy):
    """The exits' own losses are means over the global batch."""
    weights, logs = fit_on(tf.distribute.get_strategy(), [8, 5, 1])
    assert 0.0 < logs["rate/leave"] < 1.0
    others, other_logs = fit_on(make_strategy(2), [8, 5, 1])
    assert other_logs == pytest.approx(logs, rel=1e-5)
    for weight, other in zip(weights, others, strict=True):
        np.testing.assert_allclose(other, weight, atol=1e-5)


class TestSaving:
    def test_bit_equal_with_exits_losses_and_costs(self, tmp_path):
        model = random_model(loss_weight=0.5)
        loss = tfgate.ConstQuad(0.7)
        builders.compile_plainly(model, gate_losses=[loss])
        path = tmp_path / "model.keras"
        model.save(path)
        loaded = keras.saving.load_model(path)
        x, y = images(16), builders.make_labels(16)
        np.testing.assert_array_equal(
            builders.predict(loaded, x), builders.predict(model, x)
        )
        assert loaded.gate_names == model.gate_names
        assert [e.name for e in loaded.exits.exits] == ["exit1", "exit2"]
        assert {e.loss_weight for e in loaded.exits.exits} == {0.5}
        assert loaded.exits.stages().keys() == model.exits.stages().keys()
        assert loaded.costs.all_closed == model.costs.all_closed
        expected = model.evaluate(x, y, return_dict=True, verbose=0)
        logs = loaded.evaluate(x, y, return_dict=True, verbose=0)
        assert logs == pytest.approx(expected, rel=1e-6)
