"""Files of tests as Bazel runs them."""

load("@rules_python//python:defs.bzl", "py_test")

_MAIN = "//tools/bazel_check:pytest_main.py"

def _run_pytest(name, path, srcs, deps, data, **kwargs):
    py_test(
        name = name,
        srcs = srcs + [_MAIN],
        args = [path],
        data = data + ["//:pyproject.toml"],
        main = _MAIN,
        # Beyond pytest's own limit for one test, which tells more.
        timeout = "long",
        deps = deps + [
            "@pypi//pytest",
            "@pypi//pytest_timeout",
        ],
        **kwargs
    )

def pytest_test(name, srcs, deps = [], data = [], **kwargs):
    """A test target of one file that pytest collects.

    Args:
        name: name of the target.
        srcs: the file, a list of one.
        deps: what it imports.
        data: files that it reads.
        **kwargs: whatever else py_test takes.
    """
    if len(srcs) != 1:
        fail("Expected one file in srcs, got %s" % srcs)
    _run_pytest(name, "$(rootpath %s)" % srcs[0], srcs, deps, data, **kwargs)

def doctests(name, deps, **kwargs):
    """A test target of the examples in a package's docstrings.

    Args:
        name: name of the target.
        deps: all modules of the package.
        **kwargs: whatever else py_test takes.
    """
    _run_pytest(name, native.package_name(), [], deps, [], **kwargs)
