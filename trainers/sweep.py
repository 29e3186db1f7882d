r"""Trains a list of settings, and puts their results into one table.

    python -m trainers.sweep --sweep=trainers/sweeps/NAME.txt --workdir=DIR \
        [--data_dir=DIR] [--program=cifar] [--jobs=1]

Every run has a folder of its own in the workdir. Started again, finished runs are left
alone and the others continue. The table, `table.csv` and `table.md`, is written anew
after each run. A run that fails does not stop the others; the exit code is then 1.
Ctrl-C stops the runs that have started, and no other starts.

A sweep file has a line for each run, its name and its flags; flags above the first run
are common to all; `#` begins a comment:

    --flagfile=trainers/flagfiles/cifar10_resnet20_dependent_per_batch.cfg
    t5  --gate_loss=per_batch(0.5)
    t7  --gate_loss=per_batch(0.7)

Of a flag that is there twice the later wins: a line changes what the flagfile above it
says. `--program=imagenet` among them says which program runs, `trainers.imagenet`; a
file that does not say so takes that of the command line.

`{workdir}` in a flag is that of the sweep: with
`--data_path={workdir}/NAME/model.keras` a run takes up what one above it wrote, and
waits for it.

Throttled networks have the areas under their curves in the table, and the curves of all
runs of one network are drawn into `curve_NETWORK.png`.
"""

import concurrent.futures
import dataclasses
import importlib
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import threading

from absl import flags

from trainers.common import errors
from trainers.common import flags as run_flags
from trainers.common import settings
from trainers.common import sweep_table
from trainers.common.errors import RunStopped
from trainers.common.errors import UserError

_PROGRAMS = {
    "cifar": "trainers.cifar",
    "digits": "trainers.digits",
    "imagenet": "trainers.imagenet",
    "throttle": "trainers.throttle",
}
_PROGRAM_FLAG = "--program="
_NAME = re.compile(r"[A-Za-z0-9][\w.=-]*")
_WORKDIR = "{workdir}"
_ANOTHER = re.compile(re.escape(_WORKDIR) + r"/([^/]+)/")
_OWN = ("workdir", "data_dir")
_INTERRUPTED = (130, -signal.SIGINT)  # exit codes


@dataclasses.dataclass(frozen=True)
class Run:
    """One line of a sweep.

    Attributes:
        name: name of the run and of its folder.
        flags: its flags, those common to all first.
        program: the program that trains it, a key of `_PROGRAMS`; None is that of the
            command line, or cifar.
    """

    name: str
    flags: tuple[str, ...]
    program: str | None = None

    @property
    def others(self):
        """Names of the runs that this one takes something up from."""
        return tuple(name for flag in self.flags for name in _ANOTHER.findall(flag))


def define(flag_values=flags.FLAGS):
    """Defines the flags of this program."""
    flags.DEFINE_string(
        "sweep", None, "The sweep file: names and flags.", flag_values=flag_values
    )
    flags.DEFINE_string(
        "workdir",
        None,
        "Directory for the runs' folders and the table. Created if missing.",
        flag_values=flag_values,
    )
    flags.DEFINE_string(
        "data_dir",
        None,
        "Directory of TFDS data sets, for every run.",
        flag_values=flag_values,
    )
    flags.DEFINE_enum(
        "program",
        None,
        list(_PROGRAMS),
        "The program of the runs, where the sweep file does not say. Default: cifar.",
        flag_values=flag_values,
    )
    flags.DEFINE_integer(
        "jobs",
        1,
        "Runs at a time. One run keeps two or more cores busy by itself.",
        lower_bound=1,
        flag_values=flag_values,
    )


def parse(argv, flag_values=flags.FLAGS):
    """Parses the command line and checks every run's flags.

    Returns:
        `(runs, flag values)`.

    Raises:
        UserError: the sweep file is missing or has a wrong line.
        absl.flags.Error: an unknown flag of this program.
    """
    rest = flag_values(argv)[1:]
    if rest:
        raise UserError(f"expected flags only (--name=value), got {rest[0]!r}")
    for name in ("sweep", "workdir"):
        if not flag_values[name].value:
            raise UserError(f"expected --{name}")
    runs = [_with_program(run, flag_values) for run in read(flag_values.sweep)]
    for run in runs:
        _check(run, flag_values)
    return runs, flag_values


def read(path):
    """Reads a sweep file.

    Args:
        path: the file.

    Returns:
        List of `Run`.

    Raises:
        UserError: the file cannot be read, has no run, two of one name, a line that is
            neither flags nor a name with flags, or one that takes up a run that is not
            above it.
    """
    try:
        lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"expected a sweep file in --sweep={path}: {error}") from None
    common, runs = [], []
    for number, line in enumerate(lines, start=1):
        words = _words(path, number, line)
        if not words:
            continue
        if words[0].startswith("-"):
            if runs:
                raise UserError(
                    f"expected a name before the flags in {path}, line {number}: flags "
                    "common to all runs stand above the first"
                )
            common += words
            continue
        name, *own = words
        if not _NAME.fullmatch(name) or not all(w.startswith("--") for w in own):
            raise UserError(
                f"expected a name and --flags in {path}, line {number}, got {line!r}"
            )
        if name in {run.name for run in runs}:
            raise UserError(f"expected a new name in {path}, line {number}: {name!r}")
        run = _run(path, number, name, (*common, *own))
        missing = set(run.others) - {run.name for run in runs}
        if missing:
            raise UserError(
                f"expected the name of a run above in {path}, line {number}, got "
                f"{_WORKDIR}/{min(missing)}"
            )
        runs.append(run)
    if not runs:
        raise UserError(f"expected at least one run in {path}, got none")
    return runs


