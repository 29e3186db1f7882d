"""The JUnit suite of the engine, which has a fake runtime in place of the true."""

import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest

from tests import conftest

DEMO = conftest.ROOT / "android_demo"
REPORTS = DEMO / "tflite" / "target" / "surefire-reports"
TOOLS = ("javac", "mvn")


@pytest.mark.large
@pytest.mark.timeout(900)
def test_junit_suite():
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"No {' and '.join(missing)}: see make android-test.")
    shutil.rmtree(REPORTS, ignore_errors=True)
    command = ["mvn", "-B", "-q", f"--file={DEMO / 'pom.xml'}", "-pl", "core,tflite"]
    # Without core's own tests, which test_core.py runs.
    command += ["-Dtest=org.tfgate.demo.tflite.*Test"]
    command += ["-Dsurefire.failIfNoSpecifiedTests=false", "test"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    suites = [
        ET.parse(report).getroot().attrib for report in REPORTS.glob("TEST-*.xml")
    ]
    names = {suite["name"].rpartition(".")[2] for suite in suites}
    assert {"TfliteEngineTest", "ModelOpeningTest"} <= names
    for suite in suites:
        assert suite["failures"] == suite["errors"] == suite["skipped"] == "0"
