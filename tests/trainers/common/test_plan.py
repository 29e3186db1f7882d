"""The plan of a run: it is what the run does, and costs nothing."""

import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
from absl import flags as absl_flags

from tests.trainers.builders import toy_dataset
from tests.trainers.builders import toy_settings
from tfgate import tables
from trainers.common import data
from trainers.common import flags
from trainers.common import plan
from trainers.common import program
from trainers.common import run
from trainers.common import settings
from trainers.common.cluster import Cluster
from trainers.common.errors import UserError
from trainers.common.workdir import Workdir

SMALL = {"depth": 8, "train_examples": 40, "test_examples": 20, "gate": "dependent"}
TARGET = "per_batch(linear(1, 0.5, end=2))"


def small_settings(**values):
    values = {**SMALL, **values}
    return toy_settings(**{n: v for n, v in values.items() if v is not None})


def printed(chosen, capsys, workdir=None):
    plan.show(plan.make(chosen), workdir)
    return capsys.readouterr().out


class TestMake:
    def test_numbers(self):
        chosen = small_settings(gate_loss=TARGET, epochs=3)
        made = plan.make(chosen)
        assert made.title == "cifar_resnet8_dependent on digits"
        assert (made.epochs, made.steps) == (3, 3)  # 40 images in batches of 16
        rows = made.rows()
        assert [row["epoch"] for row in rows] == [1, 2, 3]
        assert [row["first_step"] for row in rows] == [0, 3, 6]
        assert [row["per_batch.target"] for row in rows] == [1.0, 0.75, 0.5]

    @pytest.mark.parametrize("schedule", ["cosine", "step"])
    def test_the_learning_rates_of_a_run(self, tmp_path, schedule):
        """metrics.csv has those after an epoch, with which the next one begins."""
        values = {"schedule": schedule, "epochs": 3, "gate": "none"}
        if schedule == "step":
            values["step_epochs"] = "1,2"
        chosen = small_settings(**values)
        run.run(chosen, toy_dataset(40), Workdir(tmp_path / "run"))
        metrics = tables.read_csv(tmp_path / "run" / "metrics.csv")
        rows = plan.make(chosen).rows()
        planned = [row["learning_rate"] for row in rows[1:]]
        assert planned == pytest.approx([row["lr"] for row in metrics[:-1]], rel=1e-5)

    def test_no_data_are_read(self, monkeypatch):
        def load(_):
            raise AssertionError("data were loaded")

        monkeypatch.setattr(data, "load", load)
        made = plan.make(settings.make(dataset="cifar10", depth=8, epochs=2))
        assert "50,000 for training" in made.facts["images"]
        assert "no --data_dir" in made.facts["images"]
        assert made.steps == 391

    def test_devices(self):
        assert plan.make(small_settings()).facts["batch"] == "16 images, on one device"
        two = plan.make(small_settings(logical_cpus=2))
        assert two.facts["batch"] == "16 images, 8 for each of 2 devices"
        with pytest.raises(UserError, match="multiple of the 3 devices"):
            plan.make(small_settings(logical_cpus=3))

    def test_processes(self):
        cluster = Cluster(("a:1", "b:1", "c:1", "d:1"), 0)
        made = plan.make(small_settings(), cluster)
        assert made.facts["batch"] == "16 images, 4 for each of 4 processes"

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"gate_loss": "per_gate([1, 0.5])"}, "Expected 3 targets"),
            ({"gate_loss": "macs(0.001)"}, "share that runs with every gate closed"),
            ({"gate_loss": "per_batch(1.5)"}, r"Expected target in \[0, 1\]"),
            ({"validation_examples": 40}, "--validation_examples below the 40"),
        ],
    )
    def test_what_would_end_the_run(self, values, said):
        with pytest.raises(UserError, match=said):
            plan.make(small_settings(**values))


