"""CIFAR-10, from training to a verified file with a dial, by commands alone."""

import json
import pathlib
import subprocess
import sys

import pytest

from tflite import metadata

ROOT = pathlib.Path(__file__).resolve().parents[2]
SMALL = [
    *("--dataset=cifar10", "--epochs=1", "--batch_size=32", "--train_examples=128"),
    *(
        "--test_examples=40",
        "--schedule=cosine",
        "--learning_rate=0.01",
        "--us=0,0.5,1",
    ),
    "--augmentation=false",
]
# Network -> its flags, and the lowest u that it knows from training.
NETWORKS = {
    "resnext": (
        ["--network=cifar_resnext", "--depth=11", "--filters=16", "--group_width=4"],
        0.0,
    ),
    "vgg": (
        # Without batch norm, at a low u it does not survive its first steps.
        [
            *("--network=cifar_vgg", "--filters=32"),
            *("--clip_norm=1", "--control=uniform(0.5,1)"),
        ],
        0.5,
    ),
    "densenet": (["--network=cifar_densenet", "--depth=22"], 0.0),
    "resnet": (["--network=cifar_resnet", "--depth=14"], 0.0),
}
LEARNED = {
    "blind": ["--gating=blind", "--estimator=concrete"],
    "reinforce": ["--gating=blind", "--estimator=reinforce"],
    "contextual": ["--gating=contextual", "--estimator=concrete"],
}


def call(module, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def train(data_dir, tmp_path_factory):
    """Function from a network and a kind of gating to the trained network's file."""
    trained = {}

    def train(network, kind):
        if (network, kind) not in trained:
            more = [f"--gating={kind}"]
            if kind in LEARNED:
                first = train(network, "independent")
                more = [*LEARNED[kind], f"--data_path={first}", "--optimizer=adam"]
            workdir = tmp_path_factory.mktemp(f"{network}_{kind}")
            arguments = [*SMALL, *NETWORKS[network][0], *more]
            arguments += [f"--data_dir={data_dir}", f"--workdir={workdir}"]
            call("trainers.throttle", *arguments)
            trained[network, kind] = workdir / "model.keras"
        return trained[network, kind]

    return train


@pytest.mark.large
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("kind", ["nested", "independent", *LEARNED])
def test_trains_converts_and_is_verified(network, kind, train, data_dir, tmp_path):
    model, path = train(network, kind), tmp_path / "dial.tflite"
    call("tflite.convert", f"--model={model}", f"--output={path}", "--gate_outputs")
    found = metadata.read(path)
    assert found.dial == "u"
    arguments = [f"--model={model}", f"--tflite={path}", "--dataset=cifar10"]
    arguments += [f"--data_dir={data_dir}", "--samples=40", "--min_agreement=1"]
    call("tflite.verify", *arguments, f"--json={tmp_path}/verify.json")
    points = json.loads((tmp_path / "verify.json").read_text())["us"]
    assert [point["u"] for point in points] == [n / 16 for n in range(17)]
    # Below, what it says may be of any size.
    known = [point for point in points if point["u"] >= NETWORKS[network][1]]
    assert max(point["max_abs_error"] for point in known) <= 1e-4
    if kind in ("nested", "independent"):
        macs = [point["executed_macs_mean"] for point in points]
        assert macs == sorted(macs) and macs[0] < 0.75 * macs[-1]
