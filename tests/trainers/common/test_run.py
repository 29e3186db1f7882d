"""Runs on toy data, in this process."""

import csv
import dataclasses
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.trainers.builders import toy_dataset
from tests.trainers.builders import toy_settings
from trainers.common import run
from trainers.common.errors import RunStopped
from trainers.common.strategy import Distribution
from trainers.common.workdir import Workdir

SHORT = {"depth": 8, "learning_rate": 0.01, "stochastic_runs": 1, "ensemble_runs": 1}
AVERAGED = {**SHORT, "ema_momentum": 0.5, "clip_norm": 1.0}
LARGE = [pytest.mark.large, pytest.mark.timeout(1200)]
TIMING = ("images_per_second", "input_wait", "seconds")


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    chosen = toy_settings(
        gate="none",
        learning_rate=0.02,
        epochs=3,
        recalibrate_steps=4,
        recalibrate_batch_size=16,
    )
    workdir = Workdir(tmp_path_factory.mktemp("dense") / "run")
    return run.run(chosen, toy_dataset(), workdir), workdir


def test_a_dense_run_has_the_same_fields_and_learns(dense):
    outcome, workdir = dense
    assert json.loads(workdir.results.read_text()) == outcome
    accuracy = outcome["policies"]["dense"]["accuracy"]
    assert accuracy >= 0.9  # dark from bright, recalibrated batch norm
    assert outcome["test_accuracy"] == dict.fromkeys(
        ("stochastic", "threshold", "always_open", "ensemble"), accuracy
    )
    assert outcome["activation_rate"] == 1.0
    assert outcome["activation_rate_per_gate"] == {}
    assert outcome["macs"]["executed_mean"] == outcome["macs"]["dense"] > 0


