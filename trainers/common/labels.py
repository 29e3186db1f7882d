"""What the labels of a data set mean for the loss, the metrics and the evaluation.

Only stock Keras losses and metrics, so that a saved model loads with `import tfgate`
alone.
"""

import keras
import tensorflow as tf

TOP = 5


def loss(settings, dataset=None):
    """The task loss of logits.

    Args:
        settings: `trainers.common.settings.Settings`; used is `label_smoothing`.
        dataset: `trainers.common.data.dataset.Dataset`; None is one whose labels are
            class numbers.

    Returns:
        A `keras.losses.Loss`.
    """
    if dataset is None or not dataset.one_hot:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=settings.label_smoothing or 0.0
    )


def metrics(dataset=None):
    """The metrics: accuracy and, with more than five classes, top-5 accuracy.

    Of mixed labels the class with the greatest share counts. The logits have to be
    float32, as those of all applications are, whatever the precision of the rest.

    Args:
        dataset: see `loss`; None is one of few classes.

    Returns:
        List of what `keras.Model.compile` takes.
    """
    if dataset is None or not has_top5(dataset):
        return ["accuracy"]
    kind = keras.metrics.SparseTopKCategoricalAccuracy
    if dataset.one_hot:
        kind = keras.metrics.TopKCategoricalAccuracy
    return ["accuracy", kind(TOP, name="top5_accuracy")]


def has_top5(dataset):
    """Whether there are so many classes that top-5 accuracy says something."""
    return len(dataset.labels) > TOP


def for_evaluation(batches_of, dataset):
    """Gives test images the kind of labels that the network was compiled with.

    Args:
        batches_of: `dataset.test` or `dataset.validation`.
        dataset: `trainers.common.data.dataset.Dataset`.

    Returns:
        A function like `batches_of`. Its labels are one-hot, float32
        `[batch, classes]`, where those for training are, and else class numbers.
    """
    if not dataset.one_hot:
        return batches_of

    def batches(*arguments, **keywords):
        return batches_of(*arguments, **keywords).map(
            lambda images, labels: (images, tf.one_hot(labels, len(dataset.labels)))
        )

    return batches
