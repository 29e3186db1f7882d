"""`trainers.imagenet` on small images in folders and record files, and its sample."""

import csv
import json
import pathlib
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from absl import flags as absl_flags

import tfgate
from tests.trainers import test_distribution
from tests.trainers.common.data import images
from tfgate import tables
from trainers import imagenet
from trainers.common import checkpoints
from trainers.common import data
from trainers.common import flags
from trainers.common import program
from trainers.common import settings
from trainers.common.errors import UserError

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOW_TO = ROOT / "docs" / "how-to" / "train-on-imagenet.md"
LABELS = ("ant", "bee", "cat", "dog", "eel", "fox", "gnu")
TRAIN, TEST = 14, 14
SMALL = [
    "--network=cifar_resnet",
    "--depth=8",
    "--image_size=16",
    "--epochs=1",
    "--batch_size=7",  # two steps
    "--learning_rate=0.01",
    "--evaluation_batch_size=4",
    "--recalibrate_steps=1",
    "--recalibrate_batch_size=7",
]
GATED = ["--stochastic_runs=1", "--ensemble_runs=1"]


def parse(*arguments):
    values = absl_flags.FlagValues()
    flags.define(values, **imagenet.DEFAULTS)
    return settings.parse(["imagenet", *map(str, arguments)], values)


def train(*arguments):
    program.train(parse(*arguments))


def call(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "trainers.imagenet", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )


def read_results(workdir):
    return json.loads((workdir / "results.json").read_text())


