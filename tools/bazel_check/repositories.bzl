"""Repositories that are made from what the machine has."""

_LIBRARY = """py_library(
    name = "{name}",
    visibility = ["//visibility:public"],
)
"""

_TOOLCHAIN = """load("@rules_python//python:defs.bzl", "py_runtime", "py_runtime_pair")

py_runtime(
    name = "runtime",
    interpreter_path = "{interpreter}",
    python_version = "PY3",
)

py_runtime_pair(
    name = "pair",
    py3_runtime = ":runtime",
)

toolchain(
    name = "toolchain",
    toolchain = ":pair",
    toolchain_type = "@bazel_tools//tools/python:toolchain_type",
)
"""

_JARS = """load("@rules_java//java:rules.bzl", "jars")

jars(
    name = "{name}",
    jars = {jars},
    visibility = ["//visibility:public"],
)
"""

def _pypi_impl(ctx):
    for line in ctx.read(ctx.attr.lock).split("\n"):
        package, pinned, _ = line.partition("==")
        if pinned and package[0].isalpha():
            name = package.partition("[")[0].lower().replace("-", "_").replace(".", "_")
            ctx.file(name + "/BUILD", _LIBRARY.format(name = name))

pypi = repository_rule(
    implementation = _pypi_impl,
    doc = "Empty libraries named as in the lock: the interpreter has the packages.",
    attrs = {"lock": attr.label(allow_single_file = True, mandatory = True)},
)

def _interpreter_impl(ctx):
    ctx.file("BUILD", _TOOLCHAIN.format(interpreter = ctx.attr.path))

interpreter = repository_rule(
    implementation = _interpreter_impl,
    doc = "The toolchain of one Python on this machine.",
    attrs = {"path": attr.string(mandatory = True)},
)

def _maven_impl(ctx):
    text = []
    for name, paths in ctx.attr.artifacts.items():
        jars = [path.rpartition("/")[2] for path in paths]
        for jar, path in zip(jars, paths):
            ctx.symlink(path, jar)
        text.append(_JARS.format(name = name, jars = repr(jars)))
    ctx.file("BUILD", "".join(text))

maven = repository_rule(
    implementation = _maven_impl,
    doc = "Jars that lie on this machine, under Maven's names.",
    attrs = {"artifacts": attr.string_list_dict(mandatory = True)},
)
