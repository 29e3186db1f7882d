"""ImageNet's pipeline on small images in folders and record files, and its sample."""

import types

import numpy as np
import pytest
import tensorflow as tf

from tests.trainers.common.data import images
from tests.trainers.common.data.image_sets import SIZE
from tests.trainers.common.data.image_sets import TEST
from tests.trainers.common.data.image_sets import TRAIN
from tests.trainers.common.data.image_sets import collect
from tests.trainers.common.data.image_sets import fingerprints
from tests.trainers.common.data.image_sets import make
from tests.trainers.common.data.image_sets import record_file
from tests.trainers.common.data.image_sets import settings
from tests.trainers.common.data.image_sets import write
from trainers.common import data
from trainers.common.data import crops
from trainers.common.data import imagenet
from trainers.common.data import pipeline
from trainers.common.errors import UserError


@pytest.fixture(scope="module")
def encoded():
    return [images.jpeg(number) for number in range(TRAIN)]


@pytest.fixture(scope="module")
def folders(encoded, tmp_path_factory):
    root = tmp_path_factory.mktemp("folders")
    images.write_folder(root / "train", encoded)
    images.write_folder(root / "val", encoded[:TEST])
    return root


@pytest.fixture(scope="module")
def records(encoded, tmp_path_factory):
    root = tmp_path_factory.mktemp("records")
    splits = {"train": encoded, "validation": encoded[:TEST]}
    return images.write_records(root, splits)


@pytest.fixture(params=["folders", "records"])
def root(request):
    return request.getfixturevalue(request.param)


def test_describes_itself(root):
    described = make(root, held_out=10)
    assert described.name == "imagenet2012" and described.labels == images.LABELS
    assert described.image_shape == (SIZE, SIZE, 3)
    assert described.train_examples == TRAIN - 10
    assert (described.validation_examples, described.test_examples) == (10, TEST)
    assert described.mean == (123.675, 116.28, 103.53)
    assert not described.one_hot


def test_an_epoch_holds_every_image_once(root):
    epoch = make(root).train(0, 64)
    assert epoch.cardinality() == 3
    batches = list(epoch.as_numpy_iterator())
    assert [len(labels) for _, labels in batches] == [64, 64, 22]
    assert all(pixels.shape[1:] == (SIZE, SIZE, 3) for pixels, _ in batches)
    assert all(pixels.dtype == np.float32 for pixels, _ in batches)
    assert all(labels.dtype == np.int32 for _, labels in batches)
    pixels = np.concatenate([pixels for pixels, _ in batches])
    assert pixels.min() >= 0.0 and 200.0 < pixels.max() <= 255.0
    counts = np.bincount(np.concatenate([labels for _, labels in batches]))
    assert counts.tolist() == [50, 50, 50]


def test_batches_are_a_function_of_seed_and_epoch(folders):
    once, labels = collect(make(folders).train(3, 64))
    again, same_labels = collect(make(folders).train(3, 32))
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(labels, same_labels)
    for seed, epoch in ((0, 4), (1, 3)):
        other, other_labels = collect(make(folders, seed=seed).train(epoch, TRAIN))
        assert labels.tolist() != other_labels.tolist()
        assert not set(fingerprints(once)) & set(fingerprints(other))


def test_the_rest_of_an_epoch_and_the_parts_of_hosts_are_those_of_the_whole(root):
    dataset = make(root)
    whole = list(dataset.train(1, 40).as_numpy_iterator())
    rest = list(dataset.train(1, 40, first_step=2).as_numpy_iterator())
    assert len(whole) == 4 and len(rest) == 2
    for expected, got in zip(whole[2:], rest, strict=True):
        np.testing.assert_array_equal(expected[0], got[0])
        np.testing.assert_array_equal(expected[1], got[1])
    hosts = [
        list(dataset.train(1, 20, shard=(index, 2)).as_numpy_iterator())
        for index in range(2)
    ]
    for step, (pixels, _) in enumerate(whole):
        together = np.concatenate([host[step][0] for host in hosts])
        assert sorted(fingerprints(together)) == sorted(fingerprints(pixels))


