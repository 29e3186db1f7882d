"""From files to a result, with an adb that stands for a phone."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from tests.tflite.android.conftest import found
from tflite import android
from tflite import files
from tflite import results
from tflite.android import wait
from tflite.errors import InputError

ROOT = pathlib.Path(__file__).resolve().parents[3]


def sha_of_verify(models, tau=0.5):
    return {
        "schema": "tfgate.verify",
        "schema_version": 1,
        "samples": 1000,
        "accuracy": {"keras": 0.9, "tflite": 0.875},
        "tau": tau,
        "us": None,
        "compared": {
            "tflite": models[1].name,
            "tflite_sha256": files.fingerprint(models[1]),
        },
    }


def command(phone, models, out, *flags):
    return [
        sys.executable,
        "-m",
        "tflite.android",
        f"--adb={phone.adb}",
        f"--models={','.join(map(str, models))}",
        f"--out={out}",
        *flags,
    ]


def test_a_result_is_fetched_as_the_phone_has_it(phone, models, tmp_path):
    out, shown = tmp_path / "out", []
    document = android.android(
        models, out, adb=phone.adb, runs=7, name="a", show=shown.append
    )
    assert sorted(path.name for path in out.iterdir()) == ["a.csv", "a.json"]
    assert results.read(out / "a.json") == document
    assert (out / "a.csv").read_text() == "model,run\n"
    assert [file["sha256"] for file in document["files"]] == [
        files.fingerprint(path) for path in models
    ]
    assert shown == [
        "dense.tflite: sent",
        "gated.tflite: sent",
        "1 of 2",
        "2 of 2",
        "measured: 7 runs",
    ]
    (started,) = [line for line in phone.shell_lines("am") if "Bench" in line]
    assert started == (
        "am start -W -n org.tfgate.demo/.BenchActivity --es models "
        "dense.tflite,gated.tflite --ei runs 7 --ei warmup 10 --es threads 1 "
        "--es xnnpack true --ei seed 0 --es result a"
    )
    # It stays on the phone, where the app shows it.
    assert (phone.app / "results" / "a.json").is_file()


def test_files_on_the_phone_are_not_sent_again(phone, models, tmp_path):
    arguments = {"adb": phone.adb, "show": lambda line: None}
    android.android(models, tmp_path, name="a", **arguments)
    assert phone.count("push") == 2
    models[0].write_bytes(models[1].read_bytes())
    android.android(models, tmp_path, name="b", **arguments)
    assert phone.count("push") == 3
    assert (phone.app / "models" / "dense.tflite").read_bytes() == (
        models[0].read_bytes()
    )
    names = sorted(path.name for path in (phone.app / "models").iterdir())
    assert names == ["dense.tflite", "gated.tflite"]


def test_a_phone_that_cannot_hash_gets_the_files_each_time(phone, models, tmp_path):
    phone.behave(sha256sum=False)
    for name in ("a", "b"):
        android.android(
            models, tmp_path, adb=phone.adb, name=name, show=lambda line: None
        )
    assert phone.count("push") == 4


def test_only_the_pictures_that_are_given_lie_on_the_phone(phone, models, tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name in ("a.png", "b.JPG", "notes.txt"):
        (pictures / name).write_bytes(name.encode())
    (phone.app / "models").mkdir(parents=True)
    (phone.app / "images").mkdir()
    (phone.app / "images" / "old.png").write_bytes(b"old")
    arguments = {"adb": phone.adb, "show": lambda line: None}
    android.android(models, tmp_path, images=[pictures], name="a", **arguments)
    there = sorted(path.name for path in (phone.app / "images").iterdir())
    assert there == ["a.png", "b.JPG"]
    android.android(models, tmp_path, name="b", **arguments)
    assert not list((phone.app / "images").iterdir())


def test_settings_and_models_inside_the_app(phone, models, tmp_path):
    android.android(
        [models[0], "asset:digits_gated.tflite"],
        tmp_path,
        adb=phone.adb,
        tau=[0.5, 0.7],
        threads=[1, 2],
        xnnpack=False,
        warmup=0,
        seed=3,
        name="a",
        show=lambda line: None,
    )
    assert phone.count("push") == 1
    (started,) = [line for line in phone.shell_lines("am") if "Bench" in line]
    assert " models dense.tflite,asset:digits_gated.tflite " in started
    assert " --es threads 1,2 --es tau 0.5,0.7 --es xnnpack false " in started


def test_installs_the_app(phone, models, tmp_path):
    phone.behave(installed=False)
    apk = tmp_path / "app.apk"
    apk.write_bytes(b"apk")
    android.android(
        models, tmp_path, adb=phone.adb, apk=apk, name="a", show=lambda line: None
    )
    assert phone.state["installed"] and phone.count("install") == 1


def test_the_command_makes_a_page_with_accuracy(phone, models, tmp_path):
    verified = tmp_path / "verify.json"
    verified.write_text(json.dumps(sha_of_verify(models)))
    out = tmp_path / "out"
    flags = ("--name=a", "--report", f"--verify={verified}", "--tau=0.5")
    done = subprocess.run(
        command(phone, models, out, *flags), capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == ["a.csv", "a.html", "a.json"]
    assert "87.5" in (out / "a.html").read_text()
    lines = done.stdout.splitlines()
    assert "1 of 2" in lines and "warning: the phone was warm" in lines
    assert any(line.startswith("resnet20_gated") for line in lines)


def test_the_command_fails_in_one_line(phone, models, tmp_path):
    phone.behave(end="failed")
    done = subprocess.run(
        command(phone, models, tmp_path / "out"),
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 2
    assert done.stderr == ("error: The app could not measure: gated.tflite: damaged\n")
    assert not (tmp_path / "out").exists()


def test_an_interruption_stops_the_app(phone, models, tmp_path):
    phone.behave(end="silent")
    process = subprocess.Popen(
        command(phone, models, tmp_path / "out"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ,
        # A suite in the background hands on that it ignores interruptions.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    # It waits as soon as it shows what the app says.
    assert any(line == "1 of 2\n" for line in process.stdout)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "interrupted\n")
    assert phone.shell_lines("am")[-1] == "am force-stop org.tfgate.demo"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ({"end": "failed"}, "could not measure: gated.tflite: damaged$"),
        ({"end": "crashed"}, "ended without a word"),
        ({"end": "vanished"}, "to stay connected, got none for"),
        ({"end": "no result"}, "the result .*a.json on phone PHONE1, got: adb: error"),
        ({"end": "no table"}, "the result .*a.csv on phone PHONE1, got: adb: error"),
        ({"end": "invalid"}, r"'points' is a required property.* stays on the phone"),
        ({"end": "half"}, "to be a JSON file, got '/storage/.*stays on the phone"),
        ({"end": "other files"}, "to be about dense.tflite as it was sent"),
        (
            {"start": "Error: Activity class does not exist."},
            "BenchActivity.* does not",
        ),
        ({"push": "full"}, "dense.tflite to arrive .*No space left on device"),
        ({"push": "vanish"}, "to stay connected, got 'gone': dense.tflite to arrive"),
        ({"push": "cut"}, "dense.tflite to arrive whole"),
        ({"installed": False}, "the app org.tfgate.demo on phone PHONE1, got none"),
    ],
    ids=str,
)
def test_what_goes_wrong_is_told_and_leaves_nothing(
    phone, models, tmp_path, behaviour, message
):
    (phone.app / "models").mkdir(parents=True)
    phone.behave(**behaviour)
    out = tmp_path / "out"
    with pytest.raises(InputError, match=message):
        android.android(models, out, adb=phone.adb, name="a", show=lambda line: None)
    assert not out.exists()


def test_a_phone_that_comes_back_has_gone_on(phone, models, tmp_path, monkeypatch):
    # It is back after a number of questions, however long these take.
    monkeypatch.setattr(wait, "GONE", 60.0)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    phone.behave(end="returned")
    shown = []
    android.android(models, tmp_path, adb=phone.adb, name="a", show=shown.append)
    assert (tmp_path / "a.json").is_file()
    assert shown.count("1 of 2") == 1


def test_an_app_that_ends_with_its_last_word_is_heard(phone, models, tmp_path):
    phone.behave(end="ended", follow=False)
    android.android(models, tmp_path, adb=phone.adb, name="a", show=lambda line: None)
    assert (tmp_path / "a.json").is_file()


def test_patience_ends(phone, models, tmp_path):
    phone.behave(end="silent")
    begin = time.monotonic()
    with pytest.raises(InputError, match="within 1 s, got no end; .*/a.json"):
        android.android(
            models, tmp_path, adb=phone.adb, timeout=1, show=lambda x: None, name="a"
        )
    assert time.monotonic() - begin >= 1
    assert phone.count("shell", "am force-stop org.tfgate.demo") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"models": []}, "at least one file in --models"),
        ({"models": ["missing.tflite"]}, "--models to be a file"),
        ({"models": ["asset:a b.tflite"]}, "files behind asset: named by"),
        ({"models": ["asset:a.tflite"] * 2}, "of different names"),
        ({"runs": 0}, "--runs of at least 1, got 0"),
        ({"runs": 2**31}, "--runs"),
        ({"warmup": -1}, "--warmup of at least 0"),
        ({"threads": []}, "at least one number for --threads"),
        ({"threads": [0]}, "--threads of at least 1, got 0"),
        ({"tau": [1.5]}, r"--tau in \[0, 1\], got 1.5"),
        ({"tau": [float("nan")]}, r"--tau in \[0, 1\], got nan"),
        ({"u": [0.5]}, "a file with an input u for --u, got none"),
        ({"name": "a/b"}, "--name named by 1 to 100 of letters"),
        ({"name": "there"}, "a --name that is new in --out, got 'there'"),
        ({"timeout": 0}, "--timeout above 0"),
        ({"apk": "missing.apk"}, "--apk to be a file"),
        ({"adb": "missing"}, "--adb to be a program"),
        ({"images": ["missing"]}, "--images as pictures"),
        ({"images": ["."]}, "--images as pictures"),
        ({"out": "missing/out"}, "--out in an existing directory"),
        ({"out": "there.json"}, "--out to be a folder"),
        ({"verify": ["v.json"]}, "--report with --verify"),
        ({"verify": ["missing.json"], "report": True}, "--verify to be a file"),
        ({"verify": ["v.json"], "report": True}, "of a file in --models"),
    ],
    ids=str,
)
def test_bad_input_reaches_no_phone(
    phone, models, tmp_path, monkeypatch, arguments, message
):
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    (place / "there.json").write_text("{}")
    other = sha_of_verify(models)
    other["compared"]["tflite_sha256"] = "0" * 64
    (place / "v.json").write_text(json.dumps(other))
    given = {"models": models, "out": ".", "adb": phone.adb, "name": "a"}
    with pytest.raises(InputError, match=message):
        android.android(**given | arguments)
    assert not phone.calls
    assert sorted(path.name for path in place.iterdir()) == ["there.json", "v.json"]


def test_two_files_of_one_name_are_refused(phone, models, tmp_path):
    other = tmp_path / "other" / "dense.tflite"
    other.parent.mkdir()
    other.write_bytes(models[0].read_bytes())
    with pytest.raises(InputError, match="of different names in --models"):
        android.android([*models, other], tmp_path, adb=phone.adb)
    other.rename(other.with_name("den se.tflite"))
    with pytest.raises(
        InputError, match="files in --models named by 1 to 100 of letters"
    ):
        android.android([other.with_name("den se.tflite")], tmp_path, adb=phone.adb)


def test_a_page_that_cannot_be_made_leaves_no_result(phone, models, tmp_path):
    # Of a file inside the app it is not known before that it is another one.
    other = sha_of_verify(models)
    other["compared"]["tflite"] = "other.tflite"
    (tmp_path / "verify.json").write_text(json.dumps(other))
    with pytest.raises(InputError, match="other.tflite"):
        android.android(
            [*models, "asset:digits.tflite"],
            tmp_path / "out",
            adb=phone.adb,
            report=True,
            verify=[tmp_path / "verify.json"],
            show=lambda line: None,
        )
    assert not (tmp_path / "out").exists()


def test_a_result_on_the_phone_is_not_overwritten(phone, models, tmp_path):
    there = phone.app / "results" / "a.json"
    there.parent.mkdir(parents=True)
    (phone.app / "models").mkdir()
    there.write_text("{}")
    with pytest.raises(InputError, match="a --name that is new on phone PHONE1"):
        android.android(
            models, tmp_path, adb=phone.adb, name="a", show=lambda line: None
        )
    assert there.read_text() == "{}" and not phone.state["alive"]


def test_an_older_result_of_the_app_is_refused(phone, models, tmp_path):
    document = found()
    document["schema_version"] = 2
    phone.finds(document)
    with pytest.raises(InputError, match="version 2: measure again"):
        android.android(models, tmp_path / "out", adb=phone.adb, show=lambda line: None)
    assert not (tmp_path / "out").exists()