class TestShow:
    def test_text(self, capsys):
        chosen = small_settings(
            gate_loss=TARGET,
            epochs=4,
            schedule="step",
            step_epochs="2",
            recalibrate_steps=2,
            recalibrate_batch_size=32,
            gate_weight_decay="0.5",
        )
        text = printed(chosen, capsys)
        assert "plan of cifar_resnet8_dependent on digits" in text
        assert "gates          3 of 3 components" in text
        assert "4 of 3 steps, 12 steps in all" in text
        assert "weight decay 0.0001, of gates 0.5" in text
        assert f"gate loss      {TARGET}" in text
        assert "of batch norms, 2 batches of 32" in text
        assert "per_batch.coefficient: 1 throughout" in text
        table = [line.split() for line in text.splitlines()[-4:]]
        assert table == [
            ["from", "epoch", "learning_rate", "per_batch.target"],
            ["1", "0.1", "1"],
            ["2", "0.1", "0.75"],
            ["3", "0.01", "0.5"],
        ]

    def test_scaled_weight_decay_of_the_gates(self, capsys):
        text = printed(small_settings(gate_weight_decay="scaled"), capsys)
        assert "of gates 0.000666667" in text  # 20 / 3 gates x 1e-4

    def test_options(self, capsys):
        options = {"clip_norm": 1.5, "ema_momentum": 0.999, "nesterov": False}
        chosen = small_settings(precision="mixed_float16", momentum=0.8, **options)
        text = printed(chosen, capsys)
        assert "SGD, momentum 0.8, weight decay 0.0001, of gates" in text
        assert "clipped to a global norm of 1.5" in text
        assert "of the weights, momentum 0.999" in text
        assert "mixed_float16" in text
        plain = printed(small_settings(), capsys)
        for word in ("clipped", "average", "precision", "start", "recalibration"):
            assert word not in plain

    def test_images(self, capsys):
        chosen = small_settings(
            dataset="imagenet2012",
            network="resnet18",
            depth=None,
            image_size=64,
            mixup_alpha=0.2,
            label_smoothing=0.1,
            train_examples=64,
        )
        text = printed(chosen, capsys)
        assert "plan of resnet18_dependent on imagenet2012" in text
        assert "64 for training, 20 for testing, 1,000 classes" in text
        assert "for an image of 64x64" in text
        assert "alpha 0.2" in text and "label smoothing" in text

    def test_throttled(self, capsys):
        control = "uniform(anneal(1, -0.5, every=1, final=0), 1)"
        chosen = small_settings(
            gate=None,
            gating="nested",
            control=control,
            optimizer="adam",
            learning_rate=1e-3,
            schedule="constant",
            epochs=3,
        )
        text = printed(chosen, capsys)
        assert "plan of cifar_resnet8_nested on digits" in text
        assert "Adam, weight decay 0.0001" in text
        assert f"u in training  {control}" in text
        assert "for each example" in text
        assert "learning_rate: 0.001 throughout" in text
        table = [line.split() for line in text.splitlines()[-4:]]
        assert table == [
            ["from", "epoch", "u.low"],
            ["1", "1"],
            ["2", "0.5"],
            ["3", "0"],
        ]
        labels = [axes.get_ylabel() for axes in plan.draw(plan.make(chosen)).axes]
        assert labels == ["learning rate", "u"]

    def test_dense(self, capsys):
        text = printed(small_settings(gate="none"), capsys)
        assert "plan of cifar_resnet8_dense on digits" in text
        assert "gate" not in text

    def test_a_target_that_follows_the_batches(self, capsys):
        text = printed(small_settings(gate_loss="per_batch(variable(0.8))"), capsys)
        said = "per_batch.target: 0.8 at the beginning of each epoch, then it follows"
        assert said in text

    @pytest.mark.parametrize("epochs", [30, 500])
    def test_a_long_table_is_cut(self, capsys, epochs):
        loss = f"per_batch(linear(1, 0.5, begin=10, end={epochs - 10}))"
        chosen = small_settings(
            gate_loss=loss, epochs=epochs, schedule="step", step_epochs="15"
        )
        text = printed(chosen, capsys)
        _, table = text.split("from epoch")
        first = [line.split()[0] for line in table.splitlines()[1:]]
        shown = [int(word) for word in first if word.isdigit()]
        assert len(shown) <= 24 and shown == sorted(set(shown))
        # Where the ramp begins and ends, and where the learning rate falls.
        assert {1, 16, epochs - 9} <= set(shown)
        assert {11, 12} & set(shown)
        assert ("plan.csv has all" in text) == (epochs == 500)

    def test_nothing_but_the_plan_is_written(self, tmp_path, capsys):
        workdir = Workdir(tmp_path / "a" / "run")
        made = plan.make(small_settings(gate_loss=TARGET, epochs=3))
        plan.show(made, workdir)
        assert str(workdir.plan_png) in capsys.readouterr().out
        found = {path.name for path in workdir.path.iterdir()}
        assert found == {"plan.png", "plan.csv"}
        assert workdir.plan_png.read_bytes().startswith(b"\x89PNG")
        assert tables.read_csv(workdir.plan_csv) == made.rows()
        workdir.check(small_settings())  # a run may begin there

    def test_other_files_are_not_a_plan(self, tmp_path):
        (tmp_path / "plan.txt").write_text("mine")
        with pytest.raises(UserError, match="holds other files"):
            Workdir(tmp_path).check(small_settings())


