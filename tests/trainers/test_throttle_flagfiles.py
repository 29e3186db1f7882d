"""The flagfiles of throttled networks parse, and differ in what their names say."""

import itertools
import json
import os
import pathlib
import subprocess
import sys

import pytest
from absl import flags as absl_flags

from tests.trainers.common.data import images
from trainers import throttle
from trainers.common import expressions
from trainers.common import flags
from trainers.common import settings

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "trainers" / "flagfiles"
FILES = sorted(FOLDER.glob("throttle_*.cfg"))
TRAINED = ("naive", "nested", "independent")
LEARNERS = ("blind_concrete", "blind_reinforce")
NETWORKS = ("resnext", "vgg", "densenet")
IMAGENET = ("resnext50", "resnet50", "densenet169")
# What the kind of gating decides; all else belongs to the network.
OF_GATING = ("gating", "control", "control_per", "clip_norm")


@pytest.fixture
def parse(tmp_path):
    """Function from the end of a file's name to its settings, as a dict."""
    data_path = tmp_path / "model.keras"
    data_path.touch()

    def parse(name, *more):
        path = FOLDER / f"throttle_{name}.cfg"
        values = absl_flags.FlagValues()
        flags.define(values, **throttle.DEFAULTS)
        arguments = [f"--flagfile={path}", "--data_dir=d", "--workdir=w", *more]
        if "_blind_" in name:
            arguments.append(f"--data_path={data_path}")
        return vars(settings.parse(["program", *arguments], values))

    return parse


def test_there_is_one_for_each_experiment():
    pairs = itertools.product(NETWORKS, TRAINED + LEARNERS)
    names = {f"cifar10_{network}_{kind}" for network, kind in pairs}
    short = itertools.product(NETWORKS[:2], (*TRAINED, LEARNERS[0]))
    names |= {f"cifar10_{network}_{kind}_short" for network, kind in short}
    names |= {f"imagenet_{network}_nested" for network in IMAGENET}
    assert {path.name for path in FILES} == {f"throttle_{n}.cfg" for n in names}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_head_gives_the_command(path, parse):
    name = path.stem.removeprefix("throttle_")
    chosen = parse(name)
    dataset = {"cifar10": "cifar10", "imagenet": "imagenet2012"}[name.split("_")[0]]
    assert chosen["dataset"] == dataset
    text = path.read_text()
    command = f"python -m trainers.throttle --flagfile=trainers/flagfiles/{path.name} "
    assert command in text and f"--workdir=runs/{path.stem}" in text
    assert "# Expected: not run" in text
    assert max(map(len, text.splitlines())) < 100 or command in text
    learns = chosen["gating"] == "blind"
    assert ("--data_path=FILE" in text) == learns
    assert ("--weights=FILE" in text) == (dataset == "imagenet2012")
    assert ("\n# FILE: " in text) == (learns or dataset == "imagenet2012")
    if learns:
        first = path.name.replace(f"blind_{chosen['estimator']}", "independent")
        assert f"run of {first}" in text and (FOLDER / first).exists()


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("suffix", ["", "_short"])
def test_networks_of_one_schedule_differ_in_their_gating_only(network, suffix, parse):
    if (network, suffix) == ("densenet", "_short"):
        suffix = ""
    naive, nested, independent = (
        parse(f"cifar10_{network}_{kind}{suffix}") for kind in TRAINED
    )
    assert [naive["gating"], nested["gating"]] == ["none", "nested"]
    assert independent["gating"] == "independent"
    first = 6 if suffix else 10  # epochs in which a VGG's lowest u falls
    low = f"linear(1, 0, end={first})" if network == "vgg" else 0
    assert nested["control"] == independent["control"] == f"uniform({low}, 1)"
    assert naive["control"] is None
    rest = [
        {name: value for name, value in chosen.items() if name not in OF_GATING}
        for chosen in (naive, nested, independent)
    ]
    assert rest[0] == rest[1] == rest[2]


@pytest.mark.parametrize("network", NETWORKS)
def test_the_first_phase_is_tnn_a1(network, parse):
    chosen = parse(f"cifar10_{network}_nested")
    assert (chosen["epochs"], chosen["schedule"]) == (310, "cosine_restarts")
    assert (chosen["restart_epochs"], chosen["restart_factor"]) == (10, 2)
    # The last cycle ends with the training.
    assert sum(10 * 2**cycle for cycle in range(5)) == chosen["epochs"]
    assert (chosen["optimizer"], chosen["momentum"]) == ("sgd", 0.9)
    assert (chosen["learning_rate"], chosen["weight_decay"]) == (0.05, 5e-4)
    assert 64 <= chosen["batch_size"] <= 256
    assert not chosen["nesterov"] and not chosen["augmentation"]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("kind", LEARNERS)
