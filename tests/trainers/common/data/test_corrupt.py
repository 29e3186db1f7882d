"""Images that cannot be decoded: left out and counted, or the end of a run."""

import dataclasses

import keras
import pytest

from tests.trainers.common.data import images
from tests.trainers.common.data.image_sets import SIZE
from tests.trainers.common.data.image_sets import TEST
from tests.trainers.common.data.image_sets import TRAIN
from tests.trainers.common.data.image_sets import collect
from tests.trainers.common.data.image_sets import fingerprints
from tests.trainers.common.data.image_sets import make
from tests.trainers.common.data.image_sets import record_file
from tests.trainers.common.data.image_sets import write
from trainers.common.data import corrupt
from trainers.common.data import imagenet
from trainers.common.data import pipeline
from trainers.common.errors import UserError


@pytest.fixture(scope="module")
def encoded():
    return [images.jpeg(number) for number in range(TRAIN)]


_DAMAGES = (
    lambda content: b"",
    lambda content: b"not an image",
    lambda content: content[: len(content) // 2],
    lambda content: content[:20],
)


def damaged(encoded, numbers):
    """Images of which some cannot be decoded, for one reason or another."""
    changed = list(encoded)
    for place, number in enumerate(numbers):
        changed[number] = _DAMAGES[place % len(_DAMAGES)](encoded[number])
    return changed


@pytest.mark.parametrize("layout", ["folders", "records"])
def test_corrupt_images_are_skipped_and_replaced(tmp_path, encoded, layout):
    train = damaged(encoded, (0, 5, 70, 149))
    test = damaged(encoded[:TEST], (0, 4, 5, 11))
    dataset = make(write(layout, tmp_path, train, test), max_corrupt=4)
    for epoch in range(2):  # the same images are corrupt again: counted once
        pixels, labels = collect(dataset.train(epoch, 64))
        assert len(labels) == TRAIN
        assert len(set(fingerprints(pixels))) == TRAIN
    tested = list(dataset.test(4).as_numpy_iterator())
    assert [len(labels) for _, labels in tested] == [4, 4]
    numbers = {split: len(tally.corrupt) for split, tally in dataset.tallies.items()}
    assert numbers == {"training": 4, "validation": 0, "test": 4}


@pytest.mark.parametrize(
    ("layout", "split", "bad"),
    [("records", "training", (3, 60, 149)), ("folders", "test", (3, 10, 11))],
)
def test_too_many_corrupt_images_stop_the_run(tmp_path, encoded, layout, split, bad):
    train = damaged(encoded, bad if split == "training" else ())
    test = damaged(encoded[:TEST], bad if split == "test" else ())
    dataset = make(write(layout, tmp_path, train, test), max_corrupt=2)
    batches = dataset.train(0, 64) if split == "training" else dataset.test(64)
    expected = (
        rf"at most --max_corrupt=2 of the \d+ {split} images to be unreadable, got 3; "
        r"the latest is \S+"
    )
    with pytest.raises(UserError, match=expected) as raised:
        with corrupt.user_errors():
            collect(batches)
    # Records are numbered over all files: the file's own number is in the message.
    names = [f"{number:03d}.jpeg" for number in bad]
    if layout == "records":
        names = [f"record {number % 75} of " for number in bad]
    assert any(name in str(raised.value) for name in names)


def test_nothing_but_corrupt_images(tmp_path, encoded):
    train = damaged(encoded[:TEST], range(TEST))
    dataset = make(write("folders", tmp_path, train, encoded[:TEST]), max_corrupt=99)
    with pytest.raises(
        UserError, match="expected 12 readable images in an epoch, got 0"
    ):
        with corrupt.user_errors():
            collect(dataset.train(0, 4))


def test_no_test_image_that_can_be_read(tmp_path, encoded):
    test = damaged(encoded[:TEST], range(TEST))
    dataset = make(write("folders", tmp_path, encoded[:TEST], test), max_corrupt=99)
    with pytest.raises(UserError, match="12 test images, 12 of them are missing"):
        with corrupt.user_errors():
            collect(dataset.test(4))


def test_the_stop_goes_through_fit(tmp_path, encoded):
    train = damaged(encoded[:TEST], (1, 2, 3))
    dataset = make(write("folders", tmp_path, train, encoded[:TEST]))
    model = keras.Sequential(
        [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3)]
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.raises(UserError, match="--max_corrupt=1 of the 12 training images"):
        with corrupt.user_errors():
            model.fit(dataset.train(0, 4), shuffle=False, verbose=0)


def test_a_file_that_went_away_counts_as_corrupt(tmp_path, encoded):
    root = write("folders", tmp_path, encoded[:TEST], encoded[:TEST])
    dataset = make(root)
    (root / "train" / "bee" / "004.jpeg").unlink()
    assert len(collect(dataset.train(0, 4))[0]) == TEST
    (root / "train" / "bee" / "007.jpeg").unlink()
    with pytest.raises(UserError, match="unreadable, got 2; the latest is .*bee"):
        with corrupt.user_errors():
            collect(dataset.train(0, 4))


def test_record_files_that_are_damaged_stop_the_run(tmp_path, encoded):
    root = write("records", tmp_path, encoded, encoded[:TEST])
    path = record_file(root)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 200] = bytes(200)
    path.write_bytes(content)
    with pytest.raises(UserError, match="missing: their files are damaged"):
        with corrupt.user_errors():
            collect(make(root).train(0, 64))


def test_a_label_out_of_range_stops_the_run(tmp_path, encoded):
    root = write("records", tmp_path, encoded, encoded[:TEST])
    train, test = imagenet.find(root)
    fewer = dataclasses.replace(train, labels=train.labels[:2])
    dataset = imagenet.dataset(fewer, test, pipeline.Recipe(SIZE, 0))
    with pytest.raises(
        UserError, match=r"labels in 0..1 in the training images, got 2"
    ):
        with corrupt.user_errors():
            collect(dataset.train(0, 64))


def test_corrupt_images_are_told(tmp_path, encoded, caplog):
    train = damaged(encoded[:TEST], (4,))
    dataset = make(write("folders", tmp_path, train, encoded[:TEST]))
    with caplog.at_level("WARNING", "absl"):
        collect(dataset.train(0, 4))
        collect(dataset.train(1, 4))
    told = [r.getMessage() for r in caplog.records if "skipped" in r.getMessage()]
    assert len(told) == 1
    assert "004.jpeg" in told[0] and "1 of at most 1 among 12 training" in told[0]
