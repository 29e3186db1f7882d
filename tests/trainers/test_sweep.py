"""Sweeps: what a sweep file may say, and runs that fail, finish and are left alone."""

import csv
import json
import pathlib
import signal
import subprocess
import sys
import threading

import pytest

from trainers import sweep
from trainers.common import sweep_table
from trainers.common.errors import RunStopped
from trainers.common.errors import UserError

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS = {
    "test_accuracy": {
        "stochastic": 0.8,
        "threshold": 0.9,
        "always_open": 0.7,
        "ensemble": 0.95,
    },
    "policies": {"threshold": {"accuracy": 0.9, "top5_accuracy": 0.97}},
    "activation_rate": 0.5,
    "macs": {"dense": 400, "executed_mean": 300.0},
    "parameters": 1234,
    "epochs": 2,
    "seed": 0,
    "git_commit": None,
}


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


class TestRead:
    def test_names_and_flags(self, tmp_path):
        path = write(
            tmp_path / "s.txt",
            "# a comment\n--gate=dependent --epochs=2  # common\n\n"
            "t5 --gate_loss='per_batch(0.5, coefficient=2)'\nt7\n",
        )
        common = ("--gate=dependent", "--epochs=2")
        assert sweep.read(path) == [
            sweep.Run("t5", (*common, "--gate_loss=per_batch(0.5, coefficient=2)")),
            sweep.Run("t7", common),
        ]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "at least one run"),
            ("--epochs=2\n", "at least one run"),
            ("a --epochs=2\n--gate=none\n", "line 2: flags common to all"),
            ("a\nb\na\n", "a new name in .* line 3"),
            ("../a --epochs=2\n", "a name and --flags in .* line 1"),
            ("a epochs=2\n", "a name and --flags in .* line 1"),
            ("a '--epochs=2\n", "line 1: No closing quotation"),
            ("--program=mnist\n\na\n", "--program to be one of cifar, .* line 3"),
        ],
    )
    def test_lines_that_are_wrong(self, tmp_path, text, said):
        with pytest.raises(UserError, match=said):
            sweep.read(write(tmp_path / "s.txt", text))

    def test_the_program(self, tmp_path):
        path = write(
            tmp_path / "s.txt",
            "--program=imagenet --epochs=2\na\nb --program=digits --seed=1\n",
        )
        assert sweep.read(path) == [
            sweep.Run("a", ("--epochs=2",), "imagenet"),
            sweep.Run("b", ("--epochs=2", "--seed=1"), "digits"),
        ]

    def test_no_file(self, tmp_path):
        with pytest.raises(UserError, match="expected a sweep file in --sweep="):
            sweep.read(tmp_path / "none.txt")

    @pytest.mark.parametrize(
        "path", sorted((ROOT / "trainers/sweeps").glob("*.txt")), ids=lambda p: p.stem
    )
    def test_those_of_the_project(self, path, monkeypatch):
        monkeypatch.chdir(ROOT)
        own = sweep.flags.FlagValues()
        sweep.define(own)
        arguments = ["sweep", f"--sweep={path}", "--workdir=w", "--data_dir=d"]
        runs, _ = sweep.parse(arguments, own)
        assert len(runs) > 1


class TestRunsThatTakeUpOthers:
    def test_they_stand_below(self, tmp_path):
        text = "a\nb --data_path={workdir}/a/model.keras\n"
        first, second = sweep.read(write(tmp_path / "s.txt", text))
        assert (first.others, second.others) == ((), ("a",))
        for name in ("b", "c"):  # itself, and one that is not there
            text = f"a\nb --data_path={{workdir}}/{name}/model.keras\n"
            with pytest.raises(UserError, match=f"a run above in .* line 2, .*/{name}"):
                sweep.read(write(tmp_path / "s.txt", text))

    def test_their_files_need_not_be_there_yet(self, tmp_path, monkeypatch):
        common = "--program=throttle --dataset=digits --network=cifar_resnet\n"
        common += "a --gating=independent\nb --gating=blind --data_path="
        own = sweep.flags.FlagValues()
        sweep.define(own)
        path = write(tmp_path / "s.txt", common + "{workdir}/a/model.keras\n")
        arguments = ["sweep", f"--sweep={path}", f"--workdir={tmp_path / 'w'}"]
        runs, _ = sweep.parse(arguments, own)
        assert [run.program for run in runs] == ["throttle", "throttle"]
        monkeypatch.chdir(tmp_path)
        assert sweep.parse([*arguments[:2], "--workdir=."], own)[0] == runs
        assert sweep.parse([*arguments[:2], "--workdir=~/w"], own)[0] == runs
        write(path, common + "nowhere/model.keras\n")
        with pytest.raises(UserError, match="run 'b': expected --data_path to be a f"):
            sweep.parse(arguments, own)


