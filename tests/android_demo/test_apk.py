"""The app as an APK: built here, and read back."""

import pathlib
import shutil
import subprocess
import xml.etree.ElementTree as ET
import zipfile

import pytest

from tests import conftest
from tools import android_api
from tools import android_apk
from tools import android_models

DEMO = conftest.ROOT / "android_demo"
TOOLS = ("javac", "mvn", "aapt2", "apksigner")
NAME = "{http://schemas.android.com/apk/res/android}name"
FRAMEWORK = pathlib.Path("/usr/share/android-framework-res/framework-res.apk")

pytestmark = [pytest.mark.large, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def built():
    """Path of an APK of the sources as they are."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing or not FRAMEWORK.exists():
        pytest.skip(f"No {' and '.join(missing) or FRAMEWORK}: see make apk.")
    # Classes of sources that are gone would be found, too.
    for module in android_api.MODULES:
        shutil.rmtree(DEMO / module / "target", ignore_errors=True)
    command = [
        "mvn",
        "-B",
        "-q",
        f"--file={DEMO / 'pom.xml'}",
        "-DskipTests",
        "package",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return DEMO / android_apk.APK


def test_apk_is_as_promised(built):
    apk = android_apk.read(built)
    assert android_apk.problems(apk) == []
    assert {alignment for _, alignment in apk.libraries.values()} == {4096}
    assert "aligned to 4 KiB" in android_apk.report(apk)


def test_assets_are_the_checked_in_files(built):
    apk = android_apk.read(built)
    assets = {
        path.relative_to(android_models.ASSETS).as_posix(): android_models.sha256(path)
        for path in android_models.ASSETS.rglob("*")
        if path.is_file()
    }
    assets["licenses/tfgate.txt"] = android_models.sha256(conftest.ROOT / "LICENSE")
    packed = {
        name.removeprefix("assets/"): entry.sha256
        for name, entry in apk.entries.items()
        if name.startswith("assets/")
    }
    assert packed.pop("licenses/tensorflow-lite.txt")
    assert packed == assets


def test_components_of_the_manifest_are_in_the_bytecode(built):
    manifest = ET.parse(DEMO / "app" / "src" / "main" / "AndroidManifest.xml").getroot()
    parts = ("application", "activity", "provider")
    names = [node.get(NAME) for part in parts for node in manifest.iter(part)]
    assert {".MainActivity", ".BenchActivity"} <= set(names)
    with zipfile.ZipFile(built) as archive:
        bytecode = archive.read("classes.dex")
    for name in names:
        descriptor = f"Lorg/tfgate/demo{name.replace('.', '/')};"
        assert descriptor.encode() in bytecode


def test_damaged_apk_is_refused(built, tmp_path, capsys):
    content = bytearray(built.read_bytes())
    content[len(content) // 2] ^= 1
    damaged = tmp_path / "damaged.apk"
    damaged.write_bytes(content)
    assert android_apk.main(["android_apk", str(damaged)]) == 1
    assert "apksigner: DOES NOT VERIFY" in capsys.readouterr().err


def test_only_allowed_members_are_used(built):
    assert android_api.faults(android_api.compiled(), android_api.read_list()) == []
