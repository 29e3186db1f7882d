"""Finding adb, and the phone."""

import pytest

from tflite.android import adb
from tflite.android import phone as phones
from tflite.errors import InputError


@pytest.mark.parametrize(
    ("devices", "serial", "message"),
    [
        ({}, None, "a phone, got none: connect one"),
        ({"A": "unauthorized"}, None, "A to be ready, got 'unauthorized': unlock it"),
        ({"A": "offline"}, None, "A to be ready, got 'offline': reconnect it"),
        ({"A": "no permissions (udev)"}, None, "got 'no permissions': .*udev"),
        ({"A": "recovery"}, "A", "got 'recovery': start it into Android"),
        ({"A": "device", "B": "offline"}, None, r"--serial, .*A \(device\), B \(off"),
        ({"A": "device"}, "C", r"--serial among A \(device\), got 'C'"),
    ],
    ids=str,
)
def test_phones_that_cannot_be_used(phone, devices, serial, message):
    phone.behave(devices=devices)
    with pytest.raises(InputError, match=message) as caught:
        phones.choose(adb.find(phone.adb), serial)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("serial", ["A", "B"])
def test_takes_the_phone_that_is_named(phone, serial):
    phone.behave(devices={"A": "device", "B": "device"})
    assert phones.choose(adb.find(phone.adb), serial).serial == serial


def test_words_arrive_as_they_were_sent(phone):
    chosen = phones.choose(adb.find(phone.adb))
    answer = chosen.shell("ls", "a b; rm 'x' $HOME")
    assert phone.calls[-1] == ["shell", """ls 'a b; rm '"'"'x'"'"' $HOME'"""]
    assert answer.code == 1


def test_adb_is_found(phone, monkeypatch, tmp_path):
    sdk = tmp_path / "sdk" / "platform-tools"
    sdk.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ANDROID_HOME", raising=False)
    monkeypatch.delenv("ANDROID_SDK_ROOT", raising=False)
    with pytest.raises(InputError, match="adb on PATH, in ANDROID_HOME or as --adb"):
        adb.find()
    (sdk / "adb").symlink_to(phone.adb)
    monkeypatch.setenv("ANDROID_HOME", str(sdk.parent))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    if adb.shutil.which("adb") is None:
        assert adb.find().devices() == {"PHONE1": "device"}
    monkeypatch.setenv("PATH", f"{sdk}:/usr/bin:/bin")
    monkeypatch.delenv("ANDROID_HOME")
    assert adb.find().devices() == {"PHONE1": "device"}


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 1", "adb to list phones, got: exit code 1"),
        ("echo 'cannot bind' >&2; exit 1", "adb to list phones, got: cannot bind"),
        ("echo hello", "adb to list phones, got: hello"),
    ],
)
def test_adb_that_does_not_work(tmp_path, script, message):
    program = tmp_path / "adb"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(InputError, match=message):
        adb.find(program).devices()


def test_adb_that_hangs(tmp_path):
    program = tmp_path / "adb"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    with pytest.raises(InputError, match="adb devices to answer within 0.2 s"):
        adb.find(program).run("devices", timeout=0.2)


def test_adb_that_is_no_program(tmp_path):
    program = tmp_path / "adb"
    program.write_bytes(b"\x7fELF")
    program.chmod(0o755)
    with pytest.raises(InputError, match="Expected adb to run, got: "):
        adb.find(program).devices()
