"""The way of every training program: flags, data, model, run."""

from absl import flags as absl_flags

from trainers.common import data
from trainers.common import errors
from trainers.common import flags
from trainers.common.workdir import Workdir


def start(**defaults):
    """Runs a training program on the command line of this process.

    Args:
        **defaults: the program's own defaults, by flag name.
    """
    flags.define(**defaults)
    absl_flags.adopt_module_key_flags(flags)
    errors.run(_train, flags.parse)


def _train(settings):
    workdir = Workdir(settings.workdir)
    workdir.check(settings)
    data.check(settings)
    if workdir.results.exists():
        print(f"this run is finished, its results are in {workdir.results}")
        return
    # Not before: whatever is wrong so far is reported without waiting for TensorFlow.
    from trainers.common import run

    dataset = data.load(settings)
    workdir.claim(settings)
    run.run(settings, dataset, workdir)
