"""A phone that adb reaches."""

import shlex
import time

from tflite.android import adb as bridge
from tflite.errors import InputError

# What to do about a phone on which commands do not work, by adb's word for it.
_REMEDIES = {
    "unauthorized": "unlock it and allow debugging by this computer",
    "authorizing": "unlock it and allow debugging by this computer",
    "offline": "reconnect it",
    "no permissions": "its USB device may not be opened; see adb's udev rules",
}
_OTHER = "start it into Android and allow USB debugging"


class Phone:
    """One phone.

    Args:
        adb: `tflite.android.adb.Adb`.
        serial: its serial number.

    Attributes:
        serial: the same.
    """

    def __init__(self, adb, serial):
        self.serial = serial
        self._adb = adb

    def state(self):
        """How adb finds it: "device" where commands work."""
        answer = self._adb.run("-s", self.serial, "get-state")
        return answer.text.strip() if answer.code == 0 else "gone"

    def run(self, *arguments, timeout=bridge.ANSWER):
        """Runs a command of adb for this phone; returns its `Answer`."""
        return self._adb.run("-s", self.serial, *arguments, timeout=timeout)

    def shell(self, *words):
        """Runs a program on the phone; returns its `Answer`."""
        # adb joins words by blanks, and the phone's shell splits them again.
        return self.run("shell", shlex.join(words))

    def check(self, answer, expected):
        """Returns the text of an answer.

        Raises:
            InputError: the command failed; the message tells a phone that is gone from
                a command that does not work.
        """
        if answer.code == 0:
            return answer.text
        state = self.state()
        if state != "device":
            raise InputError(
                f"Expected phone {self.serial} to stay connected, got {state!r}: "
                f"{expected} failed."
            )
        raise InputError(
            f"Expected {expected} on phone {self.serial}, got: {answer.reason}"
        )

    def lines(self, *arguments):
        """Runs a command of adb that goes on: see `tflite.android.adb.Adb.lines`."""
        return self._adb.lines("-s", self.serial, *arguments)

    def returns(self, seconds):
        """Waits for a phone that is gone; whether it came back in time."""
        deadline = time.monotonic() + seconds
        while self.state() != "device":
            if time.monotonic() > deadline:
                return False
            time.sleep(min(1.0, seconds / 10))
        return True


def choose(adb, serial=None):
    """Chooses a phone.

    Args:
        adb: `tflite.android.adb.Adb`.
        serial: serial number; None takes the one that is connected.

    Returns:
        `Phone` on which commands work.

    Raises:
        InputError: there is none, there are several and none was named, or it does not
            let this computer in.
    """
    devices = adb.devices()
    listed = ", ".join(f"{name} ({state})" for name, state in devices.items())
    if not devices:
        raise InputError(
            "Expected a phone, got none: connect one and allow USB debugging in its "
            "developer options."
        )
    if serial is None and len(devices) > 1:
        raise InputError(f"Expected --serial, for there are several phones: {listed}.")
    if serial is None:
        (serial,) = devices
    if serial not in devices:
        raise InputError(f"Expected --serial among {listed}, got {serial!r}.")
    if devices[serial] != "device":
        remedy = _REMEDIES.get(devices[serial], _OTHER)
        raise InputError(
            f"Expected phone {serial} to be ready, got {devices[serial]!r}: {remedy}."
        )
    return Phone(adb, serial)