class TestProgram:
    def parse(self, path, *arguments):
        own = sweep.flags.FlagValues()
        sweep.define(own)
        workdir = f"--workdir={path.parent / 'w'}"
        return sweep.parse(["sweep", f"--sweep={path}", workdir, *arguments], own)[0]

    def test_of_the_command_line(self, tmp_path):
        path = write(tmp_path / "s.txt", "a --epochs=2\nb --program=digits\n")
        runs = self.parse(path, "--program=digits")
        assert [run.program for run in runs] == ["digits", "digits"]

    def test_said_twice(self, tmp_path):
        path = write(tmp_path / "s.txt", "--program=imagenet\na --epochs=2\n")
        said = (
            "run 'a': --program is imagenet in .*, got --program=digits: leave it out"
        )
        with pytest.raises(UserError, match=said):
            self.parse(path, "--program=digits")

    def test_flags_are_checked_with_the_defaults_of_the_program(self, tmp_path):
        # --step_epochs has an effect with --schedule=step: imagenet's default alone.
        path = write(tmp_path / "s.txt", "a --step_epochs=1\n")
        assert self.parse(path, "--program=imagenet", "--data_dir=d")
        with pytest.raises(UserError, match="--step_epochs has no effect"):
            self.parse(path, "--data_dir=d")


def test_a_wrong_flag_is_found_before_anything_starts(tmp_path):
    path = write(tmp_path / "s.txt", "--dataset=digits\na --epochs=1\nb --epoch=1\n")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "trainers.sweep", f"--sweep={path}"),
            f"--workdir={tmp_path / 'w'}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "run 'b': Unknown command line flag 'epoch'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "w").exists()


