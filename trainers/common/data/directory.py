"""Where a data set lies on the disk. Imports no TensorFlow."""

import pathlib

from trainers.common.errors import UserError


def find(data_dir, name):
    """Finds the newest version of a data set.

    Args:
        data_dir: directory of TFDS data sets.
        name: name of the data set.

    Returns:
        `pathlib.Path` of `data_dir/name/VERSION`.

    Raises:
        UserError: there is none.
    """
    root = pathlib.Path(data_dir).expanduser()
    if not root.is_dir():
        raise UserError(f"expected a directory, found none at --data_dir={root}")
    versions = [info.parent for info in root.glob(f"{name}/*/dataset_info.json")]
    if not versions:
        raise UserError(
            f"expected {name}/VERSION/dataset_info.json in --data_dir={root}, found "
            f"none: prepare it with TFDS (`tfds build {name}`)"
        )
    return max(versions, key=lambda path: _numbers(path.name))


def find_images(data_dir, name, train_dir=None, test_dir=None):
    """Finds a data set that is in TFDS's format, or in one folder per class.

    Args:
        data_dir: directory of TFDS data sets, or one with the folders `train/` and
            `val/` inside, or None.
        name: name of the data set in TFDS.
        train_dir: folder of the training images, in place of `data_dir/train`.
        test_dir: folder of the test images, in place of `data_dir/val`.

    Returns:
        `("records", path)` of `data_dir/name/VERSION`, or
        `("folders", (train, test))`.

    Raises:
        UserError: there is neither.
    """
    if train_dir is None and test_dir is None and data_dir is not None:
        if (pathlib.Path(data_dir).expanduser() / name).is_dir():
            return "records", find(data_dir, name)
    train = _folder("--train_dir", train_dir, data_dir, name, ("train",))
    test = _folder("--test_dir", test_dir, data_dir, name, ("val", "validation"))
    return "folders", (train, test)


def _folder(flag, given, data_dir, name, names):
    if given is not None:
        folder = pathlib.Path(given).expanduser()
        if not folder.is_dir():
            raise UserError(f"expected a directory, found none at {flag}={folder}")
        return folder
    if data_dir is None:
        raise UserError(f"expected --data_dir=DIR or {flag}=DIR, got neither")
    root = pathlib.Path(data_dir).expanduser()
    if not root.is_dir():
        raise UserError(f"expected a directory, found none at --data_dir={root}")
    for folder in names:
        if (root / folder).is_dir():
            return root / folder
    raise UserError(
        f"expected TFDS's {name}/ or a folder {' or '.join(names)} in "
        f"--data_dir={root}, or {flag}=DIR, found none of these"
    )


def _numbers(version):
    return [int(part) if part.isdecimal() else -1 for part in version.split(".")]
