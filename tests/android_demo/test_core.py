"""The JUnit suite of the app's core, and its documents as Python reads them."""

import json
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest

from tests import conftest

DEMO = conftest.ROOT / "android_demo"
TARGET = DEMO / "core" / "target"
TOOLS = ("javac", "mvn")


@pytest.fixture(scope="module")
def suites():
    """Attributes of each class of the JUnit suite, after it has run."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"No {' and '.join(missing)}: see make android-test.")
    shutil.rmtree(TARGET, ignore_errors=True)
    command = ["mvn", "-B", "-q", f"--file={DEMO / 'pom.xml'}", "-pl", "core", "test"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    reports = sorted((TARGET / "surefire-reports").glob("TEST-*.xml"))
    return [ET.parse(report).getroot().attrib for report in reports]


@pytest.mark.large
@pytest.mark.timeout(900)
def test_junit_suite(suites):
    vectors = conftest.ROOT / "tfgate" / "control" / "test_vectors.json"
    cases = len(json.loads(vectors.read_text("utf-8"))["cases"])
    names = {suite["name"].rpartition(".")[2]: int(suite["tests"]) for suite in suites}
    # Each case twice: as it is, and restored before every call.
    assert names["BudgetControllerVectorsTest"] == 2 * cases
    assert {"MetadataVectorsTest", "BenchmarkRunnerTest", "ClassFilesTest"} <= set(
        names
    )
    assert sum(int(suite["failures"]) + int(suite["errors"]) for suite in suites) == 0
    assert not any(int(suite["skipped"]) for suite in suites)


@pytest.mark.large
@pytest.mark.timeout(900)
def test_documents_follow_the_schema(suites):
    results = pytest.importorskip(
        "tflite.results", reason="This checkout has no schema of results."
    )
    documents = sorted((TARGET / "results").glob("*.json"))
    assert len(documents) >= 5
    for path in documents:
        document = results.read(path)
        assert document["conditions"]["program"] == "android_demo"


def test_versions_are_pinned():
    space = "{http://maven.apache.org/POM/4.0.0}"
    poms = [DEMO / "pom.xml", *DEMO.glob("*/pom.xml")]
    managed = set()
    for pom in poms:
        for plugin in ET.parse(pom).iter(f"{space}plugin"):
            name = plugin.find(f"{space}artifactId").text
            if plugin.find(f"{space}version") is not None:
                managed.add(name)
            assert name in managed, f"{pom}: {name} has no version"
    modules = ET.parse(poms[0]).iter(f"{space}module")
    assert {module.text for module in modules} == {pom.parent.name for pom in poms[1:]}
