import pytest
from absl import flags as absl_flags

from trainers.common import flags
from trainers.common import settings
from trainers.common.errors import UserError


def parse(*arguments):
    values = absl_flags.FlagValues()
    flags.define(values)
    return settings.parse(["program", *arguments], values)


def test_defaults():
    chosen = parse("--workdir=w", "--data_dir=d")
    assert chosen.depth == 20 and chosen.gate == "dependent"
    assert chosen.gate_loss == "per_batch(0.6)"
    assert chosen.temperature is None and chosen.step_epochs is None


def test_a_program_has_its_own_defaults():
    values = absl_flags.FlagValues()
    flags.define(values, dataset="digits", epochs=7)
    chosen = settings.parse(["program", "--workdir=w"], values)
    assert (chosen.dataset, chosen.epochs, chosen.data_dir) == ("digits", 7, None)


def test_a_dense_network_has_no_settings_of_gates():
    chosen = settings.make(gate="none", gate_loss="none")
    assert chosen.gate_loss is None
    assert chosen.ensemble_runs is None and chosen.temperature is None


def test_a_throttled_network_has_no_settings_of_other_gates():
    chosen = settings.make(gating="nested", network="cifar_resnext")
    assert (chosen.granularity, chosen.control) == ("groups", "uniform(0, 1)")
    assert (chosen.control_per, chosen.us) == ("example", None)
    for name in ("gate", "gate_loss", "estimator", "stochastic_runs", "data_path"):
        assert getattr(chosen, name) is None, name
    assert chosen.complexity is None and chosen.reinforce_alpha is None
    naive = settings.make(gating="none")
    assert naive.control is None and naive.granularity == "block"
    assert settings.make(gating="nested", control="constant(1)").control_per is None


def test_a_gating_function_that_learns_has_settings_of_its_own():
    chosen = settings.make(gating="blind", data_path="f", estimator="reinforce")
    assert (chosen.complexity, chosen.complexity_power) == ("distance", 2)
    assert chosen.complexity_coefficient == 10.0
    assert chosen.complexity_weights == "macs"
    assert chosen.reinforce_alpha == "linear(0.8, 0.99, end=20)"
    assert chosen.noise_scale is None and chosen.temperature is None
    assert chosen.recalibrate_steps is None and chosen.preprocessing is None
    concrete = settings.make(gating="blind", data_path="f", estimator="concrete")
    assert concrete.noise_scale == 1.0 and concrete.reinforce_alpha is None


def test_without_gating_nothing_is_throttled():
    chosen = settings.make()
    for name in ("gating", "control", "control_per", "us", "data_path", "complexity"):
        assert getattr(chosen, name) is None, name
    assert (chosen.augmentation, chosen.optimizer) == (True, "sgd")
    images = settings.make(dataset="imagenet2012", optimizer="adam")
    assert images.augmentation is None and images.momentum is None


def test_lists():
    assert settings.make(gating="nested", us="0,0.5,1").us == [0.0, 0.5, 1.0]
    assert settings.make(schedule="step").step_epochs == [150, 250]
    assert settings.make(profile_steps="10,20").profile_steps == [10, 20]


