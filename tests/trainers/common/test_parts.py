"""What the replicas get is the batch, each image once, and none gets nothing."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.trainers.builders import toy_dataset
from trainers.common import parts
from trainers.common.strategy import Distribution


class Hosts(Distribution):
    """One of several processes, without the others: only what it reads."""

    @property
    def replicas(self):
        return self.strategy.num_replicas_in_sync * self.hosts


def per_replica(batches, distribution):
    """For each step, (images, labels) of each replica of one process, as NumPy."""
    return [
        list(
            zip(
                *(
                    [
                        np.asarray(v)
                        for v in distribution.strategy.experimental_local_results(x)
                    ]
                    for x in batch
                ),
                strict=True,
            )
        )
        for batch in batches
    ]


def own_rows(parts_of_step):
    return np.concatenate(
        [
            images[: len(labels)].reshape(len(labels), 8 * 8 * 3)
            for images, labels in parts_of_step
        ]
    )


def in_some_order(rows):
    rows = rows.reshape(len(rows), 8 * 8 * 3)
    return rows[np.lexsort(rows.T)]


def of_all_hosts(make_strategy, hosts, local, read):
    """The steps of all processes put together."""
    steps = []
    for rank in range(hosts):
        distribution = Hosts(make_strategy(local), hosts, rank)
        steps.append(per_replica(read(distribution), distribution))
    return [sum(step, []) for step in zip(*steps, strict=True)]


@pytest.mark.parametrize("hosts, local", [(1, 2), (1, 4), (2, 2)])
@pytest.mark.parametrize("examples", [16, 21, 19, 17])
def test_training_batches(make_strategy, hosts, local, examples):
    dataset = toy_dataset(examples)

    def read(distribution):
        return parts.training(dataset, 3, 8, distribution)

    steps = of_all_hosts(make_strategy, hosts, local, read)
    expected = list(dataset.train(3, 8).as_numpy_iterator())
    assert len(steps) == len(expected)
    for step, (images, labels) in zip(steps, expected, strict=True):
        sizes = [len(own) for _, own in step]
        assert len(step) == hosts * local and max(sizes) - min(sizes) <= 1
        np.testing.assert_array_equal(
            in_some_order(own_rows(step)), in_some_order(images)
        )
        assert sorted(np.concatenate([own for _, own in step])) == sorted(labels)
        if len(images) < len(step):  # all run the whole batch
            for rows, _ in step:
                np.testing.assert_array_equal(
                    in_some_order(rows), in_some_order(images)
                )
        else:
            assert [len(rows) for rows, _ in step] == sizes


def test_the_rest_of_an_epoch(make_strategy):
    dataset = toy_dataset(19)
    distribution = Distribution(make_strategy(4))
    everything, rest = (
        per_replica(parts.training(dataset, 0, 8, distribution, first), distribution)
        for first in (0, 1)
    )
    assert len(everything) == 3 and len(rest) == 2
    for step, expected in zip(rest, everything[1:], strict=True):
        np.testing.assert_array_equal(own_rows(step), own_rows(expected))


@pytest.mark.parametrize("hosts, local", [(1, 4), (2, 2)])
@pytest.mark.parametrize("batch_size", [1, 6, 20])
def test_evaluation_batches(make_strategy, hosts, local, batch_size):
    dataset = toy_dataset()
    steps = []

    def read(distribution):
        batches, count = parts.evaluation(dataset.test, 20, batch_size, distribution)
        steps.append(count)
        return batches

    found = of_all_hosts(make_strategy, hosts, local, read)
    assert set(steps) == {len(found)}
    assert all(len(images) >= 1 for step in found for images, _ in step)
    expected, labels = next(dataset.test(20).as_numpy_iterator())
    rows = np.concatenate([own_rows(step) for step in found])
    np.testing.assert_array_equal(in_some_order(rows), in_some_order(expected))
    found = np.concatenate([own for step in found for _, own in step])
    assert sorted(found) == sorted(labels)


@pytest.mark.parametrize("examples", [21, 17])
def test_labels_may_be_shares(make_strategy, examples):
    dataset = toy_dataset(examples)
    shares = dataclasses.replace(
        dataset,
        train=lambda *arguments, **keywords: dataset.train(*arguments, **keywords).map(
            lambda x, y: (x, tf.one_hot(y, 2))
        ),
    )
    distribution = Distribution(make_strategy(4))
    steps, expected = (
        per_replica(parts.training(each, 3, 8, distribution), distribution)
        for each in (shares, dataset)
    )
    for step, numbers in zip(steps, expected, strict=True):
        for (rows, own), (same_rows, own_numbers) in zip(step, numbers, strict=True):
            assert own.shape == (len(own_numbers), 2)
            np.testing.assert_array_equal(rows, same_rows)
            np.testing.assert_array_equal(own.argmax(1), own_numbers)


def test_one_device_reads_the_data_set_itself():
    dataset = toy_dataset(20)
    distribution = Distribution(tf.distribute.get_strategy())
    batches = parts.training(dataset, 1, 8, distribution, first_step=1)
    expected = list(dataset.train(1, 8).as_numpy_iterator())[1:]
    for batch, other in zip(batches, expected, strict=True):
        np.testing.assert_array_equal(batch[0], other[0])
