"""How many images a run has left out as unreadable, over its processes and starts.

A `corrupt.Tally` knows what one process has met since it started. The numbers of the
images are kept in the run's state, so that no image counts twice.
"""

import numpy as np
import tensorflow as tf

from trainers.common.errors import UserError

SPLITS = ("training", "test")


def collect(dataset, state, distribution=None):
    """Adds to the state what was left out since. All processes call it.

    Args:
        dataset: `trainers.common.data.dataset.Dataset`.
        state: `trainers.common.checkpoints.State`.
        distribution: `trainers.common.strategy.Distribution`; None for what this
            process has read alone.

    Raises:
        UserError: the processes together have left out too many.
    """
    for split in SPLITS:
        if split not in dataset.tallies:
            continue
        tally = dataset.tallies[split]
        found = tally.corrupt
        if distribution is not None and distribution.hosts > 1 and tally.limit:
            # A pipeline reads ahead: the one too many may be known already.
            found = _of_all_hosts(found[: tally.limit], tally.limit, distribution)
            if len(found) > tally.limit:
                raise UserError(
                    f"expected at most --max_corrupt={tally.limit} of the {split} "
                    f"images to be unreadable, got {len(found)} on all hosts together"
                )
        state.skipped[split] = sorted({*state.skipped.get(split, ()), *found})


def counts(dataset, state):
    """Split (training, test) -> number of its images that were left out.

    Empty for a data set that leaves out none.
    """
    return {
        split: len(state.skipped.get(split, ()))
        for split in SPLITS
        if split in dataset.tallies
    }


def sentence(dataset, state):
    """The numbers in words."""
    of = {"training": dataset.train_examples, "test": dataset.test_examples}
    shown = [
        f"{count} of {of[split]} {split} images"
        for split, count in counts(dataset, state).items()
    ]
    return f"left out as unreadable: {', '.join(shown)}"


def _of_all_hosts(found, limit, distribution):
    """The numbers that the processes have found, each once."""
    rows = np.zeros((distribution.hosts, limit), "int32")
    rows[distribution.rank, : len(found)] = np.array(found, "int32") + 1

    def total():
        context = tf.distribute.get_replica_context()
        replica = context.replica_id_in_sync_group
        first = tf.equal(replica % distribution.local_replicas, 0)
        own = tf.where(first, rows, tf.zeros_like(rows))
        return context.all_reduce(tf.distribute.ReduceOp.SUM, own)

    strategy = distribution.strategy
    everywhere = tf.function(lambda: strategy.run(total), autograph=False)()
    numbers = strategy.experimental_local_results(everywhere)[0].numpy()
    return (np.unique(numbers[numbers > 0]) - 1).tolist()