@pytest.fixture
def interruptible():
    """Ctrl-C as in a terminal: a shell has its background jobs ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class TestSweep:
    """With a program that writes results, or fails, in place of the trainer."""

    @pytest.fixture(autouse=True)
    def program(self, tmp_path, monkeypatch):
        module = tmp_path / "fake_trainer.py"
        write(
            module,
            "import json, pathlib, sys\n"
            "flags = dict(a[2:].split('=', 1) for a in sys.argv[1:])\n"
            "folder = pathlib.Path(flags['workdir'])\n"
            "folder.mkdir(exist_ok=True)\n"
            "with open(folder / 'starts', 'a') as file: file.write('x')\n"
            "if flags['seed'] == '13': sys.exit('unlucky')\n"
            f"results = {RESULTS!r}\n"
            "results['seed'] = int(flags['seed'])\n"
            "(folder / 'results.json').write_text(json.dumps(results))\n",
        )
        monkeypatch.setitem(sweep._PROGRAMS, "cifar", "fake_trainer")
        monkeypatch.setitem(sweep._PROGRAMS, "imagenet", "other_trainer")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def test_every_run_has_its_program(self, tmp_path):
        text = (tmp_path / "fake_trainer.py").read_text().replace("'x'", "'other'")
        write(tmp_path / "other_trainer.py", text)
        runs = [
            sweep.Run("a", ("--seed=1",)),
            sweep.Run("b", ("--seed=1",), "imagenet"),
        ]
        sweep.sweep(runs, tmp_path / "w", "d", jobs=1)
        assert (tmp_path / "w" / "a" / "starts").read_text() == "x"
        assert (tmp_path / "w" / "b" / "starts").read_text() == "other"

    @pytest.mark.parametrize("jobs", [1, 3])
    def test_a_row_for_every_run(self, tmp_path, jobs):
        runs = [sweep.Run(f"s{seed}", (f"--seed={seed}",)) for seed in (3, 1, 2)]
        sweep.sweep(runs, tmp_path / "w", None, jobs)
        with open(tmp_path / "w" / "table.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["name"] for row in rows] == ["s3", "s1", "s2"]
        assert [row["seed"] for row in rows] == ["3", "1", "2"]
        assert {row["threshold"] for row in rows} == {"0.9"}
        assert {row["top5_accuracy"] for row in rows} == {"0.97"}
        lines = (tmp_path / "w" / "table.md").read_text().splitlines()
        assert lines[2] == (
            "| s3 | 90.00 % | 80.00 % | 70.00 % | 95.00 % | 0.500 | 0.750 | 1,234 |"
        )

    def test_a_dense_network_and_few_classes(self, tmp_path):
        folder = tmp_path / "dense"
        folder.mkdir()
        results = {**RESULTS, "policies": {"dense": {"accuracy": 0.9}}}
        write(folder / "results.json", json.dumps(results))
        sweep_table.write([sweep.Run("dense", ())], tmp_path)
        with open(tmp_path / "table.csv", encoding="utf-8", newline="") as file:
            (row,) = csv.DictReader(file)
        assert (row["threshold"], row["top5_accuracy"]) == ("0.9", "")

    @pytest.mark.parametrize("jobs", [1, 3])
    def test_a_run_waits_for_what_it_takes_up(self, tmp_path, jobs):
        taken = "--data_path={workdir}/one/results.json"
        runs = [
            sweep.Run("one", ("--seed=1",)),
            sweep.Run("two", ("--seed=2", taken)),
            sweep.Run("unlucky", ("--seed=13",)),
            sweep.Run("four", ("--seed=4", taken.replace("one", "unlucky"))),
        ]
        program = tmp_path / "fake_trainer.py"
        check = "if 'data_path' in flags: open(flags['data_path']).close()\n"
        text = program.read_text().replace("folder.mkdir", f"{check}folder.mkdir", 1)
        write(program, text)
        with pytest.raises(RunStopped, match=r"2 of 4 runs failed \(unlucky, four\)"):
            sweep.sweep(runs, tmp_path / "w", None, jobs)
        assert (tmp_path / "w" / "two" / "results.json").exists()
        assert not (tmp_path / "w" / "four").exists()

    def test_throttled_networks_have_areas_and_a_figure(self, tmp_path):
        row = {"policy": "threshold", "executed_macs_share": 0.5, "accuracy": 0.5}
        curve = [{**row, "u": u, "utilization": u} for u in (0.0, 1.0)]
        curve += [{**point, "policy": "stochastic"} for point in curve]
        throttling = {
            "network": "cifar_vgg",
            "gating": "nested",
            "policy": "threshold",
            "areas": {"threshold": {"utilization": 0.5, "macs": 0.25}},
            "curve": curve,
        }
        results = {
            **RESULTS,
            "test_accuracy": {"threshold": 0.9},
            "throttling": throttling,
        }
        runs = [sweep.Run("nested", ()), sweep.Run("gated", ())]
        for run, found in zip(runs, (results, RESULTS), strict=True):
            (tmp_path / run.name).mkdir()
            write(tmp_path / run.name / "results.json", json.dumps(found))
        sweep_table.write(runs, tmp_path)
        with open(tmp_path / "table.csv", encoding="utf-8", newline="") as file:
            first, second = csv.DictReader(file)
        assert (first["area_utilization"], first["area_macs"]) == ("0.5", "0.25")
        assert (first["stochastic"], second["area_macs"]) == ("", "")
        lines = (tmp_path / "table.md").read_text().splitlines()
        assert lines[2].startswith("| nested | 90.00 % | - | - | - |")
        assert lines[2].endswith("| 50.00 % | 25.00 % |")
        assert lines[3].endswith("| - | - |")
        (path,) = sweep_table.draw_curves(runs, tmp_path)
        assert path.name == "curve_cifar_vgg.png" and path.exists()
        assert len(path.with_suffix(".csv").read_text().splitlines()) == 3

    def test_a_failure_does_not_stop_the_others(self, tmp_path):
        runs = [sweep.Run(f"s{seed}", (f"--seed={seed}",)) for seed in (13, 1)]
        with pytest.raises(RunStopped, match=r"1 of 2 runs failed \(s13\)"):
            sweep.sweep(runs, tmp_path / "w", None, jobs=1)
        assert "unlucky" in (tmp_path / "w" / "s13.log").read_text()
        results = json.loads((tmp_path / "w" / "s1" / "results.json").read_text())
        assert results["seed"] == 1
        assert "s13" not in (tmp_path / "w" / "table.csv").read_text()

    @pytest.mark.usefixtures("interruptible")
    @pytest.mark.parametrize(
        "ending",
        [
            "sys.exit(130)",
            "os.kill(os.getpid(), signal.SIGINT)",
            # What ends the run need not be what its exit code says.
            "os.kill(os.getppid(), signal.SIGINT); time.sleep(1); sys.exit(1)",
        ],
        ids=["exit code", "signal", "of the sweep"],
    )
    def test_nothing_starts_after_an_interrupt(self, tmp_path, ending):
        program = tmp_path / "fake_trainer.py"
        text = program.read_text().replace("sys.exit('unlucky')", ending)
        write(program, "import os, signal, time\n" + text)
        seeds = (1, 13, 2, 3)
        runs = [sweep.Run(f"s{seed}", (f"--seed={seed}",)) for seed in seeds]
        runs.append(sweep.Run("above", ("--seed=4", "--data_path={workdir}/s13/f")))
        with pytest.raises(KeyboardInterrupt):
            sweep.sweep(runs, tmp_path / "w", None, jobs=1)
        folders = {path.name for path in (tmp_path / "w").iterdir() if path.is_dir()}
        assert folders == {"s1", "s13"}
        threads = [thread.name for thread in threading.enumerate()]
        assert not [name for name in threads if name.startswith("ThreadPool")]
