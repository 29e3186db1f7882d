"""BUILD files of small projects."""

import pytest

from tools.bazel_check import __main__ as check
from tools.bazel_check import groups
from tools.bazel_check import modules
from tools.bazel_check import targets


def write(root, sources):
    for path, source in sources.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(source)


PROJECT = {
    "tfgate/__init__.py": "from tfgate.gates import Gate\n",
    "tfgate/gates.py": "import keras\nfrom tfgate import policies\n",
    "tfgate/policies.py": "def f():\n    from tfgate import gates\n",
    "tfgate/inner/__init__.py": "from .part import x\n",
    "tfgate/inner/part.py": "from . import other\nimport numpy as np\n",
    "tfgate/inner/other.py": "import json, absl.flags\n",
    "tflite/__init__.py": "",
    "tflite/program.py": (
        'import tfgate.inner.part\nimport torch\nif __name__ == "__main__":\n    pass\n'
    ),
    "tflite/folder/__init__.py": "",
    "tflite/folder/__main__.py": "from tflite import program\n",
    "tests/__init__.py": "",
    "tests/conftest.py": "import pytest\n",
    "tests/inner/__init__.py": "",
    "tests/inner/test_part.py": "import pytest\nfrom tfgate.inner import part\n",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(targets.extras, "PROGRAMS", {})
    write(tmp_path, PROJECT)
    return tmp_path


def test_build_files_of_a_project(project):
    files = {
        str(path.relative_to(project)): text
        for path, text in targets.files(project).items()
    }
    assert sorted(files) == [
        "tests/BUILD",
        "tests/inner/BUILD",
        "tfgate/BUILD",
        "tfgate/inner/BUILD",
        "tflite/BUILD",
        "tflite/folder/BUILD",
    ]
    # What import one another are one target.
    assert (
        'py_library(\n    name = "gates_policies",\n    srcs = [\n'
        '        "gates.py",\n        "policies.py",\n    ],\n'
        '    deps = ["@pypi//keras"],\n)\n'
    ) in files["tfgate/BUILD"]
    assert (
        'py_library(\n    name = "tfgate",\n    srcs = ["__init__.py"],\n'
        '    deps = [":gates_policies"],\n)\n'
    ) in files["tfgate/BUILD"]
    # Imported from elsewhere, the packages around are imported, too.
    assert (
        'py_binary(\n    name = "program",\n    srcs = ["program.py"],\n    deps = [\n'
        '        ":tflite",\n        "//tfgate",\n        "//tfgate/inner",\n'
        '        "//tfgate/inner:part",\n    ],\n)\n'
    ) in files["tflite/BUILD"]
    assert (
        'py_binary(\n    name = "main",\n    srcs = ["__main__.py"],\n'
        '    main = "__main__.py",\n    deps = [\n        ":folder",\n'
        '        "//tflite",\n        "//tflite:program",\n    ],\n)\n'
    ) in files["tflite/folder/BUILD"]
    assert files["tests/inner/BUILD"].endswith(
        'pytest_test(\n    name = "test_part",\n    srcs = ["test_part.py"],\n'
        '    deps = [\n        ":inner",\n        "//tests",\n'
        '        "//tests:conftest",\n        "//tfgate",\n        "//tfgate/inner",\n'
        '        "//tfgate/inner:part",\n    ],\n)\n'
    )


def test_imports_within_a_package(project):
    found = modules.find(project)
    assert found["tfgate.inner"].own == {"tfgate.inner.part"}
    assert found["tfgate.inner.part"].own == {"tfgate.inner.other"}
    assert found["tfgate.inner.part"].others == {"numpy"}
    assert found["tfgate.inner.other"].others == {"absl_py"}
    # Used where it is installed: nothing depends on it.
    assert found["tflite.program"].others == frozenset()


def test_cycles_across_folders_are_refused(project):
    write(project, {"tfgate/inner/other.py": "from tfgate import gates\n"})
    write(project, {"tfgate/policies.py": "from tfgate.inner import other, part\n"})
    write(project, {"tfgate/gates.py": "from tfgate import policies\n"})
    with pytest.raises(ValueError, match="not to import one another"):
        targets.files(project)


def test_imports_of_what_is_not_there_are_refused(project):
    write(project, {"tfgate/gates.py": "import tfgate.missing\n"})
    with pytest.raises(ValueError, match=r"gates.py to import modules, .*missing"):
        modules.find(project)


def test_groups():
    needed = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}
    together = ("b", "c")
    assert groups.group(needed) == {
        "a": ("a",),
        "b": together,
        "c": together,
        "d": ("d",),
    }


def test_what_differs_is_named_and_written(project, capsys):
    assert targets.main(["--check"], project) == 1
    said = capsys.readouterr()
    assert "differs: tfgate/inner/BUILD" in said.out.splitlines()
    assert said.err == "error: run python -m tools.bazel_check.targets --write\n"
    assert not (project / "tfgate" / "BUILD").exists()
    assert targets.main(["--write"], project) == 0
    assert "wrote tfgate/BUILD" in capsys.readouterr().out.splitlines()
    assert targets.main(["--check"], project) == 0
    (project / "tfgate" / "BUILD").write_text("")
    assert targets.main(["--check"], project) == 1


def test_missing_packages_are_told_to_who_cannot_install(monkeypatch):
    monkeypatch.setattr(check.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(
        check, "DEBIAN", {"bazel-bootstrap": "/missing", "npm": "/bin/sh"}
    )
    with pytest.raises(check.Failure, match="as root .*: apt-get .* bazel-bootstrap$"):
        check.install_packages()
    monkeypatch.setattr(check, "DEBIAN", {"npm": "/bin/sh"})
    assert check.install_packages() is None


def test_a_command_that_fails_is_one_line(capsys):
    with pytest.raises(check.Failure, match="sh -c exit 3 ... ended with 3"):
        check.run(["sh", "-c", "exit 3"])
    assert check.run(["echo", "hello"], capture=True) == "hello\n"
