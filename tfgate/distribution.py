"""Statistics of the global batch, and which replica is running.

Statistics of the gates are those of the global batch: 1, 2 and 4 replicas give the
same loss, gradients and weights. The rest of the library asks here and knows nothing
of `tf.distribute`.
"""

import tensorflow as tf

from tfgate.typing import Tensor
from tfgate.typing import TensorTree


def num_replicas() -> int:
    """Number of replicas that run in sync; 1 outside any strategy."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def replica_id() -> Tensor:
    """Index of the running replica as an int32 scalar; 0 outside a replica."""
    context = tf.distribute.get_replica_context()
    if context is None:
        return tf.constant(0, tf.int32)
    return tf.cast(context.replica_id_in_sync_group, tf.int32)


def on_all_replicas(condition: Tensor) -> Tensor:
    """Whether something is true on every replica.

    Args:
        condition: bool scalar, the replica's own.

    Returns:
        bool scalar, the same on all replicas.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return condition
    untrue = tf.cast(tf.logical_not(condition), tf.float32)
    return tf.equal(context.all_reduce(tf.distribute.ReduceOp.SUM, untrue), 0.0)


def global_batch_weight(size: Tensor) -> Tensor:
    """Weight of a replica's mean loss in that of the global batch.

    Keras divides a mean over a replica's images by the number of replicas R, and the
    gradients of all replicas are summed. That is the mean over the N images of the
    global batch only where all replicas have equally many. Times this weight it is
    always: `R n / N` for a replica with n images, 0 without any.

    Args:
        size: n, an integer scalar tensor.

    Returns:
        float32 scalar, 1 outside a strategy.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return tf.ones(())
    own = tf.cast(size, tf.float32)
    total = context.all_reduce(tf.distribute.ReduceOp.SUM, own)
    return tf.math.divide_no_nan(context.num_replicas_in_sync * own, total)


def first_rows(values: TensorTree, size: Tensor) -> TensorTree:
    """The first rows of every tensor, where several replicas run in sync.

    A replica may get more images than labels, and its own images are the first. The
    others are there because most layers cannot run on no image at all, and to give
    batch norm the statistics of the whole batch where there are fewer images than
    replicas; nothing else must count them.

    Args:
        values: tensors `[batch, ...]`.
        size: number of rows, an integer scalar tensor.
    """
    if num_replicas() == 1:
        return values
    return tf.nest.map_structure(lambda value: value[:size], values)


def global_batch_mean(values: Tensor) -> Tensor:
    """Mean over the first axis of the batches of all replicas together.

    Differentiable, also through the sum over replicas. Partial and empty replica
    batches are weighted by their sizes; an empty global batch gives 0.

    Args:
        values: `[batch, ...]`, a floating-point tensor.

    Returns:
        float32 tensor of shape `values.shape[1:]`.
    """
    values = tf.cast(values, tf.float32)
    total = tf.reduce_sum(values, axis=0)
    count = tf.cast(tf.shape(values)[0], tf.float32)
    context = tf.distribute.get_replica_context()
    if context is not None and context.num_replicas_in_sync > 1:
        total, count = context.all_reduce(tf.distribute.ReduceOp.SUM, [total, count])
    return tf.math.divide_no_nan(total, count)


def global_batch_ranks(values: Tensor) -> tuple[Tensor, Tensor]:
    """Ranks of a replica's values in their columns of the global batch.

    Replicas may hold batches of any size, empty ones included. Equal values get
    different ranks, in the order of the global batch. No gradient flows.

    Args:
        values: `[batch, columns]`, a floating-point tensor.

    Returns:
        float32 tensor `[batch, columns]`, from 1 for the smallest value of a column to
        N for the largest, and N, the size of the global batch, a float32 scalar.
    """
    everything = tf.stop_gradient(tf.cast(values, tf.float32))
    own = tf.shape(everything)[0]
    first = 0
    context = tf.distribute.get_replica_context()
    if context is not None and context.num_replicas_in_sync > 1:
        everything, sizes = context.all_gather([everything, own[None]], axis=0)
        first = tf.reduce_sum(sizes[: replica_id()])
    size, columns = tf.unstack(tf.shape(everything))
    order = tf.argsort(tf.transpose(everything), axis=-1)
    # The inverse of the permutations, without a second sort.
    places = order + size * tf.range(columns)[:, None]
    ranks = tf.scatter_nd(
        tf.reshape(places, (-1, 1)),
        tf.tile(tf.range(1, size + 1), [columns]),
        [columns * size],
    )
    ranks = tf.reshape(ranks, (columns, size))[:, first : first + own]
    return tf.cast(tf.transpose(ranks), tf.float32), tf.cast(size, tf.float32)
