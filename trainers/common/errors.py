"""What the user sees when something is wrong: one line and an exit code.

| code | meaning |
|---|---|
| 0 | done, or nothing left to do |
| 1 | the run stopped: what it was asked to do does not work (loss not finite) |
| 2 | bad input: flags, files or a workdir that do not fit; nothing was written |
| 2 | too many images are unreadable; the checkpoints are kept |
| 3 | another process of the run has ended: the same command in all continues it |
| 130 | interrupted from the keyboard |
"""

import gc
import os
import sys

from absl import app
from absl import flags


class UserError(Exception):
    """Bad input; the message says what was expected. Exit code 2.

    Attributes:
        others_wait: whether the run has other processes. TensorFlow would not let this
            one end before them, and they wait for it.
    """

    others_wait = False


class PeerLost(Exception):
    """Another process of the run has ended; the message says so. Exit code 3."""


class RunStopped(Exception):
    """The run cannot go on; the message says why. Exit code 1."""


def run(main, parse):
    """Runs a program and turns its errors into one line on stderr and an exit code.

    Args:
        main: called with what `parse` returned.
        parse: called with the command line, program name included; returns the
            settings. May raise `UserError` or absl's flag errors.
    """

    def parse_or_exit(argv):
        return one_line_errors(parse, argv)

    def main_or_exit(settings):
        one_line_errors(main, settings)

    app.run(main_or_exit, flags_parser=parse_or_exit)


def one_line_errors(function, *arguments):
    """Calls a function; ends the program with one line where it fails.

    Returns:
        What the function returns.

    Raises:
        SystemExit: with the exit code.
    """
    try:
        return function(*arguments)
    except (UserError, flags.Error) as error:
        leave = _exit_at_once if getattr(error, "others_wait", False) else _exit
        # absl's own prefix, where a flag file cannot be opened.
        ending = leave, 2, f"error: {str(error).removeprefix('ERROR:: ')}"
    except RunStopped as error:
        ending = _exit, 1, f"stopped: {error}"
    except PeerLost as error:
        ending = _exit_at_once, 3, f"stopped: {error}"
    except KeyboardInterrupt:
        text = "interrupted: the same command continues from the last checkpoint"
        ending = _exit, 130, text
    # The error is gone here, and with it the frames that hold iterators over data sets:
    # one whose thread waits for Python when Python itself ends would wait for ever.
    gc.collect()
    leave, code, message = ending
    return leave(code, message)


def _exit(code, message):
    print(" ".join(message.split()), file=sys.stderr)
    sys.exit(code)


def _exit_at_once(code, message):
    print(" ".join(message.split()), file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(code)  # TensorFlow would wait for the other processes
