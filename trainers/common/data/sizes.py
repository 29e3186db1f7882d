"""How many images and classes a data set has, without reading an image."""

import dataclasses
import json

from trainers.common.data import directory
from trainers.common.errors import UserError

# Images for training, for testing, and classes, as published.
_PUBLISHED = {
    "cifar10": (50_000, 10_000, 10),
    "digits": (1_437, 360, 10),
    "imagenet2012": (1_281_167, 50_000, 1_000),
}
_SPLITS = {
    "cifar10": ("train", "test"),
    "imagenet2012": ("train", "validation"),
}


@dataclasses.dataclass(frozen=True)
class Sizes:
    """The numbers of a data set, as a run uses it.

    Attributes:
        train: number of training images, those for validation not counted.
        validation: number of images held out from training.
        test: number of test images.
        classes: number of classes.
        source: where the numbers are from, for the user.
    """

    train: int
    validation: int
    test: int
    classes: int
    source: str


def is_given(settings):
    """Whether the settings say where the data set is; digits always is there."""
    return bool(settings.data_dir or settings.train_dir or settings.test_dir)


def find(settings):
    """Finds the numbers of the settings' data set.

    Where the settings say where it is, they are counted there: in TFDS's description,
    or as files in folders. Otherwise they are the published ones.

    Args:
        settings: `trainers.common.settings.Settings`.

    Returns:
        `Sizes`.

    Raises:
        UserError: the data set is not there, its description is damaged, or nothing is
            left to train on.
    """
    (train, test, classes), source = _counted(settings)
    train = min(train, settings.train_examples or train)
    held_out = settings.validation_examples
    if train - held_out < 1:
        raise UserError(
            f"expected --validation_examples below the {train} training images, got "
            f"{held_out}"
        )
    test = min(test, settings.test_examples or test)
    return Sizes(train - held_out, held_out, test, classes, source)


def _counted(settings):
    """Images for training and for testing, and classes; where they are from."""
    name = settings.dataset
    if name == "digits":
        return _PUBLISHED[name], "scikit-learn's"
    if not is_given(settings):
        return _PUBLISHED[name], "the published numbers, as no --data_dir is given"
    if name == "imagenet2012":
        kind, found = directory.find_images(
            settings.data_dir, name, settings.train_dir, settings.test_dir
        )
        if kind == "folders":
            return _in_folders(*found), "the files in the folders"
    else:
        found = directory.find(settings.data_dir, name)
    return _described(found, _SPLITS[name]), f"{found / 'dataset_info.json'}"


def _in_folders(train, test):
    from trainers.common.data import image_folder

    train, test = map(image_folder.find, (train, test))
    image_folder.check_same_classes(train, test)
    return train.examples, test.examples, len(train.labels)


def _described(path, splits):
    """Reads TFDS's description of a version of a data set."""
    try:
        text = (path / "dataset_info.json").read_text(encoding="utf-8")
        described = {split["name"]: split for split in json.loads(text)["splits"]}
        counts = [sum(map(int, described[name]["shardLengths"])) for name in splits]
        labels = (path / "label.labels.txt").read_text(encoding="utf-8")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"expected TFDS's description of splits {' and '.join(splits)} in {path}: "
            f"{error!r}"
        ) from None
    return *counts, len(labels.splitlines())
