"""Sizes of data sets, counted without reading an image."""

import json

import pytest

from tests.trainers.common.data import images
from trainers.common import settings
from trainers.common.data import sizes
from trainers.common.errors import UserError

JPEGS = [b"not read"] * 10


def find(**values):
    found = sizes.find(settings.make(**values))
    return found.train, found.validation, found.test, found.classes


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        ("cifar10", (50_000, 0, 10_000, 10)),
        ("digits", (1_437, 0, 360, 10)),
        ("imagenet2012", (1_281_167, 0, 50_000, 1_000)),
    ],
)
def test_published(dataset, expected):
    chosen = settings.make(dataset=dataset)
    assert not sizes.is_given(chosen)
    assert find(dataset=dataset) == expected
    note = "scikit-learn" if dataset == "digits" else "published"
    assert note in sizes.find(chosen).source


def test_digits_are_counted_right():
    from trainers.common import data

    loaded = data.load(settings.make(dataset="digits"))
    counts = loaded.train_examples, 0, loaded.test_examples, len(loaded.labels)
    assert find(dataset="digits") == counts


def test_parts_of_a_data_set():
    part = {"train_examples": 100, "validation_examples": 20, "test_examples": 30}
    assert find(dataset="digits", **part) == (80, 20, 30, 10)
    more = {"train_examples": 9_999, "test_examples": 9_999}
    assert find(dataset="digits", **more) == (1_437, 0, 360, 10)
    with pytest.raises(UserError, match="--validation_examples below the 100 training"):
        find(dataset="digits", train_examples=100, validation_examples=100)


def test_record_files(tmp_path):
    splits = {"train": JPEGS[:7], "validation": JPEGS[:5]}
    images.write_records(tmp_path, splits)
    given = {"dataset": "imagenet2012", "data_dir": tmp_path}
    assert find(**given) == (7, 0, 5, 3)
    assert "dataset_info.json" in sizes.find(settings.make(**given)).source


def test_folders(tmp_path):
    images.write_folder(tmp_path / "train", JPEGS)
    images.write_folder(tmp_path / "val", JPEGS[:4])
    assert find(dataset="imagenet2012", data_dir=tmp_path) == (10, 0, 4, 3)
    folders = {"train_dir": tmp_path / "val", "test_dir": tmp_path / "train"}
    assert find(dataset="imagenet2012", **folders) == (4, 0, 10, 3)


def test_cifar(data_dir):
    given = {"dataset": "cifar10", "data_dir": data_dir}
    assert find(**given) == (50_000, 0, 10_000, 10)


@pytest.mark.parametrize("damage", ["split", "json", "labels"])
def test_a_damaged_description(tmp_path, damage):
    images.write_records(tmp_path, {"train": JPEGS, "validation": JPEGS})
    version = tmp_path / "imagenet2012" / "5.1.0"
    info = version / "dataset_info.json"
    if damage == "split":
        info.write_text(json.dumps({"splits": []}))
    elif damage == "json":
        info.write_text("{")
    else:
        (version / "label.labels.txt").unlink()
    said = "expected TFDS's description of splits train and validation in"
    with pytest.raises(UserError, match=said):
        find(dataset="imagenet2012", data_dir=tmp_path)
