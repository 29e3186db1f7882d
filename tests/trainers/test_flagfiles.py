"""The flagfiles parse, and differ in what their names say."""

import pathlib

import pytest
from absl import flags as absl_flags

from trainers.common import expressions
from trainers.common import flags
from trainers.common import settings

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "trainers" / "flagfiles"
GATED = [
    f"{gate}_{loss}"
    for gate in ("independent", "dependent")
    for loss in ("per_batch", "per_gate")
]
KINDS = ["dense", *GATED]
SUFFIXES = ("", "_short")
OF_GATES = (
    "gate",
    "granularity",
    "gate_loss",
    "initial_open_probability",
    "gate_weight_decay",
    "estimator",
    "noise_scale",
    "stochastic_runs",
    "ensemble_runs",
)


def parse(path):
    values = absl_flags.FlagValues()
    flags.define(values)
    arguments = [f"--flagfile={path}", "--data_dir=d", "--workdir=w"]
    return vars(settings.parse(["program", *arguments], values))


def read(kind, suffix):
    return parse(FOLDER / f"cifar10_resnet20_{kind}{suffix}.cfg")


def test_there_is_one_for_each_experiment():
    kinds = [f"resnet20_{kind}" for kind in [*KINDS, "bas"]]
    kinds += ["resnet56_cs_independent", "resnet110_cs_dependent"]
    names = {f"cifar10_{kind}{suffix}.cfg" for kind in kinds for suffix in SUFFIXES}
    assert {path.name for path in FOLDER.iterdir()} == names


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_networks_of_one_schedule_differ_in_their_gates_only(suffix):
    dense = read("dense", suffix)
    assert dense["gate"] == "none"
    for kind in GATED:
        gated = read(kind, suffix)
        loss = expressions.parse_losses(gated["gate_loss"])[0]
        assert f"{gated['gate']}_{loss.name}" == kind
        target = next(iter(loss.arguments.values()))
        assert (target.arguments["final"] if suffix else target) == 0.6
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


def test_bas_has_its_own_recipe():
    paper, short = (read("bas", suffix) for suffix in SUFFIXES)
    assert paper["granularity"] == short["granularity"] == "bas"
    assert (paper["epochs"], paper["step_epochs"]) == (500, [300, 375, 450])
    assert paper["gate_weight_decay"] == short["gate_weight_decay"] == "0"
    for chosen, scale in ((paper, 1.0), (short, 3.0 / 100.0)):
        shaping, sparsity = expressions.parse_losses(chosen["gate_loss"])
        assert (shaping.name, sparsity.name) == ("batch_shaping", "l0")
        fades, grows = (loss.arguments["coefficient"] for loss in (shaping, sparsity))
        assert fades.arguments["end"] == grows.arguments["begin"] == 100 * scale
        assert grows.arguments["end"] == pytest.approx(300 * scale)


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.stem)
def test_the_head_gives_the_command(path):
    assert parse(path)["dataset"] == "cifar10"
    text = path.read_text()
    assert f"--flagfile=trainers/flagfiles/{path.name}" in text
    assert "# Expected:" in text
