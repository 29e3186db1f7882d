"""BUILD files and MODULE.bazel against the modules, without Bazel."""

import ast
import re
import xml.etree.ElementTree as ET

import pytest

from tools.bazel_check import __main__ as check
from tools.bazel_check import modules
from tools.bazel_check import targets
from tools.bazel_check import workspace

ROOT = modules.ROOT


@pytest.fixture(scope="module")
def calls():
    """Calls of all BUILD files: list of (folder, rule, arguments as syntax)."""
    found = []
    for path in check.starlark():
        if path.name != "BUILD" or "repositories" in path.parts:
            continue
        folder = str(path.parent.relative_to(ROOT)).removeprefix(".")
        for statement in ast.parse(path.read_text()).body:
            if isinstance(statement, ast.Expr) and isinstance(
                statement.value, ast.Call
            ):
                call = statement.value
                arguments = {each.arg: each.value for each in call.keywords}
                arguments["positional"] = call.args
                found.append((folder, call.func.id, arguments))
    return found


def texts(value):
    """Strings of an expression, those of globs left out."""
    if isinstance(value, ast.Call):
        return []
    if isinstance(value, ast.Constant):
        return [value.value] if isinstance(value.value, str) else []
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return [text for each in ast.iter_child_nodes(value) for text in texts(each)]


def strings(arguments, name):
    return texts(arguments[name]) if name in arguments else []


def whole(label, folder):
    """A label with folder and name."""
    if label.startswith(":"):
        return f"//{folder}{label}"
    if ":" not in label and not label.startswith("@"):
        return f"{label}:{label.rpartition('/')[2]}"
    return label


@pytest.fixture(scope="module")
def python(calls):
    """Label -> (names of modules, labels of what it needs) of Python targets."""
    names = {str(module.path): name for name, module in modules.find().items()}
    found = {}
    for folder, rule, arguments in calls:
        if rule in ("py_library", "py_binary", "pytest_test"):
            label = f"//{folder}:{strings(arguments, 'name')[0]}"
            assert label not in found, label
            sources = strings(arguments, "srcs")
            deps = {whole(each, folder) for each in strings(arguments, "deps")}
            found[label] = [names[f"{folder}/{each}"] for each in sources], deps
    return found


def test_build_files_are_as_they_are_written():
    assert list(targets.differing()) == []


def test_every_module_belongs_to_one_target(python):
    listed = sorted(name for names, _ in python.values() for name in names)
    assert listed == sorted(modules.find())


def test_dependencies_cover_imports(python):
    owners = {name: label for label, (names, _) in python.items() for name in names}
    for label, (names, deps) in python.items():
        for module in (modules.find()[name] for name in names):
            needed = {owners[each] for each in module.own} - {label}
            if not module.is_test:
                needed |= {f"@pypi//{each}" for each in module.others}
            else:
                # pytest_test itself brings pytest.
                needed |= {f"@pypi//{each}" for each in module.others - {"pytest"}}
            assert needed <= deps, (label, needed - deps)


def test_tests_have_the_fixtures_around_them(python):
    _, deps = python["//tests/tflite/android:test_run"]
    assert {
        "//tests:conftest",
        "//tests/tflite:conftest",
        "//tests/tflite/android:conftest",
    } <= deps


def test_kinds_of_targets(calls):
    rules = {
        f"//{folder}:{strings(arguments, 'name')[0]}": rule
        for folder, rule, arguments in calls
        if "name" in arguments
    }
    assert rules["//tflite:convert"] == "py_binary"
    assert rules["//tflite/report:main"] == "py_binary"
    assert rules["//tflite:metadata"] == "py_library"
    assert rules["//tests/tflite:test_metadata"] == "pytest_test"
    assert rules["//tests/tflite:conftest"] == "py_library"
    assert rules["//android_demo/core:core"] == "java_library"
    assert rules["//android_demo/core:core_test"] == "java_test"


def test_labels_exist(calls):
    lock = (ROOT / "requirements.lock").read_text()
    pinned = {
        modules.distribution(name) for name in re.findall(r"(?m)^([\w.-]+)==", lock)
    }
    known = {f"@pypi//{name}" for name in pinned} | {"@maven//:junit_junit"}
    for folder, rule, arguments in calls:
        own = strings(arguments, "name")
        if rule == "exports_files":
            own = texts(arguments["positional"])
        known |= {f"//{folder}:{name}" for name in own}
    for folder, rule, arguments in calls:
        for name in ("deps", "runtime_deps", "data", "actual"):
            for label in strings(arguments, name):
                assert whole(label, folder) in known, (folder, rule, label)


def test_every_folder_of_modules_has_a_build_file():
    for module in modules.find().values():
        assert (ROOT / module.path.parent / "BUILD").is_file()


def test_some_tests_are_fast(calls):
    fast = [
        strings(arguments, "name")[0]
        for _, _, arguments in calls
        if "fast" in strings(arguments, "tags")
    ]
    assert {"test_build_files", "core_test"} <= set(fast) and len(fast) < 20


def test_module_file_has_the_versions_of_the_project():
    text = (ROOT / "MODULE.bazel").read_text()
    assert set(re.findall(r'python_version = "(.*)"', text)) == {"3.11"}
    assert "requirements.lock is for 3.11" in (ROOT / "Makefile").read_text()
    assert 'requirements_lock = "//:requirements.lock"' in text
    space = "{http://maven.apache.org/POM/4.0.0}"
    pom = ET.parse(ROOT / "android_demo" / "pom.xml")
    (junit,) = pom.iter(f"{space}junit.version")
    assert f'"junit:junit:{junit.text}"' in text


def test_workspace_links_the_checkout(tmp_path):
    for _ in range(2):
        workspace.make(tmp_path, "/usr/bin/python3")
    assert (tmp_path / "tfgate" / "BUILD").samefile(ROOT / "tfgate" / "BUILD")
    assert (tmp_path / "requirements.lock").is_file()
    text = (tmp_path / "WORKSPACE").read_text()
    # As Starlark, which this much of is Python.
    ast.parse(text)
    assert 'path = "/usr/bin/python3"' in text
    paths = re.findall(r'path = "(tools/.*)"', text)
    assert len(paths) == 4
    assert all((tmp_path / path / "WORKSPACE").is_file() for path in paths)
