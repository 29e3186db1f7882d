"""Files that are read with a clear error, and written completely or not at all."""

import contextlib
import hashlib
import json
import os
import pathlib
import zipfile
import zlib

from tflite.errors import InputError

_UNFINISHED = ".unfinished-"


def existing(path, name):
    """Checks that a file exists.

    Args:
        path: path of the file.
        name: name of the argument, for the message.

    Returns:
        `pathlib.Path`.

    Raises:
        InputError: there is no such file.
    """
    path = pathlib.Path(path).expanduser()
    if not path.is_file():
        raise InputError(f"Expected {name} to be a file, got {str(path)!r}.")
    return path


def numbers(texts, name):
    """Reads numbers of a list flag.

    Args:
        texts: list of str.
        name: name of the flag, for the message.

    Returns:
        List of floats.

    Raises:
        InputError: one is no number.
    """
    try:
        return [float(text) for text in texts]
    except ValueError:
        raise InputError(
            f"Expected {name} as numbers in [0, 1], separated by commas, got "
            f"{','.join(texts)!r}."
        ) from None


def integers(texts, name):
    """Reads whole numbers of a list flag.

    Args:
        texts: list of str.
        name: name of the flag, for the message.

    Returns:
        List of ints.

    Raises:
        InputError: one is no whole number.
    """
    try:
        return [int(text) for text in texts]
    except ValueError:
        raise InputError(
            f"Expected {name} as whole numbers, separated by commas, got "
            f"{','.join(texts)!r}."
        ) from None


def lines(path, name):
    """Reads the lines of a text file in UTF-8, without blank ones.

    Args:
        path: path of the file.
        name: name of the argument, for the message.

    Returns:
        List of str, stripped.

    Raises:
        InputError: there is no such file, or it is no text in UTF-8.
    """
    path = existing(path, name)
    try:
        # Some editors begin a file with a byte order mark.
        text = path.read_text(encoding="utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise InputError(
            f"Expected {name} to be a text file in UTF-8, got {str(path)!r}: {error}"
        ) from None
    return [line.strip() for line in text.split("\n") if line.strip()]


def keras_archive(path, name):
    """Checks that a `.keras` file exists and is undamaged, without loading it.

    Args:
        path: path of the file.
        name: name of the argument, for the message.

    Returns:
        `pathlib.Path`.

    Raises:
        InputError: there is no such file, or it is not a whole Keras archive.
    """
    path = existing(path, name)
    try:
        with zipfile.ZipFile(path) as archive:
            archive.getinfo("config.json")
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, OSError) as error:
        reason = str(error)
    else:
        reason = None if damaged is None else f"{damaged} in it is damaged"
    if reason is not None:
        raise InputError(
            f"Expected {name} to be a whole .keras file, got {str(path)!r}: {reason}"
        )
    return path


def fingerprint(path):
    """SHA-256 of a file, as hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def writable(path, name):
    """Checks that a file can be written.

    Args:
        path: path of the file to come.
        name: name of the argument, for the message.

    Returns:
        `pathlib.Path`.

    Raises:
        InputError: its directory does not exist or is not writable, or the path is a
            directory itself.
    """
    path = pathlib.Path(path).expanduser()
    if not path.parent.is_dir():
        raise InputError(
            f"Expected {name} in an existing directory, got {str(path)!r}."
        )
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise InputError(f"Expected {name} to be writable, got {str(path)!r}.")
    return path


def other_than(output, source):
    """Checks that a file to write is not the one that it is made of.

    Args:
        output: `pathlib.Path` of --output.
        source: `pathlib.Path` of --model, an existing file.

    Raises:
        InputError: it is.
    """
    if output.exists() and output.samefile(source):
        raise InputError(
            f"Expected --output to be another file than --model, got {str(output)!r} "
            f"for --model={source}."
        )


@contextlib.contextmanager
def replaced(path):
    """Gives a path to write to, and puts what was written in place of `path`.

    Args:
        path: `pathlib.Path` of the file to create or replace.

    Yields:
        `pathlib.Path` in the same directory.
    """
    unfinished = path.with_name(f"{_UNFINISHED}{os.getpid()}-{path.name}")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_json(path, document):
    """Writes a document as JSON, completely or not at all."""
    with replaced(path) as unfinished:
        text = json.dumps(document, indent=2, allow_nan=False)
        unfinished.write_text(text + "\n", encoding="utf-8")
