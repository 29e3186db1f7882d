"""adb, Android's debug bridge: its commands and what it answers."""

import contextlib
import dataclasses
import os
import pathlib
import queue
import shutil
import subprocess
import threading

from tflite.errors import InputError

# Seconds for an answer; for files, which may be large and the cable slow.
ANSWER = 60
TRANSFER = 1800


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a command answered.

    Attributes:
        code: its exit code.
        text: its standard output.
        error: its standard error.
    """

    code: int
    text: str
    error: str

    @property
    def reason(self):
        """The last line of what it said, for messages."""
        said = [*self.text.splitlines(), *self.error.splitlines()]
        said = [line.strip() for line in said if line.strip()]
        return said[-1] if said else f"exit code {self.code}"


class Adb:
    """The program adb.

    Args:
        program: path of the executable.
    """

    def __init__(self, program):
        self._program = str(program)

    def run(self, *arguments, timeout=ANSWER):
        """Runs a command to its end.

        Args:
            *arguments: strings.
            timeout: seconds that it may take.

        Returns:
            `Answer`.

        Raises:
            InputError: adb cannot be run, or does not answer in time.
        """
        try:
            done = subprocess.run(
                [self._program, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
            )
        except OSError as error:
            raise InputError(f"Expected adb to run, got: {error}") from None
        except subprocess.TimeoutExpired:
            raise InputError(
                f"Expected adb {' '.join(arguments)} to answer within {timeout} s, got "
                "nothing: reconnect the phone, or restart adb (adb kill-server)."
            ) from None
        return Answer(done.returncode, done.stdout, done.stderr)

    def devices(self):
        """Phones that are connected: dict from serial number to state.

        The state is "device" where commands work; else "unauthorized", "offline", ...

        Raises:
            InputError: adb does not say.
        """
        answer = self.run("devices", "-l")
        _, found, listed = answer.text.partition("List of devices attached")
        if answer.code or not found:
            raise InputError(f"Expected adb to list phones, got: {answer.reason}")
        devices = {}
        for line in listed.splitlines():
            serial, _, rest = line.strip().partition(" ")
            rest = rest.strip()
            if rest:
                # "no permissions (...); see [...]" is the one state of two words.
                two = rest.startswith("no permissions")
                devices[serial] = "no permissions" if two else rest.split()[0]
        return devices

    @contextlib.contextmanager
    def lines(self, *arguments):
        """Runs a command that goes on until it is not needed any more.

        Yields:
            `queue.SimpleQueue` of its lines, as they come; None follows the last one.
        """
        process = subprocess.Popen(
            [self._program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
        )
        lines = queue.SimpleQueue()

        def read():
            for line in process.stdout:
                lines.put(line.rstrip("\r\n"))
            lines.put(None)

        # What waits for a line can look at the clock, what reads one cannot.
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            yield lines
        finally:
            process.kill()
            process.wait()
            reader.join()
            process.stdout.close()


def find(program=None):
    """Finds adb.

    Args:
        program: path of the executable; None looks on PATH and in Android's SDK.

    Returns:
        `Adb`.

    Raises:
        InputError: there is none.
    """
    if program is not None:
        found = shutil.which(pathlib.Path(program).expanduser())
        if found is None:
            raise InputError(f"Expected --adb to be a program, got {str(program)!r}.")
        return Adb(found)
    homes = filter(None, map(os.environ.get, ("ANDROID_HOME", "ANDROID_SDK_ROOT")))
    places = [pathlib.Path(home, "platform-tools", "adb") for home in homes]
    for place in ("adb", *places):
        found = shutil.which(place)
        if found is not None:
            return Adb(found)
    raise InputError(
        "Expected adb on PATH, in ANDROID_HOME or as --adb=FILE, got none; on Debian: "
        "apt-get install adb."
    )
