"""Stands for adb and a phone with the app: the commands that tflite.android gives.

    fake_adb.py FOLDER COMMAND...

FOLDER holds the phone: `phone.json`, how it behaves (see `DEFAULTS`), `sdcard/`, its
files, `log`, what logcat shows, `result.json`, what the app finds, and `calls`, a line
for each command that was given. Nothing of the project is imported, so a call is quick.
"""

import hashlib
import json
import pathlib
import shlex
import shutil
import sys
import time

PACKAGE = "org.tfgate.demo"
FILES = f"/sdcard/Android/data/{PACKAGE}/files"
EPOCH = 1_800_000_000

DEFAULTS = {
    "devices": {"PHONE1": "device"},
    "installed": True,
    # What becomes of a benchmark: see `start_benchmark`.
    "end": "done",
    "alive": False,
    # A number of questions after which a phone that is gone is back.
    "back_after": None,
    "install": "Success",
    "push": "whole",
    "sha256sum": True,
    "start": "Status: ok",
    # Whether a log that is followed shows anything.
    "follow": True,
}


class Phone:
    """The phone in a folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.state = json.loads((self.folder / "phone.json").read_text())

    def change(self, **changes):
        self.state |= changes
        part = self.folder / "phone.part"
        part.write_text(json.dumps(self.state))
        part.replace(self.folder / "phone.json")

    def path(self, name):
        """Where a file of the phone lies here."""
        name = name.replace("/storage/emulated/0/", "/sdcard/")
        return self.folder / name.lstrip("/")

    def log(self, tag, text):
        with open(self.folder / "log", "a") as file:
            file.write(f"{EPOCH} I/{tag}: {text}\n")

    def present(self, serial):
        """The state of a phone; one that is gone comes back after some questions."""
        left = self.state["back_after"]
        if left is not None and not self.state["devices"]:
            self.change(back_after=left - 1)
            if left == 0:
                self.change(devices={serial: "device"}, back_after=None)
        return self.state["devices"].get(serial)


def fail(text, code=1):
    print(text, file=sys.stderr)
    sys.exit(code)


def devices(phone):
    print("* daemon started successfully\nList of devices attached")
    for serial, state in phone.state["devices"].items():
        print(f"{serial:<22} {state} usb:1-1 product:p model:m transport_id:1")


def install(phone, arguments):
    if arguments[0] != "-r" or not pathlib.Path(arguments[1]).is_file():
        fail("adb: failed to stat")
    print("Performing Streamed Install")
    if phone.state["install"] != "Success":
        fail(f"adb: failed to install x.apk: {phone.state['install']}")
    print("Success")
    phone.change(installed=True)


def push(phone, source, target):
    path = phone.path(target)
    if phone.state["push"] == "full":
        fail("adb: error: failed to copy: remote No space left on device")
    if phone.state["push"] == "vanish":
        phone.change(devices={})
        fail("adb: error: failed to copy: device not found")
    content = pathlib.Path(source).read_bytes()
    path.write_bytes(content[:-1] if phone.state["push"] == "cut" else content)
    print("1 file pushed.")


def pull(phone, source, target):
    if not phone.path(source).is_file():
        fail(f"adb: error: failed to stat remote object '{source}': No such file")
    shutil.copyfile(phone.path(source), target)
    print("1 file pulled.")


def logcat(phone, arguments):
    once = "-d" in arguments
    since = float(arguments[arguments.index("-T") + 1])
    tags = arguments[arguments.index("-s") + 1 :]
    if "-v" not in arguments or arguments[arguments.index("-v") + 1] != "tag":
        fail("only -v tag is known here")
    print("--------- beginning of main", flush=True)
    shown = 0
    while True:
        lines = (phone.folder / "log").read_text().splitlines()
        for line in lines[shown:] if once or phone.state["follow"] else ():
            moment, _, rest = line.partition(" ")
            if float(moment) >= since and rest[2:].partition(":")[0] in tags:
                print(rest, flush=True)
        shown = len(lines)
        if once or not Phone(phone.folder).state["devices"]:
            return
        time.sleep(0.02)


def start(phone, words):
    component = words[words.index("-n") + 1]
    if "-W" not in words:
        fail("only am start -W is known here")
    print(f"Starting: Intent {{ cmp={component} }}")
    print(phone.state["start"])
    if phone.state["start"].startswith("Error"):
        return
    phone.change(alive=True)
    if component == f"{PACKAGE}/.MainActivity":
        phone.path(f"{FILES}/models").mkdir(parents=True)
    else:
        start_benchmark(phone, words[words.index("-n") + 2 :])


def start_benchmark(phone, words):
    """Does at once what the app would do in its own time."""
    extras = {name: value for _, name, value in zip(*[iter(words)] * 3, strict=True)}
    name, end = extras["result"], phone.state["end"]
    phone.log("tfgate-bench", "done result=earlier file=/x/earlier.json runs=1")
    phone.log("tfgate-progress", "1 of 2")
    phone.log("other", f"done result={name} file=/x.json runs=2")
    if end == "silent":
        return
    if end == "crashed":
        phone.change(alive=False)
        return
    if end == "failed":
        phone.log("tfgate-bench", f"failed result={name} reason=gated.tflite: damaged")
        return
    if end == "vanished":
        phone.change(devices={})
        return
    phone.log("tfgate-progress", "2 of 2")
    file = f"/storage/emulated/0/Android/data/{PACKAGE}/files/results/{name}.json"
    write_result(phone, phone.path(file), end, extras["models"].split(","))
    phone.log("tfgate-bench", f"done result={name} file={file} runs={extras['runs']}")
    if end == "ended":
        phone.change(alive=False)
    if end == "returned":
        phone.change(devices={}, back_after=2)


def write_result(phone, path, end, models):
    document = json.loads((phone.folder / "result.json").read_text())
    for file in document["files"] if end != "other files" else ():
        own = phone.path(f"{FILES}/models/{file['file']}")
        if file["file"] in models:
            file["sha256"] = hashlib.sha256(own.read_bytes()).hexdigest()
    if end == "invalid":
        del document["points"]
    text = json.dumps(document)
    path.parent.mkdir(exist_ok=True)
    if end != "no result":
        path.write_text(text[: len(text) // 2] if end == "half" else text)
    if end != "no table":
        path.with_suffix(".csv").write_text("model,run\n")


def shell(phone, line):
    program, *words = shlex.split(line)
    paths = [phone.path(word) for word in words if word.startswith("/")]
    if program == "am" and words[0] == "start":
        start(phone, words)
    elif program == "am" and words == ["force-stop", PACKAGE]:
        phone.change(alive=False)
    elif program == "pm" and words == ["path", PACKAGE]:
        if not phone.state["installed"]:
            sys.exit(1)
        print(f"package:/data/app/{PACKAGE}/base.apk")
    elif program == "pidof":
        if not phone.state["alive"]:
            sys.exit(1)
        print(4711)
    elif program == "date":
        print(EPOCH)
    elif program == "ls":
        if not paths[0].exists():
            fail(f"ls: {words[-1]}: No such file or directory")
        if "-d" in words or paths[0].is_file():
            print(words[-1])
        else:
            print("\n".join(sorted(path.name for path in paths[0].iterdir())))
    elif program == "mkdir":
        paths[0].mkdir(exist_ok=True)
    elif program == "mv":
        paths[0].replace(paths[1])
    elif program == "rm":
        paths[0].unlink()
    elif program == "sha256sum" and phone.state["sha256sum"]:
        if not paths[0].is_file():
            fail(f"sha256sum: {words[-1]}: No such file or directory")
        print(f"{hashlib.sha256(paths[0].read_bytes()).hexdigest()}  {words[-1]}")
    else:
        fail(f"/system/bin/sh: {program}: not found", 127)


def main(folder, *words):
    phone = Phone(folder)
    with open(phone.folder / "calls", "a") as file:
        file.write(json.dumps(words) + "\n")
    if words == ("devices", "-l"):
        return devices(phone)
    option, serial, command, *arguments = words
    if option != "-s":
        fail("adb: usage: a serial number is given with every command here")
    state = phone.present(serial)
    if state is None:
        fail(f"error: device '{serial}' not found")
    if command == "get-state":
        print(state)
    elif command == "shell":
        shell(phone, " ".join(arguments))
    elif command in ("install", "logcat"):
        globals()[command](phone, arguments)
    elif command in ("push", "pull"):
        globals()[command](phone, *arguments)
    else:
        fail(f"adb: unknown command {command}")


if __name__ == "__main__":
    main(*sys.argv[1:])
