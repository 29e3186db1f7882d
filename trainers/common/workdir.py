"""The directory of one run: what lies where, and whose it is."""

import contextlib
import fcntl
import json
import os
import pathlib

from trainers.common import files
from trainers.common.errors import UserError

_SHOWN = 3  # differences in an error message
# May move between two starts of the same run.
_PLACES = ("workdir", "data_dir", "train_dir", "test_dir")
# How it is computed and kept may change, too: on other devices the noise is another.
_MEANS = (
    "strategy",
    "logical_cpus",
    "peer_timeout",
    "checkpoint_every_steps",
    "keep_checkpoints",
    "max_corrupt",
    "profile_steps",
)
# These say nothing about the run.
_EVALUATION = ("evaluate_only", "split", "taus", "preset")
_PLAN = ("plan.png", "plan.csv")  # may be there before the run


class Workdir:
    """Paths of a run's files.

    Args:
        path: the directory; it need not exist.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path).expanduser().absolute()
        self.flags_txt = self.path / "flags.txt"
        self.flags_json = self.path / "flags.json"
        self.labels = self.path / "labels.txt"
        self.metrics = self.path / "metrics.csv"
        self.tensorboard = self.path / "tensorboard"
        self.checkpoints = self.path / "checkpoints"
        self.plots = self.path / "plots"
        self.model = self.path / "model.keras"
        self.results = self.path / "results.json"
        self.evaluation = self.path / "evaluation"
        self.plan_png, self.plan_csv = (self.path / name for name in _PLAN)

    def check(self, settings):
        """Checks that a run may use the directory, without writing anything.

        Raises:
            UserError: it holds something else, or the run of another configuration.
        """
        if self.path.exists() and not self.path.is_dir():
            raise UserError(
                f"expected --workdir to be a directory, {self.path} is a file"
            )
        if self.flags_json.exists():
            self._check_same(settings)
        elif self.path.exists() and any(map(_is_content, self.path.iterdir())):
            raise UserError(
                f"expected --workdir to be empty or to hold a run, {self.path} holds "
                "other files: give a new directory"
            )

    @contextlib.contextmanager
    def claimed(self, settings):
        """Makes the directory this run's: its flags are written, others are kept out.

        Raises:
            UserError: as `check`; or another process is using it.
        """
        self.check(settings)
        self.create()
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            self._lock(descriptor)
            files.write(self.flags_txt, _flagfile(settings))
            files.write(self.flags_json, json.dumps(vars(settings), indent=2) + "\n")
            yield
        finally:
            os.close(descriptor)  # which unlocks, as the end of the process does

    def create(self):
        """Creates the directory, if it is missing.

        Raises:
            UserError: it cannot be created.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"expected to create --workdir={self.path}: {error.strerror}"
            ) from error

    def read_settings(self):
        """Reads the settings of the finished run in this directory.

        Returns:
            dict, flag name -> value.

        Raises:
            UserError: there is no finished run.
        """
        if not (self.results.exists() and self.model.exists()):
            raise UserError(
                f"expected a finished run in --workdir={self.path} for --evaluate_only"
            )
        return self._read_flags()

    def _lock(self, descriptor):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"expected --workdir={self.path} for this run alone, another process "
                "is writing there"
            ) from None

    def _read_flags(self):
        try:
            return json.loads(self.flags_json.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise UserError(
                f"expected the flags of a run in {self.flags_json}, it is not JSON: "
                "give a new --workdir"
            ) from None

    def _check_same(self, settings):
        before = self._read_flags()
        now = vars(settings)
        changed = [
            f"{name} was {before.get(name)}, is {now.get(name)}"
            for name in sorted(set(before) | set(now))
            if name not in _PLACES + _MEANS + _EVALUATION
            and before.get(name) != now.get(name)
        ]
        if changed:
            shown = "; ".join(changed[:_SHOWN])
            more = f"; and {len(changed) - _SHOWN} more" if changed[_SHOWN:] else ""
            raise UserError(
                f"expected the configuration that {self.path} belongs to ({shown}"
                f"{more}): give the flags in its flags.txt or a new --workdir"
            )


def _flagfile(settings):
    lines = ["# The resolved flags of this run; repeat it with --flagfile=THIS_FILE."]
    for name, value in sorted(vars(settings).items()):
        if isinstance(value, list):
            value = ",".join(map(str, value))
        if value is not None:
            lines.append(f"--{name}={value}")
    return "\n".join(lines) + "\n"


def _is_content(path):
    return not path.name.startswith(files.PREFIX) and path.name not in _PLAN
