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
