"""The flagfiles parse, differ in what their names say, and train."""

import csv
import json
import math
import os
import pathlib
import re
import subprocess
import sys

import pytest
from absl import flags as absl_flags

from tests.trainers.common.data import images
from trainers import imagenet
from trainers.common import expressions
from trainers.common import flags
from trainers.common import settings

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "trainers" / "flagfiles"
GATED = [
    f"{gate}_{loss}"
    for gate in ("independent", "dependent")
    for loss in ("per_batch", "per_gate")
]
KINDS = ["dense", *GATED]
SUFFIXES = ("", "_short")
# Those of throttled networks are in test_throttle_flagfiles.py.
FILES = sorted(p for p in FOLDER.iterdir() if not p.name.startswith("throttle_"))
IMAGENET = [
    *(f"resnet{depth}_dense" for depth in (18, 34, 50, 101)),
    *(f"resnet50_{kind}" for kind in GATED),
    "resnet50_dependent_const_quad_anneal",
    "resnet101_dependent_per_batch",
    "resnet50_aig",
    *(f"resnet{depth}_cs_independent" for depth in (18, 34, 50)),
    "resnet50_cs_dependent",
    *(f"resnet{depth}_bas" for depth in (18, 34, 50)),
]
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


def defaults(path):
    return imagenet.DEFAULTS if path.name.startswith("imagenet_") else {}


def parse(path, *more):
    values = absl_flags.FlagValues()
    flags.define(values, **defaults(path))
    arguments = [f"--flagfile={path}", "--data_dir=d", "--workdir=w", *more]
    return vars(settings.parse(["program", *arguments], values))


def read(kind, suffix):
    return parse(FOLDER / f"cifar10_resnet20_{kind}{suffix}.cfg")


def read_imagenet(name):
    return parse(FOLDER / f"imagenet_{name}.cfg")


def test_there_is_one_for_each_experiment():
    kinds = [f"resnet20_{kind}" for kind in [*KINDS, "bas"]]
    kinds += ["resnet56_cs_independent", "resnet110_cs_dependent"]
    kinds += ["densenet_early_exit"]
    names = {f"cifar10_{kind}{suffix}.cfg" for kind in kinds for suffix in SUFFIXES}
    names |= {f"imagenet_{name}.cfg" for name in IMAGENET}
    assert {path.name for path in FILES} == names


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


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_early_exits_are_those_of_pg(suffix):
    chosen = parse(FOLDER / f"cifar10_densenet_early_exit{suffix}.cfg")
    assert (chosen["network"], chosen["depth"]) == ("cifar_densenet", 100)
    assert (chosen["early_exit"], chosen["exit_gate"]) == (True, "exit")
    layers, exits = expressions.parse_losses(chosen["gate_loss"])
    assert (layers.name, exits.name) == ("per_gate", "const_quad")
    assert layers.arguments["gates"] == "*_block*_gate"
    assert exits.arguments["gates"] == "*_exit_gate"
    assert exits.arguments["per"] == "gate"
    # PG's 0.3 is of the images that leave, and leaving more often is free.
    assert not exits.arguments.get("mirrored", False)
    targets = layers.arguments["targets"], exits.arguments["target"]
    if suffix:
        targets = tuple(target.arguments["final"] for target in targets)
    assert targets == (0.9, 0.7)


@pytest.mark.parametrize("name", IMAGENET)
def test_the_imagenet_schedules(name):
    chosen = read_imagenet(name)
    assert chosen["network"] == name.split("_")[0]
    assert (chosen["batch_size"], chosen["momentum"]) == (256, 0.9)
    assert (chosen["weight_decay"], chosen["schedule"]) == (1e-4, "step")
    schedule = chosen["epochs"], chosen["step_epochs"], chosen["learning_rate"]
    if name.endswith("_bas"):  # BAS B.2
        assert schedule == (150, [60, 90, 120], 0.1) and chosen["nesterov"]
    elif name.endswith("_dense"):
        assert schedule == (90, [30, 60], 0.1)
    elif name.endswith("_cs_independent"):
        assert schedule == (100, [30, 60, 90], 0.01)
    else:  # PG 4.1.1, CS 4.1
        assert schedule == (100, [30, 60, 90], 0.1)
        assert chosen["recalibrate_steps"] == 200


def test_the_imagenet_gates_and_losses():
    for kind in GATED:
        chosen = read_imagenet(f"resnet50_{kind}")
        (loss,) = expressions.parse_losses(chosen["gate_loss"])
        assert f"{chosen['gate']}_{loss.name}" == kind
        assert chosen["granularity"] == "block"
    (anneal,) = expressions.parse_losses(
        read_imagenet("resnet50_dependent_const_quad_anneal")["gate_loss"]
    )
    target = anneal.arguments["target"]
    assert (anneal.name, target.name) == ("const_quad", "anneal")
    assert (target.arguments["change"], target.arguments["every"]) == (-0.05, 5)
    (aig,) = expressions.parse_losses(read_imagenet("resnet50_aig")["gate_loss"])
    assert aig.arguments == {"targets": "aig_resnet50", "rate": 0.6}
    pruned = read_imagenet("resnet50_cs_independent")
    assert (pruned["gate"], pruned["granularity"]) == ("independent", "cs-medium")
    conditional = read_imagenet("resnet50_cs_dependent")
    assert (conditional["gate"], conditional["granularity"]) == ("dependent", "cs-low")
    for chosen in (pruned, conditional):
        assert chosen["gate_loss"] == "macs(0.5)"
        assert chosen["gate_weight_decay"] == "scaled"