@pytest.mark.parametrize("write", ["folder", "records"])
def test_hosts_that_read_their_own_files_cover_every_image_once(tmp_path, write):
    # Of one colour each: whatever the crop is, it tells which image it is of.
    grey = [np.full((24, 32, 3), number, "uint8") for number in range(TRAIN)]
    encoded = [tf.io.encode_png(pixels).numpy() for pixels in grey]
    if write == "records":
        images.write_records(tmp_path, {"train": encoded, "validation": encoded[:TEST]})
    else:
        images.write_folder(tmp_path / "train", encoded)
        images.write_folder(tmp_path / "val", encoded[:TEST])
    dataset = make(tmp_path, deterministic=False)
    parts = [collect(dataset.train(0, 64, shard=(index, 4)))[0] for index in range(4)]
    assert [len(part) for part in parts] == [38, 38, 37, 37]
    seen = np.round(np.concatenate(parts).mean((1, 2, 3)))
    assert sorted(seen.tolist()) == list(range(TRAIN))


def test_hosts_cover_the_test_images_once(root):
    dataset = make(root)
    parts = [collect(dataset.test(3, shard=(index, 3)))[0] for index in range(3)]
    together = fingerprints(np.concatenate(parts))
    assert sorted(together) == sorted(fingerprints(collect(dataset.test(5))[0]))


def test_a_host_out_of_range_is_an_error(folders):
    with pytest.raises(ValueError, match="0 <= index < count, got"):
        make(folders).train(0, 8, shard=(2, 2))


def test_a_small_buffer_still_gives_every_image(records):
    pixels, labels = collect(make(records, shuffle_buffer=4).train(0, 64))
    assert np.bincount(labels).tolist() == [50, 50, 50]
    assert len(set(fingerprints(pixels))) == TRAIN


def test_images_held_out_are_not_trained_on(root):
    dataset = make(root, held_out=30)
    plain = collect(make(root).train(0, TRAIN))[1]
    trained, held_out = (
        collect(batches)[1] for batches in (dataset.train(0, 64), dataset.validation(7))
    )
    assert len(trained) == TRAIN - 30 and len(held_out) == 30
    assert sorted([*trained, *held_out]) == sorted(plain)
    # In folders the last images must not all be of the last class.
    assert set(held_out) == {0, 1, 2}


def test_something_must_be_left_to_train_on(root):
    with pytest.raises(UserError, match=f"below the {TRAIN} training images, got 150"):
        make(root, held_out=TRAIN)


def test_folder_and_records_give_the_same_test_images(folders, records):
    (one, one_labels), (other, other_labels) = (
        collect(make(root).test(5)) for root in (folders, records)
    )
    assert len(one) == TEST

    def paired(pixels, labels):
        return sorted(zip(map(bytes, pixels), labels.tolist(), strict=True))

    assert paired(one, one_labels) == paired(other, other_labels)


def test_the_test_images_are_in_order_and_the_plain_centre(records, encoded):
    pixels, labels = collect(make(records).test(5))
    assert labels.tolist() == [number % 3 for number in range(TEST)]
    for got, content in zip(pixels, encoded, strict=False):
        expected = crops.center_crop(content, SIZE)
        np.testing.assert_array_equal(got, expected)


def test_png_images_are_read(tmp_path):
    pictures = [images.png(number) for number in range(6)]
    for part in ("train", "validation"):
        images.write_folder(tmp_path / part, pictures, ".PNG")
    jpegs = images.write_folder(
        tmp_path / "jpegs", [images.jpeg(number) for number in range(6)]
    )
    dataset = make(tmp_path)
    assert len(collect(dataset.train(0, 4))[0]) == 6
    got = collect(dataset.test(6))[0]
    train, test = imagenet.find(None, tmp_path / "train", jpegs)
    expected = collect(imagenet.dataset(train, test, pipeline.Recipe(SIZE, 0)).test(6))[
        0
    ]
    # JPEG of quality 95 changes smooth images by little.
    assert np.abs(got - expected).mean() < 3.0


