"""Reads an APK back and says what was verified.

    python -m tools.android_apk APK [--rebuild]

The signature is verified by apksigner, the rest read by aapt2 and from the bytes. With
--rebuild, the app is built once more, from a copy in another folder, and the two APKs
are compared. Exits with 1 and one line for each thing that is not as it should be.

Needs nothing but Python's own library, and Debian's packages aapt and apksigner.
"""

import dataclasses
import hashlib
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

from tools import elf

ROOT = pathlib.Path(__file__).parent.parent
DEMO = ROOT / "android_demo"
APK = pathlib.Path("app/target/tfgate-demo.apk")
PACKAGE = "org.tfgate.demo"
MIN_SDK = 24
TARGET_SDK = 35
ABIS = ("arm64-v8a", "armeabi-v7a", "x86", "x86_64")
SCHEMES = ("v2", "v3")
PAGE = 16384
_LIBRARY = re.compile(r"lib/([^/]+)/[^/]+\.so")
_MODEL = re.compile(r"assets/models/([^/]+\.tflite)")


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file in the APK; its offset is that of its first byte."""

    name: str
    size: int
    offset: int
    stored: bool
    sha256: str


@dataclasses.dataclass(frozen=True)
class Apk:
    """What an APK says about itself, and what it holds."""

    package: str
    version_name: str
    version_code: int
    min_sdk: int
    target_sdk: int
    permissions: tuple[str, ...]
    debuggable: bool
    launchable: tuple[str, ...]
    extract_native_libs: bool
    schemes: tuple[str, ...]
    certificate: str
    libraries: dict[str, tuple[Entry, int]]  # ABI: the file and its LOAD alignment
    models: dict[str, Entry]
    entries: dict[str, Entry]
    sha256: str


def read(path):
    """Returns the `Apk`; raises RuntimeError with what a tool said that refused it."""
    badging = _run("aapt2", "dump", "badging", path)
    manifest = _run("aapt2", "dump", "xmltree", path, "--file", "AndroidManifest.xml")
    signature = _run("apksigner", "verify", "--verbose", "--print-certs", path)
    entries = _entries(path)
    package = re.search(
        r"^package: name='(.*?)' versionCode='(\d*)' versionName='(.*?)'", badging, re.M
    )
    return Apk(
        package=package[1],
        version_name=package[3],
        version_code=int(package[2]),
        min_sdk=int(_one(r"^sdkVersion:'(\d+)'", badging)),
        target_sdk=int(_one(r"^targetSdkVersion:'(\d+)'", badging)),
        permissions=tuple(
            re.findall(r"^uses-.*permission.*name='(.*?)'", badging, re.M)
        ),
        debuggable="application-debuggable" in badging,
        launchable=tuple(
            re.findall(r"^launchable-activity: name='(.*?)'", badging, re.M)
        ),
        extract_native_libs=not re.search(
            r"extractNativeLibs\(0x\w+\)=(false|0x0|\(type 0x12\)0x0)", manifest
        ),
        schemes=tuple(
            re.findall(r"^Verified using (v\d) scheme .*: true$", signature, re.M)
        ),
        certificate=_one(r"certificate SHA-256 digest: (\w+)", signature),
        libraries=_libraries(path, entries),
        models={
            match[1]: entry
            for name, entry in entries.items()
            if (match := _MODEL.fullmatch(name))
        },
        entries=entries,
        sha256=_sha256(pathlib.Path(path).read_bytes()),
    )


def problems(apk):
    """Returns a line for everything that is not as this project promises."""
    found = [
        f"{what}: expected {expected}, got {got}"
        for what, expected, got in (
            ("package", PACKAGE, apk.package),
            ("minimum SDK", MIN_SDK, apk.min_sdk),
            ("target SDK", TARGET_SDK, apk.target_sdk),
            ("permissions", (), apk.permissions),
            ("debuggable", False, apk.debuggable),
            ("launchable activities", (f"{PACKAGE}.MainActivity",), apk.launchable),
            ("native libraries are unpacked", False, apk.extract_native_libs),
            ("ABIs", ABIS, tuple(sorted(apk.libraries))),
            ("signature schemes", SCHEMES, apk.schemes),
        )
        if expected != got
    ]
    for library, _ in apk.libraries.values():
        if not library.stored or library.offset % PAGE:
            found.append(f"{library.name}: expected it stored at a multiple of {PAGE}")
    # Read by offset, without a copy of it in memory.
    for name in (*(entry.name for entry in apk.models.values()), "resources.arsc"):
        if not apk.entries[name].stored or apk.entries[name].offset % 4:
            found.append(f"{name}: expected it stored at a multiple of 4")
    if not apk.models:
        found.append("models: expected some in assets/models, got none")
    return found


def report(apk):
    """Returns what there is to know, as text."""
    lines = [
        f"package        {apk.package} {apk.version_name} ({apk.version_code})",
        f"SDK            minimum {apk.min_sdk}, target {apk.target_sdk}",
        f"permissions    {', '.join(apk.permissions) or 'none'}",
        f"debuggable     {'yes' if apk.debuggable else 'no'}",
        f"signature      {' and '.join(apk.schemes)}, verified by apksigner",
        f"certificate    {apk.certificate}",
    ]
    for abi, (library, alignment) in sorted(apk.libraries.items()):
        name = pathlib.PurePosixPath(library.name).name
        lines.append(
            f"{abi:<14} {name}, {library.size} bytes, uncompressed at a multiple "
            f"of {_multiple(library.offset)}; "
            f"its LOAD segments are aligned to {alignment // 1024} KiB"
        )
    short = [abi for abi, (_, alignment) in apk.libraries.items() if alignment < PAGE]
    if short:
        lines.append(
            "16 KiB pages   the APK is aligned to them, the segments of the libraries "
            f"are not ({', '.join(sorted(short))}):\n"
            "               a device with pages of 16 KiB loads them in its "
            "compatibility mode or not at all"
        )
    for name, entry in sorted(apk.models.items()):
        lines.append(f"model          {name}, {entry.size} bytes, {entry.sha256}")
    lines.append(f"sha256         {apk.sha256}")
    return "\n".join(lines)


def rebuild(folder, commit):
    """Builds the app in a folder of its own; returns the path of the APK.

    Args:
        folder: an empty one.
        commit: what the app is to say about its sources.
    """
    copy = folder / DEMO.name
    shutil.copytree(DEMO, copy, ignore=shutil.ignore_patterns("target", "build"))
    shutil.copy(ROOT / "LICENSE", folder)
    _run(
        "mvn",
        "--batch-mode",
        "--quiet",
        f"--file={copy / 'pom.xml'}",
        "-DskipTests",
        f"-Dbuild.commit={commit}",
        "package",
    )
    return copy / APK


def main(argv):
    """Returns the exit code."""
    arguments = [argument for argument in argv[1:] if argument != "--rebuild"]
    if len(arguments) != 1 or arguments[0].startswith("--"):
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    try:
        apk = read(arguments[0])
        print(report(apk))
        found = problems(apk)
        if "--rebuild" in argv:
            found += _compare(apk)
    except (OSError, RuntimeError) as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 1
    for line in found:
        print(f"{arguments[0]}: {line}", file=sys.stderr)
    return 1 if found else 0


def _compare(apk):
    with tempfile.TemporaryDirectory() as folder:
        second = rebuild(pathlib.Path(folder), _commit())
        differing = sorted(
            name
            for name, entry in _entries(second).items()
            if apk.entries.get(name) != entry
        )
        if _sha256(second.read_bytes()) == apk.sha256:
            print(
                "reproducible   a second build, in another folder, has the same bytes"
            )
            return []
    return [f"a second build is another file; what differs: {', '.join(differing)}"]


def _commit():
    command = ("git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty")
    done = subprocess.run(command, cwd=DEMO, capture_output=True, text=True)
    return done.stdout.strip()


def _entries(path):
    entries = {}
    content = pathlib.Path(path).read_bytes()
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            lengths = struct.unpack_from("<HH", content, info.header_offset + 26)
            entries[info.filename] = Entry(
                name=info.filename,
                size=info.file_size,
                offset=info.header_offset + 30 + sum(lengths),
                stored=info.compress_type == zipfile.ZIP_STORED,
                sha256=_sha256(archive.read(info)),
            )
    return entries


def _libraries(path, entries):
    libraries = {}
    with zipfile.ZipFile(path) as archive:
        for name, entry in entries.items():
            if match := _LIBRARY.fullmatch(name):
                if match[1] in libraries:
                    raise RuntimeError(f"expected one library for {match[1]}")
                libraries[match[1]] = entry, elf.load_alignment(archive.read(name))
    return libraries


def _multiple(offset):
    """The largest power of two, up to a page, that divides the offset."""
    return min(PAGE, offset & -offset)


def _one(pattern, text):
    match = re.search(pattern, text, re.M)
    if match is None:
        raise RuntimeError(f"expected {pattern} in what a tool said")
    return match[1]


def _run(*command):
    if shutil.which(command[0]) is None:
        raise RuntimeError(f"{command[0]} is missing: see make android-packages")
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {(done.stderr + done.stdout).strip()}")
    return done.stdout


def _sha256(content):
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
