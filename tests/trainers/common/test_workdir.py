import json

import pytest
from absl import flags as absl_flags

from tests.trainers.builders import toy_settings
from trainers.common import flags
from trainers.common import settings
from trainers.common.errors import UserError
from trainers.common.workdir import Workdir


def test_the_written_flags_are_a_flagfile_of_the_same_settings(tmp_path):
    path = tmp_path / "runs" / "a"
    losses = "per_gate([1, 0.5], coefficient=linear(0, 1, end=3)) + l0()"
    chosen = toy_settings(workdir=path, gate_loss=losses, schedule="step")
    workdir = Workdir(path)
    with workdir.claimed(chosen):
        pass
    values = absl_flags.FlagValues()
    flags.define(values)
    read = settings.parse(["program", f"--flagfile={workdir.flags_txt}"], values)
    assert vars(read) == vars(chosen)
    assert json.loads(workdir.flags_json.read_text())["gate_loss"] == losses


def test_another_configuration_is_an_error_that_says_the_difference(tmp_path):
    with Workdir(tmp_path).claimed(toy_settings(epochs=2)):
        pass
    Workdir(tmp_path).check(toy_settings(epochs=2))
    with pytest.raises(UserError, match="epochs was 2, is 3"):
        Workdir(tmp_path).check(toy_settings(epochs=3))


def test_data_and_workdir_may_move(tmp_path):
    first = toy_settings(dataset="cifar10", data_dir="here", workdir="a")
    with Workdir(tmp_path / "a").claimed(first):
        pass
    (tmp_path / "a").rename(tmp_path / "b")
    moved = toy_settings(dataset="cifar10", data_dir="there", workdir="b")
    workdir = Workdir(tmp_path / "b")
    with workdir.claimed(moved):
        assert json.loads(workdir.flags_json.read_text())["data_dir"] == "there"


@pytest.mark.parametrize("name", ["notes.txt", "flags.json"])
def test_a_directory_with_other_files_is_left_alone(tmp_path, name):
    (tmp_path / name).write_text("not a run")
    workdir = Workdir(tmp_path)
    with pytest.raises(UserError, match="expected"), workdir.claimed(toy_settings()):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_is_no_workdir(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is a file"):
        Workdir(tmp_path / "file").check(toy_settings())


def test_two_runs_cannot_write_into_one_directory_at_a_time(tmp_path):
    first, second = Workdir(tmp_path), Workdir(tmp_path)
    with (
        first.claimed(toy_settings()),
        pytest.raises(UserError, match="another process"),
        second.claimed(toy_settings()),
    ):
        pass
    with second.claimed(toy_settings()):
        assert second.flags_json.exists()


def test_a_run_may_go_on_with_other_devices(tmp_path):
    workdir = Workdir(tmp_path / "run")
    with workdir.claimed(toy_settings()):
        pass
    workdir.check(toy_settings(logical_cpus=2, checkpoint_every_steps=5))
    with pytest.raises(UserError, match="sync_batch_norm was False, is True"):
        workdir.check(toy_settings(sync_batch_norm=True))
