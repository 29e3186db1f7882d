"""GatedModel: training, metrics, inference, and what it refuses."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgate
from tests.tfgate import builders

L = keras.layers


def block(name, **gate_arguments):
    gate = tfgate.IndependentGate(name=name, **gate_arguments)
    branch = L.Conv2D(3, 3, padding="same")
    return tfgate.GatedResidual(branch, gate, name=f"{name}_block")


@pytest.fixture(scope="module")
def trained():
    """A model with dependent gates after 40 epochs on 16 images, and its logs."""
    keras.utils.set_random_seed(1)
    model = builders.tiny_model(gate=tfgate.DependentGate, initial_open_probability=0.6)
    builders.compile_plainly(
        model,
        optimizer=keras.optimizers.Adam(0.02),
        metrics=["accuracy"],
        gate_losses=[tfgate.PerBatch(0.7, coefficient=3.0), tfgate.PerGate(0.7)],
    )
    images, labels = builders.make_images(16), builders.make_labels(16)
    history = model.fit(
        images,
        labels,
        epochs=40,
        batch_size=8,
        verbose=0,
        validation_data=(images[:6], labels[:6]),
        validation_freq=40,
    )
    return model, history.history


class TestTraining:
    def test_memorises_a_few_images(self, trained):
        _, logs = trained
        first, last = np.mean(logs["loss"][:3]), np.mean(logs["loss"][-3:])
        assert np.isfinite(logs["loss"]).all()
        assert last < 0.6 * first
        assert np.mean(logs["accuracy"][-5:]) > np.mean(logs["accuracy"][:5])

    def test_logs(self, trained):
        _, logs = trained
        own = {
            "activation_rate",
            "executed_macs",
            "gate_loss",
            "rate/first",
            "rate/second",
            "rate/third",
        }
        names = {"loss", "accuracy", *own}
        assert set(logs) == names | {f"val_{name}" for name in names}

    def test_rate_approaches_its_target(self, trained):
        _, logs = trained
        # Over the last ten epochs 480 decisions: five deviations of their rate.
        tolerance = 5.0 * np.sqrt(0.7 * 0.3 / 480)
        assert abs(np.mean(logs["activation_rate"][-10:]) - 0.7) < tolerance

    def test_metrics_hang_together(self, trained):
        model, logs = trained
        rates = np.array([logs[f"rate/{name}"] for name in model.gate_names])
        np.testing.assert_allclose(
            logs["activation_rate"], rates.mean(axis=0), rtol=1e-5
        )
        macs = np.array([model.costs.components[n][0] for n in model.gate_names])
        np.testing.assert_allclose(
            logs["executed_macs"], model.costs.all_closed + macs @ rates, rtol=1e-5
        )


def test_loss_is_task_loss_plus_weighted_gate_losses():
    """One SGD step of fit equals one by hand on the same decisions."""
    images, labels = builders.make_images(6), builders.make_labels(6)
    fitted, by_hand = (builders.per_image_model(batch_norm=False) for _ in range(2))
    losses = [tfgate.PerBatch(0.2, coefficient=3.0), tfgate.PerGate([0.9, 0.5, 0.1])]
    builders.compile_plainly(fitted, gate_losses=losses)
    logs = fitted.fit(images, labels, batch_size=6, verbose=0).history

    variables = by_hand.trainable_variables
    with tf.GradientTape() as tape:
        outputs = by_hand.core(images, training=True)
        picked = tf.gather(outputs["predictions"], labels, axis=1, batch_dims=1)
        task = -tf.reduce_mean(tf.math.log(picked))
        z = tf.concat([g["decision"] for g in outputs["gates"].values()], axis=1)
        per_batch = (0.2 - tf.reduce_mean(z)) ** 2
        per_gate = tf.reduce_mean(([0.9, 0.5, 0.1] - tf.reduce_mean(z, axis=0)) ** 2)
        gate_loss = 3.0 * per_batch + per_gate
        total = task + gate_loss
    gradients = tape.gradient(total, [v.value for v in variables])
    assert logs["loss"][0] == pytest.approx(float(total), rel=1e-5)
    assert logs["gate_loss"][0] == pytest.approx(float(gate_loss), rel=1e-5)
    for variable, gradient, other in zip(
        variables, gradients, fitted.trainable_variables, strict=True
    ):
        np.testing.assert_allclose(
            other.numpy(), variable.numpy() - 0.05 * gradient, rtol=1e-4, atol=1e-6
        )


def test_every_trainable_weight_is_trained():
    model = builders.tiny_model(gate=tfgate.DependentGate, initial_open_probability=0.6)
    builders.randomize(model)
    before = {w.path: w.numpy() for w in model.trainable_weights}
    builders.compile_plainly(model, gate_losses=tfgate.PerBatch(0.1))
    images, labels = builders.make_images(16), builders.make_labels(16)
    model.fit(images, labels, batch_size=16, verbose=0)
    for weight in model.trainable_weights:
        assert (weight.numpy() != before[weight.path]).any(), weight.path


def test_evaluation_equals_a_recount_over_core_outputs():
    model = builders.compile_plainly(builders.per_image_model(), metrics=["accuracy"])
    images, labels = builders.make_images(11), builders.make_labels(11)
    logs = model.evaluate(images, labels, batch_size=4, verbose=0, return_dict=True)
    opened = builders.decisions(model, images)
    joined = np.concatenate(list(opened.values()), axis=1)
    assert 0.0 < joined.mean() < 1.0
    expected = {f"rate/{name}": z.mean() for name, z in opened.items()}
    predictions = builders.predict(model, images)
    picked = predictions[np.arange(11), labels]
    expected.update(
        activation_rate=joined.mean(),
        executed_macs=np.mean(model.costs.executed(opened)),
        gate_loss=0.0,
        accuracy=np.mean(predictions.argmax(axis=1) == labels),
        loss=-np.mean(np.log(picked)),
    )
    assert logs == pytest.approx(expected, rel=1e-5)


def test_each_metric_is_listed_once():
    model = builders.compile_plainly(builders.tiny_model(), metrics=["accuracy"])
    builders.compile_plainly(model, metrics=["accuracy"])
    names = [metric.name for metric in model.metrics]
    assert len(names) == len(set(names))
    assert {"loss", "gates", "gate_loss"} <= set(names)


def test_metrics_start_anew_at_each_epoch():
    model = builders.compile_plainly(builders.per_image_model())
    images, labels = builders.make_images(8), builders.make_labels(8)
    options = {"batch_size": 4, "verbose": 0, "return_dict": True}
    first = model.evaluate(images, labels, **options)
    assert model.evaluate(images, labels, **options) == first


def test_gate_losses_follow_the_order_of_the_network():
    """Names in reverse alphabetical order must not change which target is whose."""
    model = builders.tiny_model(names=("z", "m", "a"))
    assert model.gate_names == ["z", "m", "a"]
    builders.set_open_probability(model.get_layer("z_block").gate, 0.9)
    builders.set_open_probability(model.get_layer("m_block").gate, 0.1)
    builders.set_open_probability(model.get_layer("a_block").gate, 0.9)
    builders.compile_plainly(model, gate_losses=tfgate.PerGate([1.0, 0.0, 0.8]))
    logs = model.evaluate(
        builders.make_images(4), builders.make_labels(4), verbose=0, return_dict=True
    )
    assert logs["rate/m"] == 0.0
    assert logs["gate_loss"] == pytest.approx(0.2**2 / 3.0, rel=1e-5)
    assert list(model.core(builders.make_images(1))["gates"]) == ["z", "m", "a"]


def test_sample_weights_scale_the_task_loss_only():
    model = builders.compile_plainly(
        builders.per_image_model(), gate_losses=tfgate.PerBatch(0.1)
    )
    images, labels = builders.make_images(8), builders.make_labels(8)
    options = {"verbose": 0, "return_dict": True}
    whole = model.evaluate(images, labels, **options)
    nothing = model.evaluate(images, labels, sample_weight=np.zeros(8), **options)
    assert nothing["loss"] == pytest.approx(whole["gate_loss"], rel=1e-5)
    assert whole["loss"] > whole["gate_loss"] > 0.0


def test_callbacks_may_use_another_policy():
    """As a program does that watches stochastic and thresholded accuracy."""

    class Watch(keras.callbacks.Callback):
        seen = []

        def on_epoch_end(self, epoch, logs=None):
            images = builders.make_images(4)
            for policy in (tfgate.Stochastic(), tfgate.AlwaysOpen()):
                with tfgate.use_policy(self.model, policy):
                    self.seen.append(self.model.predict(images, verbose=0).shape)

    model = builders.compile_plainly(builders.tiny_model())
    images, labels = builders.make_images(8), builders.make_labels(8)
    logs = model.fit(images, labels, epochs=2, verbose=0, callbacks=[Watch()]).history
    assert len(logs["loss"]) == 2
    assert Watch.seen == [(4, 3)] * 4


@pytest.mark.parametrize("options", [{"steps_per_execution": 2}, {"jit_compile": True}])
def test_other_ways_to_execute(options):
    model = builders.compile_plainly(
        builders.tiny_model(gate=tfgate.DependentGate, names=("g",)),
        gate_losses=tfgate.PerBatch(0.5),
        **options,
    )
    images, labels = builders.make_images(8), builders.make_labels(8)
    logs = model.fit(images, labels, batch_size=2, verbose=0).history
    assert np.isfinite(logs["loss"]).all()
    assert int(model.gates[0].noise_step.numpy()) == 4


def test_mixed_precision_trains(mixed_bfloat16):
    model = builders.compile_plainly(
        builders.tiny_model(gate=tfgate.DependentGate),
        gate_losses=tfgate.PerBatch(0.5),
    )
    images, labels = builders.make_images(8), builders.make_labels(8)
    logs = model.fit(images, labels, epochs=2, verbose=0).history
    assert np.isfinite(logs["loss"]).all()
    gates = model.core(images)["gates"]
    assert {o.dtype for gate in gates.values() for o in gate.values()} == {tf.float32}
    assert model.get_layer("stem").compute_dtype == "bfloat16"


def test_outputs_may_be_a_structure():
    inputs = keras.Input((8, 8, 3))
    x, _ = block("g")(inputs)
    x = L.GlobalAveragePooling2D()(x)
    model = tfgate.GatedModel(
        inputs, {"one": L.Dense(2, name="one")(x), "two": L.Dense(3, name="two")(x)}
    )
    model.compile("sgd", {"one": "mse", "two": "mse"}, gate_losses=tfgate.PerBatch(0.5))
    images = builders.make_images(4)
    targets = {"one": np.zeros((4, 2)), "two": np.zeros((4, 3))}
    logs = model.fit(images, targets, verbose=0).history
    assert np.isfinite(logs["loss"]).all()
    predictions = model.predict(images, verbose=0)
    assert {name: p.shape for name, p in predictions.items()} == {
        "one": (4, 2),
        "two": (4, 3),
    }


class TestInference:
    def test_call_and_predict_give_predictions_only(self):
        model = builders.per_image_model()
        images = builders.make_images(5)
        assert tuple(model(images).shape) == (5, 3)
        # Compiled and eager code may round differently.
        np.testing.assert_allclose(
            model.predict(images, verbose=0), builders.predict(model, images), atol=1e-6
        )

    def test_core_gives_every_gate(self):
        model = builders.per_image_model()
        images = builders.make_images(5)
        outputs = model.core(images)
        np.testing.assert_array_equal(outputs["predictions"], model(images))
        assert list(outputs["gates"]) == ["first", "second", "third"]
        for gate in outputs["gates"].values():
            assert {name: tuple(o.shape) for name, o in gate.items()} == {
                "logits": (5, 1),
                "probability": (5, 1),
                "decision": (5, 1),
            }

    def test_thresholded_inference_repeats(self):
        model = builders.tiny_model(
            gate=tfgate.DependentGate, initial_open_probability=0.5
        )
        images = builders.make_images(5)
        first = model.predict(images, verbose=0)
        np.testing.assert_array_equal(model.predict(images, verbose=0), first)

    def test_training_call_samples(self):
        model = builders.tiny_model(
            initial_open_probability=0.5, policy=tfgate.AlwaysOpen()
        )
        images = builders.make_images(64)
        rates = [z.mean() for z in builders.decisions(model, images, True).values()]
        # 192 fair coins, five deviations.
        assert abs(np.mean(rates) - 0.5) < 5.0 * 0.5 / np.sqrt(192)

    def test_usable_inside_another_model(self):
        model = builders.per_image_model()
        inputs = keras.Input((8, 8, 3))
        outer = keras.Model(inputs, L.Rescaling(2.0)(model(inputs)))
        images = builders.make_images(3)
        np.testing.assert_allclose(
            outer(images), 2.0 * builders.predict(model, images), rtol=1e-6
        )
        assert model.gate_names == ["first", "second", "third"]


class TestStructure:
    def test_blocks_gates_and_layers(self):
        model = builders.tiny_model()
        assert [b.name for b in model.blocks] == [
            "first_block",
            "second_block",
            "third_block",
        ]
        assert [gate.name for gate in model.gates] == model.gate_names
        assert model.get_layer("stem").name == "stem"
        assert model.input.shape == (None, 8, 8, 3)

    def test_policy_argument_reaches_the_gates(self):
        model = builders.tiny_model(policy=tfgate.Threshold(0.2))
        assert model.policy == tfgate.Threshold(0.2)
        assert {gate.policy for gate in model.gates} == {tfgate.Threshold(0.2)}

    def test_common_policy_of_the_gates_is_kept(self):
        inputs = keras.Input((8, 8, 3))
        x, _ = block("one", policy=tfgate.AlwaysOpen())(inputs)
        x, _ = block("two", policy=tfgate.AlwaysOpen())(x)
        assert tfgate.GatedModel(inputs, x).policy == tfgate.AlwaysOpen()

    def test_different_policies_are_refused(self):
        inputs = keras.Input((8, 8, 3))
        x, _ = block("one", policy=tfgate.AlwaysOpen())(inputs)
        x, _ = block("two", policy=tfgate.Threshold(0.3))(x)
        with pytest.raises(ValueError, match=r"one policy.*AlwaysOpen.*Threshold"):
            tfgate.GatedModel(inputs, x)

    def test_no_gates(self):
        inputs = keras.Input((8, 8, 3))
        with pytest.raises(ValueError, match="at least one gated block"):
            tfgate.GatedModel(inputs, L.Conv2D(3, 3)(inputs))

    def test_gate_outside_the_path_to_the_outputs_is_no_gate(self):
        inputs = keras.Input((8, 8, 3))
        block("unused")(inputs)
        with pytest.raises(ValueError, match="at least one gated block"):
            tfgate.GatedModel(inputs, L.Conv2D(3, 3)(inputs))

    def test_nested_block(self):
        inner_inputs = keras.Input((8, 8, 3))
        x, _ = block("inner")(inner_inputs)
        inner = keras.Model(inner_inputs, x, name="nest")
        inputs = keras.Input((8, 8, 3))
        x, _ = block("outer")(inner(inputs))
        with pytest.raises(ValueError, match="'inner_block' inside 'nest'"):
            tfgate.GatedModel(inputs, x)

    def test_only_nested_blocks(self):
        inner_inputs = keras.Input((8, 8, 3))
        inner = keras.Model(inner_inputs, block("inner")(inner_inputs)[0], name="nest")
        inputs = keras.Input((8, 8, 3))
        with pytest.raises(ValueError, match="'inner_block' inside 'nest'"):
            tfgate.GatedModel(inputs, inner(inputs))

    def test_block_in_the_branch_of_another(self):
        inner_inputs = keras.Input((8, 8, 3))
        branch = keras.Model(inner_inputs, block("inner")(inner_inputs)[0])
        outer = tfgate.GatedResidual(branch, tfgate.IndependentGate(name="outer"))
        inputs = keras.Input((8, 8, 3))
        with pytest.raises(ValueError, match="'inner_block'"):
            tfgate.GatedModel(inputs, outer(inputs)[0])

    def test_two_gates_of_one_name(self):
        inputs = keras.Input((8, 8, 3))
        x, _ = block("same")(inputs)
        gate = tfgate.IndependentGate(name="same")
        x, _ = tfgate.GatedResidual(L.Conv2D(3, 3, padding="same"), gate)(x)
        with pytest.raises(ValueError, match=r"distinct names.*'same', 'same'"):
            tfgate.GatedModel(inputs, x)

    def test_one_gate_in_two_blocks(self):
        inputs, gate = keras.Input((8, 8, 3)), tfgate.IndependentGate(name="shared")
        x = inputs
        for _ in range(2):
            branch = L.Conv2D(3, 3, padding="same")
            x, _ = tfgate.GatedResidual(branch, gate)(x)
        with pytest.raises(ValueError, match="distinct names"):
            tfgate.GatedModel(inputs, x)

    def test_two_calls_of_one_block(self):
        inputs, twice = keras.Input((8, 8, 3)), block("twice")
        x, _ = twice(inputs)
        x, _ = twice(x)
        with pytest.raises(ValueError, match="'twice_block' to be called once, got 2"):
            tfgate.GatedModel(inputs, x)

    @pytest.mark.parametrize(
        "loss", ["per_batch", 0.5, keras.losses.MeanSquaredError()]
    )
    def test_something_else_than_a_gate_loss(self, loss):
        with pytest.raises(ValueError, match="Expected a tfgate gate loss"):
            builders.tiny_model().compile("sgd", "mse", gate_losses=[loss])