def test_a_dense_run_has_no_columns_of_gates(dense):
    with open(dense[1].metrics, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert list(rows[0]) == [
        "epoch",
        "lr",
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "images_per_second",
        "input_wait",
        "seconds",
    ]


def test_the_saved_model_is_the_one_that_was_measured(dense):
    outcome, workdir = dense
    model = keras.saving.load_model(workdir.model)
    images, labels = next(iter(toy_dataset().test(20)))
    right = model.predict(images, verbose=0).argmax(-1) == labels.numpy()
    assert right.mean() == pytest.approx(outcome["test_accuracy"]["threshold"])
    assert workdir.labels.read_text() == "dark\nbright\n"


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_checkpoint(
    tmp_path, precision
):
    """Loss scaling skips gradients that are not finite; the loss stops the run."""
    good = toy_dataset()

    def train(epoch, batch_size):
        batches = good.train(epoch, batch_size)
        if epoch == 0:
            return batches
        return batches.map(lambda x, y: (x * tf.constant(np.nan), y))

    bad = type(good)(**{**vars(good), "train": train})
    workdir = Workdir(tmp_path / "run")
    with pytest.raises(RunStopped, match="loss is nan in epoch 2 .* after epoch 1"):
        chosen = toy_settings(gate="none", epochs=3, depth=8, precision=precision)
        run.run(chosen, bad, workdir)
    assert [path.name for path in workdir.checkpoints.iterdir()] == ["epoch-00001.npz"]
    assert not workdir.results.exists() and not workdir.model.exists()
    assert len(workdir.metrics.read_text().splitlines()) == 2


def interrupted(dataset, epoch, batches):
    """The data set, which ends after some batches of an epoch."""

    def train(of, *arguments, **keywords):
        found = dataset.train(of, *arguments, **keywords)
        return found.take(batches) if of == epoch else found

    return dataclasses.replace(dataset, train=train)


def checkpoint(workdir, name="epoch-00002.npz"):
    with np.load(workdir.checkpoints / name) as saved:
        arrays = dict(saved)
    history = json.loads(arrays.pop("state").item())["history"]
    rows = [{k: v for k, v in row.items() if k not in TIMING} for row in history]
    return arrays, rows


@pytest.mark.parametrize(
    ("precision", "replicas"),
    [
        ("float32", 1),
        ("mixed_bfloat16", 1),
        ("mixed_float16", 1),
        pytest.param("mixed_float16", 2, marks=LARGE),
    ],
)
def test_averages_clipping_and_precision_continue_to_the_same_bits(
    tmp_path, make_strategy, precision, replicas
):
    chosen = toy_settings(**AVERAGED, precision=precision, checkpoint_every_steps=2)
    strategy = (
        tf.distribute.get_strategy() if replicas == 1 else make_strategy(replicas)
    )
    whole, broken = (Workdir(tmp_path / name) for name in ("whole", "broken"))
    outcome = run.run(chosen, toy_dataset(), whole, Distribution(strategy))
    with pytest.raises(RunStopped, match="data ended after 2"):
        run.run(
            chosen,
            interrupted(toy_dataset(), 1, 2),
            broken,
            Distribution(strategy),
        )
    assert (broken.checkpoints / "epoch-00001-step-0000001.npz").exists()
    again = run.run(chosen, toy_dataset(), broken, Distribution(strategy))
    assert again["policies"] == outcome["policies"]
    arrays, rows = checkpoint(whole)
    others, other_rows = checkpoint(broken)
    # Metrics are sums over replicas, and restored as one of them: in another order.
    exact = replicas == 1
    for row, other in zip(rows, other_rows, strict=True):
        assert row == (other if exact else pytest.approx(other, rel=1e-6))
    assert arrays.keys() == others.keys()
    different = [n for n in arrays if not np.array_equal(arrays[n], others[n])]
    assert different == []
    assert any("average" in name for name in arrays)
    assert any("dynamic_scale" in name for name in arrays) == (
        precision == "mixed_float16"
    )
    models = [keras.saving.load_model(path.model) for path in (whole, broken)]
    assert all(map(np.array_equal, *(model.get_weights() for model in models)))


@pytest.fixture(scope="module")
def averaged(tmp_path_factory):
    """A finished run whose weights are averaged and whose steps are profiled."""
    chosen = toy_settings(**AVERAGED, precision="mixed_float16", profile_steps="2,3")
    workdir = Workdir(tmp_path_factory.mktemp("averaged") / "run")
    return run.run(chosen, toy_dataset(), workdir), workdir


def test_the_averages_are_what_is_saved_and_evaluated(averaged):
    outcome, workdir = averaged
    arrays, rows = checkpoint(workdir)
    averages = [a for name, a in arrays.items() if name.endswith("_average")]
    model = keras.saving.load_model(workdir.model)
    found = [variable.numpy() for variable in model.trainable_variables]
    assert len(averages) == len(found) > 20
    assert all(map(np.array_equal, found, averages))
    kernels = [array for array in found if array.ndim == 4]
    trained = [array for name, array in arrays.items() if name.startswith("model.")]
    assert not any(np.array_equal(k, array) for k in kernels for array in trained)
    logs = model.evaluate(toy_dataset().test(20), verbose=0, return_dict=True)
    assert logs["accuracy"] == pytest.approx(rows[-1]["val_accuracy"])
    assert logs["loss"] == pytest.approx(rows[-1]["val_loss"], rel=1e-5)
    assert logs["accuracy"] == pytest.approx(outcome["test_accuracy"]["threshold"])


def test_the_first_steps_may_overflow(averaged):
    """They are skipped: learning rates follow the steps that were taken."""
    arrays, rows = checkpoint(averaged[1])
    [(_, scale)] = [a for a in arrays.items() if a[0].endswith("dynamic_scale")]
    taken = max(a for name, a in arrays.items() if name.endswith("iteration"))
    assert 0 < taken <= 6 and np.log2(scale) == 15 - (6 - taken)
    assert all(np.isfinite(row["loss"]) for row in rows)


def test_the_profile_lies_beside_the_events(averaged):
    workdir = averaged[1]
    assert len(list(workdir.tensorboard.glob("plugins/profile/*/*.xplane.pb"))) == 1
    assert len(list(workdir.tensorboard.glob("events.*"))) == 1


@pytest.mark.large
def test_a_model_of_half_precision_loads_with_tfgate_alone(averaged):
    program = (
        "import sys, keras, tfgate; "
        "optimizer = keras.saving.load_model(sys.argv[1]).optimizer; "
        "assert 'trainers' not in sys.modules; "
        "print(type(optimizer).__name__, optimizer.inner_optimizer.global_clipnorm)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program, str(averaged[1].model)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.split() == ["LossScaleOptimizer", "1.0"]
