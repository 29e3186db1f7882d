"""TensorFlow without the notes that its libraries print while they are loaded."""

import importlib
import os
import sys


def import_tensorflow():
    """Imports TensorFlow, silently, if it is not imported yet.

    The notes go to the file descriptor of standard error, before any log level counts;
    they would bury the one line of an error message.
    """
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        importlib.import_module("tensorflow")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
