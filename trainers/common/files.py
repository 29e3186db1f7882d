"""Files that are either complete or not there, whenever the process is killed."""

import contextlib
import os
import pathlib

PREFIX = ".unfinished-"


@contextlib.contextmanager
def replaced(path):
    """Gives a path to write to, and puts what was written there in place of `path`.

    Args:
        path: file to create or replace. Its directory must exist.

    Yields:
        `pathlib.Path` in the same directory, with the same suffix.
    """
    path = pathlib.Path(path)
    unfinished = path.with_name(PREFIX + path.name)
    try:
        yield unfinished
        sync(unfinished)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def write(path, text):
    """Writes text into a file, complete or not at all."""
    with replaced(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def sync(path):
    """Waits until a file or directory is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
