"""What TensorFlow may tune in a pipeline: nothing."""

import tensorflow as tf


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
