"""Data sets by name."""

import importlib

from trainers.common.data import directory

_MODULES = {
    "cifar10": "trainers.common.data.cifar",
    "digits": "trainers.common.data.digits",
    "imagenet2012": "trainers.common.data.imagenet",
}


def check(settings):
    """Checks that the data set's files are there; reads nothing, loads no TensorFlow.

    Raises:
        UserError: they are not.
    """
    if settings.dataset == "imagenet2012":
        directory.find_images(
            settings.data_dir,
            settings.dataset,
            settings.train_dir,
            settings.test_dir,
        )
    elif settings.data_dir is not None:
        directory.find(settings.data_dir, settings.dataset)


def move(settings, places):
    """Lets settings name the places where a run's data are now.

    Args:
        settings: `trainers.common.settings.Settings` of the run; changed in place.
        places: settings whose `data_dir`, `train_dir` and `test_dir` count, where they
            are not None. A new `data_dir` replaces both folders, too.
    """
    if places.data_dir:
        settings.data_dir = places.data_dir
        settings.train_dir = settings.test_dir = None
    settings.train_dir = places.train_dir or settings.train_dir
    settings.test_dir = places.test_dir or settings.test_dir


def load(settings):
    """Loads the data set that the settings name.

    Args:
        settings: `trainers.common.settings.Settings`.

    Returns:
        `trainers.common.data.dataset.Dataset`.

    Raises:
        UserError: its files are missing or damaged.
    """
    return importlib.import_module(_MODULES[settings.dataset]).load(settings)
