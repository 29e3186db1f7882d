"""The way of every training program: flags, data, model, run."""

import sys

from absl import flags as absl_flags

from trainers.common import data
from trainers.common import errors
from trainers.common import flags
from trainers.common import quiet
from trainers.common import settings
from trainers.common import strategy
from trainers.common.data import sizes
from trainers.common.workdir import Workdir


def start(**defaults):
    """Runs a training program on the command line of this process.

    Args:
        **defaults: the program's own defaults, by flag name.
    """
    flags.define(**defaults)
    for flag in flags.defined():
        # What --help lists are the key flags of the main module.
        absl_flags.FLAGS.register_key_flag_for_module(sys.argv[0], flag)
    errors.run(train, settings.parse)


def train(chosen):
    """Trains as the settings say; does nothing where that is done already.

    Args:
        chosen: `trainers.common.settings.Settings`.

    Raises:
        UserError: the data, the workdir or the cluster does not fit; nothing was
            written. Or too many images are unreadable; the checkpoints are kept.
        PeerLost: another process of the run has ended.
        RunStopped: the training cannot go on.
    """
    if chosen.preset:
        show_plan(chosen)
        return
    workdir = Workdir(chosen.workdir)
    if chosen.evaluate_only:
        evaluate(chosen, workdir)
        return
    cluster = strategy.read_cluster(chosen)
    workdir.check(chosen)
    data.check(chosen)
    if workdir.results.exists():
        print(f"this run is finished, its results are in {workdir.results}")
        return
    quiet.load_tensorflow()
    distribution = strategy.create(chosen, cluster)
    from trainers.common import run

    run.run(chosen, data.load(chosen), workdir, distribution)


def show_plan(chosen):
    """Prints the plan of a run and, in a workdir, draws it; trains nothing.

    Of several processes only the chief writes into the workdir.

    Args:
        chosen: `trainers.common.settings.Settings`.

    Raises:
        UserError: the run would end with the same error before its first step.
    """
    cluster = strategy.read_cluster(chosen)
    workdir = Workdir(chosen.workdir) if chosen.workdir else None
    if workdir:
        workdir.check(chosen)
    if sizes.is_given(chosen):
        data.check(chosen)
    quiet.load_tensorflow()
    from trainers.common import plan

    is_chief = cluster is None or cluster.rank == 0
    plan.show(plan.make(chosen, cluster), workdir if is_chief else None)


def evaluate(chosen, workdir):
    """Evaluates the finished run in a workdir under many policies.

    Args:
        chosen: `trainers.common.settings.Settings` of the evaluation.
        workdir: `trainers.common.workdir.Workdir` of the run.

    Raises:
        UserError: there is no finished run of a network with gates, its data are
            missing, or a flag was given that has no effect on it.
    """
    of_run = settings.Settings(**workdir.read_settings())
    missing = sorted(set(vars(chosen)) - set(vars(of_run)))
    if missing:
        raise errors.UserError(
            f"expected a run of this version in --workdir={workdir.path}, its flags "
            f"lack {', '.join(missing)}: train it anew"
        )
    settings.check_evaluation(chosen, of_run)
    data.move(of_run, chosen)
    data.check(of_run)
    quiet.load_tensorflow()
    from trainers.common import study
    from trainers.common.data import corrupt

    with corrupt.user_errors():
        study.study(chosen, of_run, data.load(of_run), workdir)
