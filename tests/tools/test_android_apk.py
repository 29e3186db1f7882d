import dataclasses
import struct

import pytest

from tools import android_apk
from tools import elf

PROGRAM_HEADERS = 64


def library(bits, alignments, kinds=None):
    """An ELF file's headers, with a segment for each alignment."""
    kinds = kinds or [1] * len(alignments)
    size = 56 if bits == 64 else 32
    header = bytearray(PROGRAM_HEADERS)
    header[:6] = b"\x7fELF" + bytes([bits // 32, 1])
    struct.pack_into("<Q" if bits == 64 else "<I", header, bits // 2, PROGRAM_HEADERS)
    if bits == 32:
        struct.pack_into("<I", header, 28, PROGRAM_HEADERS)
    struct.pack_into("<HH", header, 54 if bits == 64 else 42, size, len(alignments))
    for kind, alignment in zip(kinds, alignments, strict=True):
        segment = bytearray(size)
        struct.pack_into("<I", segment, 0, kind)
        struct.pack_into(
            "<Q" if bits == 64 else "<I", segment, size - bits // 8, alignment
        )
        header += segment
    return bytes(header)


@pytest.mark.parametrize("bits", [32, 64])
def test_alignment_is_the_smallest_of_what_is_loaded(bits):
    assert elf.load_alignment(library(bits, [16384, 16384])) == 16384
    assert elf.load_alignment(library(bits, [16384, 4096])) == 4096
    # A segment for the stack is not loaded.
    assert elf.load_alignment(library(bits, [16, 16384], [6, 1])) == 16384


@pytest.mark.parametrize(
    "content", [b"", b"PK\3\4" + bytes(60), b"\x7fELF\2\2" + bytes(58), library(64, [])]
)
def test_what_is_no_library_is_refused(content):
    with pytest.raises(ValueError, match="expected"):
        elf.load_alignment(content)


def entry(name, offset=16384, stored=True):
    return android_apk.Entry(name, 4, offset, stored, "00")


@pytest.fixture
def apk():
    libraries = {abi: (entry(f"lib/{abi}/libx.so"), 4096) for abi in android_apk.ABIS}
    model = entry("assets/models/a.tflite", offset=20)
    entries = [*(pair[0] for pair in libraries.values()), model]
    entries.append(entry("resources.arsc", offset=8))
    return android_apk.Apk(
        package="org.tfgate.demo",
        version_name="1",
        version_code=1,
        min_sdk=24,
        target_sdk=35,
        permissions=(),
        debuggable=False,
        launchable=("org.tfgate.demo.MainActivity",),
        extract_native_libs=False,
        schemes=("v2", "v3"),
        certificate="00",
        libraries=libraries,
        models={"a.tflite": model},
        entries={item.name: item for item in entries},
        sha256="11",
    )


def test_good_apk_has_no_problems(apk):
    assert android_apk.problems(apk) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"package": "org.other"}, "package: expected org.tfgate.demo, got org.other"),
        ({"min_sdk": 21}, "minimum SDK: expected 24, got 21"),
        ({"target_sdk": 34}, "target SDK: expected 35, got 34"),
        ({"permissions": ("android.permission.INTERNET",)}, "permissions: expected ()"),
        ({"debuggable": True}, "debuggable: expected False"),
        ({"schemes": ("v1", "v2")}, "signature schemes: expected ('v2', 'v3')"),
        ({"extract_native_libs": True}, "native libraries are unpacked"),
        ({"launchable": ()}, "launchable activities: expected"),
        ({"libraries": {}}, "ABIs: expected"),
        ({"models": {}}, "models: expected some in assets/models, got none"),
    ],
)
def test_problems_are_named(apk, changes, problem):
    (found,) = android_apk.problems(dataclasses.replace(apk, **changes))
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("lib/x86/libx.so", {"offset": 4096}),
        ("lib/x86/libx.so", {"stored": False}),
        ("assets/models/a.tflite", {"offset": 22}),
        ("resources.arsc", {"stored": False}),
    ],
)
def test_misplaced_files_are_named(apk, name, change):
    moved = dataclasses.replace(apk.entries[name], **change)
    apk.entries[name] = moved
    if name.startswith("lib/"):
        apk.libraries["x86"] = moved, 4096
    (found,) = android_apk.problems(apk)
    assert found.startswith(f"{name}: expected it stored at a multiple of ")


def test_report_is_truthful_about_pages(apk):
    short = android_apk.report(apk)
    assert "its LOAD segments are aligned to 4 KiB" in short
    assert "the segments of the libraries are not (arm64-v8a, armeabi-v7a" in short
    aligned = {abi: (pair[0], 16384) for abi, pair in apk.libraries.items()}
    long = android_apk.report(dataclasses.replace(apk, libraries=aligned))
    assert "aligned to 16 KiB" in long and "16 KiB pages" not in long


def test_wrong_command_and_missing_file_are_one_line(tmp_path, capsys):
    assert android_apk.main(["android_apk"]) == 2
    assert android_apk.main(["android_apk", str(tmp_path / "none.apk")]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].startswith(f"{tmp_path / 'none.apk'}: ")
