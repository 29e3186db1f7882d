"""What TensorFlow may tune in a pipeline: nothing."""

import os

import tensorflow as tf


def cores():
    """Number of cores that this process may use: the parallelism of heavy stages."""
    return len(os.sched_getaffinity(0))


def fixed(batches, single_threaded=False):
    """Switches off the autotuning of a pipeline.

    Its thread sleeps for up to a minute at a time, and the end of an epoch waits until
    it wakes (seen with TensorFlow 2.21: epochs of CIFAR-10 took 82 or 142 s instead of
    62). Our pipelines name their parallelism, so there is nothing to tune.

    Args:
        batches: `tf.data.Dataset`.
        single_threaded: whether no operation in it is split over threads. That is
            better where each core has an image of its own: splitting the mirroring of
            one image costs more than it saves.

    Returns:
        The data set with the same elements.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    if single_threaded:
        options.threading.max_intra_op_parallelism = 1
    return batches.with_options(options)
