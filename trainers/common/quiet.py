"""TensorFlow without the notes that its libraries print while they are loaded."""

import importlib
import os
import sys

from absl import logging


def load_tensorflow():
    """Imports TensorFlow, silently, and lets it speak of warnings only.

    What is wrong with the flags should be known before: loading takes seconds. The
    notes go to the file descriptor of standard error, before any log level counts;
    they would bury the one line of an error message.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logging.set_verbosity(logging.WARNING)
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        importlib.import_module("tensorflow")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
