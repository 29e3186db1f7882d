"""Where a data set lies in a directory of TFDS data sets. Imports no TensorFlow."""

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


def _numbers(version):
    return [int(part) if part.isdecimal() else -1 for part in version.split(".")]