class TestDraw:
    def test_kinds_have_axes_of_their_own_and_lines_differ(self):
        loss = f"{TARGET} + l0(linear(0, 0.1, end=2)) + polarization()"
        figure = plan.draw(plan.make(small_settings(gate_loss=loss, epochs=3)))
        labels = [axes.get_ylabel() for axes in figure.axes]
        assert labels == ["learning rate", "targets", "coefficients"]
        lines = figure.axes[2].get_lines()
        assert [line.get_label() for line in lines] == [
            "per_batch.coefficient",
            "l0.coefficient",
            "polarization.coefficient",
        ]
        for one, other in itertools.combinations(lines, 2):
            assert one.get_linestyle() != other.get_linestyle()
            assert one.get_marker() != other.get_marker()
            assert one.get_color() == other.get_color() == "black"

    def test_lines_are_the_curves(self):
        made = plan.make(small_settings(gate_loss=TARGET, epochs=3))
        figure = plan.draw(made)
        (line,) = figure.axes[1].get_lines()
        epochs, values = line.get_data()
        np.testing.assert_allclose(epochs, np.arange(9) / 3)
        np.testing.assert_allclose(values, np.maximum(1 - epochs / 4, 0.5), rtol=1e-6)

    def test_temperature_and_noise_only_if_they_change(self):
        made = plan.make(small_settings(temperature="linear(2, 1, end=2)"))
        labels = [axes.get_ylabel() for axes in plan.draw(made).axes]
        assert labels[-1] == "temperature and noise"
        assert len(plan.draw(plan.make(small_settings(gate="none"))).axes) == 1


class TestFlag:
    def parse(self, *arguments):
        values = absl_flags.FlagValues()
        flags.define(values)
        return settings.parse(["program", *arguments], values)

    def test_needs_neither_data_nor_workdir(self):
        assert self.parse("--preset").workdir is None
        with pytest.raises(UserError, match="--workdir=DIR"):
            self.parse("--data_dir=d")

    def test_is_no_evaluation(self):
        with pytest.raises(UserError, match="--preset has no effect"):
            self.parse("--preset", "--evaluate_only", "--workdir=w")

    def test_data_that_are_given_must_be_there(self, tmp_path):
        missing = tmp_path / "missing"
        with pytest.raises(UserError, match="expected a directory"):
            program.train(self.parse("--preset", f"--data_dir={missing}"))

    def test_a_workdir_of_another_run(self, tmp_path, capsys):
        with Workdir(tmp_path).claimed(small_settings(epochs=2)):
            pass
        flags_of_run = json.loads((tmp_path / "flags.json").read_text())
        assert flags_of_run["preset"] is False
        before = sorted(tmp_path.iterdir())
        chosen = small_settings(epochs=3, preset=True, workdir=tmp_path)
        with pytest.raises(UserError, match="epochs was 2, is 3"):
            program.train(chosen)
        assert sorted(tmp_path.iterdir()) == before
        program.train(small_settings(epochs=2, preset=True, workdir=tmp_path))
        assert (tmp_path / "plan.csv").exists()
        assert "plan of" in capsys.readouterr().out

    def test_only_the_chief_writes(self, tmp_path, capsys, monkeypatch):
        for rank, written in ((1, False), (0, True)):
            cluster = Cluster(("a:1", "b:1"), rank)
            monkeypatch.setattr(
                program.strategy, "read_cluster", lambda _, c=cluster: c
            )
            program.train(small_settings(preset=True, workdir=tmp_path / "run"))
            assert (tmp_path / "run" / "plan.csv").exists() == written
        assert capsys.readouterr().out.count("8 for each of 2 processes") == 2

    def test_a_workdir_that_cannot_be(self, tmp_path):
        (tmp_path / "file").write_text("")
        workdir = Workdir(tmp_path / "file" / "run")
        with pytest.raises(UserError, match="expected to create --workdir="):
            plan.show(plan.make(small_settings()), workdir)

    def test_on_the_command_line(self, tmp_path):
        workdir = tmp_path / "run"
        command = [sys.executable, "-m", "trainers.digits", "--preset", "--depth=8"]
        command += [f"--workdir={workdir}", "--epochs=2", "--warmup_epochs=0"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("plan of cifar_resnet8_dependent on digits\n")
        assert "1,437 for training" in done.stdout
        assert not done.stderr
        assert {p.name for p in workdir.iterdir()} == {"plan.png", "plan.csv"}
