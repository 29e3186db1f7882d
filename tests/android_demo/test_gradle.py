"""The Gradle files, which are not run here, against the POMs, which are."""

import re
import tomllib
import xml.etree.ElementTree as ET

import pytest

from tests import conftest

DEMO = conftest.ROOT / "android_demo"
SPACE = "{http://maven.apache.org/POM/4.0.0}"
MODULES = ("core", "tflite", "app")


@pytest.fixture(scope="module")
def catalog():
    return tomllib.loads((DEMO / "gradle" / "libs.versions.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def scripts():
    paths = [DEMO / module / "build.gradle.kts" for module in MODULES]
    paths += [DEMO / "build.gradle.kts", DEMO / "settings.gradle.kts"]
    return {path.parent.name: path.read_text("utf-8") for path in paths[:3]} | {
        path.name: path.read_text("utf-8") for path in paths[3:]
    }


def properties(pom):
    root = ET.parse(pom).getroot()
    return {
        node.tag.removeprefix(SPACE): node.text
        for node in root.find(f"{SPACE}properties")
    }


def test_versions_are_those_of_the_poms(catalog):
    parent, app = properties(DEMO / "pom.xml"), properties(DEMO / "app" / "pom.xml")
    version = ET.parse(DEMO / "pom.xml").getroot().findtext(f"{SPACE}version")
    versions = dict(catalog["versions"])
    # Of what Maven does not use.
    assert versions.pop("agp") and versions.pop("litert")
    assert versions == {
        "android-all": parent["android-all.version"],
        "junit": parent["junit.version"],
        "tensorflow-lite": parent["tensorflow-lite.version"],
        "min-sdk": app["min.sdk"],
        "target-sdk": app["target.sdk"],
        "version-code": app["version.code"],
        "version-name": version,
    }


def test_catalog_is_consistent(catalog):
    used = {
        entry["version"]["ref"]
        for table in ("libraries", "plugins")
        for entry in catalog[table].values()
    }
    assert used <= catalog["versions"].keys()
    numbers = {"min-sdk", "target-sdk", "version-code", "version-name"}
    assert catalog["versions"].keys() - used == numbers


def test_modules_are_those_of_the_reactor(scripts):
    included = re.findall(r'":(\w+)"', scripts["settings.gradle.kts"])
    modules = ET.parse(DEMO / "pom.xml").iter(f"{SPACE}module")
    assert included == [module.text for module in modules]
    for module in MODULES:
        for other in re.findall(r'project\(":(\w+)"\)', scripts[module]):
            assert other in included


def test_scripts_take_every_version_from_the_catalog(catalog, scripts):
    names = {
        *catalog["libraries"],
        *(f"versions.{name}" for name in catalog["versions"]),
        *(f"plugins.{name}" for name in catalog["plugins"]),
    }
    known = {name.replace("-", ".") for name in names}
    for text in scripts.values():
        for name in re.findall(r"\blibs\.((?:\w+\.)*\w+)", text):
            assert name.removesuffix(".get").removesuffix(".get.toInt") in known
        assert not re.search(r'"[\w.]+:[\w.-]+:[\d.]+"', text)


def test_names_and_language_level_are_mavens(scripts):
    app = properties(DEMO / "app" / "pom.xml")
    assert f'applicationId = "{app["application.id"]}"' in scripts["app"]
    assert f'namespace = "{app["application.id"]}"' in scripts["app"]
    assert properties(DEMO / "pom.xml")["maven.compiler.release"] == "8"
    assert "options.release = 8" in scripts["core"]
    for module in ("tflite", "app"):
        assert scripts[module].count("JavaVersion.VERSION_1_8") == 2


def test_runtime_has_a_default_and_two_values(scripts):
    defaults = (DEMO / "gradle.properties").read_text("utf-8")
    assert "\nruntime=tensorflow-lite\n" in defaults
    assert re.findall(r'"([\w-]+)" -> implementation', scripts["tflite"]) == [
        "tensorflow-lite",
        "litert",
    ]


def test_sources_lie_where_gradle_looks():
    for module in MODULES:
        assert list((DEMO / module / "src" / "main" / "java").rglob("*.java"))
    assert (DEMO / "app" / "src" / "main" / "AndroidManifest.xml").is_file()
