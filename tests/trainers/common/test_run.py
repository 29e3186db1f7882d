"""Runs on toy data, in this process."""

import csv
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.trainers.builders import toy_dataset
from tests.trainers.builders import toy_settings
from trainers.common import run
from trainers.common.errors import RunStopped
from trainers.common.workdir import Workdir


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
        "seconds",
    ]


def test_the_saved_model_is_the_one_that_was_measured(dense):
    outcome, workdir = dense
    model = keras.saving.load_model(workdir.model)
    images, labels = next(iter(toy_dataset().test(20)))
    right = model.predict(images, verbose=0).argmax(-1) == labels.numpy()
    assert right.mean() == pytest.approx(outcome["test_accuracy"]["threshold"])
    assert workdir.labels.read_text() == "dark\nbright\n"


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_checkpoint(tmp_path):
    good = toy_dataset()

    def train(epoch, batch_size):
        batches = good.train(epoch, batch_size)
        if epoch == 0:
            return batches
        return batches.map(lambda x, y: (x * tf.constant(np.nan), y))

    bad = type(good)(**{**vars(good), "train": train})
    workdir = Workdir(tmp_path / "run")
    with pytest.raises(RunStopped, match="loss is nan in epoch 2 .* after epoch 1"):
        run.run(toy_settings(gate="none", epochs=3), bad, workdir)
    assert [path.name for path in workdir.checkpoints.iterdir()] == ["epoch-00001.npz"]
    assert not workdir.results.exists() and not workdir.model.exists()
    assert len(workdir.metrics.read_text().splitlines()) == 2