@pytest.mark.parametrize(
    "values, said",
    [
        ({"warmup_epochs": 15}, "--warmup_epochs below --epochs=15"),
        ({"depth": 21}, "--depth=6 n"),
        ({"depth": 32, "block": "bottleneck"}, "--depth=9 n"),
        (
            {"warmup_epochs": 2.5, "schedule": "step", "step_epochs": "2,4"},
            "--warmup_epochs up to the first of --step_epochs, 2, got 2.5",
        ),
        ({"momentum": 0}, "--nonesterov"),
        ({"clip_norm": "inf"}, "finite number for --clip_norm"),
        ({"learning_rate": "inf"}, "finite number for --learning_rate"),
        ({"gating": "blind"}, "--data_path=FILE with --gating=blind"),
        ({"gating": "contextual"}, "--data_path=FILE with --gating=contextual"),
        ({"gating": "nested", "early_exit": True}, "no --early_exit with --gating"),
        ({"gating": "nested", "batch_norm": "switchable"}, "--control_per=batch with"),
        ({"gating": "none", "batch_norm": "recalibrated"}, "expected --recalibrate_st"),
        (
            {
                **{"gating": "nested", "control_per": "batch"},
                **{"batch_norm": "switchable", "recalibrate_steps": 2},
            },
            "expected --recalibrate_steps=0 with --batch_norm=switchable, .* got 2",
        ),
        ({"estimator": "reinforce"}, "--gating=blind or contextual for --estimator"),
        (
            {"gating": "nested", "network": "cifar_vgg", "granularity": "block"},
            "--granularity to be one of groups, filters",
        ),
    ],
)
def test_values_that_do_not_fit_together(values, said):
    with pytest.raises(UserError, match=said):
        settings.make(**values)


@pytest.mark.parametrize(
    "values",
    [
        {"gate_loss": "per_batch"},
        {"gate_loss": "per_batch()"},
        {"gate_loss": ""},
        {"temperature": "linear(1, 2)"},
        {"depth": 7},
        {"gate": "some"},
        {"width": 0},
        {"granularity": "layers"},
        {"granularity": "filters", "places": "middle"},
        {"granularity": "filters", "filters_per_gate": "4,0"},
        {"survival_probability": 0},
        {"taus": "0.5,1"},
        {"dataset": "mnist"},
        {"dataset": "imagenet2012", "image_size": 7},
        {"dataset": "imagenet2012", "shuffle_buffer": 0},
        {"dataset": "imagenet2012", "max_corrupt": -1},
        {"dataset": "imagenet2012", "randaugment_layers": -1},
        {"dataset": "imagenet2012", "randaugment_magnitude": 1.5},
        {"dataset": "imagenet2012", "mixup_alpha": -0.1},
        {"dataset": "imagenet2012", "cutmix_alpha": -0.1},
        {"dataset": "imagenet2012", "label_smoothing": 1.0},
        {"initial_open_probability": 1.0},
        {"temperature": 0},
        {"noise_scale": -0.5},
        {"momentum": 1.0},
        {"ema_momentum": 1.0},
        {"ema_momentum": -0.1},
        {"clip_norm": -1},
        {"gating": "some"},
        {"gating": "nested", "us": "0,1.5"},
        {"gating": "nested", "us": "-0.1"},
        {"gating": "nested", "us": "nan"},
        {"gating": "nested", "us": "half"},
        {"gating": "nested", "control": "0.5"},
        {"gating": "nested", "control": "normal(0.5, 0.1)"},
        {"gating": "nested", "control": "beta(2)"},
        {"gating": "nested", "control_per": "epoch"},
        {"gating": "blind", "complexity": "some"},
        {"gating": "blind", "complexity_power": 3},
        {"gating": "blind", "complexity_coefficient": -1},
        {"gating": "blind", "reinforce_alpha": 0.5},
        {"cardinality": 1},
        {"group_width": 0},
        {"filters": 0},
        {"optimizer": "adamw"},
        {"schedule": "cosine_restarts", "restart_epochs": 0},
        {"schedule": "cosine_restarts", "restart_factor": 0.5},
        {"profile_steps": "3"},
        {"profile_steps": "0,3"},
        {"profile_steps": "5,4"},
        {"profile_steps": "1,2,3"},
        {"profile_steps": "one,two"},
        {"weight_decay": -1e-4},
        {"gate_weight_decay": "much"},
        {"schedule": "step", "step_epochs": "3,3"},
        {"schedule": "step", "step_epochs": "0,3"},
        {"batch_size": 0},
        {"epochs": "some"},
        {"unknown": 1},
    ],
)
def test_values_out_of_range(values):
    with pytest.raises(absl_flags.Error):
        settings.make(**values)


