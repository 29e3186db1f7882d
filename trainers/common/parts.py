"""What each replica gets of a batch, so that none is without an image.

Most layers fail on a batch of no images (TensorFlow's pooling on CPUs even ends the
process). A replica may therefore get more images than labels: its own images are the
first, as many as there are labels. `tfgate.distribution.first_rows` leaves out the
others before anything is counted.
"""

import tensorflow as tf

from trainers.common.data import tuning

_PREFETCHED = 2


def training(dataset, epoch, batch_size, distribution, first_step=0):
    """The training batches of an epoch, as each replica sees them.

    The last batch may hold fewer images than there are replicas. Then every replica
    runs them all, and some own none: batch norm sees the statistics of one device.

    Args:
        dataset: `trainers.common.data.dataset.Dataset`.
        epoch: number of the epoch, from 0.
        batch_size: images in a global batch, a multiple of the replicas.
        distribution: `trainers.common.strategy.Distribution`.
        first_step: number of batches left out at the beginning.

    Returns:
        An iterable of `(images, labels)`: tensors or, with several replicas, values
        for each replica of this process.
    """
    skipped = {"first_step": first_step} if first_step else {}
    if distribution.replicas == 1:
        return dataset.train(epoch, batch_size, **skipped)
    rank, hosts = distribution.shard
    local = distribution.local_replicas
    sharded = {"shard": distribution.shard} if hosts > 1 else {}
    batches = dataset.train(epoch, batch_size // hosts, **sharded, **skipped)
    steps = -(-dataset.train_examples // batch_size)
    rest = dataset.train_examples - (steps - 1) * batch_size
    if rest >= distribution.replicas:
        return _distributed(_split(batches, local), distribution)
    parts = _split(batches.take(steps - 1 - first_step), local)
    last = dataset.train(epoch, batch_size, first_step=steps - 1)
    replicas = tf.range(local) + rank * local
    return _distributed(parts.concatenate(_owned(last, replicas)), distribution)


def evaluation(batches_of, examples, batch_size, distribution):
    """The batches of an evaluation, as each replica sees them.

    A replica without images of its own runs one that is all zeros: outside training
    images do not touch each other.

    Args:
        batches_of: `dataset.test` or `dataset.validation`.
        examples: number of images.
        batch_size: images in a global batch.
        distribution: `trainers.common.strategy.Distribution`.

    Returns:
        `(batches, steps)`: an iterable as from `training`, and its length.
    """
    if distribution.replicas == 1:
        return batches_of(batch_size), -(-examples // batch_size)
    hosts, local = distribution.hosts, distribution.local_replicas
    size = -(-batch_size // hosts)
    of_first_host = -(-examples // hosts)
    steps = -(-of_first_host // size)
    if hosts == 1:
        batches = batches_of(size)
    else:
        batches = batches_of(size, shard=distribution.shard)
    empty = tf.data.Dataset.from_tensors(
        tf.nest.map_structure(
            lambda spec: tf.zeros([0, *spec.shape[1:]], spec.dtype),
            batches.element_spec,
        )
    )
    batches = batches.concatenate(empty.repeat()).take(steps)
    return _distributed(_split(batches, local).map(_with_an_image), distribution), steps


def _split(batches, count):
    """Every batch as `count` elements, whose sizes differ by one at most."""

    def split(*batch):
        parts = tf.data.Dataset.range(count)
        return parts.map(lambda index: _rows(batch, lambda x: x[index::count]))

    return batches.flat_map(split)


def _owned(batches, replicas):
    """Every batch as one element per replica: its own image first, its own label."""

    def share(*batch):
        images, *others = batch

        def part(replica):
            own = replica < tf.shape(others[0])[0]
            first = tf.where(own, replica, 0)
            size = tf.cast(own, tf.int32)
            return (
                tf.roll(images, -first, axis=0),
                *_rows(others, lambda x: x[first : first + size]),
            )

        return tf.data.Dataset.from_tensor_slices(replicas).map(part)

    return batches.flat_map(share)


def _with_an_image(images, *others):
    missing = tf.cast(tf.equal(tf.shape(images)[0], 0), tf.int32)
    zeros = tf.zeros([missing, *images.shape[1:]], images.dtype)
    return (tf.concat([images, zeros], axis=0), *others)


def _rows(batch, take):
    return tuple(tf.nest.map_structure(take, part) for part in batch)


def _distributed(parts, distribution):
    strategy = distribution.strategy
    # Every replica gets its part in every step: nobody need ask who has one.
    strategy.extended.experimental_enable_get_next_as_optional = False
    parts = tuning.fixed(parts.prefetch(_PREFETCHED * distribution.local_replicas))
    batches = strategy.distribute_datasets_from_function(lambda context: parts)
    if distribution.on_cpus:
        return _OnCpus(parts, distribution, batches.element_spec)
    return batches


class _OnCpus:
    """Batches for replicas that all are on the CPU.

    A distributed data set copies them to each device in a pipeline of its own, whose
    autotuning nobody can switch off, so that every epoch ends with the wait that
    `tuning.fixed` is there to avoid. Where there is nothing to copy it is not needed.
    """

    def __init__(self, parts, distribution, element_spec):
        self._parts = parts
        self._distribution = distribution
        self._element_spec = element_spec

    def __iter__(self):
        return _OnCpusIterator(
            iter(self._parts), self._distribution, self._element_spec
        )


class _OnCpusIterator:
    def __init__(self, parts, distribution, element_spec):
        self._parts = parts
        self._strategy = distribution.strategy
        self._count = distribution.local_replicas
        self.element_spec = element_spec

    def __iter__(self):
        return self

    def __next__(self):
        parts = [next(self._parts) for _ in range(self._count)]
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: parts[context.replica_id_in_sync_group % self._count]
        )
