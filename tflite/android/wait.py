"""Waiting for the one line by which the app ends a benchmark."""

import dataclasses
import queue
import re
import time

from tflite.android import app
from tflite.errors import InputError

END = "tfgate-bench"
PROGRESS = "tfgate-progress"
_TAGS = ("-v", "tag", "-s", END, PROGRESS)

# Seconds without a line after which the app is looked for; that a phone may be gone.
SILENCE = 5.0
GONE = 60.0


@dataclasses.dataclass(frozen=True)
class Done:
    """The end of a benchmark.

    Attributes:
        file: absolute path of the result on the phone.
        runs: number of runs that were measured.
    """

    file: str
    runs: int


def wait(phone, result, since, *, timeout, show):
    """Waits until the app has measured, and shows how far it is.

    A phone that is gone for a moment does no harm: the app goes on, and the phone keeps
    what it said.

    Args:
        phone: `tflite.android.phone.Phone`.
        result: name of the result.
        since: what the phone said before this time is not of interest: seconds, as its
            own `date +%s` gives them.
        timeout: seconds.
        show: function of one line of text.

    Returns:
        `Done`.

    Raises:
        InputError: the app says why it failed, or ended without a word; the phone is
            gone; the time is over.
    """
    deadline, shown = time.monotonic() + timeout, set()
    arguments = ("logcat", "-T", f"{since}.000", *_TAGS)
    while True:
        with phone.lines(*arguments) as lines:
            done = _follow(phone, lines, result, since, deadline, show, shown)
        if done is not None:
            return done
        if time.monotonic() > deadline:
            raise InputError(
                f"Expected the app to measure within {timeout:.0f} s, got no end; it "
                f"goes on, and what it finds stays in {app.RESULTS}/{result}.json. "
                "--timeout sets the time."
            )
        if not phone.returns(GONE):
            raise InputError(
                f"Expected phone {phone.serial} to stay connected, got none for "
                f"{GONE:.0f} s while it measured; what it finds stays in "
                f"{app.RESULTS}/{result}.json."
            )
        # Lest a logcat that ends at once is started without pause.
        time.sleep(min(1.0, SILENCE))


def _follow(phone, lines, result, since, deadline, show, shown):
    """`Done`; None where the lines end, or the time."""
    while (left := deadline - time.monotonic()) > 0:
        try:
            line = lines.get(timeout=min(SILENCE, left))
        except queue.Empty:
            if not alive(phone):
                return _last_look(phone, result, since)
            continue
        if line is None:
            return None
        done = understood(line, result)
        if done is not None:
            return done
        match = re.match(rf"\w/{PROGRESS}\s*: (.*)", line)
        # After a reconnection the phone tells everything again.
        if match and match[1] not in shown:
            shown.add(match[1])
            show(match[1])
    return None


def alive(phone):
    """Whether the app has not ended, as far as a phone that may be gone tells."""
    # Twice: a phone that is gone for one question may be back for the next.
    return any(
        phone.shell("pidof", app.PACKAGE).code == 0 or phone.state() != "device"
        for _ in range(2)
    )


def _last_look(phone, result, since):
    """What an app that is no more said at its end."""
    answer = phone.run("logcat", "-d", "-T", f"{since}.000", *_TAGS)
    for line in phone.check(answer, "the log to be read").splitlines():
        done = understood(line, result)
        if done is not None:
            return done
    raise InputError(
        f"Expected the app to measure on phone {phone.serial}, but it ended without a "
        "word: it was closed, crashed, or took more memory than there is (adb logcat)."
    )


def understood(line, result):
    """Reads a line of the log.

    Args:
        line: as `logcat -v tag` shows it.
        result: name of the result.

    Returns:
        `Done`; None for a line about something else.

    Raises:
        InputError: the benchmark failed.
    """
    match = re.match(rf"\w/{END}\s*: (done|failed) result=(\S+) (.*)", line)
    if not match or match[2] != result:
        return None
    if match[1] == "failed":
        reason = match[3].removeprefix("reason=")
        raise InputError(f"The app could not measure: {reason}")
    rest = re.fullmatch(r"file=(.+) runs=(\d+)\s*", match[3])
    if not rest:
        raise InputError(f"Expected 'file=PATH runs=N' of the app, got {match[3]!r}.")
    return Done(rest[1], int(rest[2]))
