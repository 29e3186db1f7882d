"""GatedModel: what survives saving, and what a fresh process needs to load it."""

import json
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest

import tfgate
from tests.tfgate import builders

ROOT = pathlib.Path(tfgate.__file__).resolve().parent.parent

LOAD_AND_PREDICT = """
import json, sys
import keras
import numpy as np
import tfgate

model = keras.saving.load_model(sys.argv[1])
images = np.load(sys.argv[2])
gates = model.core(images, training=False)["gates"]
np.save(sys.argv[3], model.predict(images, verbose=0))
print(json.dumps({
    "policy": repr(model.policy),
    "class": type(model).__name__,
    "gates": list(gates),
    "opened": {n: np.asarray(g["decision"])[:, 0].tolist() for n, g in gates.items()},
    "compiled": model.compiled,
}))
"""


def test_load_in_a_fresh_process_needs_tfgate_alone(tmp_path):
    """Bit-equal thresholded predictions, with safe_mode left on."""
    model = builders.tiny_model(gate=tfgate.DependentGate, policy=tfgate.Threshold(0.4))
    builders.randomize(model)
    builders.compile_plainly(
        model,
        optimizer=tfgate.optimizers.SGD(0.1, gate_weight_decay=1e-4),
        gate_losses=tfgate.PerBatch(0.5),
    )
    images = builders.make_images(32)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "images.npy", images)
    files = [str(tmp_path / name) for name in ("model.keras", "images.npy")]
    run = subprocess.run(
        [sys.executable, "-c", LOAD_AND_PREDICT, *files, tmp_path / "out.npy"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout.splitlines()[-1])
    opened = builders.decisions(model, images)
    assert 0.0 < np.mean(list(opened.values())) < 1.0
    assert told == {
        "policy": "Threshold(tau=0.4)",
        "class": "GatedModel",
        "gates": ["first", "second", "third"],
        "opened": {name: z[:, 0].tolist() for name, z in opened.items()},
        "compiled": True,
    }
    np.testing.assert_array_equal(
        np.load(tmp_path / "out.npy"), model.predict(images, verbose=0)
    )


@pytest.mark.parametrize(
    "policy", [tfgate.Threshold(0.3), tfgate.Stochastic(), tfgate.AlwaysOpen()]
)
def test_policy_survives(policy, tmp_path):
    model = builders.tiny_model(policy=policy)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.policy == policy
    assert {gate.policy for gate in loaded.gates} == {policy}


def test_policy_set_later_survives(tmp_path):
    model = builders.tiny_model()
    model.policy = tfgate.Threshold(0.8)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.policy == tfgate.Threshold(0.8)
    assert [float(g.tau.numpy()) for g in loaded.gates] == pytest.approx([0.8] * 3)


def test_weights_of_another_policy_leave_the_policy_alone(tmp_path):
    """τ belongs to the policy, not to the weights that are loaded."""
    source = builders.tiny_model(policy=tfgate.Threshold(0.95))
    source.save_weights(tmp_path / "model.weights.h5")
    model = builders.tiny_model(policy=tfgate.Threshold(0.5))
    model.load_weights(tmp_path / "model.weights.h5")
    assert model.policy == tfgate.Threshold(0.5)
    opened = builders.decisions(model, builders.make_images(2))
    assert np.mean(list(opened.values())) == 1.0  # p = 0.87 > 0.5


def test_compiled_state_survives_and_training_continues(tmp_path):
    """Interrupted by save and load, training goes on as if it had not been."""
    images, labels = builders.make_images(8), builders.make_labels(8)

    def fit(model):
        options = {"batch_size": 4, "shuffle": False, "verbose": 0}
        logs = model.fit(images, labels, **options).history
        return {name: values[0] for name, values in logs.items()}

    model = builders.tiny_model(gate=tfgate.DependentGate, initial_open_probability=0.6)
    losses = [tfgate.PerBatch(0.3, coefficient=2.0), tfgate.Macs(0.6)]
    builders.compile_plainly(
        model,
        optimizer=tfgate.optimizers.SGD(0.1, weight_decay=1e-3),
        metrics=["accuracy"],
        gate_losses=losses,
    )
    fit(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert [keras.saving.serialize_keras_object(x) for x in loaded._gate_losses] == [
        keras.saving.serialize_keras_object(loss) for loss in losses
    ]
    assert type(loaded.optimizer) is tfgate.optimizers.SGD
    assert int(loaded.optimizer.iterations.numpy()) == 2
    assert fit(loaded) == pytest.approx(fit(model), rel=1e-6)
    for weight, other in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(other.numpy(), weight.numpy())


def test_saving_changes_nothing(tmp_path):
    model = builders.per_image_model()
    images = builders.make_images(4)
    before = builders.predict(model, images)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(builders.predict(model, images), before)


def test_estimators_seeds_and_names_survive(tmp_path):
    model = builders.tiny_model(
        estimator=tfgate.estimators.BinaryConcrete(0.5), seed=21, names=("z", "a")
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.name == model.name
    assert loaded.gate_names == ["z", "a"]
    assert [gate.get_config() for gate in loaded.gates] == [
        gate.get_config() for gate in model.gates
    ]
    images = builders.make_images(64)
    for _ in range(2):
        expected = builders.decisions(model, images, training=True)
        for name, z in builders.decisions(loaded, images, training=True).items():
            np.testing.assert_array_equal(z, expected[name])


def test_clone():
    model = builders.per_image_model()
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    images = builders.make_images(4)
    np.testing.assert_array_equal(
        builders.predict(clone, images), builders.predict(model, images)
    )
