import numpy as np
import pytest

from tests.trainers.common.data import images
from trainers.common.data import image_folder
from trainers.common.errors import UserError


@pytest.fixture
def root(tmp_path):
    return images.write_folder(tmp_path / "train", [b"%d" % n for n in range(9)])


def test_lists_every_image_with_its_class(root):
    (root / "ant" / "notes.txt").write_text("not an image")
    (root / "ant" / ".000.jpeg").write_text("hidden")
    (root / ".cache").mkdir()
    found = image_folder.find(root)
    assert found.labels == images.LABELS and found.examples == 9
    for index in range(9):
        label = found.labels[found.classes[index]]
        assert found.name(index).startswith(str(root / label))
    assert len({found.name(index) for index in range(9)}) == 9


def test_the_numbering_is_the_same_every_time_and_mixes_classes(root):
    one, other = image_folder.find(root), image_folder.find(root)
    assert one.paths.tolist() == other.paths.tolist()
    assert one.classes.tolist() != sorted(one.classes)
    part = one.part(2, 5)
    assert part.examples == 3 and part.name(0) == one.name(2)


def test_chunks_are_in_order_with_indices(root):
    found = image_folder.find(root)
    (chunk,) = found.chunks(skip=2).as_numpy_iterator()
    assert chunk[0].tolist() == list(range(2, 9))
    assert [path.decode() for path in chunk[1]] == [found.name(n) for n in range(2, 9)]
    np.testing.assert_array_equal(chunk[2], found.classes[2:])
    assert chunk[2].dtype == np.int32
    (chunk,) = found.chunks(shard=(1, 4)).as_numpy_iterator()
    assert chunk[0].tolist() == [1, 5]


def _empty_class(root):
    (root / "dog").mkdir()


def _dangling(root):
    (root / "bee" / "x.jpg").symlink_to(root / "nothing")


def _no_class(root):
    for label in images.LABELS:
        for path in (root / label).iterdir():
            path.unlink()
        (root / label).rmdir()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_empty_class, r"expected images \(.jpeg, .jpg, .png\) of class dog in .*dog"),
        (_dangling, "expected an image file that can be read at .*x.jpg"),
        (_no_class, "expected one folder of images per class in .*train, got none"),
    ],
)
def test_what_is_wrong_is_named(root, change, said):
    change(root)
    with pytest.raises(UserError, match=said):
        image_folder.find(root)


def test_an_unreadable_folder_is_named(root):
    with pytest.raises(UserError, match="a folder that can be read at .*none"):
        image_folder.find(root / "none")


def test_both_folders_must_have_the_same_classes(root, tmp_path):
    test = images.write_folder(tmp_path / "val", [b"", b""], labels=("ant", "bee"))
    train, test = image_folder.find(root), image_folder.find(test)
    image_folder.check_same_classes(train, train)
    said = "got 3 and 2: .*val has no cat"
    with pytest.raises(UserError, match=said):
        image_folder.check_same_classes(train, test)