def test_loads_from_settings(folders):
    chosen = settings(folders, train_examples=20, test_examples=5)
    data.check(chosen)
    loaded = data.load(chosen)
    assert (loaded.train_examples, loaded.test_examples) == (20, 5)
    assert len(collect(loaded.train(0, 8))[0]) == 20
    assert not loaded.one_hot


@pytest.mark.parametrize(
    "values",
    [
        {"label_smoothing": 0.1},
        {"mixup_alpha": 0.2, "cutmix_alpha": 1.0, "randaugment_layers": 1},
    ],
)
def test_labels_are_one_hot_where_they_have_to_be(folders, values):
    loaded = data.load(settings(folders, train_examples=20, **values))
    assert loaded.one_hot
    pixels, labels = collect(loaded.train(0, 8))
    assert pixels.shape == (20, SIZE, SIZE, 3) and labels.shape == (20, 3)
    assert pixels.min() >= 0.0 and pixels.max() <= 255.0
    np.testing.assert_allclose(labels.sum(1), 1.0, rtol=1e-5)
    again = collect(
        data.load(settings(folders, train_examples=20, **values)).train(0, 8)
    )
    np.testing.assert_array_equal(pixels, again[0])
    np.testing.assert_array_equal(labels, again[1])
    assert loaded.test(4).element_spec[1].dtype == tf.int32
    last = list(loaded.train(0, 8, first_step=2).as_numpy_iterator())
    np.testing.assert_array_equal(last[0][0], pixels[16:])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("d", "a", "b")),
        ({"data_dir": "new"}, ("new", None, None)),
        ({"test_dir": "new"}, ("d", "a", "new")),
        ({"data_dir": "new", "train_dir": "x"}, ("new", "x", None)),
    ],
)
def test_data_that_have_moved(given, expected):
    chosen = settings("d", train_dir="a", test_dir="b")
    places = types.SimpleNamespace(
        **{"data_dir": None, "train_dir": None, "test_dir": None, **given}
    )
    data.move(chosen, places)
    assert (chosen.data_dir, chosen.train_dir, chosen.test_dir) == expected


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda root: record_file(root).unlink(), "1 are missing or unreadable"),
        (
            lambda root: record_file(root).write_bytes(b""),
            "bytes or more in the files of split train",
        ),
        (
            lambda root: record_file(root).with_name("features.json").unlink(),
            "in TFDS's format",
        ),
        (
            lambda root: record_file(root).with_name("dataset_info.json").unlink(),
            "dataset_info.json",
        ),
    ],
)
def test_incomplete_record_files(tmp_path, encoded, change, said):
    root = write("records", tmp_path, encoded[:TEST], encoded[:TEST])
    change(root)
    with pytest.raises(UserError, match=said) as raised:
        imagenet.find(root)
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize("train_dir", [None, "missing"])
@pytest.mark.parametrize("data_dir", [None, "missing", "."])
def test_nothing_there(tmp_path, data_dir, train_dir):
    data_dir = data_dir and tmp_path / data_dir
    train_dir = train_dir and tmp_path / train_dir
    with pytest.raises(UserError, match="expected .*--(data|train)_dir"):
        imagenet.find(data_dir, train_dir)
    with pytest.raises(UserError, match="expected .*--(data|train)_dir"):
        data.check(settings(data_dir, train_dir=train_dir))


def test_the_sample(data_dir):
    loaded = data.load(settings(data_dir, image_size=32, test_examples=20))
    assert len(loaded.labels) == 1000
    assert loaded.train_examples >= 800 and loaded.test_examples == 20
    pixels, labels = next(iter(loaded.train(0, 64)))
    assert pixels.shape == (64, 32, 32, 3) and len(set(labels.numpy())) > 50
    assert 80.0 < pixels.numpy().mean() < 150.0
    assert sum(len(labels) for _, labels in loaded.test(8)) == 20
