import numpy as np
import pytest

import tfgate
from tests.trainers.builders import toy_dataset
from tests.trainers.builders import toy_settings
from trainers.common import files
from trainers.common import network
from trainers.common.checkpoints import Checkpoints
from trainers.common.checkpoints import State
from trainers.common.errors import UserError


def build(**values):
    chosen = toy_settings(**values)
    model = network.build(chosen, toy_dataset())
    network.compile_model(model, chosen, steps=3)
    return model


def scramble(model):
    generator = np.random.default_rng(0)
    for variable in [*model.weights, *model.optimizer.variables]:
        values = generator.integers(1, 100, tuple(variable.shape))
        variable.assign(values.astype(variable.dtype))


def everything(model):
    return [v.numpy() for v in [*model.weights, *model.optimizer.variables]]


def names(path):
    return sorted(file.name for file in path.iterdir())


@pytest.fixture(scope="module")
def gated():
    model = build()
    model.optimizer.build(model.trainable_variables)
    scramble(model)
    return model


def test_restores_weights_optimizer_noise_and_state(gated, tmp_path):
    state = State([{"epoch": 1, "loss": 0.1}], wall_seconds=2.5)
    Checkpoints(tmp_path / "c").save(gated, state)
    fresh = build()
    assert Checkpoints(tmp_path / "c").restore(fresh) == state
    assert all(map(np.array_equal, everything(fresh), everything(gated)))
    assert fresh.gates[0].noise_step.numpy() == gated.gates[0].noise_step.numpy() > 0


def test_restores_the_loss_scaling_of_half_precision(tmp_path):
    model = build(precision="mixed_float16", gate="none")
    model.optimizer.build(model.trainable_variables)
    model.optimizer.step_counter.assign(7)
    model.optimizer.dynamic_scale.assign(64.0)
    Checkpoints(tmp_path / "c").save(model, State([{"epoch": 1}]))
    fresh = build(precision="mixed_float16", gate="none")
    Checkpoints(tmp_path / "c").restore(fresh)
    assert int(fresh.optimizer.step_counter.numpy()) == 7
    assert float(fresh.optimizer.dynamic_scale.numpy()) == 64.0


def test_without_a_checkpoint_the_state_is_new(gated, tmp_path):
    before = everything(gated)
    assert Checkpoints(tmp_path / "none").restore(gated) == State()
    assert all(map(np.array_equal, everything(gated), before))


def test_keeps_the_newest_two(gated, tmp_path):
    checkpoints = Checkpoints(tmp_path)
    state = State()
    for epoch in range(1, 5):
        state.history.append({"epoch": epoch})
        checkpoints.save(gated, state)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "epoch-00003.npz",
        "epoch-00004.npz",
    ]


def test_the_best_epoch_is_kept_too(gated, tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=1)
    state = State()
    for epoch, accuracy in enumerate((0.5, 0.8, 0.7, 0.8), start=1):
        state.history.append({"epoch": epoch, "val_accuracy": accuracy})
        checkpoints.save(gated, state)
    assert state.best_epoch == 2
    assert names(tmp_path) == ["epoch-00002.npz", "epoch-00004.npz"]


def test_a_step_is_newer_than_the_epoch_before_it(gated, tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    history = [{"epoch": 1}]
    for epoch, step in ((0, 9), (1, 0), (1, 2), (1, 10)):
        checkpoints.save(gated, State(history[:epoch], step=step))
    assert names(tmp_path) == [
        "epoch-00001-step-0000002.npz",
        "epoch-00001-step-0000010.npz",
    ]
    assert checkpoints.restore(gated) == State(history, step=10)


def test_within_an_epoch_metrics_and_variable_targets_are_kept(tmp_path):
    def make():
        model = build()
        target = tfgate.VariableTarget(0.5, steps_per_epoch=9)
        model.compile(
            model.optimizer,
            model.loss,
            metrics=["accuracy"],
            gate_losses=tfgate.PerBatch(target),
        )
        images = np.zeros((16, 8, 8, 3), "float32")
        labels = np.zeros(16, "int32")
        model.evaluate(images, labels, verbose=0)  # builds the metrics
        return model, target

    model, target = make()
    target.update(0.9, step=0)
    expected = {k: float(v) for k, v in model.get_metrics_result().items()}
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(model, State(step=1))
    fresh, other = make()
    fresh.reset_metrics()
    assert checkpoints.restore(fresh).step == 1
    assert float(other(1)) == float(target(1)) != 0.5
    found = {k: float(v) for k, v in fresh.get_metrics_result().items()}
    assert found == expected and found["loss"] > 0


def test_what_was_being_written_when_killed_is_not_a_checkpoint(gated, tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(gated, State([{"epoch": 1}]))
    (tmp_path / f"{files.PREFIX}epoch-00002.npz").write_bytes(b"half")
    assert checkpoints.restore(gated).epoch == 1


def test_a_damaged_or_foreign_checkpoint_is_the_users_error(gated, tmp_path):
    Checkpoints(tmp_path / "a").save(gated, State([{"epoch": 1}]))
    with pytest.raises(UserError, match="variables of this network"):
        Checkpoints(tmp_path / "a").restore(build(gate="none"))
    path = tmp_path / "a" / "epoch-00001.npz"
    for size in (1000, 0):  # not to be mistaken for a run that has not begun
        path.write_bytes(path.read_bytes()[:size])
        with pytest.raises(UserError, match="epoch-00001.npz, it cannot be read"):
            Checkpoints(tmp_path / "a").restore(gated)
