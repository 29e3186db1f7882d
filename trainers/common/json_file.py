"""The flag --json of the benchmarks: where their results go."""

import json
import pathlib

from absl import flags

from trainers.common import files
from trainers.common.errors import UserError


class JsonFile:
    """The file that a benchmark writes where asked; defines the flag --json."""

    def __init__(self):
        self._flag = flags.DEFINE_string(
            "json", None, "File for the results; default: none."
        )

    def check(self):
        """Checks that the file can be written, before anything is measured.

        Raises:
            UserError: its directory does not exist.
        """
        path = self._flag.value
        if path and not pathlib.Path(path).absolute().parent.is_dir():
            raise UserError(f"expected --json={path} in an existing directory")

    def write(self, outcome):
        """Writes the results, complete or not at all; nothing without the flag.

        Args:
            outcome: dict for JSON.
        """
        if self._flag.value:
            files.write(self._flag.value, json.dumps(outcome, indent=2) + "\n")
