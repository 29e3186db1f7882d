import pytest

from trainers.common.data import directory
from trainers.common.errors import UserError


def make_version(root, version):
    folder = root / "cifar10" / version
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").write_text("{}")
    return folder


def test_finds_the_newest_version(tmp_path):
    make_version(tmp_path, "3.0.2")
    newest = make_version(tmp_path, "3.0.10")
    make_version(tmp_path, "2.9.9")
    assert directory.find(tmp_path, "cifar10") == newest


@pytest.mark.parametrize("folder", ["missing", "."])
def test_says_what_it_expected(tmp_path, folder):
    with pytest.raises(UserError, match="expected .*--data_dir"):
        directory.find(tmp_path / folder, "cifar10")


def test_images_are_records_or_folders(tmp_path):
    for name in ("train", "validation"):
        (tmp_path / name).mkdir()
    folders = tmp_path / "train", tmp_path / "validation"
    assert directory.find_images(tmp_path, "cifar10") == ("folders", folders)
    (tmp_path / "val").mkdir()
    assert directory.find_images(tmp_path, "cifar10")[1][1] == tmp_path / "val"
    newest = make_version(tmp_path, "3.0.2")
    assert directory.find_images(tmp_path, "cifar10") == ("records", newest)
    assert directory.find_images(None, "cifar10", *folders) == ("folders", folders)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((None,), "--data_dir=DIR or --train_dir=DIR, got neither"),
        (("none",), "found none at --data_dir=none"),
        (("none", None, "none"), "found none at --data_dir=none"),
        ((None, "none"), "found none at --train_dir=none"),
    ],
)
def test_what_is_missing_of_images_is_named(given, said):
    names = ("cifar10", *given[1:])
    with pytest.raises(UserError, match=said):
        directory.find_images(given[0], *names)


def test_a_directory_without_images(tmp_path):
    with pytest.raises(UserError, match="cifar10/ or a folder train in --data_dir="):
        directory.find_images(tmp_path, "cifar10")
    (tmp_path / "train").mkdir()
    with pytest.raises(UserError, match="a folder val or validation in --data_dir="):
        directory.find_images(tmp_path, "cifar10")