def read_metrics(workdir):
    with open(workdir / "metrics.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def damaged(encoded, *numbers):
    return [
        content[: len(content) // 2] if number in numbers else content
        for number, content in enumerate(encoded)
    ]


@pytest.fixture(scope="module")
def encoded():
    return [images.jpeg(number) for number in range(TRAIN)]


@pytest.fixture
def folders(encoded, tmp_path):
    images.write_folder(tmp_path / "data" / "train", encoded, labels=LABELS)
    images.write_folder(tmp_path / "data" / "val", encoded[:TEST], labels=LABELS)
    return tmp_path / "data"


@pytest.fixture(scope="module")
def finished(encoded, tmp_path_factory):
    """A run with mixed, smoothed labels on folders where three images are corrupt."""
    root = tmp_path_factory.mktemp("finished")
    places = root / "train_images", root / "test_images"
    images.write_folder(places[0], damaged(encoded, 3), labels=LABELS)
    # Four batches of 4, of which two images and so the last batch are not there.
    images.write_folder(places[1], damaged(encoded, 2, 5), labels=LABELS)
    arguments = [f"--train_dir={places[0]}", f"--test_dir={places[1]}"]
    arguments += ["--label_smoothing=0.1", "--mixup_alpha=0.2", "--max_corrupt=2"]
    train(*SMALL, *GATED, *arguments, f"--workdir={root / 'run'}")
    return root / "run", places


def test_defaults_are_those_of_the_papers():
    chosen = parse("--data_dir=d", "--workdir=w")
    assert (chosen.dataset, chosen.network) == ("imagenet2012", "resnet50")
    assert (chosen.epochs, chosen.batch_size) == (100, 256)
    assert (chosen.learning_rate, chosen.weight_decay) == (0.1, 1e-4)
    assert chosen.step_epochs == [30, 60, 90] and chosen.step_factor == 0.1
    assert (chosen.momentum, chosen.nesterov) == (0.9, False)
    assert (chosen.image_size, chosen.recalibrate_steps) == (224, 200)
    assert chosen.randaugment_magnitude is None


def test_a_run_writes_its_results(finished):
    workdir, _ = finished
    assert {path.name for path in workdir.iterdir()} == {
        "checkpoints",
        "flags.json",
        "flags.txt",
        "labels.txt",
        "metrics.csv",
        "model.keras",
        "plots",
        "results.json",
        "tensorboard",
    }
    assert (workdir / "labels.txt").read_text().split() == list(LABELS)
    results = read_results(workdir)
    assert results["dataset"] == "imagenet2012"
    assert results["model"] == "cifar_resnet8_dependent"
    assert results["corrupt_images"] == {"training": 1, "test": 2}
    for row in results["policies"].values():
        assert 0.0 <= row["accuracy"] <= row["top5_accuracy"] <= 1.0
    (row,) = read_metrics(workdir)
    for name in ("top5_accuracy", "val_accuracy", "val_top5_accuracy", "val_loss"):
        assert np.isfinite(float(row[name]))


def test_what_was_measured_is_the_saved_model_on_the_readable_images(finished):
    workdir, (train_dir, test_dir) = finished
    model = keras.saving.load_model(workdir / "model.keras")
    assert isinstance(model.loss, keras.losses.CategoricalCrossentropy)
    assert model.loss.get_config()["label_smoothing"] == 0.1
    chosen = parse(
        *(f"--train_dir={train_dir}", f"--test_dir={test_dir}", "--workdir=w"),
        *("--image_size=16", "--max_corrupt=2"),
    )
    pixels, numbers = zip(*data.load(chosen).test(5), strict=True)
    numbers = np.concatenate(numbers)
    assert len(numbers) == TEST - 2
    scores = model.predict(np.concatenate(pixels), verbose=0)
    before = (scores > scores[np.arange(len(numbers)), numbers][:, None]).sum(1)
    threshold = read_results(workdir)["policies"]["threshold"]
    assert threshold["accuracy"] == pytest.approx((before == 0).mean(), abs=1e-6)
    assert threshold["top5_accuracy"] == pytest.approx((before < 5).mean(), abs=1e-6)


def test_a_finished_run_is_evaluated_where_its_data_are_now(finished, tmp_path):
    workdir, (_, test_dir) = finished
    moved = tmp_path / "moved"
    test_dir.rename(moved)
    try:
        with pytest.raises(UserError, match="found none at --test_dir"):
            train("--evaluate_only", f"--workdir={workdir}")
        train(
            *("--evaluate_only", f"--workdir={workdir}", f"--test_dir={moved}"),
            *("--taus=0.5", "--stochastic_runs=1", "--ensemble_runs=1"),
        )
    finally:
        moved.rename(test_dir)
    table = tables.read_csv(workdir / "evaluation" / "test" / "table.csv")
    assert all(row["images"] == TEST - 2 for row in table)
    threshold = read_results(workdir)["policies"]["threshold"]
    for name in ("accuracy", "top5_accuracy"):
        assert table[0][name] == pytest.approx(threshold[name], abs=1e-6)


def test_a_run_that_bad_images_stop_continues_with_a_higher_limit(
    folders, tmp_path, monkeypatch, capsys
):
    workdir = tmp_path / "run"
    arguments = [*SMALL, f"--data_dir={folders}", f"--workdir={workdir}"]
    arguments += ["--gate=none", "--epochs=2"]
    save = checkpoints.Checkpoints.save

    def damage_and_save(self, model, state):
        save(self, model, state)
        for path in list((folders / "train" / "bee").iterdir()):
            path.write_bytes(b"no image")

    with monkeypatch.context() as patched:
        patched.setattr(checkpoints.Checkpoints, "save", damage_and_save)
        with pytest.raises(UserError, match="--max_corrupt=1 of the 14 training"):
            train(*arguments)
    assert [path.name for path in (workdir / "checkpoints").iterdir()] == [
        "epoch-00001.npz"
    ]
    assert not (workdir / "results.json").exists()
    capsys.readouterr()
    train(*arguments, "--max_corrupt=2")
    said = capsys.readouterr().out
    assert "continuing after epoch 1 of 2" in said
    assert "2 of 14 training images, 0 of 14 test images" in said
    results = read_results(workdir)
    assert results["epochs"] == 2
    assert results["corrupt_images"] == {"training": 2, "test": 0}
    assert len(read_metrics(workdir)) == 2


def test_too_many_bad_images_are_one_line_and_exit_code_2(encoded, tmp_path):
    images.write_folder(tmp_path / "train", encoded, labels=LABELS)
    images.write_folder(tmp_path / "val", damaged(encoded, 1, 2), labels=LABELS)
    failed = call(*SMALL, f"--data_dir={tmp_path}", f"--workdir={tmp_path}/run")
    assert failed.returncode == 2
    lines = [line for line in failed.stderr.splitlines() if line.startswith("error: ")]
    (line,) = lines
    assert "--max_corrupt=1 of the 14 test images to be unreadable, got 2" in line
    assert "Traceback" not in failed.stderr
    assert not (tmp_path / "run" / "results.json").exists()


def record_file(root):
    name = "imagenet2012-train.tfrecord-00001-of-00002"
    return root / "imagenet2012" / "5.1.0" / name


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (pathlib.Path.unlink, "1 are missing or unreadable"),
        (lambda path: path.write_bytes(path.read_bytes()[:99]), "is incomplete"),
    ],
    ids=["missing", "partial"],
)
def test_partial_record_files_write_nothing(encoded, tmp_path, change, said):
    root = tmp_path / "data"
    splits = {"train": encoded, "validation": encoded[:3]}
    images.write_records(root, splits, labels=LABELS)
    change(record_file(root))
    with pytest.raises(UserError, match=said):
        train(*SMALL, f"--data_dir={root}", f"--workdir={tmp_path / 'run'}")
    assert not (tmp_path / "run").exists()


