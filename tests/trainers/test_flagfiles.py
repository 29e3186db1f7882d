"""The flagfiles parse, and differ in what their names say."""

import pathlib

import pytest
from absl import flags as absl_flags

from trainers.common import flags
from trainers.common import settings

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "trainers" / "flagfiles"
GATED = [
    f"{gate}_{loss}"
    for gate in ("independent", "dependent")
    for loss in ("per_batch", "per_gate")
]
KINDS = ["dense", *GATED]
OF_GATES = (
    "gate",
    "gate_loss",
    "target",
    "coefficient",
    "initial_open_probability",
    "gate_weight_decay",
    "estimator",
    "stochastic_runs",
    "ensemble_runs",
)


def read(kind, suffix):
    values = absl_flags.FlagValues()
    flags.define(values)
    path = FOLDER / f"cifar10_resnet20_{kind}{suffix}.cfg"
    arguments = [f"--flagfile={path}", "--data_dir=d", "--workdir=w"]
    return vars(settings.parse(["program", *arguments], values))


def test_there_is_one_for_each_experiment():
    names = {f"cifar10_resnet20_{k}{s}.cfg" for k in KINDS for s in ("", "_short")}
    assert {path.name for path in FOLDER.iterdir()} == names


@pytest.mark.parametrize("suffix", ["", "_short"])
def test_networks_of_one_schedule_differ_in_their_gates_only(suffix):
    dense = read("dense", suffix)
    assert dense["gate"] == "none"
    for kind in GATED:
        gated = read(kind, suffix)
        assert f"{gated['gate']}_{gated['gate_loss']}" == kind
        short = ["linear(1, 0.6, begin=1, end=8)"]
        assert gated["target"] == (short if suffix else [0.6])
        assert {n: v for n, v in gated.items() if n not in OF_GATES} == {
            n: v for n, v in dense.items() if n not in OF_GATES
        }


def test_the_short_schedule_is_one_cosine_cycle_of_15_epochs():
    short = read("dense", "_short")
    assert (short["epochs"], short["schedule"]) == (15, "cosine")
    assert (short["batch_size"], short["learning_rate"]) == (128, 0.1)


def test_the_papers_schedule_is_that_of_aig():
    paper = read("dependent_per_gate", "")
    assert (paper["epochs"], paper["batch_size"]) == (350, 256)
    assert (paper["step_epochs"], paper["step_factor"]) == ([150, 250], 0.1)
    assert (paper["weight_decay"], paper["nesterov"]) == (5e-4, True)


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.stem)
def test_the_head_gives_the_command(path):
    text = path.read_text()
    assert f"--flagfile=trainers/flagfiles/{path.name}" in text
    assert "# Expected:" in text