@pytest.mark.parametrize(
    "given, name",
    [
        ("--gate=none --gate_loss=macs(0.5)", "gate_loss"),
        ("--gate=none --estimator=sigmoid", "estimator"),
        ("--gate=none --noise_scale=0.5", "noise_scale"),
        ("--gate=stochastic_depth --gate_loss=l0()", "gate_loss"),
        ("--survival_probability=0.8", "survival_probability"),
        ("--places=input", "places"),
        ("--granularity=bas --filters_per_gate=2", "filters_per_gate"),
        ("--taus=0.5", "taus"),
        ("--estimator=sigmoid --temperature=1", "temperature"),
        ("--step_epochs=3", "step_epochs"),
        ("--gating=nested --gate=dependent", "gate"),
        ("--gating=nested --gate_loss=l0()", "gate_loss"),
        ("--gating=nested --estimator=concrete", "estimator"),
        ("--gating=nested --complexity=hinge", "complexity"),
        ("--gating=nested --complexity_power=1", "complexity_power"),
        ("--gating=nested --complexity_coefficient=1", "complexity_coefficient"),
        ("--complexity_weights=macs", "complexity_weights"),
        ("--gating=nested --data_path=f", "data_path"),
        ("--gating=nested --batch_norm_buckets=2", "batch_norm_buckets"),
        ("--batch_norm=switchable", "batch_norm"),
        ("--gating=none --control=constant(1)", "control"),
        ("--gating=nested --control=constant(1) --control_per=batch", "control_per"),
        ("--us=0.5", "us"),
        ("--control=uniform(0,1)", "control"),
        ("--gating=nested --stochastic_runs=2", "stochastic_runs"),
        ("--gating=blind --data_path=f --weights=w", "weights"),
        ("--gating=blind --data_path=f --preprocessing=tf", "preprocessing"),
        ("--gating=blind --data_path=f --recalibrate_steps=2", "recalibrate_steps"),
        ("--gating=blind --data_path=f --reinforce_alpha=0.9", "reinforce_alpha"),
        (
            "--gating=blind --data_path=f --estimator=reinforce --noise_scale=0.5",
            "noise_scale",
        ),
        ("--cardinality=4", "cardinality"),
        ("--filters=16", "filters"),
        ("--optimizer=adam --momentum=0.5", "momentum"),
        ("--optimizer=adam --nesterov", "nesterov"),
        ("--restart_epochs=5", "restart_epochs"),
        ("--schedule=cosine_restarts --warmup_epochs=1", "warmup_epochs"),
        ("--dataset=imagenet2012 --noaugmentation", "augmentation"),
        ("--recalibrate_batch_size=8", "recalibrate_batch_size"),
        ("--data_dir=d", "data_dir"),
        ("--train_dir=d", "train_dir"),
        ("--test_dir=d", "test_dir"),
        ("--image_size=32", "image_size"),
        ("--shuffle_buffer=9", "shuffle_buffer"),
        ("--max_corrupt=1", "max_corrupt"),
        ("--randaugment_layers=1", "randaugment_layers"),
        ("--mixup_alpha=0.2", "mixup_alpha"),
        ("--cutmix_alpha=1", "cutmix_alpha"),
        ("--label_smoothing=0.1", "label_smoothing"),
        (
            "--dataset=imagenet2012 --randaugment_magnitude=0.3",
            "randaugment_magnitude",
        ),
        (
            "--dataset=imagenet2012 --data_dir=d --train_dir=d --test_dir=d",
            "data_dir",
        ),
    ],
)
def test_a_flag_that_would_be_ignored(given, name):
    arguments = ["--workdir=w", "--dataset=digits", *given.split()]
    with pytest.raises(UserError, match=f"--{name} has no effect"):
        parse(*arguments)


def test_code_may_give_values_without_effect():
    chosen = settings.make(gate="none", gate_loss="l0()", step_epochs="3")
    assert chosen.gate_loss is None and chosen.step_epochs is None