@pytest.mark.parametrize("depth", [18, 34, 50])
def test_bas_on_imagenet_has_the_schedules_of_its_section_5(depth):
    chosen = read_imagenet(f"resnet{depth}_bas")
    assert (chosen["granularity"], chosen["gate_weight_decay"]) == ("bas", "0")
    assert chosen["estimator"] == "binary_concrete"
    shaping, sparsity = expressions.parse_losses(chosen["gate_loss"])
    fades, grows = (loss.arguments["coefficient"] for loss in (shaping, sparsity))
    assert fades.arguments == {"initial": 0.75, "final": 0.0, "end": 20.0}
    assert (grows.arguments["begin"], grows.arguments["end"]) == (30.0, 60.0)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_head_gives_the_command(path):
    name, chosen = path.stem, parse(path)
    dataset = {"cifar10": "cifar10", "imagenet": "imagenet2012"}[name.split("_")[0]]
    assert chosen["dataset"] == dataset
    text = path.read_text()
    program = name.split("_")[0].removesuffix("10")
    command = f"python -m trainers.{program} --flagfile=trainers/flagfiles/{path.name} "
    assert command in text and f"--workdir=runs/{name}" in text
    assert "# Expected:" in text
    pretrained = "--weights=FILE" in text
    assert pretrained == ("\n# FILE: " in text)
    if dataset == "imagenet2012":
        from_scratch = name.endswith(("_dense", "_bas"))
        assert pretrained != from_scratch
        assert "not run here at full length" in text and "theirs" in text.lower()


def test_the_how_to_page_lists_them_all():
    text = (ROOT / "docs" / "how-to" / "recipes.md").read_text()
    tables = text[text.index("## The recipes") :]
    listed = re.findall(r"^\| `(\w+)` \|", tables, re.MULTILINE)
    names = {path.stem.removesuffix("_short") for path in FOLDER.iterdir()}
    assert sorted(listed) == sorted(name.split("_", 1)[1] for name in names)


# Two steps of 4 images from random weights: the recipes' learning rates are for more.
STEPS = [
    "--learning_rate=0.001",
    *("--train_examples=8", "--test_examples=4", "--batch_size=4", "--epochs=1"),
    *("--evaluation_batch_size=4", "--recalibrate_steps=1"),
    "--recalibrate_batch_size=4",
]


def train_two_steps(program, path, workdir, *data):
    """Runs a recipe through its program, cut down to two steps; returns its results."""
    chosen = parse(path)
    more = ["--warmup_epochs=0.5"] if chosen["schedule"] == "cosine" else []
    if chosen["stochastic_runs"]:
        more += ["--stochastic_runs=1", "--ensemble_runs=1"]
    command = [sys.executable, "-m", f"trainers.{program}", f"--flagfile={path}"]
    done = subprocess.run(
        [*command, *STEPS, *more, *data, f"--workdir={workdir}"],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with open(workdir / "metrics.csv", encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert math.isfinite(float(row["loss"]))
    return chosen, json.loads((workdir / "results.json").read_text())


def check_gates(chosen, results):
    gates = results["activation_rate_per_gate"]
    assert bool(gates) == (chosen["gate"] != "none")
    # Gates count, too: those of PG's early exits alone more than the dense network.
    assert 0.0 < results["macs"]["executed_mean"] < 4.0 * results["macs"]["dense"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Eight images to train on and four to test on, one folder for each class."""
    root = tmp_path_factory.mktemp("images")
    images.write_folder(root / "train", [images.jpeg(n) for n in range(8)])
    images.write_folder(root / "val", [images.jpeg(n) for n in range(8, 12)])
    return root


@pytest.mark.large
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", IMAGENET)
def test_two_steps_on_images(name, folders, tmp_path):
    path = FOLDER / f"imagenet_{name}.cfg"
    data = [f"--data_dir={folders}", "--image_size=64"]
    chosen, results = train_two_steps("imagenet", path, tmp_path / "run", *data)
    assert results["dataset"] == "imagenet2012"
    assert results["model"].startswith(chosen["network"])
    check_gates(chosen, results)


@pytest.mark.large
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("cifar10_*.cfg")), ids=lambda path: path.stem
)
def test_two_steps_on_cifar(path, data_dir, tmp_path):
    data = f"--data_dir={data_dir}"
    chosen, results = train_two_steps("cifar", path, tmp_path / "run", data)
    assert results["dataset"] == "cifar10" and results["epochs"] == 1
    check_gates(chosen, results)