def test_classes_that_do_not_match_write_nothing(encoded, tmp_path):
    images.write_folder(tmp_path / "data" / "train", encoded, labels=LABELS)
    images.write_folder(tmp_path / "data" / "val", encoded, labels=LABELS[:6])
    with pytest.raises(UserError, match="the same classes .* got 7 and 6: .* no gnu"):
        train(*SMALL, f"--data_dir={tmp_path / 'data'}", f"--workdir={tmp_path / 'r'}")
    assert not (tmp_path / "r").exists()


def test_the_other_programs_train_on_folders_too(folders, tmp_path):
    values = absl_flags.FlagValues()
    flags.define(values, dataset="cifar10")
    arguments = ["--dataset=imagenet2012", f"--data_dir={folders}", "--workdir=w"]
    chosen = settings.parse(["cifar", *arguments, "--image_size=32"], values)
    assert chosen.network == "cifar_resnet"
    assert data.load(chosen).image_shape == (32, 32, 3)


@pytest.mark.large
@pytest.mark.timeout(600)
def test_bad_images_of_one_host_end_it_and_tell_the_other(encoded, tmp_path):
    for host, bad in enumerate([(), range(5, TRAIN)]):
        root = tmp_path / f"data{host}"
        images.write_folder(root / "train", damaged(encoded, *bad), labels=LABELS)
        images.write_folder(root / "val", encoded, labels=LABELS)
    addresses = test_distribution.free_addresses(2)
    arguments = [*SMALL, "--gate=none", "--batch_size=4", "--sync_batch_norm"]
    first, second = test_distribution.finish(
        *(
            test_distribution.start(
                *(*arguments, f"--workdir={tmp_path}/run{host}"),
                f"--data_dir={tmp_path}/data{host}",
                module="trainers.imagenet",
                addresses=addresses,
                index=host,
            )
            for host in range(2)
        )
    )
    assert (first[0], second[0]) == (3, 2), (first[2], second[2])
    assert "another process of the cluster" in first[2]
    assert "--max_corrupt=1 of the 14 training images" in second[2]
    assert not (tmp_path / "run1").exists()


@pytest.mark.large
@pytest.mark.timeout(600)
def test_the_commands_of_the_how_to_page(tmp_path, data_dir):
    if not (data_dir / "imagenet2012").is_dir():
        pytest.skip(f"No imagenet2012 in {data_dir}; see TFGATE_DATA_DIR.")
    shells = re.findall(r"```sh\n(.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)
    assert len(shells) == 2
    names = {
        "PYTHONPATH": str(ROOT),
        "PATH": f"{pathlib.Path(sys.executable).parent}:/usr/bin:/bin",
        "DATA": str(data_dir),
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    for shell in shells:
        subprocess.run(["bash", "-ec", shell], cwd=tmp_path, env=names, check=True)
    results = read_results(tmp_path / "runs" / "sample")
    assert results["dataset"] == "imagenet2012" and results["epochs"] == 1
    assert results["corrupt_images"] == {"training": 0, "test": 0}
    assert len((tmp_path / "runs/sample/labels.txt").read_text().split("\n")) == 1001
    model = keras.saving.load_model(tmp_path / "runs" / "sample" / "model.keras")
    assert isinstance(model, tfgate.GatedModel)
    table = tables.read_csv(tmp_path / "runs/sample/evaluation/test/table.csv")
    assert [row["tau"] for row in table[:3]] == [0.3, 0.5, 0.7]