@pytest.mark.parametrize(
    "arguments, said",
    [
        ((), "--workdir=DIR"),
        (("--workdir=w",), "--data_dir=DIR, the directory that holds cifar10/"),
        (
            ("--workdir=w", "--dataset=imagenet2012"),
            "--data_dir=DIR, the directory that holds imagenet2012/ or the folders",
        ),
        (
            ("--workdir=w", "--dataset=imagenet2012", "--train_dir=d"),
            "or both --train_dir=DIR and --test_dir=DIR",
        ),
        (("--workdir=w", "--dataset=digits", "rest"), "'rest'"),
        (
            (
                *("--workdir=w", "--dataset=digits", "--gating=blind"),
                "--data_path=missing",
            ),
            "expected --data_path to be a file, got missing",
        ),
    ],
)
def test_command_lines_that_lack_something(arguments, said):
    with pytest.raises(UserError, match=said):
        parse(*arguments)


def test_files_may_be_awaited(tmp_path):
    values = absl_flags.FlagValues()
    flags.define(values)
    path = str(tmp_path / "model.keras")
    arguments = ["program", "--workdir=w", "--dataset=digits", "--gating=blind"]
    arguments.append(f"--data_path={path}")
    assert settings.parse(arguments, values, awaited=[path]).data_path == path


def test_folders_stand_in_place_of_a_data_dir():
    arguments = ("--workdir=w", "--dataset=imagenet2012", "--train_dir=a")
    assert parse(*arguments, "--test_dir=b").data_dir is None
    chosen = parse(*arguments, "--data_dir=d")
    assert (chosen.train_dir, chosen.test_dir, chosen.data_dir) == ("a", None, "d")
    assert (chosen.image_size, chosen.shuffle_buffer) == (224, 8192)
    assert chosen.max_corrupt is None and chosen.randaugment_magnitude is None


def test_an_evaluation_takes_the_flags_of_its_run():
    chosen = parse("--workdir=w", "--evaluate_only", "--taus=0.2,0.7")
    assert chosen.evaluate_only and chosen.taus == [0.2, 0.7]
    assert chosen.split == "test"
    throttled = parse("--workdir=w", "--evaluate_only", "--us=0,1")
    assert throttled.us == [0.0, 1.0]
    with pytest.raises(UserError, match="--epochs has no effect with --evaluate_only"):
        parse("--workdir=w", "--evaluate_only", "--epochs=3")


@pytest.mark.parametrize(
    ("flag", "gating", "said"),
    [
        ("--taus=0.5", "nested", "--taus .* of a run with --gating=nested"),
        ("--stochastic_runs=5", "none", "--stochastic_runs .* with --gating=none"),
        ("--ensemble_runs=1", "nested", "--ensemble_runs .* with --gating=nested"),
        ("--us=0.5", None, "--us .* of a run without --gating"),
    ],
)
def test_an_evaluation_of_another_kind_of_run(flag, gating, said):
    chosen = parse("--workdir=w", "--evaluate_only", flag)
    kinds = {None: settings.make(), "none": settings.make(gating="none")}
    kinds["nested"] = settings.make(gating="nested")
    with pytest.raises(UserError, match=said):
        settings.check_evaluation(chosen, kinds.pop(gating))
    fits = [kinds["nested"], kinds["none"]] if gating is None else [kinds[None]]
    for of_run in fits:
        settings.check_evaluation(chosen, of_run)


def test_an_evaluation_with_defaults_fits_every_run():
    chosen = parse("--workdir=w", "--evaluate_only")
    for of_run in (settings.make(), settings.make(gating="nested")):
        settings.check_evaluation(chosen, of_run)


def test_what_was_given_is_no_setting():
    chosen = parse("--workdir=w", "--dataset=digits", "--epochs=15")
    assert chosen.given == {"workdir", "dataset", "epochs"}
    assert "given" not in vars(chosen)
    assert settings.make(epochs=15).given == frozenset()
