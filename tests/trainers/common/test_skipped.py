"""Which unreadable images a run counts."""

import dataclasses
import types

import pytest

from tests.trainers.builders import toy_dataset
from trainers.common import skipped
from trainers.common.checkpoints import State
from trainers.common.errors import UserError


def dataset_with(training=(), test=(), limit=5):
    """A data set of which these images were left out so far."""
    tallies = {
        "training": types.SimpleNamespace(corrupt=list(training), limit=limit),
        "validation": types.SimpleNamespace(corrupt=[0], limit=limit),
        "test": types.SimpleNamespace(corrupt=list(test), limit=limit),
    }
    return dataclasses.replace(toy_dataset(), tallies=tallies)


def test_an_image_counts_once_over_the_starts_of_a_run():
    state = State()
    skipped.collect(dataset_with(training=[7, 3]), state)
    again = dataset_with(training=[3, 12], test=[1])
    skipped.collect(again, state)
    assert state.skipped == {"training": [3, 7, 12], "test": [1]}
    assert skipped.counts(again, state) == {"training": 3, "test": 1}
    assert skipped.sentence(again, state) == (
        "left out as unreadable: 3 of 40 training images, 1 of 20 test images"
    )


def test_a_data_set_in_memory_counts_none():
    state = State()
    skipped.collect(toy_dataset(), state)
    assert skipped.counts(toy_dataset(), state) == {} == state.skipped


@pytest.mark.parametrize("local_replicas", [1, 2])
def test_the_processes_put_together_what_they_found(make_strategy, local_replicas):
    """One process of two, alone: the rows of the other stay empty."""
    distribution = types.SimpleNamespace(
        hosts=2,
        rank=1,
        local_replicas=local_replicas,
        strategy=make_strategy(local_replicas),
    )
    state = State()
    found = dataset_with(training=[9, 0], test=[4, 5, 6], limit=2)
    skipped.collect(found, state, distribution)
    # The third test image is one too many: the pipeline stops where it has read it.
    assert state.skipped == {"training": [0, 9], "test": [4, 5]}


def test_the_processes_together_may_find_too_many(make_strategy, monkeypatch):
    distribution = types.SimpleNamespace(
        hosts=2, rank=0, local_replicas=1, strategy=make_strategy(1)
    )
    monkeypatch.setattr(skipped, "_of_all_hosts", lambda found, *_: [*found, 30, 31])
    with pytest.raises(UserError, match="--max_corrupt=2 of the training .*, got 3 on"):
        skipped.collect(dataset_with([9], limit=2), State(), distribution)
