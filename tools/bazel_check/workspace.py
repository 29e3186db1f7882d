"""The checkout as a workspace of Bazel 4, which does not read MODULE.bazel."""

import pathlib

from tools.bazel_check.modules import PACKAGES
from tools.bazel_check.modules import ROOT

# What BUILD files stand in or name.
LINKED = (
    *PACKAGES,
    "android_demo",
    "docs",
    ".bazelignore",
    "BUILD",
    "README.md",
    "pyproject.toml",
    "requirements.lock",
)
_REPOSITORIES = "tools/bazel_check/repositories"
_SHIMS = ("remote_coverage_tools", "rules_cc", "rules_java", "rules_python")
# Debian's junit4 puts them there.
_JARS = ("/usr/share/java/junit4.jar", "/usr/share/java/hamcrest.jar")

# Not named tfgate: Python would take the folder of that name for the package.
_HEAD = """workspace(name = "project")

load(
    "//tools/bazel_check:repositories.bzl",
    "interpreter",
    "maven",
    "pypi",
)
"""
_LOCAL = """
local_repository(
    name = "{name}",
    path = "{path}",
)
"""
_MADE = """
pypi(
    name = "pypi",
    lock = "//:requirements.lock",
)

interpreter(
    name = "interpreter",
    path = "{python}",
)

register_toolchains("@interpreter//:toolchain")

maven(
    name = "maven",
    artifacts = {{"junit_junit": [
        {jars},
    ]}},
)
"""


def make(folder, python, root=ROOT):
    """Makes the workspace: links to the checkout and a WORKSPACE file.

    Args:
        folder: `pathlib.Path` to make; links that are there already are renewed.
        python: path of the interpreter that tests run in.
        root: the checkout.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in LINKED:
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(pathlib.Path(root, name).resolve(), (root / name).is_dir())
    (folder / "WORKSPACE").write_text(text(python), encoding="utf-8")


def text(python):
    """The WORKSPACE file."""
    local = [
        _LOCAL.format(name=name, path=f"{_REPOSITORIES}/{name}") for name in _SHIMS
    ]
    jars = ",\n        ".join(f'"{jar}"' for jar in _JARS)
    return _HEAD + "".join(local) + _MADE.format(python=python, jars=jars)
