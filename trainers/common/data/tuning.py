"""What TensorFlow may tune in a pipeline: nothing."""

import os

import tensorflow as tf


def cores():
    """Number of cores that this process may use: the parallelism of heavy stages."""
    return len(os.sched_getaffinity(0))


def fixed(batches):
    """Switches off the autotuning of a pipeline.

    Its thread sleeps for up to a minute at a time, and the end of an epoch waits until
    it wakes (seen with TensorFlow 2.21: epochs of CIFAR-10 took 82 or 142 s instead of
    62). Our pipelines name their parallelism, so there is nothing to tune.

    Args:
        batches: `tf.data.Dataset`.

    Returns:
        The data set with the same elements.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)
