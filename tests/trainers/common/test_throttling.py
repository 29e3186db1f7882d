"""Throttled networks of runs: built from settings, trained in two phases, measured."""

import csv
import json

import keras
import numpy as np
import pytest

import tfgate
from tests.trainers.builders import toy_dataset
from tests.trainers.builders import toy_settings
from tests.trainers.common.test_run import checkpoint
from tests.trainers.common.test_run import interrupted
from tfgate import tables
from tfgate import throttling
from trainers.common import network
from trainers.common import run
from trainers.common import study
from trainers.common.errors import RunStopped
from trainers.common.errors import UserError
from trainers.common.workdir import Workdir

SMALL = {"depth": 8, "us": "0,0.5,1", "learning_rate": 0.01, "epochs": 1}
US = [0.0, 0.5, 1.0]
LEARNED = {
    **SMALL,
    "gating": "blind",
    "optimizer": "adam",
    "schedule": "constant",
    "gate_weight_decay": 0,
}


@pytest.fixture(scope="module")
def dataset():
    return toy_dataset()


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A finished run with independent gating: the first phase."""
    chosen = toy_settings(**SMALL, gating="independent", recalibrate_steps=2)
    workdir = Workdir(tmp_path_factory.mktemp("first") / "run")
    return run.run(chosen, toy_dataset(), workdir), workdir


def weights_of_data_path(path):
    model = keras.saving.load_model(path)
    gating = {id(v) for v in (*model.gating.variables, *model.dial.variables)}
    return {v.path: v.numpy() for v in model.core.variables if id(v) not in gating}


class TestBuild:
    @pytest.mark.parametrize(
        ("values", "kind", "control"),
        [
            (
                {"gating": "nested", "control": "uniform(0.25, 1)"},
                throttling.Nested,
                throttling.UniformControl(0.25, 1.0),
            ),
            (
                {
                    "gating": "independent",
                    "control": "beta(2, 1)",
                    "control_per": "batch",
                },
                throttling.Independent,
                throttling.BetaControl(2, 1, per="batch"),
            ),
            ({"gating": "none"}, throttling.Nested, throttling.ConstantControl(1.0)),
            (
                {"gating": "nested", "control": "constant(0.5)"},
                throttling.Nested,
                throttling.ConstantControl(0.5),
            ),
        ],
    )
    def test_gating_and_control(self, dataset, values, kind, control):
        chosen = toy_settings(depth=8, seed=5, **values)
        model = network.build(chosen, dataset)
        network.compile_model(model, chosen, steps=3)
        assert isinstance(model, tfgate.ThrottledModel)
        assert isinstance(model.gating, kind) and model.gating.seed == 5
        assert model.dial.distribution == control
        name = "naive" if values["gating"] == "none" else values["gating"]
        assert model.name == f"cifar_resnet8_{name}"
        assert model.gate_losses == []

    def test_times_of_the_control_are_epochs(self, dataset):
        chosen = toy_settings(
            depth=8,
            gating="nested",
            control="uniform(anneal(1, -0.25, every=1, final=0), 1)",
        )
        low = network.build(chosen, dataset).dial.distribution.low
        steps = network.steps_per_epoch(chosen, dataset)
        assert [float(low(epoch * steps)) for epoch in range(6)] == [
            *(1.0, 0.75, 0.5, 0.25, 0.0, 0.0)
        ]

    @pytest.mark.parametrize(
        ("values", "axis", "sizes"),
        [
            ({"network": "cifar_vgg"}, "width", [16] * 8),
            (
                {
                    "network": "cifar_resnext",
                    "depth": 11,
                    "cardinality": 4,
                    "group_width": 1,
                },
                "width",
                [4] * 3,
            ),
            ({"network": "cifar_densenet", "depth": 10}, "width", [1] * 3),
            ({"depth": 8}, "depth", [1] * 3),
        ],
        ids=["vgg", "resnext", "densenet", "resnet"],
    )
    def test_the_modules_of_the_paper(self, dataset, values, axis, sizes):
        model = network.build(toy_settings(**values, gating="nested"), dataset)
        assert [module.axis for module in model.modules] == [axis] * len(sizes)
        assert [module.size for module in model.modules] == sizes
        if "cardinality" in values:
            assert model.name == "cifar_resnext11_4x1d_nested"

    def test_numbers_out_of_their_range(self, dataset):
        for control in ("uniform(0.5, 0.2)", "beta(0, 1)", "constant(2)"):
            chosen = toy_settings(depth=8, gating="nested", control=control)
            with pytest.raises(UserError, match="Expected"):
                network.build(chosen, dataset)


@pytest.mark.parametrize(
    "values",
    [
        {"batch_norm": "switchable", "control_per": "batch"},
        {"batch_norm": "recalibrated", "recalibrate_steps": 2},
    ],
    ids=["switchable", "recalibrated"],
)
def test_batch_norm_statistics_by_u(tmp_path, values):
    chosen = toy_settings(**SMALL, gating="nested", batch_norm_buckets=2, **values)
    workdir = Workdir(tmp_path / "run")
    outcome = run.run(chosen, toy_dataset(), workdir)
    model = keras.saving.load_model(workdir.model)
    norm = model.get_layer("conv1_bn")
    assert isinstance(norm, throttling.SwitchableBatchNormalization)
    low, high = keras.ops.convert_to_numpy(norm.moving_variance)
    assert np.isfinite([low, high]).all()
    assert model.dial.buckets == 2
    rows = tfgate.evaluate_throttling(model, toy_dataset().test(20), US)
    measured = outcome["throttling"]["curve"]
    assert [row["accuracy"] for row in rows] == [row["accuracy"] for row in measured]


class TestFirstPhase:
    def test_results(self, first):
        outcome, workdir = first
        assert json.loads(workdir.results.read_text()) == outcome
        assert outcome["model"] == "cifar_resnet8_independent"
        assert list(outcome["test_accuracy"]) == ["threshold"]
        assert outcome["activation_rate"] == 1.0  # at u = 1
        model = keras.saving.load_model(workdir.model)
        assert outcome["parameters"] == sum(map(np.size, model.trainable_weights))
        measured = outcome["throttling"]
        assert (measured["network"], measured["gating"]) == (
            "cifar_resnet",
            "independent",
        )
        assert measured["policy"] == "stochastic"
        rows = measured["curve"]
        assert [(row["policy"], row["u"]) for row in rows] == [
            (policy, u) for policy in ("threshold", "stochastic") for u in US
        ]
        assert rows[2]["accuracy"] == outcome["test_accuracy"]["threshold"]
        for policy, areas in measured["areas"].items():
            own = [row for row in rows if row["policy"] == policy]
            for x, area in areas.items():
                expected = tfgate.area_under_curve(own, x)
                assert area == pytest.approx(expected, abs=2e-6)

    def test_files(self, first):
        _, workdir = first
        names = {path.name for path in workdir.plots.iterdir()}
        assert names == {"accuracy.png", "curve.png", "curve.csv"}
        rows = tables.read_csv(workdir.plots / "curve.csv")
        assert rows == first[0]["throttling"]["curve"]
        with open(workdir.metrics, encoding="utf-8", newline="") as file:
            (row,) = csv.DictReader(file)
        assert 0.2 < float(row["u"]) < 0.8  # 40 draws of a uniform number
        assert 0.0 < float(row["complexity"]) < 1.0
        assert float(row["val_complexity"]) == 1.0

    def test_the_dial_is_open_in_the_file(self, first):
        assert keras.saving.load_model(first[1].model).u == 1.0


class TestSecondPhase:
    @pytest.mark.parametrize(
        "values",
        [
            {"estimator": "concrete"},
            {"estimator": "reinforce", "reinforce_alpha": "linear(0.8, 0.99, end=2)"},
            {"gating": "contextual", "estimator": "concrete", "complexity": "hinge"},
        ],
        ids=["concrete", "reinforce", "contextual"],
    )
    def test_only_the_gating_function_is_trained(self, first, tmp_path, values):
        chosen = toy_settings(**{**LEARNED, **values}, data_path=first[1].model)
        workdir = Workdir(tmp_path / "run")
        before = network.build(chosen, toy_dataset())
        before = [v.numpy() for v in before.gating.trainable_variables]
        outcome = run.run(chosen, toy_dataset(), workdir)
        kept = weights_of_data_path(first[1].model)
        found = weights_of_data_path(workdir.model)
        assert kept.keys() == found.keys() and len(kept) > 20
        different = [n for n in kept if not np.array_equal(kept[n], found[n])]
        assert different == []
        trained = keras.saving.load_model(workdir.model).gating.trainable_variables
        changes = [
            np.abs(v.numpy() - old).max()
            for v, old in zip(trained, before, strict=True)
        ]
        assert len(changes) == 4 and max(changes) > 1e-4
        assert outcome["parameters"] > first[0]["parameters"]
        assert outcome["throttling"]["policy"] == "threshold"
        assert set(outcome["throttling"]["areas"]) == {"threshold", "stochastic"}
        rows = tables.read_csv(workdir.plots / "components.csv")
        assert len(rows) == 4 * 3
        assert (workdir.plots / "components.png").exists()

    def test_the_settings_arrive(self, first, dataset):
        chosen = toy_settings(
            **LEARNED,
            data_path=first[1].model,
            estimator="reinforce",
            reinforce_alpha="linear(0.6, 0.9, end=2)",
            complexity="hinge",
            complexity_power=1,
            complexity_coefficient="linear(0, 4, end=2)",
            complexity_weights="components",
            initial_open_probability=0.7,
        )
        model = network.build(chosen, dataset)
        network.compile_model(model, chosen, steps=3)
        estimator = model.gating.estimator
        assert isinstance(estimator, throttling.ScoreFunction)
        alphas = [float(estimator.alpha(step)) for step in (0, 3, 6)]
        assert alphas == pytest.approx([0.6, 0.75, 0.9])
        (loss,) = model.gate_losses
        assert isinstance(loss, tfgate.Complexity)
        assert (loss.penalty, loss.p, loss.weights) == ("hinge", 1, "components")
        assert float(loss.coefficient(3)) == pytest.approx(2.0)
        assert model.gating.initial_open_probability == 0.7
        assert model.dial.distribution == throttling.UniformControl()
        assert int(model.dial.noise_step) == 0  # not the data path's
        chosen = toy_settings(**LEARNED, data_path=first[1].model, estimator="concrete")
        estimator = network.build(chosen, dataset).gating.estimator
        assert isinstance(estimator, tfgate.estimators.BinaryConcrete)
        assert (estimator.temperature, estimator.hard) == (0.1, False)

    def test_reinforce_continues_to_the_same_bits(self, first, tmp_path):
        chosen = toy_settings(
            **{**LEARNED, "epochs": 2},
            data_path=first[1].model,
            estimator="reinforce",
            checkpoint_every_steps=2,
        )
        whole, broken = (Workdir(tmp_path / name) for name in ("whole", "broken"))
        outcome = run.run(chosen, toy_dataset(), whole)
        with pytest.raises(RunStopped, match="data ended after 2"):
            run.run(chosen, interrupted(toy_dataset(), 1, 2), broken)
        again = run.run(chosen, toy_dataset(), broken)
        assert again["throttling"] == outcome["throttling"]
        (arrays, rows), (others, other_rows) = checkpoint(whole), checkpoint(broken)
        assert rows == other_rows and arrays.keys() == others.keys()
        different = [n for n in arrays if not np.array_equal(arrays[n], others[n])]
        assert different == []
        assert any("baseline" in name for name in arrays)

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"depth": 14}, "--data_path=.*layers that differ.* and [0-9]+ more"),
            ({"granularity": "bas"}, "modules of .* of another --granularity"),
        ],
    )
    def test_another_network(self, first, dataset, values, said):
        chosen = {**LEARNED, "data_path": first[1].model, **values}
        with pytest.raises(UserError, match=said):
            network.build(toy_settings(**chosen), dataset)

    def test_a_network_without_a_dial(self, dataset, tmp_path):
        path = tmp_path / "model.keras"
        network.build(toy_settings(depth=8, gate="none"), dataset).save(path)
        chosen = toy_settings(**LEARNED, data_path=path)
        with pytest.raises(UserError, match="trained with --gating in --data_path="):
            network.build(chosen, dataset)

    def test_a_file_that_is_no_model(self, dataset, tmp_path):
        path = tmp_path / "model.keras"
        path.write_text("no model")
        with pytest.raises(UserError):
            network.build(toy_settings(**LEARNED, data_path=path), dataset)


def test_a_finished_run_is_measured_again(first, capsys):
    _, workdir = first
    chosen = toy_settings(us="0,1", evaluate_only=True, stochastic_runs=1)
    of_run = toy_settings(**SMALL, gating="independent", recalibrate_steps=2)
    directory = study.study(chosen, of_run, toy_dataset(), workdir)
    assert {path.name for path in directory.iterdir()} == {"curve.png", "curve.csv"}
    rows = tables.read_csv(directory / "curve.csv")
    assert [row["u"] for row in rows] == [0.0, 1.0, 0.0, 1.0]
    before = {(row["policy"], row["u"]): row for row in first[0]["throttling"]["curve"]}
    fixed = [row for row in rows if row["policy"] == "threshold"]
    assert fixed == [before["threshold", u] for u in (0.0, 1.0)]
    assert "area under the curve, stochastic" in capsys.readouterr().out


def test_u_1_is_the_dense_network(dataset):
    """The naive network starts and evaluates as the dense one of the same seed."""
    dense = network.build(toy_settings(depth=8, gate="none"), dataset)
    naive = network.build(toy_settings(depth=8, gating="none"), dataset)
    images = next(iter(dataset.test(20)))[0]
    tfgate.copy_weights(dense, naive)
    assert np.array_equal(dense(images), naive(images))
