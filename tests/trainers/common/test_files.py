import pytest

from trainers.common import files


def test_what_fails_halfway_changes_nothing(tmp_path):
    path = tmp_path / "a.txt"
    files.write(path, "before")

    def fail_halfway():
        with files.replaced(path) as unfinished:
            unfinished.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_the_suffix_is_kept_for_writers_that_look_at_it(tmp_path):
    with files.replaced(tmp_path / "model.keras") as unfinished:
        assert unfinished.suffix == ".keras" and unfinished.parent == tmp_path
        unfinished.write_text("done")
    assert (tmp_path / "model.keras").read_text() == "done"