def sweep(runs, workdir, data_dir, jobs):
    """Trains all runs and writes the table.

    Args:
        runs: list of `Run`.
        workdir: directory for their folders.
        data_dir: directory of the data sets, or None.
        jobs: runs at a time.

    Raises:
        RunStopped: some runs failed; the message names them.
        KeyboardInterrupt: this process or one of the runs was interrupted; those that
            had started have ended.
    """
    workdir = _absolute(workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    table = threading.Lock()
    interrupted = threading.Event()
    started = {}  # name -> future of the exit code

    def train(run):
        # Those above have started: nobody waits for a run that waits for a place.
        lacking = any([started[other].result() for other in run.others])
        # The place of a run that Ctrl-C has ended is free before this process knows.
        if interrupted.is_set():
            return _INTERRUPTED[0]
        if lacking:
            print(f"{run.name}: not started, for lack of {', '.join(run.others)}")
            return 1
        code = _train(run, workdir / run.name, data_dir)
        if code in _INTERRUPTED:
            interrupted.set()
        with table:
            sweep_table.write(runs, workdir)
        return code

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        try:
            for run in runs:
                started[run.name] = pool.submit(train, run)
            failed = [name for name, future in started.items() if future.result()]
        except KeyboardInterrupt:
            interrupted.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    if interrupted.is_set():
        raise KeyboardInterrupt
    sweep_table.draw_curves(runs, workdir)
    print(f"results of {len(runs) - len(failed)} runs in {workdir / 'table.md'}")
    if failed:
        raise RunStopped(
            f"{len(failed)} of {len(runs)} runs failed ({', '.join(failed)}): see "
            "their .log files"
        )


def _absolute(workdir):
    return pathlib.Path(workdir).expanduser().absolute()


def _words(path, number, line):
    try:
        return shlex.split(line, comments=True)
    except ValueError as error:
        raise UserError(
            f"expected a name and --flags in {path}, line {number}: {error}"
        ) from None


def _run(path, number, name, words):
    """The run of a line; its last --program is the program, not one of its flags."""
    programs = [w.removeprefix(_PROGRAM_FLAG) for w in words if _names_program(w)]
    wrong = [program for program in programs if program not in _PROGRAMS]
    if wrong:
        raise UserError(
            f"expected --program to be one of {', '.join(_PROGRAMS)} in {path}, line "
            f"{number}, got {wrong[0]!r}"
        )
    rest = tuple(word for word in words if not _names_program(word))
    return Run(name, rest, programs[-1] if programs else None)


def _names_program(word):
    return word.startswith(_PROGRAM_FLAG)


def _with_program(run, own):
    given = own.program
    if given and run.program and given != run.program:
        raise UserError(
            f"run {run.name!r}: --program is {run.program} in {own.sweep}, got "
            f"--program={given}: leave it out"
        )
    return dataclasses.replace(run, program=run.program or given)


def _module(run):
    return _PROGRAMS[run.program or "cifar"]


def _check(run, own):
    values = flags.FlagValues()
    program = _module(run)
    defaults = getattr(importlib.import_module(program), "DEFAULTS", {})
    run_flags.define(values, **defaults)
    try:
        folder = _absolute(own.workdir) / run.name
        awaited = tuple(folder.parent / name / "model.keras" for name in run.others)
        arguments = [program, *_arguments(run, folder, own.data_dir)]
        settings.parse(arguments, values, tuple(map(str, awaited)))
    except (UserError, flags.Error) as error:
        raise UserError(f"run {run.name!r}: {error}") from None


def _arguments(run, folder, data_dir):
    own = [flag.replace(_WORKDIR, str(folder.parent)) for flag in run.flags]
    arguments = [*own, f"--workdir={folder}"]
    uses_data = run.program != "digits" and not any(
        "dataset=digits" in flag for flag in run.flags
    )
    return arguments + ([f"--data_dir={data_dir}"] if data_dir and uses_data else [])


def _train(run, folder, data_dir):
    # The log lies beside the folder until the run has made it: a workdir is empty
    # or a run's.
    log = folder.with_name(f"{folder.name}.log")
    print(f"{run.name}: {shlex.join(run.flags)}", flush=True)
    arguments = _arguments(run, folder, data_dir)
    command = [sys.executable, "-m", _module(run), *arguments]
    with open(log, "a", encoding="utf-8") as output:
        done = subprocess.run(
            command, stdout=output, stderr=subprocess.STDOUT, env=os.environ
        )
    state = "done" if not done.returncode else f"failed, see {log}"
    state = "interrupted" if done.returncode in _INTERRUPTED else state
    print(f"{run.name}: {state}", flush=True)
    return done.returncode


def main(parsed):
    """Runs the sweep that `parse` read."""
    runs, values = parsed
    sweep(runs, values.workdir, values.data_dir, values.jobs)


if __name__ == "__main__":
    define()
    errors.run(main, parse)
