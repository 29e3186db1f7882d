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
    assert chosen.gate_loss == "per_batch" and chosen.target == [0.6]
    assert chosen.temperature is None and chosen.step_epochs is None


def test_a_program_has_its_own_defaults():
    values = absl_flags.FlagValues()
    flags.define(values, dataset="digits", epochs=7)
    chosen = settings.parse(["program", "--workdir=w"], values)
    assert (chosen.dataset, chosen.epochs, chosen.data_dir) == ("digits", 7, None)


def test_a_dense_network_has_no_settings_of_gates():
    chosen = settings.make(gate="none", gate_loss="none")
    assert chosen.target is None and chosen.gate_loss is None
    assert chosen.ensemble_runs is None and chosen.temperature is None


def test_lists():
    chosen = settings.make(
        gate_loss="per_gate", target="1,1,.5,.5,.5,.5,0,0,0", schedule="step"
    )
    assert chosen.target == [1, 1, 0.5, 0.5, 0.5, 0.5, 0, 0, 0]
    assert chosen.step_epochs == [150, 250]


@pytest.mark.parametrize(
    "values, said",
    [
        ({"warmup_epochs": 15}, "--warmup_epochs below --epochs=15"),
        ({"momentum": 0}, "--nonesterov"),
        ({"learning_rate": "inf"}, "finite number for --learning_rate"),
        ({"target": "0.1,0.2"}, "expected 1 number"),
        ({"gate_loss": "per_gate", "target": "0.1,0.2"}, "expected 1 or 9 number"),
    ],
)
def test_values_that_do_not_fit_together(values, said):
    with pytest.raises(UserError, match=said):
        settings.make(**values)


@pytest.mark.parametrize(
    "values",
    [
        {"target": 1.01},
        {"target": -0.1},
        {"target": "nan"},
        {"target": ""},
        {"depth": 21},
        {"dataset": "mnist"},
        {"initial_open_probability": 1.0},
        {"temperature": 0},
        {"momentum": 1.0},
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
        ("--gate=none --target=0.5", "target"),
        ("--gate=none --gate_loss=macs", "gate_loss"),
        ("--gate=none --estimator=sigmoid", "estimator"),
        ("--gate_loss=none --coefficient=2", "coefficient"),
        ("--estimator=sigmoid --temperature=1", "temperature"),
        ("--step_epochs=3", "step_epochs"),
        ("--schedule=step --warmup_epochs=1", "warmup_epochs"),
        ("--recalibrate_batch_size=8", "recalibrate_batch_size"),
        ("--data_dir=d", "data_dir"),
    ],
)
def test_a_flag_that_would_be_ignored(given, name):
    arguments = ["--workdir=w", "--dataset=digits", *given.split()]
    with pytest.raises(UserError, match=f"--{name} has no effect"):
        parse(*arguments)


def test_code_may_give_values_without_effect():
    chosen = settings.make(gate="none", target=0.5, step_epochs="3")
    assert chosen.target is None and chosen.step_epochs is None


@pytest.mark.parametrize(
    "arguments, said",
    [
        ((), "--workdir=DIR"),
        (("--workdir=w",), "--data_dir=DIR"),
        (("--workdir=w", "--dataset=digits", "rest"), "'rest'"),
    ],
)
def test_command_lines_that_lack_something(arguments, said):
    with pytest.raises(UserError, match=said):
        parse(*arguments)


def test_targets_may_be_schedules():
    text = "linear(1, 0.5, begin=1, end=4)"
    assert settings.make(target=text).target == [text]
    targets = ",".join([text] * 4 + ["0.5"] * 5)
    chosen = settings.make(gate_loss="per_gate", target=targets, coefficient=text)
    assert chosen.target == [text] * 4 + [0.5] * 5
    assert chosen.coefficient == text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"target": "linear(1.2, 0.5, end=4)"}, r"numbers in \[0, 1\]"),
        ({"target": "piecewise([0.5, -0.1])"}, r"numbers in \[0, 1\]"),
        ({"coefficient": "linear(1, -0.5, end=4)"}, "a number from 0"),
        ({"target": "linear(1, 0.5)"}, r"linear\(initial, final, end, begin\)"),
        ({"target": "linear(1, 0.5, 4, end=4)"}, r"linear\(initial, final"),
        ({"target": "linear(1, 0.5, stop=4)"}, r"linear\(initial, final"),
        ({"target": "anneal(1, 0.5, 1, 0, 3)"}, r"anneal\(initial, change"),
        ({"target": "piecewise(0.5, 0.6)"}, "values to be a list of numbers"),
        ({"target": "linear([1], 0.5, end=4)"}, "initial to be a number"),
        ({"target": "linear(1, 'x', end=4)"}, "final to be a number"),
        ({"target": "quadratic(1, 0.5, end=4)"}, "expected a number, or a schedule"),
        ({"target": "linear(1, 0.5, end=open)"}, "expected a number, or a schedule"),
        ({"target": "linear(1, 0.5, end=4"}, "expected a number, or a schedule"),
    ],
)
def test_schedules_that_are_none(values, said):
    with pytest.raises(absl_flags.IllegalFlagValueError, match=said):
        settings.make(**values)