def test_the_second_phase_is_tnn_a1(network, kind, parse):
    chosen = parse(f"cifar10_{network}_{kind}")
    first = parse(f"cifar10_{network}_independent")
    for name in ("network", "depth", "cardinality", "group_width", "granularity"):
        assert chosen[name] == first[name]
    assert (chosen["gating"], f"blind_{chosen['estimator']}") == ("blind", kind)
    assert (chosen["complexity"], chosen["complexity_power"]) == ("distance", 2)
    assert chosen["complexity_coefficient"] == 10.0
    assert (chosen["epochs"], chosen["schedule"]) == (150, "constant")
    assert chosen["learning_rate"] == 1e-3
    if kind.endswith("concrete"):
        assert (chosen["optimizer"], chosen["temperature"]) == ("sgd", 0.1)
    else:
        assert chosen["optimizer"] == "adam"
        alpha = expressions.parse_number(chosen["reinforce_alpha"])
        assert alpha.arguments == {"initial": 0.8, "final": 0.99, "end": 20.0}


@pytest.mark.parametrize("name", IMAGENET)
def test_imagenet_is_tnn_a2(name, parse):
    chosen = parse(f"imagenet_{name}_nested")
    assert (chosen["network"], chosen["gating"]) == (name, "nested")
    assert (chosen["optimizer"], chosen["learning_rate"]) == ("adam", 1e-5)
    assert (chosen["schedule"], chosen["epochs"]) == ("constant", 30)
    assert chosen["batch_size"] == 256 and chosen["weight_decay"] == 0.0
    assert chosen["granularity"] == ("groups" if name == "resnext50" else "block")
    low = expressions.parse_control(chosen["control"]).arguments["low"]
    assert (low.name, low.arguments) == (
        "anneal",
        {"initial": 1.0, "change": -0.05, "every": 1.0, "final": 0.0},
    )


def test_the_short_ones_fit_an_afternoon(parse):
    for path in FILES:
        if path.stem.endswith("_short"):
            chosen = parse(path.stem.removeprefix("throttle_"))
            assert chosen["epochs"] <= 10 and chosen["schedule"] == "cosine"


# Two steps of 4 images from random weights: the recipes' learning rates are for more.
STEPS = [
    *("--train_examples=8", "--test_examples=4", "--batch_size=4", "--epochs=1"),
    *("--evaluation_batch_size=4", "--us=0,1", "--learning_rate=0.0001"),
]


def train_two_steps(path, workdir, *more):
    """Runs a recipe, cut down to two steps; returns its results."""
    arguments = [f"--flagfile={path}", *STEPS, *more, f"--workdir={workdir}"]
    if "--warmup_epochs" in path.read_text():
        arguments.append("--warmup_epochs=0.5")
    done = subprocess.run(
        [sys.executable, "-m", "trainers.throttle", *arguments],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    results = json.loads((workdir / "results.json").read_text())
    assert [row["u"] for row in results["throttling"]["curve"]][:2] == [0.0, 1.0]
    return results


@pytest.mark.large
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("throttle_cifar10_*.cfg")), ids=lambda path: path.stem
)
def test_two_steps_on_cifar(path, data_dir, tmp_path):
    data = [f"--data_dir={data_dir}"]
    if "_blind_" in path.stem:
        kind = LEARNERS[0] if LEARNERS[0] in path.stem else LEARNERS[1]
        first = path.with_name(path.name.replace(kind, "independent"))
        train_two_steps(first, tmp_path / "first", *data)
        data.append(f"--data_path={tmp_path}/first/model.keras")
    results = train_two_steps(path, tmp_path / "run", *data)
    assert results["dataset"] == "cifar10" and results["epochs"] == 1
    if results["throttling"]["gating"] in ("naive", "nested", "independent"):
        shares = [row["utilization"] for row in results["throttling"]["curve"]]
        assert shares[0] < 0.1 and shares[1] == 1.0


@pytest.mark.large
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", IMAGENET)
def test_two_steps_on_images(name, tmp_path):
    images.write_folder(tmp_path / "train", [images.jpeg(n) for n in range(8)])
    images.write_folder(tmp_path / "val", [images.jpeg(n) for n in range(8, 12)])
    path = FOLDER / f"throttle_imagenet_{name}_nested.cfg"
    data = [f"--data_dir={tmp_path}", "--image_size=64"]
    results = train_two_steps(path, tmp_path / "run", *data)
    assert results["dataset"] == "imagenet2012"
    assert results["model"].startswith(name)
