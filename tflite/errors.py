"""What the user sees when something is wrong: one line and an exit code.

| code | meaning |
|---|---|
| 0 | done |
| 1 | done, and the file is not good enough (`tflite.verify --min_agreement`) |
| 2 | bad input: flags, files or a phone that do not fit; nothing was written |
| 130 | interrupted from the keyboard |
"""

import contextlib
import os
import sys

from absl import app
from absl import flags
from absl import logging


class InputError(ValueError):
    """Bad input; the message says what was expected and what was got."""


def run(main, define_flags):
    """Runs a command and turns its errors into one line and an exit code.

    Args:
        main: called without arguments when the flags are parsed; returns the exit
            code, None for 0.
        define_flags: called before the command line is parsed.
    """
    # TensorFlow's own notes would bury the one line that matters.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.set_verbosity(logging.WARNING)

    def parse(argv):
        with _one_line_errors():
            rest = flags.FLAGS(argv)[1:]
            if rest:
                raise InputError(f"Expected flags only, got {' '.join(rest)!r}.")
        return argv

    def main_or_exit(_):
        with _one_line_errors():
            return main()

    define_flags()
    app.run(main_or_exit, flags_parser=parse)


@contextlib.contextmanager
def _one_line_errors():
    try:
        yield
    except (InputError, flags.Error) as error:
        _exit(2, f"error: {error}")
    except KeyboardInterrupt:
        _exit(130, "interrupted")


def _exit(code, message):
    print(" ".join(message.split()), file=sys.stderr)
    sys.exit(code)
