"""The app on a phone: its names, its folders, and what is put there."""

import re
import time

from tflite import files
from tflite.android import adb as bridge
from tflite.errors import InputError

PACKAGE = "org.tfgate.demo"
BENCHMARK = f"{PACKAGE}/.BenchActivity"
SCREEN = f"{PACKAGE}/.MainActivity"

FOLDER = f"/sdcard/Android/data/{PACKAGE}/files"
MODELS = f"{FOLDER}/models"
PICTURES = f"{FOLDER}/images"
RESULTS = f"{FOLDER}/results"

# Names go through a list with commas, two shells and two file systems.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
# Seconds in which the app, once started, has made its folders.
_START = 20.0


def checked_name(name, where):
    """Returns a name of a file that the app takes.

    Args:
        name: str.
        where: what names it in messages.

    Raises:
        InputError: it has characters that would not arrive.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"Expected {where} named by 1 to 100 of letters, digits, '.', '_' and '-', "
            f"got {name!r}."
        )
    return name


def install(phone, apk):
    """Installs an APK, over an older version of the app."""
    answer = phone.run("install", "-r", str(apk), timeout=bridge.TRANSFER)
    if answer.code == 0 and "Success" not in answer.text:
        raise InputError(f"Expected --apk={apk} to install, got: {answer.reason}")
    phone.check(answer, f"--apk={apk} to install")


def check_installed(phone):
    """Raises `InputError` where the phone has no such app."""
    answer = phone.shell("pm", "path", PACKAGE)
    if answer.code or "package:" not in answer.text:
        if phone.state() != "device":
            phone.check(answer, f"the app {PACKAGE}")
        raise InputError(
            f"Expected the app {PACKAGE} on phone {phone.serial}, got none: install it "
            "with --apk=FILE."
        )


def start(phone, extras):
    """Starts the app's benchmark.

    Args:
        phone: `tflite.android.phone.Phone`.
        extras: words behind `am start`.

    Raises:
        InputError: the phone does not start it.
    """
    answer = phone.shell("am", "start", "-W", "-n", BENCHMARK, *extras)
    text = phone.check(answer, f"{BENCHMARK} to start")
    # am reports its own errors with the exit code 0.
    for line in [*text.splitlines(), *answer.error.splitlines()]:
        if line.startswith(("Error", "Warning: Activity not started")):
            raise InputError(
                f"Expected {BENCHMARK} to start on phone {phone.serial}, got: "
                f"{answer.reason}"
            )


def stop(phone):
    """Ends the app, whatever it does."""
    phone.shell("am", "force-stop", PACKAGE)


def make_folders(phone):
    """Makes sure that the app's folders exist.

    The app makes its own: the phone gives it the right to read what lies in them then,
    which a folder made from outside may lack.
    """
    if phone.shell("ls", "-d", MODELS).code:
        answer = phone.shell("am", "start", "-W", "-n", SCREEN)
        phone.check(answer, "the app to start")
        deadline = time.monotonic() + _START
        while (answer := phone.shell("ls", "-d", MODELS)).code:
            if time.monotonic() > deadline:
                phone.check(answer, f"the app to make {MODELS} when it starts")
            time.sleep(0.5)
    phone.check(phone.shell("mkdir", "-p", PICTURES), f"{PICTURES} to be made")


def put(phone, path, folder):
    """Puts a file into a folder of the app, unless the same lies there.

    Args:
        phone: `tflite.android.phone.Phone`.
        path: `pathlib.Path` of a local file.
        folder: the folder on the phone.

    Returns:
        Whether it was sent.
    """
    expected, target = files.fingerprint(path), f"{folder}/{path.name}"
    if _fingerprint(phone, target) == expected:
        return False
    # The app lists no such names, so it never sees half a file.
    part = f"{target}.part"
    answer = phone.run("push", str(path), part, timeout=bridge.TRANSFER)
    phone.check(answer, f"{path.name} to arrive")
    phone.check(phone.shell("mv", part, target), f"{path.name} to arrive")
    if _fingerprint(phone, target) not in (expected, None):
        raise InputError(
            f"Expected {path.name} to arrive whole on phone {phone.serial}, got "
            f"another SHA-256: is there room for {path.stat().st_size:,} bytes?"
        )
    return True


def keep_only(phone, names, folder):
    """Removes all files of a folder but some."""
    listed = phone.check(phone.shell("ls", "-1", folder), f"{folder} to be listed")
    for name in listed.splitlines():
        if name and name not in names:
            answer = phone.shell("rm", "-f", f"{folder}/{name}")
            phone.check(answer, f"{name} to be removed")


def _fingerprint(phone, target):
    """SHA-256 of a file; None where there is none, or the phone cannot tell.

    Android 7 has no sha256sum.
    """
    answer = phone.shell("sha256sum", target)
    match = re.match(r"([0-9a-f]{64})\s", answer.text)
    return match[1] if answer.code == 0 and match else None
